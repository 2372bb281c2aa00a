//! A value of another type than its key takes, said in words of the file's: serde speaks of the types of the code, and toml as if the
//! file were no TOML.

use std::{fmt::Display, path::Path};

use crate::Error;

/// The error of a value in the file at `path` with this text: its line, and which key takes what.
pub(crate) fn of_file(path: &Path, text: &str, mut error: toml::de::Error) -> Error {
    let before = error.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count());
    let line = before.map_or_else(String::new, |before| format!(", line {}", before + 1));
    // With its input it would be headed as a fault of syntax, and without its key.
    error.set_input(None);
    Error::form(Path::new(&format!("{}{line}", path.display())), in_words(error))
}

/// The error of a value with what is expected in words, and its key where the error has one.
pub(crate) fn in_words(error: impl Display) -> String {
    let text = error.to_string();
    // The key stands below the message.
    let (said, key) = match text.trim_end().rsplit_once("\nin `") {
        Some((said, key)) => (said, Some(key.trim_end_matches('`'))),
        None => (text.trim_end(), None),
    };
    match (wrong_type(said), key) {
        (Some((given, expected)), Some(key)) => format!("{key} is {given}; it must be {expected}"),
        (Some((given, expected)), None) => format!("{given} is not allowed; it must be {expected}"),
        (None, Some(key)) => format!("{key}: {said}"),
        (None, None) => said.to_owned(),
    }
}

/// The value that was given and what is expected in its place, where the error is about the type of one.
fn wrong_type(said: &str) -> Option<(String, String)> {
    let of_type = ["invalid type: ", "invalid value: "].iter().find_map(|start| said.strip_prefix(start)?.rsplit_once(", expected "));
    if let Some((given, expected)) = of_type {
        return Some((value(given), words(expected).to_owned()));
    }
    let (given, expected) = said.strip_prefix("unknown variant ")?.rsplit_once(", expected ")?;
    Some((given.replace('`', "\""), expected.replace('`', "")))
}

/// A value as a file has it, from what serde calls it.
fn value(given: &str) -> String {
    let plain = ["string ", "integer ", "boolean ", "floating point "].iter().find_map(|start| given.strip_prefix(start));
    match (plain, given) {
        (Some(plain), _) => plain.trim_matches('`').to_owned(),
        (None, "map") => "a section".into(),
        (None, "sequence") => "a list".into(),
        (None, other) => other.to_owned(),
    }
}

/// What serde calls a type, in words.
fn words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "path string" | "string only" | "string or map" => "text in quotation marks",
        "a sequence" => "a list in brackets",
        "struct Method" => "a section: write [methods.NAME], and below it the line objective = \"vae\"",
        "struct Expectation" => "a table, { metric = \"rate\", below = 30.0 } for instance",
        "a map" => "a section",
        section if section.starts_with("struct ") => "a section",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_said_in_words_with_the_key_and_all_else_stays() {
        for (error, said) in [
            (
                "invalid value: integer `-2`, expected u64\nin `training.epochs`\n",
                "training.epochs is -2; it must be a whole number, 0 or more",
            ),
            ("invalid type: string \"a, expected b\", expected f64\n", "\"a, expected b\" is not allowed; it must be a number"),
            ("invalid type: floating point `0.5`, expected a boolean\nin `optional`", "optional is 0.5; it must be true or false"),
            ("invalid type: map, expected a sequence\nin `targets`\n", "targets is a section; it must be a list in brackets"),
            ("invalid type: string \"y\", expected struct Resources\nin `resources`\n", "resources is \"y\"; it must be a section"),
            ("unknown variant `x`, expected `a` or `b`\nin `training.schedule`\n", "training.schedule is \"x\"; it must be a or b"),
            ("unknown variant `x`, expected one of `a`, `b`, `c`", "\"x\" is not allowed; it must be one of a, b, c"),
            ("missing field `metric`\nin `expect`\n", "expect: missing field `metric`"),
            ("unknown field `x`, expected `a` or `b`", "unknown field `x`, expected `a` or `b`"),
        ] {
            assert_eq!(in_words(error), said);
        }
    }
}
