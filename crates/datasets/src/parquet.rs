//! Images in a parquet file as the Hub stores them: a column of PNG or JPEG bytes, and one of classes.
//!
//! A reader of our own for this one shape of table, because files may come from anywhere: on two hundred thousand
//! damaged files the `parquet` library (60.1) panicked in its dictionary decoder, and it believes page sizes of up to
//! 2 GiB. Here a page is at most 48 MiB, or 32 times its bytes in the file and 1 GiB; nothing that a file claims takes
//! memory before it is checked, and values stay where they were unpacked. It is faster on the Hub's tables, and 30 crates
//! are not needed.
//!
//! What writers make of images and classes is read (Arrow for C++ and Rust, Polars, DuckDB, Hadoop): both versions of
//! pages, with checksums or not; packed with snappy, gzip, zstd, brotli, LZ4 in all its forms, or not; every encoding
//! of today's format; images as bytes of any or one length, alone or as `bytes` in a struct. A null image has no bytes.
//! LZO, lists, encryption and null classes are refused by name.
//! <https://parquet.apache.org/docs/file-format/>

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use crate::{Error, Result, foreign, stream};
use footer::{Column, Footer};
use pages::{Fetch, Pages, Unread};
use values::Kind;

#[cfg(test)]
pub(crate) mod by_hand;
pub(crate) mod codecs;
mod footer;
pub(crate) mod numbers;
mod pages;
mod thrift;
pub(crate) mod values;

pub(crate) use pages::PAGE;
pub(crate) use values::Bytes;

/// Rows that are given at once.
const ROWS: usize = 512;
/// What to do with classes that are no numbers.
const NUMBER: &str = "write their numbers (pandas: table[\"label\"].astype(\"category\").cat.codes)";
/// The most bytes of a footer.
const FOOTER: u64 = 8 << 20;

/// The columns that are read.
pub(crate) struct Columns<'a> {
    /// The column of PNG or JPEG bytes: `image.bytes`, or `image` where that is no struct.
    pub(crate) image: &'a str,
    /// The column of classes: `label`; none where all images are of class 0.
    pub(crate) label: Option<&'a str>,
    /// The most rows that the file may have.
    pub(crate) rows: u64,
}

/// What is done with up to 512 rows: encoded images, without bytes where they are null, with their labels.
pub(crate) type Visit<'a> = dyn FnMut(Vec<(Bytes, u32)>) -> Result<()> + 'a;

/// Calls `visit` with all rows, up to 512 at a time.
///
/// # Errors
/// [`Error::Damaged`] for a file that is torn, lacks a column, or has a row without label;
/// [`Error::TooLarge`] for more rows than there may be; [`Error::Refused`] for a page that is too large.
pub(crate) fn read(path: &Path, columns: &Columns, visit: &mut Visit) -> Result<()> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| Error::io(&name, e))?;
    read_from(file, &name, columns, visit)
}

/// [`read`] of anything that can be read in pieces.
pub(crate) fn read_from(mut source: impl Read + Seek, file: &str, columns: &Columns, visit: &mut Visit) -> Result<()> {
    let wrong = |problem: String| Error::damaged(file, format!("broken parquet: {problem}"));
    let unread = |problem: Unread| match problem {
        Unread::Broken(problem) => wrong(problem),
        Unread::Large { size, limit } => {
            let way = "write the table again with fewer rows in a group (pyarrow and pandas: row_group_size=100)";
            Error::Refused { file: file.into(), reason: format!("a page of {size} bytes, more than the limit of {limit}: {way}") }
        }
    };
    let length = source.seek(SeekFrom::End(0)).map_err(|e| Error::io(file, e))?;
    let mut fetch = |at: u64, size: u64| {
        source.seek(SeekFrom::Start(at)).map_err(|e| e.to_string())?;
        stream::exactly(&mut source, usize::try_from(size).map_err(|e| e.to_string())?, "a piece").map_err(|e| e.to_string())
    };
    let footer = footer(length, &mut fetch).map_err(wrong)?;
    if footer.rows() > columns.rows {
        return Err(Error::TooLarge { file: file.into(), what: "a table", unit: "rows", size: footer.rows(), limit: columns.rows });
    }
    let place = |name: &str| {
        let find = |name: &str| footer.columns.iter().enumerate().find(|(_, c)| c.path == name && !c.repeated);
        let found = find(name).or_else(|| find(name.strip_suffix(".bytes")?));
        found.ok_or_else(|| {
            let there: Vec<&str> = footer.columns.iter().map(|c| c.path.as_str()).collect();
            wrong(format!("no column {name} of single values; there are {}", there.join(", ")))
        })
    };
    let (image, image_column) = place(columns.image)?;
    let label = columns.label.map(place).transpose()?;
    expect(image_column, "bytes", |kind| matches!(kind, Kind::Bytes | Kind::Fixed(_))).map_err(wrong)?;
    if let Some((_, column)) = label {
        let number = |problem: String| wrong(format!("{problem}; {NUMBER}"));
        expect(column, "whole numbers", |kind| matches!(kind, Kind::Boolean | Kind::Int32 | Kind::Int64)).map_err(number)?;
    }
    let mut row = 0_u64;
    for group in &footer.groups {
        let chunk = |i: usize| {
            let chunk = group.chunks.get(i).ok_or_else(|| wrong("a group lacks a column".into()))?;
            if chunk.values != group.rows || chunk.end > length {
                return Err(wrong(format!("{} values for {} rows, up to byte {} of {length}", chunk.values, group.rows, chunk.end)));
            }
            Ok(chunk)
        };
        let images = chunk(image)?;
        let mut labels: Box<dyn Iterator<Item = u32>> = match label {
            Some((label, column)) => {
                let pages = Pages::new(column, chunk(label)?).map_err(wrong)?;
                Box::new(classes(pages, (column.path.as_str(), row), &mut fetch).map_err(unread)?.into_iter())
            }
            None => Box::new(std::iter::repeat(0_u32)),
        };
        let mut pages = Pages::new(image_column, images).map_err(wrong)?;
        while let Some(page) = pages.next(&mut fetch).map_err(unread)? {
            let mut rows = page.into_iter().zip(labels.by_ref());
            loop {
                let batch: Vec<(Bytes, u32)> = rows.by_ref().take(ROWS).collect();
                if batch.is_empty() {
                    break;
                }
                visit(batch)?;
            }
        }
        row = row.saturating_add(group.rows);
    }
    Ok(())
}

/// Refuses a column of another type: eight bytes of text would pass for a number.
fn expect(column: &Column, what: &str, fits: fn(Kind) -> bool) -> std::result::Result<(), String> {
    let kind = column.values()?;
    if fits(kind) { Ok(()) } else { Err(format!("{} is of type {kind}, not {what}", column.path)) }
}

/// The paths of the columns of single values, and how many rows there are.
///
/// # Errors
/// As [`read`].
pub(crate) fn about(path: &Path) -> Result<(Vec<String>, u64)> {
    let name = path.display().to_string();
    let mut file = File::open(path).map_err(|e| Error::io(&name, e))?;
    let length = file.seek(SeekFrom::End(0)).map_err(|e| Error::io(&name, e))?;
    let mut fetch = |at: u64, size: u64| {
        file.seek(SeekFrom::Start(at)).map_err(|e| e.to_string())?;
        stream::exactly(&mut file, usize::try_from(size).map_err(|e| e.to_string())?, "a piece").map_err(|e| e.to_string())
    };
    let footer = match footer(length, &mut fetch) {
        Ok(footer) => footer,
        Err(problem) => {
            let start = fetch(0, length.min(foreign::START as u64)).unwrap_or_default();
            let other = foreign::described(&start).filter(|_| !start.starts_with(b"PAR1"));
            return Err(Error::damaged(&name, other.map_or_else(|| format!("broken parquet: {problem}"), String::from)));
        }
    };
    let rows = footer.rows();
    Ok((footer.columns.into_iter().filter(|c| !c.repeated).map(|c| c.path).collect(), rows))
}

fn footer(length: u64, fetch: &mut Fetch) -> std::result::Result<Footer, String> {
    let tail = fetch(length.saturating_sub(8), length.min(8))?;
    if tail.ends_with(b"PARE") {
        return Err("it is encrypted".into());
    }
    let (Some([a, b, c, d]), true) = (tail.first_chunk::<4>(), tail.ends_with(b"PAR1") && length >= 12) else {
        return Err("it does not end like a parquet file".into());
    };
    let size = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
    if size > FOOTER || size + 12 > length {
        return Err(format!("its footer claims {size} bytes"));
    }
    let footer = Footer::parse(&fetch(length - 8 - size, size)?)?;
    if footer.rows() == 0 {
        return Err("no rows".into());
    }
    Ok(footer)
}

/// The classes of a group that begins with row `first` of the table.
fn classes(mut pages: Pages, (column, first): (&str, u64), fetch: &mut Fetch) -> std::result::Result<Vec<u32>, Unread> {
    let mut labels = Vec::new();
    while let Some(page) = pages.next(fetch)? {
        for value in &page {
            let row = first + labels.len() as u64;
            let class = value.integer().ok_or_else(|| format!("row {row} has no {column}: the value is null"))?;
            labels.push(u32::try_from(class).map_err(|_| format!("a label of {class}"))?);
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests;
