//! Tar files: names of any form whole, ends found, nothing but files passed over without being counted.
//!
//! The `tar` library reads the fields of a header. Going from one member to the next is done here: its iterator takes
//! names of any length into memory, takes the end of the file for the end of the archive, and stops at the first of
//! two archives behind one another. POSIX.1-2024, "pax Interchange Format"; GNU tar's manual, "Basic Tar Format".

use std::{
    collections::HashSet,
    io::{self, BufRead, BufReader, Read},
};

use ::tar::Header;

use super::{
    budget::{Budget, NAME, Passed, safe},
    links::Link,
    visit::Visit,
};
use crate::{Error, Result, stream};

/// Headers and content are padded to whole blocks of so many bytes.
const BLOCK: usize = 512;
/// So many blocks of zeros end an archive.
const ENDS: usize = 2;
/// The most bytes of an extended header: beside names, it holds attributes of up to 64 KiB each.
const EXTENDED: u64 = 1 << 20;

/// Reads the members of a tar, packed with gzip or not, one archive or several behind one another. Links that are
/// wanted are given back.
pub(super) fn read(reader: impl BufRead, file: &str, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<(Passed, Vec<Link>)> {
    let mut blocks = Blocks { reader: BufReader::with_capacity(1 << 16, stream::plain(reader, file)?), file, at: 0 };
    let mut budget = Budget::new(file);
    let (mut passed, mut links) = (Passed::default(), Vec::new());
    let (mut names, mut next, mut zeros) = (HashSet::new(), Extended::default(), 0);
    while let Some(block) = blocks.next(zeros)? {
        if block.iter().all(|b| *b == 0) {
            zeros += 1;
            continue;
        }
        let header = blocks.header(&block, zeros)?;
        zeros = 0;
        let size = header.entry_size().map_err(|e| blocks.broken(e))?;
        let kind = header.entry_type().as_byte();
        if blocks.extended(kind, size, &mut next)? {
            budget.count_header()?;
            continue;
        }
        budget.count()?;
        let extended = std::mem::take(&mut next);
        let name = extended.path.unwrap_or_else(|| text(&header.path_bytes()));
        let name = safe(&name, file)?;
        let size = extended.size.unwrap_or(size);
        // Folders are no files, whatever their names.
        let is_folder = matches!(kind, b'5' | b'D' | b'V') || name.ends_with('/');
        let wants = !is_folder && wanted(&name);
        let sparse = extended.sparse || kind == b'S';
        let refuse = |reason: &str| Err(Error::Refused { file: format!("{file}!{name}"), reason: reason.into() });
        let is_file = matches!(kind, b'\0' | b'0' | b'7' | b'S');
        if wants && (is_file || matches!(kind, b'1' | b'2')) && !names.insert(name.clone()) {
            return refuse("there twice, as in an archive that was updated; unpack it and pack it again");
        }
        match kind {
            b'1' | b'2' if wants => {
                let target = extended.link.or_else(|| header.link_name_bytes().map(|l| text(&l))).unwrap_or_default();
                match Link::new(name.clone(), &target, kind == b'2', file) {
                    Ok(link) => links.push(link),
                    Err(error) => visit(name, Err(error))?,
                }
            }
            // Whatever their size field says, links, devices, directories and pipes have no content.
            b'1' | b'2' => passed.links += 1,
            b'3' | b'4' | b'6' => passed.devices += 1,
            b'5' => {}
            // What is in a directory, and the archive's label.
            b'D' | b'V' => blocks.skip_padded(size)?,
            b'M' => return refuse("begins in another volume of this archive; join the volumes first"),
            // Version 7 had no kind for directories.
            _ if is_file && name.ends_with('/') => blocks.skip_padded(size)?,
            _ if is_file && wants && sparse => return refuse("a sparse file; pack it again without --sparse"),
            _ if is_file && wants => {
                if let Err(error) = budget.admits(size, &name)? {
                    visit(name, Err(error))?;
                    blocks.skip_padded(size)?;
                    continue;
                }
                let bytes = budget.read(&mut (&mut blocks.reader).take(size), size, &name)?;
                blocks.at += size;
                blocks.skip(padding(size))?;
                visit(name, Ok(bytes))?;
            }
            _ if wants => return refuse(&format!("of kind {:?}, which this reader does not know", char::from(kind))),
            _ => {
                passed.sparse += usize::from(sparse);
                passed.unknown += usize::from(!is_file);
                if kind == b'S' {
                    blocks.sparse_maps(&header)?;
                }
                blocks.skip_padded(size)?;
            }
        }
    }
    if budget.members() == 0 {
        return Err(Error::damaged(file, "broken tar: no members"));
    }
    if next != Extended::default() {
        return Err(Error::damaged(file, "broken tar: an extended header without its member at the end"));
    }
    Ok((passed, links))
}

/// A tar file, block by block.
struct Blocks<'a, R> {
    reader: R,
    file: &'a str,
    /// Bytes of the unpacked archive that were read.
    at: u64,
}

/// What the headers before a member say of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Extended {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

impl<R: Read> Blocks<'_, R> {
    fn broken(&self, problem: impl std::fmt::Display) -> Error {
        Error::damaged(self.file, format!("broken tar: {problem}"))
    }

    fn cut(&self) -> Error {
        self.broken(format!("cut short: it stops at byte {} without the two blocks of zeros that end a tar", self.at))
    }

    fn beyond(&self, at: u64) -> Error {
        self.broken(format!("at byte {at}, behind its end, there is something else than another tar"))
    }

    /// The next block; none at the end of the file, which has to come behind `ENDS` blocks of zeros.
    fn next(&mut self, zeros: usize) -> Result<Option<[u8; BLOCK]>> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while let Some(room) = block.get_mut(filled..).filter(|r| !r.is_empty()) {
            match self.reader.read(room) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::damaged(self.file, e)),
            }
        }
        self.at += filled as u64;
        if filled == BLOCK {
            return Ok(Some(block));
        }
        if zeros < ENDS {
            return Err(self.cut());
        }
        // Zeros behind the end may come in any number.
        if block.iter().any(|b| *b != 0) { Err(self.beyond(self.at - filled as u64)) } else { Ok(None) }
    }

    /// The block as a header, behind so many blocks of zeros.
    fn header(&self, block: &[u8; BLOCK], zeros: usize) -> Result<Header> {
        let at = self.at - BLOCK as u64;
        let mut header = Header::new_old();
        *header.as_mut_bytes() = *block;
        if is_sound(&header) && zeros != 1 {
            return Ok(header);
        }
        Err(match (at, zeros) {
            (0, _) => self.broken(match packed(block) {
                Some(packer) => format!("packed with {packer}, which this reader does not know; unpack it, or pack it with gzip"),
                None => "it does not begin with a member".into(),
            }),
            (_, 0) => self.broken(format!("at byte {at} there is neither a member nor its end")),
            (_, 1) => self.broken(format!("a single block of zeros before byte {at}, where two end a tar")),
            _ => self.beyond(at),
        })
    }

    /// Reads a header that says something of the next member; false for a member.
    fn extended(&mut self, kind: u8, size: u64, next: &mut Extended) -> Result<bool> {
        if !matches!(kind, b'x' | b'X' | b'g' | b'L' | b'K') {
            return Ok(false);
        }
        let limit = if matches!(kind, b'L' | b'K') { NAME as u64 + 1 } else { EXTENDED };
        if size > limit {
            return Err(Error::TooLarge { file: self.file.into(), what: "a name or header", unit: "bytes", size, limit });
        }
        let body = stream::exactly(&mut self.reader, size as usize, self.file)?;
        self.at += size;
        self.skip(padding(size))?;
        match kind {
            b'L' => next.path = Some(text(until_zero(&body))),
            b'K' => next.link = Some(text(until_zero(&body))),
            _ => {
                let mut said = Extended::default();
                records(&body, &mut said)
                    .ok_or_else(|| self.broken(format!("an extended header before byte {} that is no pax", self.at)))?;
                if kind == b'g' {
                    if said != Extended::default() {
                        return Err(self.broken("a global header gives all members one name or size"));
                    }
                    return Ok(true);
                }
                next.path = said.path.or(next.path.take());
                next.link = said.link.or(next.link.take());
                next.size = said.size.or(next.size);
                next.sparse |= said.sparse;
            }
        }
        Ok(true)
    }

    /// Passes the maps of an old sparse file that did not fit its header.
    fn sparse_maps(&mut self, header: &Header) -> Result<()> {
        let mut more = header.as_gnu().is_some_and(::tar::GnuHeader::is_extended);
        while more {
            let map = self.next(0)?.ok_or_else(|| self.cut())?;
            more = map.get(504).is_some_and(|b| *b != 0);
        }
        Ok(())
    }

    fn skip_padded(&mut self, size: u64) -> Result<()> {
        self.skip(size.saturating_add(padding(size)))
    }

    fn skip(&mut self, size: u64) -> Result<()> {
        let skipped = io::copy(&mut (&mut self.reader).take(size), &mut io::sink()).map_err(|e| Error::damaged(self.file, e))?;
        self.at += skipped;
        if skipped < size { Err(self.cut()) } else { Ok(()) }
    }
}

/// Bytes from the end of so many to the next block.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

/// Whether the checksum is right: the sum of all bytes, its own taken as spaces. Some old systems added signed bytes.
fn is_sound(header: &Header) -> bool {
    let bytes = header.as_bytes().iter().enumerate().map(|(i, &b)| if (148..156).contains(&i) { b' ' } else { b });
    let (unsigned, signed) = bytes.fold((0_u32, 0_i64), |(u, s), b| (u + u32::from(b), s + i64::from(b as i8)));
    header.cksum().is_ok_and(|sum| sum == unsigned || i64::from(sum) == signed)
}

/// What else an archive may be packed with, by its first bytes.
fn packed(block: &[u8; BLOCK]) -> Option<&'static str> {
    let packers: [(&[u8], &str); 6] = [
        (b"\xfd7zXZ\0", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"LZIP", "lzip"),
        (b"\x1f\x9d", "compress"),
    ];
    packers.iter().find(|(magic, _)| block.starts_with(magic)).map(|(_, name)| *name)
}

/// The records `LENGTH KEY=VALUE\n` of a pax header; none where they are not that.
fn records(mut body: &[u8], said: &mut Extended) -> Option<()> {
    while !body.is_empty() {
        let space = body.iter().position(|b| *b == b' ')?;
        let length: usize = std::str::from_utf8(body.get(..space)?).ok()?.parse().ok()?;
        let record = body.get(space + 1..length)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|b| *b == b'=')?;
        let (key, value) = (record.get(..equals)?, record.get(equals + 1..)?);
        body = body.get(length..)?;
        match key {
            // An empty value takes back what was said before.
            b"path" | b"GNU.sparse.name" => said.path = Some(text(value)).filter(|v| !v.is_empty()),
            b"linkpath" => said.link = Some(text(value)).filter(|v| !v.is_empty()),
            b"size" => said.size = if value.is_empty() { None } else { Some(std::str::from_utf8(value).ok()?.parse().ok()?) },
            key if key.starts_with(b"GNU.sparse.") => said.sparse = true,
            _ => {}
        }
    }
    Some(())
}
