//! What the headers of a JPEG say (ITU-T T.81), read before anything is decoded: frame, scans, and where it ends.

use super::exif;

/// One of the frame's components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Component {
    id: u8,
    horizontal: u8,
    vertical: u8,
    /// Of each coefficient how many of its lower bits no scan has brought yet; all of [`UNSEEN`] before the first.
    missing: [u8; 64],
}

const UNSEEN: u8 = 255;

/// The frame of a JPEG and how its scans are laid out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) width: u16,
    pub(super) height: u16,
    /// Bytes up to and with the end marker: phones put videos behind it, others zeros.
    pub(super) end: usize,
    /// Whether EXIF data ask to turn or mirror it.
    pub(super) turned: bool,
    /// The second byte of the frame's marker, 0xC0 to 0xCF: the coding process.
    process: u8,
    precision: u8,
    components: Vec<Component>,
    /// Scans that hold several components, but not all.
    partly_interleaved: bool,
}

impl Layout {
    /// The layout of a file from its first marker to its end.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let (mut layout, mut turned) = (None, false);
        let mut at = 2;
        loop {
            let (marker, after) = next_marker(bytes, at).ok_or("it has no end")?;
            at = after;
            match marker {
                0xd9 => {
                    let layout: Self = layout.ok_or("it has no frame")?;
                    if let Some(missing) = layout.components.iter().position(|c| c.missing[0] == UNSEEN) {
                        return Err(format!("component {} of {} has no scan", missing + 1, layout.components.len()));
                    }
                    return Ok(Self { end: at, turned, ..layout });
                }
                // Restarts, which next_marker skips within a scan, have no segment; nor has the private marker 1.
                0x01 | 0xd0..=0xd8 => continue,
                _ => {}
            }
            let length = match bytes.get(at..at + 2) {
                Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
                _ => return Err("it has no end".into()),
            };
            let segment = bytes.get(at + 2..at + length).ok_or("a segment is longer than the file")?;
            at += length;
            match (marker, &mut layout) {
                (0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf, None) => layout = Some(frame(marker, segment)?),
                (0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf, Some(_)) => return Err("it has two frames".into()),
                (0xda, Some(layout)) => layout.scan(segment)?,
                (0xda, None) => return Err("a scan comes before the frame".into()),
                (0xe1, _) => turned |= exif::turns(segment),
                _ => {}
            }
        }
    }

    /// Number of components: 1 grayscale, 3 colour, 4 for print.
    pub(super) fn channels(&self) -> usize {
        self.components.len()
    }

    /// Why this file is not decoded although it may be whole: libjpeg-turbo, as Pillow has it, would not read it either,
    /// or the decoder here has not been proved right for it.
    pub(super) fn refused(&self) -> Option<String> {
        let most = |of: fn(&Component) -> u8| self.components.iter().map(of).max().unwrap_or(1);
        let (across, down) = (most(|c| c.horizontal), most(|c| c.vertical));
        let first = self.components.first().map(|c| (c.horizontal, c.vertical));
        Some(match (self.process, self.precision) {
            (0xc3 | 0xc7 | 0xcb | 0xcf, _) => "lossless JPEG".into(),
            (0xc5 | 0xc6 | 0xcd | 0xce, _) => "hierarchical JPEG".into(),
            (0xc9 | 0xca, _) => "JPEG with arithmetic coding".into(),
            (_, bits) if bits != 8 => format!("JPEG with {bits} bits a sample"),
            _ if self.height == 0 => "JPEG that tells its height behind its first scan".into(),
            _ if !matches!(self.channels(), 1 | 3 | 4) => format!("JPEG with {} components", self.channels()),
            _ if self.components.iter().any(|c| c.missing != [0; 64]) => {
                "progressive JPEG without its last scans, perhaps a broken download".into()
            }
            _ if self.channels() == 1 => return None,
            _ if self.components.iter().any(|c| across % c.horizontal != 0 || down % c.vertical != 0) => {
                "JPEG with fractional sampling".into()
            }
            _ if first != Some((across, down)) => "JPEG whose chroma is finer than its luma".into(),
            _ if self.channels() == 4 && self.components.iter().any(|c| first != Some((c.horizontal, c.vertical))) => {
                "CMYK JPEG with subsampled inks".into()
            }
            _ if self.partly_interleaved && self.process != 0xc2 => "sequential JPEG with two components in one scan".into(),
            _ => return None,
        })
    }

    fn scan(&mut self, segment: &[u8]) -> Result<(), String> {
        let torn = || "a scan's header is torn".to_owned();
        let (&count, rest) = segment.split_first().ok_or_else(torn)?;
        let count = usize::from(count);
        let ids = rest.get(..2 * count).ok_or_else(torn)?;
        let &[begin, end, bits] = rest.get(2 * count..).and_then(<[u8]>::first_chunk::<3>).ok_or_else(torn)?;
        let progressive = self.process == 0xc2;
        let (begin, end, missing) = if progressive { (begin.into(), end.into(), bits & 15) } else { (0, 63, 0) };
        self.partly_interleaved |= count > 1 && count < self.components.len();
        for id in ids.iter().step_by(2) {
            let component = self.components.iter_mut().find(|c| c.id == *id).ok_or("a scan names a component that the frame lacks")?;
            component.missing.get_mut(begin..=end).ok_or("a scan's coefficients are not 0 to 63")?.fill(missing);
        }
        Ok(())
    }
}

fn frame(process: u8, segment: &[u8]) -> Result<Layout, String> {
    let [precision, h1, h0, w1, w0, count, rest @ ..] = segment else { return Err("its frame's header is torn".into()) };
    let (groups, _) = rest.as_chunks::<3>();
    if groups.len() < usize::from(*count) || *count == 0 {
        return Err("its frame's header is torn".into());
    }
    let component =
        |&[id, sampling, _]: &[u8; 3]| Component { id, horizontal: sampling >> 4, vertical: sampling & 15, missing: [UNSEEN; 64] };
    let components: Vec<_> = groups.iter().take((*count).into()).map(component).collect();
    if components.iter().any(|c| !(1..=4).contains(&c.horizontal) || !(1..=4).contains(&c.vertical)) {
        return Err("a sampling factor is not 1 to 4".into());
    }
    let (width, height) = (u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0]));
    if width == 0 {
        return Err("it has no columns".into());
    }
    Ok(Layout { width, height, end: 0, turned: false, process, precision: *precision, components, partly_interleaved: false })
}

/// The next marker from `at` on, and the place behind it: what is between, coded data or stray bytes, is passed over.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&b| b == 0xff)? + 1;
        // 0xFF 0x00 is a coded byte, 0xFF 0xFF filling, and restarts belong to the scan.
        match *bytes.get(at)? {
            0 | 0xd0..=0xd7 => at += 1,
            0xff => {}
            marker => return Some((marker, at + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of headers alone: a frame of 16 x 8 with these components, and these scans.
    fn file(process: u8, precision: u8, sampling: &[u8], scans: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, process, 0, 8 + 3 * sampling.len() as u8, precision, 0, 8, 0, 16, sampling.len() as u8];
        bytes.extend(sampling.iter().enumerate().flat_map(|(i, s)| [i as u8 + 1, *s, 0]));
        for scan in scans {
            bytes.extend([0xff, 0xda, 0, 6 + 2 * scan.len() as u8, scan.len() as u8]);
            bytes.extend(scan.iter().flat_map(|id| [*id, 0]));
            bytes.extend([0, 63, 0, 0x12, 0xff, 0, 0xff, 0xd3, 0x45]);
        }
        bytes.extend([0xff, 0xd9]);
        bytes
    }

    #[test]
    fn frames_and_scans_are_found_and_what_is_not_proved_right_is_named() {
        let said = |bytes: &[u8]| Layout::read(bytes).unwrap().refused().unwrap_or_default();
        let all: &[&[u8]] = &[&[1, 2, 3]];
        let good = file(0xc0, 8, &[0x22, 0x11, 0x11], all);
        let layout = Layout::read(&[good.as_slice(), b"behind the end\xff\xd9"].concat()).unwrap();
        assert_eq!((layout.width, layout.height, layout.channels(), layout.end), (16, 8, 3, good.len()));
        assert_eq!(layout.refused(), None);
        assert_eq!(said(&file(0xc0, 8, &[0x22, 0x11, 0x11], &[&[1], &[3], &[2]])), "");
        assert_eq!(said(&file(0xc2, 8, &[0x22, 0x11, 0x11], &[&[1], &[2, 3]])), "");
        assert_eq!(said(&file(0xc0, 8, &[0x32], &[&[1]])), "");
        let mut early = file(0xc2, 8, &[0x11], &[&[1]]);
        let bits = early.len() - 9;
        early[bits] = 1;
        assert!(said(&early).starts_with("progressive JPEG without its last scans"));
        assert_eq!(said(&file(0xc0, 8, &[0x11; 4], &[&[1, 2, 3, 4]])), "");
        assert_eq!(said(&file(0xc0, 8, &[0x22, 0x11, 0x11, 0x22], &[&[1], &[2], &[3], &[4]])), "CMYK JPEG with subsampled inks");
        assert_eq!(said(&file(0xc0, 8, &[0x22, 0x11, 0x11], &[&[1], &[2, 3]])), "sequential JPEG with two components in one scan");
        assert_eq!(said(&file(0xc0, 8, &[0x11, 0x21, 0x21], all)), "JPEG whose chroma is finer than its luma");
        assert_eq!(said(&file(0xc0, 8, &[0x31, 0x21, 0x11], all)), "JPEG with fractional sampling");
        assert_eq!(said(&file(0xc1, 12, &[0x11], &[&[1]])), "JPEG with 12 bits a sample");
        assert_eq!(said(&file(0xc3, 8, &[0x11], &[&[1]])), "lossless JPEG");
        assert_eq!(said(&file(0xc9, 8, &[0x11], &[&[1]])), "JPEG with arithmetic coding");
        assert_eq!(said(&file(0xc5, 8, &[0x11], &[&[1]])), "hierarchical JPEG");
        assert_eq!(said(&file(0xc0, 8, &[0x11, 0x11], &[&[1, 2]])), "JPEG with 2 components");
    }

    #[test]
    fn what_is_torn_is_said() {
        let whole = file(0xc0, 8, &[0x22, 0x11, 0x11], &[&[1, 2, 3]]);
        for end in 2..whole.len() {
            assert!(Layout::read(&whole[..end]).is_err(), "{end}");
        }
        assert_eq!(Layout::read(&file(0xc0, 8, &[0x22, 0x11, 0x11], &[&[1], &[3]])).unwrap_err(), "component 2 of 3 has no scan");
        assert_eq!(Layout::read(&file(0xc0, 8, &[0x51], &[&[1]])).unwrap_err(), "a sampling factor is not 1 to 4");
        assert_eq!(Layout::read(&[0xff, 0xd8, 0xff, 0xd9]).unwrap_err(), "it has no frame");
    }
}
