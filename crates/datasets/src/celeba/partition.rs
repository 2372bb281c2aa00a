//! `list_eval_partition`, which says where each face belongs: the published text file, or Kaggle's table of it.

use std::collections::BTreeMap;

use vimae_core::Split;

use crate::{Error, Result};

/// The names of the file, the published one first.
pub(super) const FILES: [&str; 2] = ["list_eval_partition.txt", "list_eval_partition.csv"];

/// What one file says.
#[derive(Debug)]
pub(super) struct Partition {
    /// The file.
    pub(super) file: String,
    /// The split of each face by its number.
    pub(super) splits: BTreeMap<u32, Split>,
}

impl Partition {
    /// Reads lines of a file's name and 0 (train), 1 (validation) or 2 (test): between spaces, or in the columns
    /// `image_id` and `partition` of a table with a header.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a line that says something else, or says of a face again, and otherwise.
    pub(super) fn parse(bytes: &[u8], file: &str) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| Error::damaged(file, "is no text in UTF-8"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut columns = (0, 1);
        let mut splits = BTreeMap::new();
        for (line, row) in text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty()) {
            let fields = fields(row);
            let wrong = |problem: &str| Error::damaged(file, format!("line {}: {row:?} {problem}", line + 1));
            if splits.is_empty()
                && let Some(named) = header(&fields)
            {
                columns = named;
                continue;
            }
            let split = match fields.get(columns.1) {
                Some(&"0") => Split::Train,
                Some(&"1") => Split::Validation,
                Some(&"2") => Split::Test,
                _ => return Err(wrong("is not a file and 0, 1 or 2")),
            };
            let number = fields.get(columns.0).and_then(|name| super::number(name)).ok_or_else(|| wrong("is not a file and 0, 1 or 2"))?;
            if splits.insert(number, split).is_some_and(|before| before != split) {
                return Err(wrong("contradicts a line above it"));
            }
        }
        if splits.is_empty() {
            return Err(Error::damaged(file, "names no file"));
        }
        Ok(Self { file: file.into(), splits })
    }
}

fn fields(row: &str) -> Vec<&str> {
    let separator = [',', ';', '\t'].into_iter().find(|&separator| row.contains(separator));
    let fields: Vec<&str> = match separator {
        Some(separator) => row.split(separator).collect(),
        None => row.split_whitespace().collect(),
    };
    fields.into_iter().map(|field| field.trim().trim_matches('"')).collect()
}

/// The places of file and partition in a table with this header; none where it is a row of values.
fn header(fields: &[&str]) -> Option<(usize, usize)> {
    let place = |names: &[&str]| fields.iter().position(|field| names.contains(&field.to_ascii_lowercase().as_str()));
    Some((place(&["image_id", "image", "file", "filename", "file_name"])?, place(&["partition", "split"])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<(u32, Split)>> {
        Ok(Partition::parse(text.as_bytes(), "list")?.splits.into_iter().collect())
    }

    #[test]
    fn text_and_table_say_the_same_in_any_order_of_columns() {
        let expected = [(1, Split::Train), (2, Split::Validation), (30, Split::Test)];
        for text in [
            "000001.jpg 0\n000002.jpg 1\n000030.jpg 2\n",
            "image_id,partition\n000001.jpg,0\n000002.jpg,1\n000030.jpg,2\n",
            "\u{feff}image_id,partition\r\n000030.jpg,2\r\n000002.JPG,1\r\n000001.jpg,0\r\n\r\n",
            "\"\",\"partition\",\"image_id\"\n\"0\",\"0\",\"000001.jpg\"\n\"1\",\"1\",\"000002.jpg\"\n\"2\",\"2\",\"000030.jpg\"\n",
            "000001.png, 0\n000002.png, 1\n000030.png, 2",
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_that_say_something_else_are_refused_by_number() {
        for (text, problem) in [
            ("image_id,partition\n000001.jpg,3\n", "list: line 2: \"000001.jpg,3\" is not a file and 0, 1 or 2"),
            ("000001.jpg 0\nsmile.jpg 0\n", "list: line 2: \"smile.jpg 0\" is not a file and 0, 1 or 2"),
            ("000001.jpg 0\n000001.jpg 2\n", "list: line 2: \"000001.jpg 2\" contradicts a line above it"),
            ("image_id,Smiling\n000001.jpg,1\n", "list: line 1: \"image_id,Smiling\" is not a file and 0, 1 or 2"),
            ("image_id,partition\n", "list: names no file"),
            ("", "list: names no file"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), problem);
        }
    }

    #[test]
    fn damaged_lists_are_read_or_refused() {
        let whole = b"image_id,partition\n000001.jpg,0\n000002.jpg,1\n";
        let (mut read, mut refused) = (0, 0);
        for at in 0..whole.len() {
            for byte in 0..=255 {
                let mut damaged = whole.to_vec();
                if let Some(slot) = damaged.get_mut(at) {
                    *slot = byte;
                }
                match Partition::parse(&damaged, "list") {
                    Ok(partition) => read += usize::from(partition.splits.len() <= 2),
                    Err(_) => refused += 1,
                }
            }
            assert!(Partition::parse(whole.get(..at).unwrap_or_default(), "list").map_or(0, |p| p.splits.len()) <= 2);
        }
        assert_eq!(read + refused, whole.len() * 256);
        assert!(read > 100 && refused > 5_000, "{read} {refused}");
    }
}
