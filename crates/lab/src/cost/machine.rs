//! The memory of this machine, against what a network needs.

use vimae_core::Error;

/// Bytes for each parameter in training: the weight, its gradient, two moments, and copies that the products rearrange.
pub(super) const PARAMETER_BYTES: u64 = 24;

/// Bytes of memory; none where the system does not say.
pub(super) fn memory() -> Option<u64> {
    std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text))
}

/// The total that Linux states in kibibytes.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The error for a network with so many parameters or more.
pub(super) fn too_small(model: &str, parameters: u64) -> Error {
    let gib = |bytes: f64| bytes / f64::from(1 << 30);
    let needed = gib(parameters as f64 * PARAMETER_BYTES as f64);
    let there = memory().map_or_else(|| "too little".to_owned(), |bytes| format!("{:.0} GiB", gib(bytes as f64)));
    Error::Unsupported {
        what: format!("model \"{model}\""),
        reason: format!(
            "this network has {parameters} parameters or more and needs {needed:.0} GiB or more to train; the machine has {there}: lower \
             what sets its size, such as model.width and model.code"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn memory_is_read_as_linux_states_it() {
        assert_eq!(total("MemTotal:       24000000 kB\nMemFree:  5 kB\n"), Some(24_000_000 << 10));
        assert_eq!([total("MemFree: 5 kB"), total("MemTotal: many kB"), total("")], [None; 3]);
    }
}
