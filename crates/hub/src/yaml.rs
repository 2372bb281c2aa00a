//! Scalars of YAML that every reader takes for what they are.

use std::fmt::Write;

/// A string, quoted, with everything but printable ASCII escaped: no reader takes it for a number, a date or a `null`.
pub(crate) fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            // Writing to a string does not fail.
            _ if u32::from(c) <= 0xFFFF => drop(write!(quoted, "\\u{:04X}", u32::from(c))),
            _ => drop(write!(quoted, "\\U{:08X}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// A number, without an exponent (which YAML 1.1 takes for a string where no point stands before it). Digits beyond
/// the seventeenth are none of the value's.
pub(crate) fn number(value: f64) -> String {
    let plain = value.to_string();
    match plain.as_str() {
        "NaN" => ".nan".into(),
        "inf" => ".inf".into(),
        "-inf" => "-.inf".into(),
        _ if plain.contains('.') => plain,
        _ => format!("{plain}.0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_their_kind() {
        assert_eq!(string("no: \"yes\"\n\u{85}é😀"), r#""no: \"yes\"\u000A\u0085\u00E9\U0001F600""#);
        assert_eq!(number(1e-8), "0.00000001");
        assert_eq!(number(3.0), "3.0");
        assert_eq!(number(-0.25), "-0.25");
    }
}
