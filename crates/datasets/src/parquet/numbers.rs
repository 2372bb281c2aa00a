//! Numbers in few bits: runs and groups of levels and of places in a dictionary, and differences.
//!
//! <https://github.com/apache/parquet-format/blob/master/Encodings.md>

use super::thrift::{Compact, Result};

/// Numbers of `width` bits in runs and packed groups: exactly `count`.
pub(crate) fn hybrid(bytes: &[u8], width: u32, count: u64) -> Result<Vec<u32>> {
    if width > 32 {
        return Err(format!("numbers of {width} bits"));
    }
    let mut values: Vec<u32> = Vec::new();
    let mut rest = bytes;
    while (values.len() as u64) < count {
        let left = count - values.len() as u64;
        let mut reader = Compact::new(rest);
        let head = reader.varint()?;
        rest = rest.get(reader.position()..).unwrap_or_default();
        let (packed, length) = (head & 1 == 1, head >> 1);
        if length == 0 {
            return Err("an empty run of numbers".into());
        }
        let size = if packed { length.saturating_mul(width.into()) } else { width.div_ceil(8).into() };
        // The last group may end behind the values that are needed.
        let size = if packed { size.min(left.saturating_mul(width.into()).div_ceil(8)) } else { size };
        let body = usize::try_from(size).ok().and_then(|n| rest.get(..n)).ok_or("numbers that are cut off")?;
        if packed {
            let take = left.min(length.saturating_mul(8)) as usize;
            values.extend((0..take).map(|i| bits(body, i * width as usize, width) as u32));
        } else {
            values.resize(values.len() + left.min(length) as usize, bits(body, 0, width) as u32);
        }
        rest = rest.get(body.len()..).unwrap_or_default();
    }
    Ok(values)
}

/// `DELTA_BINARY_PACKED`: exactly `count` numbers, and how many bytes they take. Sums wrap, as the format has it.
pub(crate) fn deltas(bytes: &[u8], count: u64) -> Result<(Vec<i64>, usize)> {
    let mut reader = Compact::new(bytes);
    let (block, parts, total) = (reader.varint()?, reader.varint()?, reader.varint()?);
    let mut last = reader.integer()?;
    if total != count {
        return Err(format!("{total} differences for {count} values"));
    }
    let each = block.checked_div(parts).filter(|each| each * parts == block && *each > 0 && each.is_multiple_of(32));
    let each = each.ok_or_else(|| format!("differences in blocks of {block} in {parts} parts"))?;
    let parts = usize::try_from(parts).map_err(|e| e.to_string())?;
    let mut values: Vec<i64> = Vec::new();
    values.extend((count > 0).then_some(last));
    while (values.len() as u64) < count {
        let least = reader.integer()?;
        for width in reader.take(parts)? {
            let left = count - values.len() as u64;
            // Widths of parts behind the last value may be anything, and have no body.
            if left == 0 {
                break;
            }
            if *width > 64 {
                return Err(format!("differences of {width} bits"));
            }
            let size = (each / 8).checked_mul((*width).into()).and_then(|n| usize::try_from(n).ok());
            let body = reader.take(size.ok_or("differences beyond all bounds")?)?;
            for i in 0..left.min(each) as usize {
                let difference = bits(body, i * usize::from(*width), (*width).into()) as i64;
                last = last.wrapping_add(least).wrapping_add(difference);
                values.push(last);
            }
        }
    }
    Ok((values, reader.position()))
}

/// The `width` bits, 64 at most, from bit `at` on, the lowest first.
pub(crate) fn bits(bytes: &[u8], at: usize, width: u32) -> u64 {
    let mut word = [0; 16];
    word.iter_mut().zip(bytes.iter().skip(at / 8).take(9)).for_each(|(w, b)| *w = *b);
    (u128::from_le_bytes(word) >> (at % 8) & ((1_u128 << width) - 1)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_those_of_the_format_s_examples() {
        // 7, 5, 3, 1, 2, 3, 4, 5 in one block of 128 and four parts: least -2, differences 0 0 0 3 3 3 3 in two bits.
        let body = [0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0];
        let bytes = [&[0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0][..], &body, &[99]].concat();
        assert_eq!(deltas(&bytes, 8).unwrap(), (vec![7, 5, 3, 1, 2, 3, 4, 5], bytes.len() - 1));
        assert_eq!(deltas(&bytes, 7).unwrap_err(), "8 differences for 7 values");
        for end in 0..bytes.len() - 1 {
            assert!(deltas(&bytes[..end], 8).is_err(), "{end}");
        }
        // 1, 2, 3, 4, 5 need no bits but those of the least.
        assert_eq!(deltas(&[0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0], 5).unwrap().0, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn differences_of_64_bits_wrap() {
        let mut bytes = vec![32, 1, 2];
        // i64::MAX, then one more.
        bytes.extend([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 64]);
        bytes.extend([0; 256]);
        assert_eq!(deltas(&bytes, 2).unwrap().0, [i64::MAX, i64::MIN]);
    }

    #[test]
    fn blocks_that_make_no_sense_are_refused() {
        for head in [[0, 4], [128, 0], [100, 4], [32, 3], [33, 1]] {
            let bytes = [&head[..], &[2, 0, 0, 0, 0, 0, 0, 0]].concat();
            let head: Vec<u8> = if head[0] == 128 { [&[0x80, 1], &bytes[1..]].concat() } else { bytes };
            assert!(deltas(&head, 2).unwrap_err().starts_with("differences in blocks of"), "{head:?}");
        }
    }

    #[test]
    fn runs_and_groups_are_read_and_wide_bits_too() {
        // Three sevens in a run, then a group of eight numbers of three bits.
        let bytes = [6, 7, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(hybrid(&bytes, 3, 11).unwrap(), [7, 7, 7, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(bits(&[0xff; 9], 7, 64), u64::MAX);
        assert_eq!(bits(&[0b1010_0000, 1], 5, 4), 0b1101);
    }
}
