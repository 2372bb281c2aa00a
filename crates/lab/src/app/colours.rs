//! Whether messages have colours: by the rule of help and of wrong arguments, which clap writes.

use std::{
    ffi::{OsStr, OsString},
    io::IsTerminal,
};

/// Whether what goes to standard error has colours.
pub(super) fn of_messages() -> bool {
    coloured(std::io::stderr().is_terminal(), |name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

/// Whether what goes to a stream has colours. `terminal`: whether it is one; `variable` gives those of the environment that are not empty:
/// `NO_COLOR` (no-color.org), `CLICOLOR` and `CLICOLOR_FORCE` (bixense.com/clicolors), `TERM` and `CI`.
fn coloured(terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let is = |name: &str, value: &str| variable(name).as_deref() == Some(OsStr::new(value));
    let set = |name: &str| variable(name).is_some();
    if set("NO_COLOR") {
        return false;
    }
    if set("CLICOLOR_FORCE") {
        return true;
    }
    let able = set("CLICOLOR") || set("CI") || (!is("TERM", "dumb") && (cfg!(windows) || set("TERM")));
    terminal && able && !is("CLICOLOR", "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_whether_a_terminal_gets_colours() {
        let of = |terminal: bool, variables: &[(&str, &str)]| {
            let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
            coloured(terminal, value)
        };
        let term = ("TERM", "xterm-256color");
        assert!(of(true, &[term]) && !of(false, &[term]));
        for no in [("NO_COLOR", "1"), ("CLICOLOR", "0")] {
            assert!(!of(true, &[term, no]), "{no:?}");
        }
        assert!(!of(true, &[("TERM", "dumb")]) && of(true, &[("TERM", "dumb"), ("CLICOLOR", "1")]));
        // Forced where nobody refuses.
        assert!(of(false, &[("CLICOLOR_FORCE", "1")]) && !of(false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    }
}
