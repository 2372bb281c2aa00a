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
use footer::{Column, Footer, listed};
use pages::{Fetch, Pages};
use unread::Unread;
use values::Kind;

#[cfg(test)]
pub(crate) mod by_hand;
pub(crate) mod codecs;
mod footer;
pub(crate) mod numbers;
mod pages;
mod thrift;
mod unread;
pub(crate) mod values;

pub(crate) use pages::PAGE;
pub(crate) use values::Bytes;

/// Rows that are given at once.
const ROWS: usize = 512;
/// What to do with pixels in a column or in many.
pub(crate) const PIXELS: &str =
    "images are read as the bytes of their files (PNG, JPEG); of pixels as numbers, save a NumPy array (arrays:PATH)";
/// What to do with classes that are no numbers.
const NUMBER: &str = "write their numbers, of all files at once (pandas: table[\"label\"].astype(\"category\").cat.codes)";
/// What to do without classes.
const ONE: &str = "label = \"none\" in [dataset] takes all images as one class";
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
    let wrong = |problem: String| Unread::Broken(problem).of(file);
    let unread = |problem: Unread| problem.of(file);
    let length = source.seek(SeekFrom::End(0)).map_err(|e| Error::io(file, e))?;
    let mut fetch = |at: u64, size: u64| {
        source.seek(SeekFrom::Start(at)).map_err(|e| e.to_string())?;
        stream::exactly(&mut source, usize::try_from(size).map_err(|e| e.to_string())?, "a piece").map_err(|e| e.to_string())
    };
    let footer = footer(length, &mut fetch).map_err(unread)?;
    if footer.rows() > columns.rows {
        return Err(Error::TooLarge { file: file.into(), what: "a table", unit: "rows", size: footer.rows(), limit: columns.rows });
    }
    let place = |name: &str| {
        let find = |name: &str| footer.columns.iter().enumerate().find(|(_, c)| c.path == name && c.list.is_none());
        let found = find(name).or_else(|| find(name.strip_suffix(".bytes")?));
        let lacking = || format!("no column {name} of single values; there are {}", listed(&footer.columns));
        found.ok_or_else(|| unread(Unread::Other(lacking())))
    };
    let (image, image_column) = place(columns.image)?;
    let label = columns.label.map(place).transpose()?;
    expect(image_column, "bytes", PIXELS, |kind| matches!(kind, Kind::Bytes | Kind::Fixed(_))).map_err(unread)?;
    if let Some((_, column)) = label {
        let number = |kind: Kind| matches!(kind, Kind::Boolean | Kind::Int32 | Kind::Int64);
        expect(column, "whole numbers", &format!("{NUMBER}, or {ONE}"), number).map_err(unread)?;
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

/// Refuses a column of another type: eight bytes of text would pass for a number. `way` is what to do with it.
fn expect(column: &Column, what: &str, way: &str, fits: fn(Kind) -> bool) -> std::result::Result<(), Unread> {
    match column.values() {
        Ok(kind) if fits(kind) => Ok(()),
        Err(problem) if !column.is_of_numbers() => Err(Unread::Broken(problem)),
        _ => Err(Unread::Other(format!("{} is of type {}, not {what}; {way}", column.path, column.type_name()))),
    }
}

/// What a table says of itself.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// The paths of the columns of single values.
    pub(crate) columns: Vec<String>,
    /// All columns with their types, as a message names them.
    pub(crate) listed: String,
    /// How many rows there are.
    pub(crate) rows: u64,
}

/// What the table at `path` says of itself.
///
/// # Errors
/// As [`read`].
pub(crate) fn about(path: &Path) -> Result<About> {
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
            return Err(other.map_or_else(|| problem.of(&name), |other| Error::damaged(&name, other)));
        }
    };
    let (listed, rows) = (listed(&footer.columns), footer.rows());
    let columns = footer.columns.into_iter().filter(|c| c.list.is_none()).map(|c| c.path).collect();
    Ok(About { columns, listed, rows })
}

fn footer(length: u64, fetch: &mut Fetch) -> std::result::Result<Footer, Unread> {
    let tail = fetch(length.saturating_sub(8), length.min(8))?;
    if tail.ends_with(b"PARE") {
        return Err(Unread::Other("is encrypted: write it again without".into()));
    }
    let (Some([a, b, c, d]), true) = (tail.first_chunk::<4>(), tail.ends_with(b"PAR1") && length >= 12) else {
        return Err("it does not end like a parquet file".into());
    };
    let size = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
    if size > FOOTER || size + 12 > length {
        return Err(format!("its footer claims {size} bytes").into());
    }
    let footer = Footer::parse(&fetch(length - 8 - size, size)?)?;
    if footer.rows() == 0 {
        return Err(Unread::Other("holds no rows".into()));
    }
    Ok(footer)
}

/// The classes of a group that begins with row `first` of the table.
fn classes(mut pages: Pages, (column, first): (&str, u64), fetch: &mut Fetch) -> std::result::Result<Vec<u32>, Unread> {
    let mut labels = Vec::new();
    while let Some(page) = pages.next(fetch)? {
        for value in &page {
            let row = first + labels.len() as u64;
            let null = || Unread::Other(format!("row {row} has no {column}: the value is null; leave the row out, or {ONE}"));
            let class = value.integer().ok_or_else(null)?;
            labels.push(u32::try_from(class).map_err(|_| Unread::Other(no_class(row, column, class)))?);
        }
    }
    Ok(labels)
}

/// What is said of a number that is no class.
fn no_class(row: u64, column: &str, class: i64) -> String {
    let hidden = if class == -1 { " (-1 is what the Hub has in test files whose classes are secret: leave these files out)" } else { "" };
    format!("row {row} has the {column} {class}, and classes are numbers from 0 on{hidden}; {ONE}")
}

#[cfg(test)]
mod tests;
