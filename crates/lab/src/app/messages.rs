//! Messages on standard error: whose are heard, and how they look.

use tracing_subscriber::EnvFilter;

use super::{colours, standard_streams::Messages};

/// Libraries that print requests with their headers, and so the token, are heard of errors alone.
const QUIET: [&str; 9] = ["h2", "hpack", "hyper", "hyper_util", "reqwest", "xet", "xet_client", "xet_data", "xet_runtime"];
/// Libraries whose errors come back to us and are told in our words.
const SILENT: [&str; 2] = ["hf_hub", "rustls_platform_verifier"];

/// Sends messages to standard error.
pub(super) fn begin() {
    let messages = tracing_subscriber::fmt()
        .with_env_filter(filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"))))
        .with_writer(|| Messages(std::io::stderr()))
        .log_internal_errors(false)
        .with_ansi(colours::of_messages())
        .without_time()
        .with_target(false);
    // A program that listens in a way of its own keeps it.
    let _ = messages.try_init();
}

/// What was asked for, but of libraries that say too much.
fn filter(asked: EnvFilter) -> EnvFilter {
    let quiet = QUIET.iter().map(|name| format!("{name}=error")).chain(SILENT.iter().map(|name| format!("{name}=off")));
    quiet.filter_map(|directive| directive.parse().ok()).fold(asked, EnvFilter::add_directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_library_that_we_tell_of_is_not_told_twice() {
        for asked in ["info", "debug", "hf_hub=trace"] {
            let filter = filter(EnvFilter::new(asked)).to_string();
            for directive in ["hf_hub=off", "rustls_platform_verifier=off", "reqwest=error", "xet_client=error"] {
                assert!(filter.split(',').any(|one| one == directive), "{filter}");
            }
            assert!(!filter.contains("trace"), "{filter}");
        }
    }
}
