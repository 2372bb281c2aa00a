//! Gzip files to their end: the one place of the workspace that opens any.
//!
//! RFC 1952 makes a file of a series of members. `cat a.gz b.gz`, bgzip and parallel writers make more than one, and
//! `flate2`'s plain decoder stops behind the first without a word; `clippy.toml` bans it. As gzip(1) does, zeros behind
//! a member pass as the padding of a block device. Anything else there is an error, which gzip(1) only warns about:
//! it may be the rest of the data.

use std::io::{self, BufRead, Read};

#[expect(clippy::disallowed_types, reason = "read member by member here, so that what lies between them is seen")]
use flate2::bufread::GzDecoder;

/// What a gzip file begins with.
pub const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The content of all members of a gzip file, one after another; each member's length and CRC are compared.
///
/// ```
/// use std::io::{Read, Write};
/// use flate2::{Compression, write::GzEncoder};
///
/// let mut file = Vec::new();
/// for part in ["one, ", "two"] {
///     let mut member = GzEncoder::new(&mut file, Compression::default());
///     member.write_all(part.as_bytes())?;
///     member.finish()?;
/// }
/// let mut text = String::new();
/// vimae_datasets::gzip::Members::new(file.as_slice()).read_to_string(&mut text)?;
/// assert_eq!(text, "one, two");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Members<R> {
    state: State<R>,
    /// The member that is read, counted from one.
    number: u64,
}

#[expect(clippy::disallowed_types, reason = "as above")]
enum State<R> {
    Member(Box<GzDecoder<R>>),
    Ended,
    Failed,
}

impl<R: BufRead> Members<R> {
    /// Reads `reader` from its first member on.
    pub fn new(reader: R) -> Self {
        Self { state: member(reader), number: 1 }
    }

    fn advance(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let State::Member(member) = &mut self.state else { return Ok(0) };
            let read = member.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            let State::Member(ended) = std::mem::replace(&mut self.state, State::Ended) else { return Ok(0) };
            let mut rest = ended.into_inner();
            if another(&mut rest)? {
                self.state = self::member(rest);
                self.number += 1;
            }
        }
    }
}

#[expect(clippy::disallowed_types, reason = "as above")]
fn member<R: BufRead>(reader: R) -> State<R> {
    State::Member(Box::new(GzDecoder::new(reader)))
}

impl<R: BufRead> Read for Members<R> {
    /// # Errors
    /// Of kind `UnexpectedEof` for a file that is cut short, of kind `InvalidInput` or `InvalidData` for one that is
    /// damaged or goes on with something else. Every later read fails too.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if matches!(self.state, State::Failed) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "broken gzip"));
        }
        self.advance(buffer).map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            self.state = State::Failed;
            io::Error::new(error.kind(), format!("broken gzip, member {}: {error}", self.number))
        })
    }
}

/// Whether another member follows, behind any number of zeros.
fn another(rest: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(false);
        }
        let zeros = bytes.iter().take_while(|b| **b == 0).count();
        let next = bytes.get(zeros).copied();
        rest.consume(zeros);
        match next {
            None => {}
            // The second byte may not have arrived yet; the decoder looks at it.
            Some(first) if first == MAGIC[0] => return Ok(true),
            Some(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "what follows it is no gzip")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write};

    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(content).unwrap();
        writer.finish().unwrap()
    }

    /// In pieces of three bytes, so that headers and ends are split.
    fn unpacked(file: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        Members::new(BufReader::with_capacity(3, file)).read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn a_series_of_members_is_read_whole() {
        let series = [packed(b"one "), packed(b""), packed(b"two "), vec![0; 700], packed(b"three"), vec![0; 9]].concat();
        assert_eq!(unpacked(&series).unwrap(), b"one two three");
    }

    #[test]
    fn what_follows_and_is_no_gzip_is_refused() {
        for (rest, problem) in [
            (&b"x"[..], "broken gzip, member 1: what follows it is no gzip"),
            (b"\0\0x", "broken gzip, member 1: what follows it is no gzip"),
            (b"\x1f", "broken gzip, member 2: "),
            (b"\x1f\x8c345678901234567890", "broken gzip, member 2: "),
        ] {
            let error = unpacked(&[&packed(b"one"), rest].concat()).unwrap_err().to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }

    #[test]
    fn a_series_is_refused_wherever_it_is_cut_but_between_members() {
        let (first, second) = (packed(b"one and more"), packed(b"two"));
        let series = [first.clone(), second].concat();
        for end in (0..series.len()).filter(|&end| end != first.len()) {
            let error = unpacked(&series[..end]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{end}: {error}");
        }
    }

    #[test]
    fn a_wrong_checksum_or_length_of_any_member_is_refused_and_stays_so() {
        let (first, second) = (packed(b"one"), packed(b"two"));
        for (member, end) in [(1, first.len()), (2, first.len() + second.len())] {
            for back in 1..=8 {
                let mut series = [first.clone(), second.clone()].concat();
                series[end - back] ^= 1;
                let mut reader = Members::new(series.as_slice());
                let error = reader.read_to_end(&mut Vec::new()).unwrap_err().to_string();
                assert!(error.starts_with(&format!("broken gzip, member {member}: ")), "{error}");
                assert!(reader.read(&mut [0; 4]).is_err());
            }
        }
    }
}
