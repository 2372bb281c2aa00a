//! A value of another type than its key takes, said in words of the file's: serde speaks of the types of the code.

use std::fmt::Display;

/// The error of a value with what is expected in words. Its place, a line of the file or a key, stays.
pub(crate) fn in_words(error: impl Display) -> String {
    let mut said = String::new();
    for line in error.to_string().trim_end().lines() {
        let of_type = line.starts_with("invalid type: ") || line.starts_with("invalid value: ");
        match line.rsplit_once(", expected ").filter(|_| of_type) {
            Some((given, expected)) => said += &format!("\n{given}, expected {}", words(expected)),
            // The key, which stands below the message where there is no file.
            None if line.starts_with("in `") => said += &format!(", {line}"),
            None => said += &format!("\n{line}"),
        }
    }
    said.trim_start().to_owned()
}

/// What serde calls a type, in words.
fn words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "path string" => "text in quotation marks",
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
    fn types_are_said_in_words_and_all_else_stays() {
        for (error, said) in [
            ("invalid value: integer `-2`, expected u64", "invalid value: integer `-2`, expected a whole number, 0 or more"),
            ("invalid type: string \"a, expected b\", expected f64\n", "invalid type: string \"a, expected b\", expected a number"),
            (
                "invalid type: integer `3`, expected a boolean\nin `training.x`\n",
                "invalid type: integer `3`, expected true or false, in `training.x`",
            ),
            (
                "TOML parse error at line 2, column 3\n  |\n2 | x = \"y\"\n  |     ^^^\ninvalid type: string \"y\", expected struct Resources\n",
                "TOML parse error at line 2, column 3\n  |\n2 | x = \"y\"\n  |     ^^^\ninvalid type: string \"y\", expected a section",
            ),
            ("unknown variant `x`, expected `a` or `b`", "unknown variant `x`, expected `a` or `b`"),
        ] {
            assert_eq!(in_words(error), said);
        }
    }
}
