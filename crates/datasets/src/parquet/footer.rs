//! What a parquet file says of itself: its columns, and where their pages are.

use super::{
    thrift::{BINARY, Compact, LIST, Result, STRUCT},
    values::Kind,
};

/// The most columns and the most nesting of a schema.
const COLUMNS: usize = 4096;
const NESTED: usize = 16;
/// The most groups of rows: the format numbers them in 16 bits.
const GROUPS: usize = 1 << 15;

/// The most columns that a message names.
const NAMED: usize = 8;

/// A column of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its path in the schema: `image.bytes`.
    pub(super) path: String,
    /// Its physical type, by number.
    pub(super) kind: i64,
    /// Bytes of a value, where the type gives all the same length.
    pub(super) length: u64,
    /// Whether its bytes are text.
    pub(super) text: bool,
    /// How many optional levels a value has to be present on.
    pub(super) optional: u32,
    /// The column of lists that its values are of, where a row may have several.
    pub(super) list: Option<String>,
}

impl Column {
    /// The type of its values.
    pub(super) fn values(&self) -> Result<Kind> {
        Kind::of(self.kind, self.length).map_err(|e| format!("{} is of {e}", self.path))
    }

    /// Whether its values are numbers, whole ones or others.
    pub(super) fn is_of_numbers(&self) -> bool {
        (0..=5).contains(&self.kind)
    }

    /// The type of a value, as Arrow calls it.
    pub(super) fn type_name(&self) -> &'static str {
        match self.kind {
            0 => "boolean",
            1 => "int32",
            2 => "int64",
            3 => "int96",
            4 => "float",
            5 => "double",
            6 if self.text => "text",
            6 => "bytes",
            7 => "bytes of one length",
            _ => "unknown type",
        }
    }

    /// Its name and type.
    fn in_words(&self) -> String {
        match &self.list {
            Some(list) => format!("{list} (list of {})", self.type_name()),
            None => format!("{} ({})", self.path, self.type_name()),
        }
    }
}

/// The columns with their types; of many the first few, and how many more there are.
pub(super) fn listed(columns: &[Column]) -> String {
    let mut words: Vec<String> = columns.iter().take(NAMED).map(Column::in_words).collect();
    let others = columns.len() - words.len();
    words.extend((others > 0).then(|| format!("and {others} more")));
    words.join(", ")
}

/// The pages of a column in a row group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) codec: u64,
    pub(super) values: u64,
    /// Its first page, and one behind the last byte of the last.
    pub(super) begin: u64,
    pub(super) end: u64,
}

/// A part of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) rows: u64,
    pub(super) chunks: Vec<Chunk>,
}

/// The content of a footer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) columns: Vec<Column>,
    pub(super) groups: Vec<Group>,
}

impl Footer {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let (mut elements, mut groups) = (Vec::new(), Vec::new());
        Compact::new(bytes).structure(&mut |reader, kind, field| {
            match (kind, field) {
                (LIST, 2) => elements = reader.list(COLUMNS * 2, Element::parse)?,
                (LIST, 4) => groups = reader.list(GROUPS, group)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let mut elements = elements.into_iter();
        let root = elements.next().ok_or("no schema")?;
        let mut columns = Vec::new();
        for _ in 0..root.children {
            descend(&mut elements, "", (0, None), 0, &mut columns)?;
        }
        Ok(Self { columns, groups })
    }

    /// Rows of all groups.
    pub(super) fn rows(&self) -> u64 {
        self.groups.iter().fold(0, |sum: u64, g| sum.saturating_add(g.rows))
    }
}

#[derive(Default)]
struct Element {
    kind: i64,
    length: u64,
    repetition: i64,
    name: String,
    children: u64,
    text: bool,
}

impl Element {
    fn parse(reader: &mut Compact) -> Result<Self> {
        let mut element = Self { kind: -1, ..Self::default() };
        reader.structure(&mut |r, kind, field| {
            match (kind, field) {
                (4..=6, 1) => element.kind = r.integer()?,
                (4..=6, 2) => element.length = r.size()?,
                (4..=6, 3) => element.repetition = r.integer()?,
                (BINARY, 4) => element.name = r.text()?,
                (4..=6, 5) => element.children = r.size()?,
                // Converted types of bytes that are characters: UTF8, ENUM and JSON.
                (4..=6, 6) => element.text = matches!(r.integer()?, 0 | 4 | 19),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(element)
    }
}

/// Reads the next element of a flattened tree and all below it.
fn descend(
    elements: &mut impl Iterator<Item = Element>,
    above: &str,
    (optional, list): (u32, Option<&str>),
    depth: usize,
    columns: &mut Vec<Column>,
) -> Result<()> {
    let element = elements.next().ok_or("a schema that is cut off")?;
    if depth > NESTED || columns.len() > COLUMNS {
        return Err("a schema that is too large".into());
    }
    let path = if above.is_empty() { element.name } else { format!("{above}.{}", element.name) };
    let optional = optional + u32::from(element.repetition != 0);
    // What is repeated is called `list` by most writers, and stands in what people named.
    let repeated = (element.repetition == 2).then_some(if above.is_empty() { path.as_str() } else { above });
    let list = list.or(repeated);
    for _ in 0..element.children {
        descend(elements, &path, (optional, list), depth + 1, columns)?;
    }
    if element.children == 0 {
        let list = list.map(str::to_owned);
        columns.push(Column { path, kind: element.kind, length: element.length, text: element.text, optional, list });
    }
    Ok(())
}

fn group(reader: &mut Compact) -> Result<Group> {
    let mut group = Group::default();
    reader.structure(&mut |r, kind, field| {
        match (kind, field) {
            (LIST, 1) => group.chunks = r.list(COLUMNS, chunk)?,
            (4..=6, 3) => group.rows = r.size()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(group)
}

fn chunk(reader: &mut Compact) -> Result<Chunk> {
    let (mut chunk, mut data, mut dictionary, mut size) = (Chunk::default(), None, None, 0);
    reader.structure(&mut |r, kind, field| match (kind, field) {
        (BINARY, 1) => Err("columns in another file".into()),
        (STRUCT, 3) => r
            .structure(&mut |r, kind, field| {
                match (kind, field) {
                    (4..=6, 4) => chunk.codec = r.size()?,
                    (4..=6, 5) => chunk.values = r.size()?,
                    (4..=6, 7) => size = r.size()?,
                    (4..=6, 9) => data = Some(r.size()?),
                    (4..=6, 11) => dictionary = Some(r.size()?),
                    _ => return Ok(false),
                }
                Ok(true)
            })
            .map(|()| true),
        _ => Ok(false),
    })?;
    let data = data.ok_or("a column without pages, or an encrypted one")?;
    // Writers disagree on the offset of an absent dictionary: zero, or none.
    chunk.begin = dictionary.filter(|&d| d > 0).map_or(data, |d: u64| d.min(data));
    chunk.end = chunk.begin.checked_add(size).ok_or("pages beyond all bounds")?;
    Ok(chunk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_columns_of_many_are_named_with_their_types() {
        let column = |path: &str, kind, list: Option<&str>| {
            let list = list.map(str::to_owned);
            Column { path: path.into(), kind, length: 0, text: kind == 6, optional: 0, list }
        };
        let few = [column("image.list.element", 2, Some("image")), column("name", 6, None), column("label", 5, None)];
        assert_eq!(listed(&few), "image (list of int64), name (text), label (double)");
        let many: Vec<Column> = (0..256).map(|i| column(&format!("p{i}"), 1, None)).collect();
        assert!(listed(&many).ends_with("p6 (int32), p7 (int32), and 248 more"), "{}", listed(&many));
    }
}
