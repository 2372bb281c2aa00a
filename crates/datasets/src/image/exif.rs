//! The rotation that cameras write beside the pixels (Exif 2.32, 4.6.4, tag 274).

/// What JPEG, and some writers of other formats, have before the data.
const NAME: &[u8] = b"Exif\0\0";
const ORIENTATION: u16 = 274;
/// The type of the tag's value, a number of 16 bits; of another type it means nothing, as in a TIFF file.
const SHORT: u16 = 3;

/// Whether these EXIF data ask to turn or mirror the image; others, and torn ones, ask for nothing.
pub(super) fn turns(data: &[u8]) -> bool {
    orientation(data.strip_prefix(NAME).unwrap_or(data)).is_some_and(|orientation| (2..=8).contains(&orientation))
}

/// The orientation of data that begin as a TIFF file does.
fn orientation(data: &[u8]) -> Option<u16> {
    let little = match data.first_chunk::<4>()? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |bytes: &[u8], at: usize| {
        let two = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    };
    let four = *data.get(4..)?.first_chunk::<4>()?;
    let begin = if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
    let directory = data.get(usize::try_from(begin).ok()?..)?;
    let entries = directory.get(2..)?.as_chunks::<12>().0.iter().take(short(directory, 0)?.into());
    let mut wanted = entries.filter(|entry| short(entry.as_slice(), 0) == Some(ORIENTATION) && short(entry.as_slice(), 2) == Some(SHORT));
    short(wanted.next()?.as_slice(), 8)
}

/// EXIF data with that orientation alone, in either order of bytes.
#[cfg(test)]
pub(super) fn of(orientation: u16, little: bool) -> Vec<u8> {
    let short = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let long = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let mut data = if little { b"II*\0" } else { b"MM\0*" }.to_vec();
    data.extend(long(8));
    data.extend([1, ORIENTATION, SHORT].into_iter().flat_map(short));
    data.extend(long(1));
    data.extend([orientation, 0].into_iter().flat_map(short));
    data.extend(long(0));
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientations_from_two_to_eight_turn_or_mirror() {
        for little in [true, false] {
            let turning: Vec<u16> = (0..20).filter(|orientation| turns(&of(*orientation, little))).collect();
            assert_eq!(turning, [2, 3, 4, 5, 6, 7, 8], "{little}");
        }
        assert!(turns(&[NAME, &of(6, true)].concat()));
        let whole = of(6, false);
        assert!((0..20).all(|end| !turns(&whole[..end])) && !turns(b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta"));
        let mut of_another_type = whole;
        of_another_type[13] = 4;
        assert!(!turns(&of_another_type));
    }
}
