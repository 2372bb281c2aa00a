//! What one container may take, which names it may use, and what is counted where it is passed over.

use std::{fmt, io::Read};

use super::visit::MEMBER;
use crate::{Error, Result, stream};

/// The most members, and the most bytes of all members that are read.
const MEMBERS: usize = 2_000_000;
const TOTAL: u64 = 16 << 30;
/// The most bytes of a member's name: no system's folders hold longer ones.
pub(super) const NAME: usize = 4096;

/// Members that hold nothing to read and were passed over, by kind. Files that were not asked for are not among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Links under names that were not asked for: those to directories too, behind which there may be files.
    pub links: usize,
    /// Devices, pipes and sockets.
    pub devices: usize,
    /// Sparse files that were not asked for.
    pub sparse: usize,
    /// Members of other kinds.
    pub unknown: usize,
}

impl Passed {
    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let kinds =
            [(self.links, "link"), (self.devices, "device"), (self.sparse, "sparse file"), (self.unknown, "member of unknown kind")];
        let plural = |count: usize, kind: &str| match (count, kind.split_once(' ')) {
            (1, _) => format!("1 {kind}"),
            (n, Some(("member", rest))) => format!("{n} members {rest}"),
            (n, _) => format!("{n} {kind}s"),
        };
        let counted: Vec<String> = kinds.iter().filter(|(n, _)| *n > 0).map(|(n, kind)| plural(*n, kind)).collect();
        if counted.is_empty() { f.write_str("nothing") } else { f.write_str(&counted.join(", ")) }
    }
}

/// What one container may still take.
pub(super) struct Budget<'a> {
    file: &'a str,
    members: usize,
    headers: usize,
    bytes: u64,
}

impl<'a> Budget<'a> {
    pub(super) fn new(file: &'a str) -> Self {
        Self { file, members: 0, headers: 0, bytes: 0 }
    }

    /// Members so far.
    pub(super) fn members(&self) -> usize {
        self.members
    }

    /// Counts a member.
    pub(super) fn count(&mut self) -> Result<()> {
        self.members += 1;
        self.check("members", self.members)
    }

    /// Counts a header that is no member.
    pub(super) fn count_header(&mut self) -> Result<()> {
        self.headers += 1;
        // A name and the target of a link each.
        self.check("headers", self.headers / 2)
    }

    fn check(&self, unit: &'static str, count: usize) -> Result<()> {
        if count > MEMBERS {
            return Err(self.too_large("an archive", unit, count as u64, MEMBERS as u64));
        }
        Ok(())
    }

    /// Whether a member of `size` bytes may be read; one that is too large is given back as its error, and the others
    /// of the container may still be read.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where all members together are.
    pub(super) fn admits(&mut self, size: u64, name: &str) -> Result<Result<()>> {
        if size > MEMBER {
            let file = format!("{}!{name}", self.file);
            return Ok(Err(Error::TooLarge { file, what: "a member", unit: "bytes", size, limit: MEMBER }));
        }
        self.bytes += size;
        if self.bytes > TOTAL {
            return Err(self.too_large("members", "bytes", self.bytes, TOTAL));
        }
        Ok(Ok(()))
    }

    /// Reads all of a member.
    pub(super) fn read(&self, member: &mut impl Read, size: u64, name: &str) -> Result<Vec<u8>> {
        let place = format!("{}!{name}", self.file);
        let bytes = stream::exactly(member, size as usize, &place)?;
        // Also where the checksum is compared.
        stream::ended(member, &place)?;
        Ok(bytes)
    }

    fn too_large(&self, what: &'static str, unit: &'static str, size: u64, limit: u64) -> Error {
        Error::TooLarge { file: self.file.into(), what, unit, size, limit }
    }
}

/// The name of a member with `/` between folders; one that leads out of the archive is refused, although nothing is
/// ever written under it.
pub(super) fn safe(name: &str, file: &str) -> Result<String> {
    if name.len() > NAME {
        let (what, limit) = ("a name", NAME as u64);
        return Err(Error::TooLarge { file: file.into(), what, unit: "bytes", size: name.len() as u64, limit });
    }
    let name = name.replace('\\', "/");
    let name = name.strip_prefix("./").unwrap_or(&name);
    let outside = name.starts_with('/') || name.contains('\0') || name.split('/').any(|part| part == "..") || name.get(1..2) == Some(":");
    if outside {
        return Err(Error::damaged(file, format!("holds a member that leads out of it: {name:?}")));
    }
    Ok(name.to_owned())
}
