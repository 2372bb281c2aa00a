//! Images in a parquet file as the Hub stores them: a column of PNG or JPEG bytes, and one of classes.
//!
//! A reader of its own for this one shape of table, because files may come from anywhere: the `parquet` library (60.1)
//! believes sizes that pages claim, and panics on damaged dictionaries. Plain and dictionary encodings, both versions
//! of pages, and snappy, gzip, zstd or no packing are read: what the Hub's and Arrow's writers make of images.
//! <https://parquet.apache.org/docs/file-format/>

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use crate::{Error, Result, stream};
use footer::Footer;
use pages::{Fetch, Pages};

mod footer;
mod pages;
mod thrift;

pub(crate) use pages::Bytes;

/// Rows that are given at once.
const ROWS: usize = 512;
/// The most bytes of a footer.
const FOOTER: u64 = 8 << 20;

/// The columns that are read.
pub(crate) struct Columns<'a> {
    /// The column of PNG or JPEG bytes: `image.bytes`.
    pub(crate) image: &'a str,
    /// The column of classes: `label`.
    pub(crate) label: &'a str,
    /// The most rows that the file may have.
    pub(crate) rows: u64,
}

/// What is done with up to 512 rows: encoded images with their labels.
pub(crate) type Visit<'a> = dyn FnMut(Vec<(Bytes, u32)>) -> Result<()> + 'a;

/// Calls `visit` with all rows, up to 512 at a time.
///
/// # Errors
/// [`Error::Damaged`] for a file that is torn, lacks a column, or has a row without image or label;
/// [`Error::TooLarge`] for more rows than there may be.
pub(crate) fn read(path: &Path, columns: &Columns, visit: &mut Visit) -> Result<()> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| Error::io(&name, e))?;
    read_from(file, &name, columns, visit)
}

/// [`read`] of anything that can be read in pieces.
pub(crate) fn read_from(mut source: impl Read + Seek, file: &str, columns: &Columns, visit: &mut Visit) -> Result<()> {
    let wrong = |problem: String| Error::damaged(file, format!("broken parquet: {problem}"));
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
        let found = footer.columns.iter().enumerate().find(|(_, c)| c.path == name && !c.repeated);
        found.ok_or_else(|| {
            let there: Vec<&str> = footer.columns.iter().map(|c| c.path.as_str()).collect();
            wrong(format!("no column {name} of single values; there are {}", there.join(", ")))
        })
    };
    let ((image, image_column), (label, label_column)) = (place(columns.image)?, place(columns.label)?);
    for group in &footer.groups {
        let chunk = |i: usize| {
            let chunk = group.chunks.get(i).ok_or_else(|| wrong("a group lacks a column".into()))?;
            if chunk.values != group.rows || chunk.end > length {
                return Err(wrong(format!("{} values for {} rows, up to byte {} of {length}", chunk.values, group.rows, chunk.end)));
            }
            Ok(chunk)
        };
        let (images, labels) = (chunk(image)?, chunk(label)?);
        let labels = classes(Pages::new(label_column, labels), &mut fetch).map_err(wrong)?;
        let mut labels = labels.into_iter();
        let mut pages = Pages::new(image_column, images);
        while let Some(page) = pages.next(&mut fetch).map_err(wrong)? {
            let mut rows = page.into_iter().zip(labels.by_ref());
            loop {
                let batch: Vec<(Bytes, u32)> = rows.by_ref().take(ROWS).collect();
                if batch.is_empty() {
                    break;
                }
                visit(batch)?;
            }
        }
    }
    Ok(())
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
    let footer = footer(length, &mut fetch).map_err(|problem| Error::damaged(&name, format!("broken parquet: {problem}")))?;
    let rows = footer.rows();
    Ok((footer.columns.into_iter().filter(|c| !c.repeated).map(|c| c.path).collect(), rows))
}

fn footer(length: u64, fetch: &mut Fetch) -> std::result::Result<Footer, String> {
    let tail = fetch(length.saturating_sub(8), length.min(8))?;
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

fn classes(mut pages: Pages, fetch: &mut Fetch) -> std::result::Result<Vec<u32>, String> {
    let mut labels = Vec::new();
    while let Some(page) = pages.next(fetch)? {
        for value in &page {
            let class = pages::integer(value).ok_or("a label that is no integer")?;
            labels.push(u32::try_from(class).map_err(|_| format!("a label of {class}"))?);
        }
    }
    Ok(labels)
}
