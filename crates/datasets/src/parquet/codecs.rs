//! What pages are packed with.
//!
//! Every codec of the format but LZO, which no writer of today makes.
//! <https://github.com/apache/parquet-format/blob/master/Compression.md>

use std::{borrow::Cow, fmt::Display, io::Read};

use lz4_flex::{block, frame};

use super::thrift::Result;
use crate::gzip;

/// A large window, which only brotli's own tools write and which may ask for a gigabyte, begins so.
const LARGE_WINDOW: u8 = 0x11;
const LZ4_FRAME: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// The content of a page: exactly `size` bytes.
pub(crate) fn unpack(codec: u64, packed: Cow<[u8]>, size: u64) -> Result<Vec<u8>> {
    let room = usize::try_from(size).map_err(|e| e.to_string())?;
    let bytes = match codec {
        0 => packed.into_owned(),
        _ if size == 0 => Vec::new(),
        1 => snappy(&packed, size)?,
        2 => to_end("gzip", gzip::Members::new(&*packed), size)?,
        3 => return Err("a page packed with LZO, which this reader does not know; write the table with another codec".into()),
        4 => {
            if packed.first().is_some_and(|b| b & 0x7f == LARGE_WINDOW) {
                return Err(wrong("brotli", "a large window, which is not of the format"));
            }
            to_end("brotli", brotli_decompressor::Decompressor::new(&*packed, 4096), size)?
        }
        5 => old_lz4(&packed, room)?,
        6 => zstd::bulk::decompress(&packed, room).map_err(|e| wrong("zstd", e))?,
        7 => lz4(&packed, room)?,
        other => return Err(format!("a page packed with codec {other}, which this reader does not know")),
    };
    if bytes.len() as u64 != size {
        return Err(format!("a page of {} bytes that should have {size}", bytes.len()));
    }
    Ok(bytes)
}

fn wrong(codec: &str, problem: impl Display) -> String {
    format!("a page that cannot be unpacked: {codec}: {problem}")
}

fn to_end(codec: &str, reader: impl Read, size: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(size + 1).read_to_end(&mut bytes).map_err(|e| wrong(codec, e))?;
    Ok(bytes)
}

fn snappy(packed: &[u8], size: u64) -> Result<Vec<u8>> {
    let claimed = snap::raw::decompress_len(packed).map_err(|e| wrong("snappy", e))?;
    if claimed as u64 != size {
        return Err(format!("a page of {claimed} bytes that should have {size}"));
    }
    snap::raw::Decoder::new().decompress_vec(packed).map_err(|e| wrong("snappy", e))
}

/// A block without anything around it.
fn lz4(packed: &[u8], room: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; room];
    let size = block::decompress_into(packed, &mut bytes).map_err(|e| wrong("LZ4", e))?;
    bytes.truncate(size);
    Ok(bytes)
}

/// The codec that the format calls LZ4 and gave up, because its writers did not agree: Hadoop's put sizes before their
/// blocks, those of Rust made frames, and those of C++ blocks alone.
fn old_lz4(packed: &[u8], room: usize) -> Result<Vec<u8>> {
    if let Some(bytes) = hadoop_lz4(packed, room) {
        return Ok(bytes);
    }
    if packed.starts_with(&LZ4_FRAME) {
        return to_end("LZ4 frame", frame::FrameDecoder::new(packed), room as u64);
    }
    lz4(packed, room)
}

/// Parts of a size each, and in each blocks of a packed size: both big-endian.
fn hadoop_lz4(mut packed: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; room];
    let mut filled = 0_usize;
    let number = |packed: &mut &[u8]| {
        let (number, rest) = packed.split_first_chunk::<4>()?;
        *packed = rest;
        Some(u32::from_be_bytes(*number) as usize)
    };
    while !packed.is_empty() {
        let end = filled.checked_add(number(&mut packed)?)?;
        while filled < end {
            let size = number(&mut packed)?;
            let (block, rest) = packed.split_at_checked(size)?;
            let read = block::decompress_into(block, bytes.get_mut(filled..end)?).ok().filter(|&n| n > 0)?;
            packed = rest;
            filled += read;
        }
    }
    (filled == room).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn hadoops_parts_and_blocks_are_joined() {
        // "abcd" as literals: a token of 4 << 4 and the bytes.
        let block = |text: &str| [&[(text.len() as u8) << 4][..], text.as_bytes()].concat();
        let number = |n: usize| (n as u32).to_be_bytes();
        let (a, b, c) = (block("abc"), block("de"), block("fghi"));
        let packed = [&number(5)[..], &number(a.len()), &a, &number(b.len()), &b, &number(4), &number(c.len()), &c].concat();
        assert_eq!(unpack(5, packed.as_slice().into(), 9).unwrap(), b"abcdefghi");
        assert_eq!(unpack(5, block("abc").into(), 3).unwrap(), b"abc");
        assert_eq!(unpack(7, block("abc").into(), 3).unwrap(), b"abc");
        for end in 0..packed.len() {
            assert!(unpack(5, (&packed[..end]).into(), 9).is_err(), "{end}");
        }
        assert!(unpack(5, packed.as_slice().into(), 8).is_err() && unpack(5, packed.as_slice().into(), 10).is_err());
    }

    #[test]
    fn a_page_of_several_gzip_members_is_read_whole() {
        let member = |text: &str| {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(text.as_bytes()).unwrap();
            writer.finish().unwrap()
        };
        let packed = [member("one "), member("two")].concat();
        assert_eq!(unpack(2, packed.as_slice().into(), 7).unwrap(), b"one two");
        assert!(unpack(2, packed.as_slice().into(), 4).is_err());
    }

    #[test]
    fn codecs_that_are_not_read_are_named() {
        assert!(unpack(3, [1].as_slice().into(), 1).unwrap_err().contains("LZO"));
        assert!(unpack(8, [1].as_slice().into(), 1).unwrap_err().contains("codec 8"));
        assert!(unpack(4, [0x11, 30].as_slice().into(), 1).unwrap_err().contains("large window"));
    }
}
