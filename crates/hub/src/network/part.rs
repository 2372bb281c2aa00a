//! A file that is not whole yet: it grows at its end, and takes its name only when it is verified.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use md5::Md5;
use sha2::{Digest, Sha256};

use vimae_checkpoint::has_no_locks;

use super::git;
use crate::{Error, Result};

/// A partial file, locked against other processes.
pub(crate) struct Part {
    path: PathBuf,
    lock: PathBuf,
    file: File,
    have: u64,
    _held: File,
}

/// The digests that a file must have, as far as they are known.
pub(crate) struct Expected<'a> {
    pub(crate) sha256: Option<&'a str>,
    pub(crate) md5: Option<&'a str>,
    /// Of a small file of the Hub.
    pub(crate) git: Option<&'a str>,
}

impl Part {
    /// The partial file at `path`, with what an earlier call left in it. Waits while another process holds it.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let wrong = |e| Error::io(&path, e);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(wrong)?;
        let lock = PathBuf::from(format!("{}.lock", path.display()));
        let held = OpenOptions::new().create(true).truncate(false).write(true).open(&lock).map_err(wrong)?;
        match held.lock() {
            // Two processes may bring the same bytes then; the last one to be whole takes the name.
            Err(error) if has_no_locks(&error) => {}
            locked => locked.map_err(wrong)?,
        }
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(wrong)?;
        let have = file.metadata().map_err(wrong)?.len();
        Ok(Self { path, lock, file, have, _held: held })
    }

    /// Bytes that are here.
    pub(crate) fn have(&self) -> u64 {
        self.have
    }

    /// Appends all that `reader` gives, telling `told` how much is here after every piece.
    ///
    /// # Errors
    /// The reader's or the file's, with what came before it kept.
    pub(crate) fn append(&mut self, mut reader: impl Read, told: &mut dyn FnMut(u64)) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = match reader.read(&mut buffer) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            let Some(bytes) = buffer.get(..read).filter(|b| !b.is_empty()) else { return Ok(()) };
            self.file.write_all(bytes)?;
            self.have += read as u64;
            told(self.have);
        }
    }

    /// Begins again.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn clear(&mut self) -> Result<()> {
        self.file.set_len(0).map_err(|e| Error::io(&self.path, e))?;
        self.have = 0;
        Ok(())
    }

    /// Gives up a partial file that is not needed: another process has brought the whole.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn discard(self) -> Result<()> {
        fs::remove_file(&self.path).map_err(|e| Error::io(&self.path, e))?;
        drop(fs::remove_file(&self.lock));
        Ok(())
    }

    /// Holds the content against digests and gives the file its name; deletes it where it differs.
    ///
    /// # Errors
    /// [`Error::Digest`]; [`Error::Io`].
    pub(crate) fn finish(mut self, to: &Path, expected: &Expected<'_>) -> Result<()> {
        let [sha256, md5] = self.digests()?;
        let git = expected.git.map(|_| git::of_file(&self.path)).transpose().map_err(|e| Error::io(&self.path, e))?;
        let digests =
            [("sha256", expected.sha256, sha256), ("md5", expected.md5, md5), (git::ALGORITHM, expected.git, git.unwrap_or_default())];
        for (algorithm, expected, found) in digests {
            if let Some(expected) = expected.filter(|e| !e.eq_ignore_ascii_case(&found)) {
                self.clear()?;
                fs::remove_file(&self.path).map_err(|e| Error::io(&self.path, e))?;
                return Err(Error::Digest { file: to.display().to_string(), algorithm, expected: expected.into(), found });
            }
        }
        self.file.sync_all().map_err(|e| Error::io(&self.path, e))?;
        fs::rename(&self.path, to).map_err(|e| Error::io(to, e))?;
        // Whoever waits for the lock finds the file in its place; a stale lock file does no harm.
        drop(fs::remove_file(&self.lock));
        Ok(())
    }

    fn digests(&self) -> Result<[String; 2]> {
        let wrong = |e| Error::io(&self.path, e);
        let mut file = File::open(&self.path).map_err(wrong)?;
        let (mut sha256, mut md5) = (Sha256::new(), Md5::new());
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer).map_err(wrong)?;
            let Some(bytes) = buffer.get(..read).filter(|b| !b.is_empty()) else { break };
            sha256.update(bytes);
            md5.update(bytes);
        }
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect();
        Ok([hex(&sha256.finalize()), hex(&md5.finalize())])
    }
}
