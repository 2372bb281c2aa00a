//! Words and numbers of a model card.

/// The text with a small first letter, unless it begins with a name in capitals.
pub(crate) fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// The title of a data set within a sentence: as it is where it begins with the data set's name, and with a small first letter.
pub(crate) fn titled(title: &str, name: &str) -> String {
    if title.to_lowercase().starts_with(&name.to_lowercase()) { title.to_owned() } else { lowered(title) }
}

/// A count with its thousands apart.
pub(crate) fn count(count: usize) -> String {
    let digits = count.to_string();
    let (head, tail) = digits.split_at(digits.len() % 3);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    (!head.is_empty()).then(|| head.to_owned()).into_iter().chain(groups).collect::<Vec<_>>().join(" ")
}

/// Text that Markdown takes for nothing but text.
pub(crate) fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '[' | ']' | '*' | '`' | '|' | '\\' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Text for a table's cell.
pub(crate) fn cell(text: &str) -> String {
    text.replace(['\n', '\r', '`'], " ").replace('|', "\\|").replace('<', "&lt;")
}

/// A number to six significant digits: those beyond are noise of binary fractions.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// A number in four digits.
pub(crate) fn short(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude {
        0.0 => "0".into(),
        _ if magnitude >= 1000.0 => format!("{value:.0}"),
        _ if magnitude >= 1e-4 => {
            let before = magnitude.log10().floor() as i32 + 1;
            format!("{value:.*}", usize::try_from(4 - before).unwrap_or(0))
        }
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        for (value, expected) in [
            (3.018_031, "3.018"),
            (88.683, "88.68"),
            (0.052_218, "0.05222"),
            (-369.09, "-369.1"),
            (12_345.6, "12346"),
            (1e-9, "1.00e-9"),
            (0.0, "0"),
        ] {
            assert_eq!(short(value), expected);
        }
    }

    #[test]
    fn digits_of_binary_fractions_are_rounded_away() {
        assert_eq!([85.241_999_99, 0.040_656_791_87, -12.0].map(rounded), [85.242, 0.040_656_8, -12.0]);
    }

    #[test]
    fn counts_and_first_letters_read_well() {
        assert_eq!([7, 999, 8_000, 1_234_567].map(count), ["7", "999", "8 000", "1 234 567"]);
        assert_eq!(["The VAE", "MNIST", "x", ""].map(lowered), ["the VAE", "MNIST", "x", ""]);
        assert_eq!(
            (titled("CelebA, faces", "celeba"), titled("A folder of images", "folder")),
            ("CelebA, faces".into(), "a folder of images".into())
        );
    }

    #[test]
    fn text_cannot_break_out_of_its_place() {
        assert_eq!(plain("a|b\n[x](y) <img>"), "a\\|b \\[x\\](y) &lt;img>");
        assert_eq!(cell("a`b|c\nd"), "a b\\|c d");
    }
}
