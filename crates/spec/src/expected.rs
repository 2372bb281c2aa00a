//! A value of another type than its key takes, said in words of the file's: serde speaks of the types of the code, and toml as if the
//! file were no TOML.

use std::{fmt::Display, ops::RangeInclusive, path::Path};

use crate::{
    Error, Evaluation, Resources, Training,
    run::{CODE, SEEDS},
    settings::{Domain, Schema},
};

/// What is given where the error does not say it.
const ANOTHER: &str = "of another type";
/// What serde takes for a map: a section, unless the file says that it is a date.
const SECTION: &str = "a section";
const DATE: &str = "a date";

/// `PATH, line N`: the place of the byte `at` of the text of the file at `path`.
pub(crate) fn place(path: &Path, text: &str, at: usize) -> String {
    format!("{}, line {}", path.display(), text.get(..at).unwrap_or_default().matches('\n').count() + 1)
}

/// The error of a value in the file at `path` with this text: its line, and which key takes what.
pub(crate) fn of_file(path: &Path, text: &str, mut error: toml::de::Error) -> Error {
    let span = error.span();
    let place = span.clone().map_or_else(|| path.display().to_string(), |span| place(path, text, span.start));
    let is_date = span.and_then(|span| text.get(span)).is_some_and(|value| value.starts_with(|first: char| first.is_ascii_digit()));
    // With its input it would be headed as a fault of syntax, and without its key.
    error.set_input(None);
    Error::form(Path::new(&place), sentence(&error.to_string(), if is_date { DATE } else { SECTION }))
}

/// The error of a value with what is expected in words, and its key where the error has one.
pub(crate) fn in_words(error: impl Display) -> String {
    sentence(&error.to_string(), SECTION)
}

/// A range of whole numbers in words.
pub(crate) fn whole<T: Display>(range: &RangeInclusive<T>) -> String {
    format!("a whole number from {} to {}", range.start(), range.end())
}

/// The whole numbers that a key of an experiment takes, in words; none for other keys.
pub(crate) fn range_of(key: &str) -> Option<String> {
    let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
    let schema = match (sections.rsplit('.').next().unwrap_or_default(), name) {
        ("", "seeds") => return Some(whole(&SEEDS)),
        ("model", "code") => return Some(whole(&CODE)),
        ("training", _) => Schema::of::<Training>(),
        ("evaluation", _) => Schema::of::<Evaluation>(),
        ("resources", _) => Schema::of::<Resources>(),
        _ => return None,
    };
    let domain = schema.settings().into_iter().find(|setting| setting.name == name)?.domain;
    matches!(domain, Domain::Integer(_, most) if most < u64::MAX).then(|| domain.allowed())
}

/// The message of an error and the key that stands below it.
fn parted(text: &str) -> (&str, Option<&str>) {
    match text.trim_end().rsplit_once("\nin `") {
        Some((said, key)) => (said, Some(key.trim_end_matches('`'))),
        None => (text.trim_end(), None),
    }
}

/// An error in words; `map`: what is given where it speaks of a map.
fn sentence(text: &str, map: &str) -> String {
    let (said, key) = parted(text);
    let range = key.and_then(range_of);
    match (wrong_type(said, map, range.as_deref()), key) {
        (Some((given, expected)), Some(key)) => format!("{key} is {given}; it must be {expected}"),
        (Some((given, expected)), None) if given == ANOTHER => format!("a value {given} is not allowed; it must be {expected}"),
        (Some((given, expected)), None) => format!("{given} is not allowed; it must be {expected}"),
        (None, Some(key)) => format!("{key}: {said}"),
        (None, None) => said.to_owned(),
    }
}

/// The value that was given and what is expected in its place, where the error is about the type of one; `range`: the whole numbers that
/// its key takes.
fn wrong_type(said: &str, map: &str, range: Option<&str>) -> Option<(String, String)> {
    // So toml says of a choice among words.
    if let Some(wanted) = said.strip_prefix("wanted ") {
        let given = if wanted == "string or table" { ANOTHER } else { map };
        return Some((given.into(), words("a string").into()));
    }
    let of_type = ["invalid type: ", "invalid value: "].iter().find_map(|start| said.strip_prefix(start)?.rsplit_once(", expected "));
    if let Some((given, expected)) = of_type {
        let given = value(given, map);
        let expected = match (too_large(&given, expected), range) {
            (Some(_), Some(range)) => format!("{range}, and this is too large"),
            (Some(most), None) => most,
            (None, Some(range)) => range.to_owned(),
            (None, None) => as_list(&given, expected).unwrap_or_else(|| words(expected).to_owned()),
        };
        return Some((given, expected));
    }
    let (given, expected) = said.strip_prefix("unknown variant ")?.rsplit_once(", expected ")?;
    Some((given.replace('`', "\""), expected.replace('`', "")))
}

/// A value as a file has it, from what serde calls it.
fn value(given: &str, map: &str) -> String {
    if let Some(integer) = given.strip_prefix("integer ") {
        // Behind one of more than 64 bits stands the type that holds it.
        return integer.split(" as ").next().unwrap_or_default().trim_matches('`').to_owned();
    }
    let plain = ["string ", "boolean ", "floating point "].iter().find_map(|start| given.strip_prefix(start));
    match (plain, given) {
        (Some(plain), _) => plain.trim_matches('`').to_owned(),
        (None, "map") => map.to_owned(),
        (None, "sequence") => "a list".into(),
        (None, "unit variant") => ANOTHER.into(),
        (None, other) => other.to_owned(),
    }
}

/// What is expected in the place of a whole number that is larger than it may be; none for other values.
fn too_large(given: &str, expected: &str) -> Option<String> {
    let number: u128 = given.parse().ok()?;
    let beyond_64_bits = number > u128::from(u64::MAX);
    let most: u128 = match expected {
        "u8" => u8::MAX.into(),
        "u16" => u16::MAX.into(),
        "u32" => u32::MAX.into(),
        "u64" | "usize" => u64::MAX.into(),
        "i32" => i32::MAX.unsigned_abs().into(),
        "i64" | "isize" | "any valid TOML value" => i64::MAX.unsigned_abs().into(),
        "f32" | "f64" if beyond_64_bits => return Some(format!("a number, and one as large as this needs a point: {given}.0")),
        _ => return None,
    };
    (number > most).then(|| format!("a whole number up to {most}, and this is too large"))
}

/// The list that is meant by text with commas; none where no list is expected.
fn as_list(given: &str, expected: &str) -> Option<String> {
    let text = given.strip_prefix('"')?.strip_suffix('"').filter(|text| expected == "a sequence" && !text.contains(['"', '\\', '[']))?;
    let item = |item: &str| if item.parse::<f64>().is_ok() { item.to_owned() } else { format!("\"{item}\"") };
    let items: Vec<String> = text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(item).collect();
    (!items.is_empty()).then(|| format!("a list in brackets: [{}]", items.join(", ")))
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
                "training.epochs is -2; it must be a whole number from 1 to 100000",
            ),
            ("invalid value: integer `-2`, expected u64\nin `a`\n", "a is -2; it must be a whole number, 0 or more"),
            (
                "invalid type: string \"rate,mmd\", expected a sequence\nin `evaluation.metrics`\n",
                "evaluation.metrics is \"rate,mmd\"; it must be a list in brackets: [\"rate\", \"mmd\"]",
            ),
            ("invalid type: string \"1, 2\", expected a sequence\nin `a`\n", "a is \"1, 2\"; it must be a list in brackets: [1, 2]"),
            ("invalid type: string \"a, expected b\", expected f64\n", "\"a, expected b\" is not allowed; it must be a number"),
            ("invalid type: floating point `0.5`, expected a boolean\nin `optional`", "optional is 0.5; it must be true or false"),
            ("invalid type: map, expected a sequence\nin `targets`\n", "targets is a section; it must be a list in brackets"),
            ("invalid type: string \"y\", expected struct Resources\nin `resources`\n", "resources is \"y\"; it must be a section"),
            ("unknown variant `x`, expected `a` or `b`\nin `training.schedule`\n", "training.schedule is \"x\"; it must be a or b"),
            ("unknown variant `x`, expected one of `a`, `b`, `c`", "\"x\" is not allowed; it must be one of a, b, c"),
            ("invalid type: unit variant, expected string only\nin `a.b`\n", "a.b is of another type; it must be text in quotation marks"),
            ("wanted string or table\nin `a.b`\n", "a.b is of another type; it must be text in quotation marks"),
            ("wanted string or table", "a value of another type is not allowed; it must be text in quotation marks"),
            ("wanted exactly 1 element, more than 1 element\nin `a`\n", "a is a section; it must be text in quotation marks"),
            (
                "invalid value: integer `5000000000`, expected u32\nin `resources.cpus`\n",
                "resources.cpus is 5000000000; it must be a whole number from 1 to 1024, and this is too large",
            ),
            (
                "invalid value: integer `5000000000`, expected u32\nin `a`\n",
                "a is 5000000000; it must be a whole number up to 4294967295, and this is too large",
            ),
            (
                "invalid type: integer `99999999999999999999` as i128, expected u64\nin `a`\n",
                "a is 99999999999999999999; it must be a whole number up to 18446744073709551615, and this is too large",
            ),
            (
                "invalid type: integer `99999999999999999999` as i128, expected f64\nin `a`\n",
                "a is 99999999999999999999; it must be a number, and one as large as this needs a point: 99999999999999999999.0",
            ),
            ("invalid type: string \"2` as b\", expected u32\nin `a`\n", "a is \"2` as b\"; it must be a whole number, 0 or more"),
            ("missing field `metric`\nin `expect`\n", "expect: missing field `metric`"),
            ("unknown field `x`, expected `a` or `b`", "unknown field `x`, expected `a` or `b`"),
        ] {
            assert_eq!(in_words(error), said);
        }
    }
}
