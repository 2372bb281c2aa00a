//! Counts as readers meet them: with their thousands apart.

/// Thousands apart: `50 000`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|c| String::from_utf8_lossy(c).into_owned());
    (!head.is_empty()).then(|| head.to_owned()).into_iter().chain(groups).collect::<Vec<_>>().join("\u{202f}")
}

/// Words that a count in a note stands before.
const COUNTED: [&str; 2] = ["images", "weights"];

/// A note whose counts, `5 draws of 1000 labelled images`, have their thousands apart. Records have them as they were written.
pub fn grouped(note: &str) -> String {
    let mut grouped = String::with_capacity(note.len());
    let mut rest = note;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        grouped.push_str(before);
        let (digits, behind) = from.split_at(from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len()));
        let stands_alone = grouped.is_empty() || grouped.ends_with([' ', '(']);
        match digits.parse() {
            // Thousands that stand apart have three digits.
            Ok(n) if digits.len() > 3 && stands_alone && is_counted(behind) => grouped.push_str(&count(n)),
            _ => grouped.push_str(digits),
        }
        rest = behind;
    }
    grouped + rest
}

/// Whether what stands behind a number is what it counts, with other counts or one word between: `, 1000 held-out images`.
fn is_counted(behind: &str) -> bool {
    let mut words = behind.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ' || c == ',').split(' ').take(2);
    let is_one = |word: &str| COUNTED.contains(&word.trim_end_matches([')', ',', ';', '.']));
    behind.starts_with([' ', ',']) && words.any(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([7, 999, 1000, 50_000, 1_234_567].map(count), ["7", "999", "1\u{202f}000", "50\u{202f}000", "1\u{202f}234\u{202f}567"]);
    }

    #[test]
    fn counts_of_a_note_are_grouped_and_nothing_else_is() {
        for (note, expected) in [
            ("5 draws of 1000 labelled images", "5 draws of 1\u{202f}000 labelled images"),
            (
                "the training split is at 0.0570 from the test split (10000, 9000 images)",
                "the training split is at 0.0570 from the test split (10\u{202f}000, 9\u{202f}000 images)",
            ),
            (
                "sigma = 0.1234, chosen on 1000 held-out images, which are few",
                "sigma = 0.1234, chosen on 1\u{202f}000 held-out images, which are few",
            ),
            ("12.5 of 5000 weights 2000.5 count", "12.5 of 5\u{202f}000 weights 2000.5 count"),
            ("fewer than 1 000 images; 0.1234 images; N=5000 images", "fewer than 1 000 images; 0.1234 images; N=5000 images"),
            ("Breuleux et al., 2011; 10000", "Breuleux et al., 2011; 10000"),
            ("", ""),
        ] {
            assert_eq!(grouped(note), expected);
        }
    }
}
