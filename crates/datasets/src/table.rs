//! Columns of a parquet file, a few rows at a time.
//!
//! The `parquet` library believes the sizes that pages claim, up to 2 GiB each. Every page header is therefore read
//! here first and held against [`PAGE`]; the rest of the library's reading is bounded by the file's own length.

use std::{fs::File, path::Path};

use parquet::{
    column::reader::ColumnReader,
    data_type::ByteArray,
    file::{
        metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData},
        reader::{ChunkReader, FileReader},
        serialized_reader::SerializedFileReader,
    },
};

use crate::{Error, Result, pages};

/// Rows that are in memory at once.
const ROWS: usize = 512;
/// The most rows of one file.
const LIMIT: i64 = 10_000_000;
/// The most bytes of a footer.
const FOOTER: u32 = 8 << 20;

/// Pictures of a parquet file as the Hub stores them: a binary column and a label.
pub(crate) struct Columns<'a> {
    /// The column of PNG or JPEG bytes: `image.bytes`.
    pub(crate) picture: &'a str,
    /// The column of classes: `label`.
    pub(crate) label: &'a str,
}

/// What is done with up to 512 rows: encoded pictures with their labels.
pub(crate) type Visit<'a> = dyn FnMut(Vec<(ByteArray, u32)>) -> Result<()> + 'a;

/// Calls `visit` with all rows, up to 512 at a time.
///
/// # Errors
/// [`Error::Damaged`] for a file that is torn, lacks a column, or has a row without picture or label;
/// [`Error::TooLarge`] for sizes beyond any picture table.
pub(crate) fn read(path: &Path, columns: &Columns, visit: &mut Visit) -> Result<()> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| Error::io(&name, e))?;
    read_from(file, &name, columns, visit)
}

/// [`read`] of anything that can be read in pieces.
pub(crate) fn read_from<R: ChunkReader + 'static>(source: R, file: &str, columns: &Columns, visit: &mut Visit) -> Result<()> {
    let wrong = |e: &dyn std::fmt::Display| Error::damaged(file, format!("broken parquet: {e}"));
    let length = source.len();
    let tail = source.get_bytes(length.saturating_sub(8), 8.min(length as usize)).map_err(|e| wrong(&e))?;
    let (Some([a, b, c, d]), true) = (tail.first_chunk::<4>(), tail.ends_with(b"PAR1") && length >= 12) else {
        return Err(wrong(&"it does not end like a parquet file"));
    };
    let footer = u32::from_le_bytes([*a, *b, *c, *d]);
    if footer > FOOTER || u64::from(footer) + 12 > length {
        return Err(wrong(&format!("its footer claims {footer} bytes")));
    }
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&source).map_err(|e| wrong(&e))?;
    check_rows(&metadata, file)?;
    let (picture, label) = (leaf(&metadata, columns.picture, file)?, leaf(&metadata, columns.label, file)?);
    for group in metadata.row_groups() {
        for column in [picture, label] {
            check_pages(&source, group, column, length).map_err(|e| wrong(&e))?;
        }
    }
    let reader = SerializedFileReader::new(source).map_err(|e| wrong(&e))?;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(|e| wrong(&e))?;
        let pictures = group.get_column_reader(picture).map_err(|e| wrong(&e))?;
        let labels = group.get_column_reader(label).map_err(|e| wrong(&e))?;
        let (ColumnReader::ByteArrayColumnReader(mut pictures), ColumnReader::Int64ColumnReader(mut labels)) = (pictures, labels) else {
            return Err(wrong(&format!("{} is not binary or {} not a 64-bit integer", columns.picture, columns.label)));
        };
        let rows = group.metadata().num_rows() as usize;
        let mut seen = 0;
        while seen < rows {
            let (mut bytes, mut classes, mut levels) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
            let step = ROWS.min(rows - seen);
            let (n, _, _) = pictures.read_records(step, Some(&mut levels.0), None, &mut bytes).map_err(|e| wrong(&e))?;
            let (m, _, _) = labels.read_records(step, Some(&mut levels.1), None, &mut classes).map_err(|e| wrong(&e))?;
            if n != step || m != step || bytes.len() != step || classes.len() != step {
                let place = format!("rows {seen} to {} have {} pictures and {} labels", seen + step, bytes.len(), classes.len());
                return Err(wrong(&place));
            }
            let rows = bytes.into_iter().zip(classes).map(|(bytes, class)| match u32::try_from(class) {
                Ok(class) => Ok((bytes, class)),
                Err(_) => Err(wrong(&format!("a label of {class}"))),
            });
            visit(rows.collect::<Result<_>>()?)?;
            seen += step;
        }
    }
    Ok(())
}

fn check_rows(metadata: &ParquetMetaData, file: &str) -> Result<()> {
    let rows = metadata.row_groups().iter().try_fold(0_i64, |sum, group| match group.num_rows() {
        n if n < 0 => None,
        n => sum.checked_add(n),
    });
    match rows {
        Some(0) => Err(Error::damaged(file, "broken parquet: no rows")),
        Some(rows) if rows <= LIMIT => Ok(()),
        rows => {
            let size = rows.unwrap_or(i64::MAX) as u64;
            Err(Error::TooLarge { file: file.into(), what: "a table", unit: "rows", size, limit: LIMIT as u64 })
        }
    }
}

fn leaf(metadata: &ParquetMetaData, name: &str, file: &str) -> Result<usize> {
    let schema = metadata.file_metadata().schema_descr();
    let column = (0..schema.num_columns()).find(|&i| schema.column(i).path().string() == name);
    let column = column.filter(|&i| schema.column(i).max_rep_level() == 0);
    column.ok_or_else(|| {
        let there: Vec<String> = schema.columns().iter().map(|c| c.path().string()).collect();
        Error::damaged(file, format!("broken parquet: no column {name} of single values; there are {}", there.join(", ")))
    })
}

/// Reads the header of every page of a column, as the library will, and holds its sizes against what there is.
fn check_pages(source: &impl ChunkReader, group: &RowGroupMetaData, column: usize, length: u64) -> std::result::Result<(), String> {
    let chunk = group.columns().get(column).ok_or("a group lacks a column")?;
    if chunk.num_values() != group.num_rows() {
        return Err(format!("{} values for {} rows", chunk.num_values(), group.num_rows()));
    }
    let begin = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let (Ok(begin), Ok(size)) = (u64::try_from(begin), u64::try_from(chunk.compressed_size())) else {
        return Err("a negative offset".into());
    };
    let end = begin.checked_add(size).filter(|&end| end <= length).ok_or("pages beyond the end of the file")?;
    pages::check(source, begin, end, chunk.num_values() as u64)
}
