//! Zip files: stored or packed with Deflate, with 64-bit sizes and data descriptors.

use std::io::{Read, Seek};

use ::zip::{CompressionMethod, ZipArchive, result::ZipError};

use super::{
    budget::{Budget, NAME, Passed, safe},
    links::Link,
    visit::Visit,
};
use crate::{Error, Result, stream};

/// Reads the members of a zip. Links that are wanted are given back.
pub(super) fn read(reader: impl Read + Seek, file: &str, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<(Passed, Vec<Link>)> {
    let wrong = |e: ZipError| Error::damaged(file, format!("broken zip: {e}"));
    let mut archive = ZipArchive::new(reader).map_err(|e| {
        let way = "perhaps a download that was cut short, or a page of the web under its name";
        Error::damaged(file, format!("broken zip: {e}: {way}"))
    })?;
    if archive.has_duplicate_names() {
        let reason = "holds two members of one name; unpack it and pack it again".into();
        return Err(Error::Refused { file: file.into(), reason });
    }
    let mut budget = Budget::new(file);
    let (mut passed, mut links) = (Passed::default(), Vec::new());
    for index in 0..archive.len() {
        budget.count()?;
        let entry = archive.by_index_data(index).map_err(wrong)?;
        let name = safe(&entry.name().map_err(wrong)?, file)?;
        let (link, size) = (entry.is_symlink(), entry.size());
        if entry.is_dir() {
            continue;
        }
        if !wanted(&name) {
            passed.links += usize::from(link);
            continue;
        }
        let method = entry.compression();
        let reason = if entry.encrypted() {
            Some("encrypted; pack it again without a password".into())
        } else {
            let known = matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated);
            (!known).then(|| format!("packed with {}; pack it again with Deflate, or stored", named(method)))
        };
        if let Some(reason) = reason {
            let file = format!("{file}!{name}");
            visit(name, Err(Error::Refused { file, reason }))?;
            continue;
        }
        drop(entry);
        let mut member = match archive.by_index(index) {
            Ok(member) => member,
            Err(error) => {
                visit(name, Err(wrong(error)))?;
                continue;
            }
        };
        if link {
            match target(&mut member, size, file).and_then(|target| Link::new(name.clone(), &target, true, file)) {
                Ok(link) => links.push(link),
                Err(error) => visit(name, Err(error))?,
            }
            continue;
        }
        let bytes = match budget.admits(size, &name)? {
            Ok(()) => budget.read(&mut member, size, &name),
            Err(error) => Err(error),
        };
        visit(name, bytes)?;
    }
    Ok((passed, links))
}

/// Where a link leads to.
fn target(member: &mut impl Read, size: u64, file: &str) -> Result<String> {
    let target = stream::exactly(member, size.min(NAME as u64) as usize, file)?;
    stream::ended(member, file)?;
    Ok(String::from_utf8_lossy(&target).into_owned())
}

/// APPNOTE.TXT 6.3.10, section 4.4.5.
fn named(method: CompressionMethod) -> String {
    let names = [
        (CompressionMethod::SHRINK, "Shrink"),
        (CompressionMethod::REDUCE_1, "Reduce"),
        (CompressionMethod::REDUCE_2, "Reduce"),
        (CompressionMethod::REDUCE_3, "Reduce"),
        (CompressionMethod::REDUCE_4, "Reduce"),
        (CompressionMethod::IMPLODE, "Implode"),
        (CompressionMethod::DEFLATE64, "Deflate64, as Windows Explorer packs large files"),
        (CompressionMethod::BZIP2, "BZIP2"),
        (CompressionMethod::LZMA, "LZMA"),
        (CompressionMethod::ZSTD_DEPRECATED, "Zstandard"),
        (CompressionMethod::ZSTD, "Zstandard"),
        (CompressionMethod::XZ, "XZ"),
        (CompressionMethod::JPEG, "JPEG"),
        (CompressionMethod::WAVPACK, "WavPack"),
        (CompressionMethod::PPMD, "PPMd"),
        (CompressionMethod::AES, "AES"),
    ];
    // The library shows the number of a method without a name, and has no other way to it that will stay.
    let number = || format!("{method:?}").chars().filter(char::is_ascii_digit).collect::<String>();
    names.iter().find(|(known, _)| *known == method).map_or_else(|| format!("method {}", number()), |(_, name)| (*name).into())
}
