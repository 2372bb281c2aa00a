//! Archives as real writers make them, and as they break: each is read whole or refused by name.

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
    slice::from_ref,
};

use vimae_datasets::{Container, container::Passed, hostile, idx};

const END: [u8; 1024] = [0; 1024];

/// A header in ustar form; names beyond its 100 bytes are cut, as the writers of extended headers do.
fn header(name: &str, kind: u8, size: usize, link: &str) -> Vec<u8> {
    let mut block = vec![0; 512];
    let put = |block: &mut [u8], at: usize, most: usize, text: &str| {
        let bytes = &text.as_bytes()[..text.len().min(most)];
        block[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(&mut block, 0, 100, name);
    put(&mut block, 100, 8, "0000644\0");
    put(&mut block, 124, 12, &format!("{size:011o}\0"));
    put(&mut block, 136, 12, "00000000000\0");
    put(&mut block, 157, 100, link);
    put(&mut block, 257, 8, "ustar\x0000");
    block[156] = kind;
    checked(block)
}

fn checked(mut block: Vec<u8>) -> Vec<u8> {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn padded(content: &[u8]) -> Vec<u8> {
    [content, &vec![0; content.len().next_multiple_of(512) - content.len()]].concat()
}

fn member(name: &str, kind: u8, content: &str) -> Vec<u8> {
    [header(name, kind, content.len(), ""), padded(content.as_bytes())].concat()
}

fn file(name: &str, content: &str) -> Vec<u8> {
    member(name, b'0', content)
}

fn pax(kind: u8, records: &[(&str, &str)]) -> Vec<u8> {
    let record = |(key, value): &(&str, &str)| {
        // The length counts its own digits.
        let rest = key.len() + value.len() + 3;
        let length = (rest..).find(|n| n.to_string().len() + rest == *n).unwrap();
        format!("{length} {key}={value}\n")
    };
    member("PaxHeaders/x", kind, &records.iter().map(record).collect::<String>())
}

fn tar(parts: &[Vec<u8>]) -> Vec<u8> {
    [&parts.concat()[..], &END].concat()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

fn zip(members: &[(&str, &str)], options: zip::write::SimpleFileOptions) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

type Members = Vec<(String, String)>;

/// The members that end in `.png`, and what was passed over.
fn read(name: &str, bytes: &[u8]) -> Result<(Members, Passed), String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    let mut found = Vec::new();
    let passed = Container::at(&path).unwrap().read(&|name| name.ends_with(".png"), &mut |name, bytes| {
        found.push((name, String::from_utf8(bytes?).unwrap()));
        Ok(())
    });
    let place = format!("{}/", dir.path().display());
    passed.map(|passed| (found, passed)).map_err(|e| e.to_string().replace(&place, ""))
}

fn pairs(members: &[(&str, &str)]) -> Members {
    members.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
}

fn long(part: char, size: usize) -> String {
    format!("{}/{}/x.png", part.to_string().repeat(60), part.to_string().repeat(size))
}

#[test]
fn tars_are_read_whole_in_every_form() {
    let (a, b) = (file("a.png", "one"), file("b.png", "two"));
    let (name, longer) = (long('x', 60), long('y', 900));
    let ab = [("a.png", "one"), ("b.png", "two")];
    let both = |first: &str, content: &str| pairs(&[(first, content), ("b.png", "two")]);
    let prefixed = {
        let mut block = header(&format!("{}/x.png", "x".repeat(60)), b'0', 3, "");
        block[345..405].fill(b'x');
        [checked(block), padded(b"one")].concat()
    };
    let binary = {
        let mut block = header("a.png", b'0', 0, "");
        block[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
        [checked(block), padded(b"one")].concat()
    };
    let whole = tar(&[a.clone(), b.clone()]);
    let halves = whole.split_at(700);
    let table: Vec<(&str, Vec<u8>, Members)> = vec![
        ("plain", whole.clone(), pairs(&ab)),
        ("padded to a record", [&whole[..], &[0; 10_240 - 3072]].concat(), pairs(&ab)),
        ("padded to no block", [&whole[..], &[0; 100]].concat(), pairs(&ab)),
        ("pax name", tar(&[pax(b'x', &[("path", &name)]), file(&name, "one"), b.clone()]), both(&name, "one")),
        ("pax name of 961 bytes", tar(&[pax(b'x', &[("path", &longer)]), file(&longer, "one"), b.clone()]), both(&longer, "one")),
        ("pax name taken back", tar(&[pax(b'x', &[("path", "c.png"), ("path", "")]), a.clone(), b.clone()]), pairs(&ab)),
        ("pax size", tar(&[pax(b'x', &[("size", "3")]), header("a.png", b'0', 0, ""), padded(b"one"), b.clone()]), pairs(&ab)),
        (
            "pax size of what is not read",
            tar(&[pax(b'x', &[("size", "3")]), header("a.txt", b'0', 0, ""), padded(b"one"), b.clone()]),
            pairs(&ab[1..]),
        ),
        ("pax times", tar(&[pax(b'g', &[("comment", "of all")]), pax(b'x', &[("mtime", "1.5")]), a.clone(), b.clone()]), pairs(&ab)),
        ("GNU name", tar(&[member("././@LongLink", b'L', &format!("{name}\0")), file(&name, "one"), b.clone()]), both(&name, "one")),
        ("ustar prefix", tar(&[prefixed, b.clone()]), both(&format!("{}/{}/x.png", "x".repeat(60), "x".repeat(60)), "one")),
        ("binary size", tar(&[binary, b.clone()]), pairs(&ab)),
        ("directories", tar(&[header("d.png/", b'5', 0, ""), header("e.png/", b'0', 0, ""), a.clone(), b.clone()]), pairs(&ab)),
        ("old and contiguous files", tar(&[member("a.png", 0, "one"), member("b.png", b'7', "two")]), pairs(&ab)),
        ("two behind one another", [tar(from_ref(&a)), tar(from_ref(&b))].concat(), pairs(&ab)),
        ("two with padding between", [tar(from_ref(&a)), vec![0; 8192], tar(from_ref(&b))].concat(), pairs(&ab)),
        ("gzip", gzip(&whole), pairs(&ab)),
        ("gzip in members", [gzip(halves.0), gzip(b""), gzip(halves.1)].concat(), pairs(&ab)),
        ("gzip cut at the end of a member", [gzip(&a), gzip(&[&b[..], &END].concat())].concat(), pairs(&ab)),
        ("two in a gzip each", [gzip(&tar(from_ref(&a))), gzip(&tar(from_ref(&b)))].concat(), pairs(&ab)),
        ("gzip with zeros behind", [gzip(&whole), vec![0; 777]].concat(), pairs(&ab)),
        ("hard link", tar(&[a.clone(), b.clone(), header("l/c.png", b'1', 0, "a.png")]), pairs(&[ab[0], ab[1], ("l/c.png", "one")])),
        (
            "links to a link to a file of another ending, before it",
            tar(&[
                header("l/c.png", b'2', 0, "../m/./d.png"),
                header("m/d.png", b'2', 0, "../blobs/0"),
                pax(b'x', &[("linkpath", "./blobs/0")]),
                header("e.png", b'1', 0, "cut"),
                file("blobs/0", "three"),
            ]),
            pairs(&[("l/c.png", "three"), ("m/d.png", "three"), ("e.png", "three")]),
        ),
    ];
    for (what, bytes, expected) in table {
        let name = if bytes.starts_with(&[0x1f, 0x8b]) { "x.tar.gz" } else { "x.tar" };
        assert_eq!(read(name, &bytes), Ok((expected, Passed::default())), "{what}");
    }
}

#[test]
fn what_a_tar_holds_beside_files_is_counted() {
    let mut sparse = header("s.txt", b'S', 3, "");
    sparse[257..265].copy_from_slice(b"ustar  \0");
    // One more block of maps follows.
    sparse[482] = 1;
    let parts = [
        header("l", b'2', 0, "folder"),
        header("m", b'1', 0, "a.png"),
        header("d", b'3', 0, ""),
        header("p", b'6', 0, ""),
        checked(sparse),
        vec![0; 512],
        padded(b"map"),
        member("label", b'V', ""),
        member("odd", b'Q', "odd"),
        file("a.png", "one"),
    ];
    let (members, passed) = read("x.tar", &tar(&parts)).unwrap();
    assert_eq!(members, pairs(&[("a.png", "one")]));
    assert_eq!(passed.to_string(), "2 links, 2 devices, 1 sparse file, 1 member of unknown kind");
}

#[test]
fn broken_and_cut_tars_are_refused_by_name() {
    let a = file("a.png", "one");
    let whole = tar(&[a.clone(), file("b.png", "two")]);
    let cut = |end: usize| whole[..end].to_vec();
    let short = |at: usize| format!("broken tar: cut short: it stops at byte {at} without the two blocks of zeros that end a tar");
    let mut checksum = gzip(&whole);
    let end = checksum.len() - 6;
    checksum[end] ^= 1;
    let table: Vec<(&str, Vec<u8>, String)> = vec![
        ("without its end", cut(2048), short(2048)),
        ("with half of its end", cut(2560), short(2560)),
        ("one byte short", cut(3071), short(3071)),
        ("cut behind a member", cut(1024), short(1024)),
        ("cut in a header", cut(1100), short(1100)),
        ("cut in a member's padding", cut(600), short(600)),
        (
            "a single block of zeros",
            [&a[..], &[0; 512], &a, &END].concat(),
            "a single block of zeros before byte 1536, where two end a tar".into(),
        ),
        ("garbage behind the end", [&whole[..], b"more"].concat(), "at byte 3072, behind its end, there is something else".into()),
        (
            "a block behind the end",
            [&whole[..], &[7; 512]].concat(),
            "at byte 3072, behind its end, there is something else than another tar".into(),
        ),
        ("no header where one should be", [&a[..], &[7; 512], &END].concat(), "at byte 1024 there is neither a member nor its end".into()),
        ("empty", Vec::new(), short(0)),
        ("of zeros", END.to_vec(), "broken tar: no members".into()),
        ("of xz", [&b"\xfd7zXZ\0"[..], &[1; 1018]].concat(), "packed with xz, which this reader does not know; unpack it".into()),
        ("an updated archive", tar(&[a.clone(), file("a.png", "new")]), "!a.png: refused: there twice".into()),
        ("leading out", tar(&[pax(b'x', &[("path", "../x.png")]), a.clone()]), "holds a member that leads out of it: \"../x.png\"".into()),
        (
            "linking out",
            tar(&[header("d/l.png", b'2', 0, "../../x.png")]),
            "holds a link that leads out of it: \"d/l.png\" to \"../../x.png\"".into(),
        ),
        ("linking to the root", tar(&[header("l.png", b'2', 0, "/x.png")]), "holds a link that leads out of it".into()),
        (
            "linking to nothing",
            tar(&[header("l.png", b'2', 0, "x.png")]),
            "!l.png: a link to x.png, which is no file of the archive".into(),
        ),
        (
            "linking in a circle",
            tar(&[header("l.png", b'2', 0, "m.png"), header("m.png", b'1', 0, "l.png")]),
            "which is no file of the archive".into(),
        ),
        ("a sparse image", tar(&[member("a.png", b'S', "one")]), "!a.png: refused: a sparse file; pack it again without --sparse".into()),
        (
            "a sparse image in pax",
            tar(&[pax(b'x', &[("GNU.sparse.major", "1"), ("GNU.sparse.name", "a.png")]), file("0", "one")]),
            "!a.png: refused: a sparse file".into(),
        ),
        ("a part of a volume", tar(&[member("a.png", b'M', "one")]), "!a.png: refused: begins in another volume".into()),
        ("an unknown kind", tar(&[member("a.png", b'Q', "one")]), "!a.png: refused: of kind 'Q', which this reader does not know".into()),
        ("no pax", tar(&[member("x", b'x', "99 path=x\n"), a.clone()]), "that is no pax".into()),
        ("a name for all", tar(&[pax(b'g', &[("path", "x.png")]), a.clone()]), "a global header gives all members one name or size".into()),
        ("a header alone", tar(&[a.clone(), pax(b'x', &[("path", "x.png")])]), "an extended header without its member at the end".into()),
        (
            "a name of 5000 bytes",
            tar(&[pax(b'x', &[("path", &long('x', 4935))]), a.clone()]),
            "a name of 5002 bytes, more than the limit of 4096".into(),
        ),
        ("a header of megabytes", tar(&[pax(b'x', &[("x", &"x".repeat(1 << 20))]), a.clone()]), "a name or header of 1048587 bytes".into()),
        ("gzip with garbage behind", [&gzip(&whole)[..], b"more"].concat(), "broken gzip, member 1: what follows it is no gzip".into()),
        ("gzip cut in the second member", [&gzip(&a)[..], &gzip(&END)[..12]].concat(), "broken gzip, member 2: ".into()),
        ("gzip without its second member", gzip(&a), short(1024)),
        ("gzip with a wrong checksum", checksum, "broken gzip, member 1: ".into()),
    ];
    for (what, bytes, problem) in table {
        let name = if bytes.starts_with(&[0x1f, 0x8b]) { "x.tgz" } else { "x.tar" };
        let error = read(name, &bytes).expect_err(what);
        assert!(error.starts_with(name) && error.contains(&problem), "{what}: {error}");
    }
}

#[test]
fn zips_of_real_writers_are_read_and_others_name_what_they_are_packed_with() {
    let members = [("d/a.png", "one one one one one one"), ("b.png", ""), ("notes.txt", "no image")];
    let expected = pairs(&members[..2]);
    let plain = zip::write::SimpleFileOptions::default();
    let stored = plain.compression_method(zip::CompressionMethod::Stored);
    let streamed = {
        let mut writer = zip::ZipWriter::new_stream(Vec::new());
        for (name, content) in members {
            writer.start_file(name, plain).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    };
    let prefixed = [b"#!/bin/sh\n", &zip(&members, plain)[..]].concat();
    for (what, bytes) in [
        ("stored", zip(&members, stored)),
        ("deflated", zip(&members, plain)),
        ("64 bits", zip(&members, plain.large_file(true))),
        ("data descriptors", streamed),
        ("a program before it", prefixed),
    ] {
        assert_eq!(read("x.zip", &bytes), Ok((expected.clone(), Passed::default())), "{what}");
    }
    let linked = {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("d/l.png", "../a.png", plain).unwrap();
        writer.add_symlink("e", "d", plain).unwrap();
        writer.start_file("a.png", plain).unwrap();
        writer.write_all(b"one").unwrap();
        writer.finish().unwrap().into_inner()
    };
    let (found, passed) = read("x.zip", &linked).unwrap();
    assert_eq!((found, passed.to_string()), (pairs(&[("a.png", "one"), ("d/l.png", "one")]), "1 link".to_owned()));

    // Both headers of the members of `name`, changed at a place of the local one and of the central one.
    let patched = |name: &str, local: usize, central: usize, value: u8| {
        let mut bytes = zip(&members, stored);
        for (magic, size, at) in [(b"PK\x03\x04", 30, local), (b"PK\x01\x02", 46, central)] {
            let found = (0..bytes.len()).find(|&i| bytes[i..].starts_with(magic) && bytes[i + size..].starts_with(name.as_bytes()));
            bytes[found.unwrap() + at] = value;
        }
        bytes
    };
    for (method, name) in [(9, "Deflate64"), (12, "BZIP2"), (14, "LZMA"), (93, "Zstandard"), (95, "XZ"), (98, "PPMd"), (77, "method 77")] {
        let error = read("x.zip", &patched("d/a.png", 8, 10, method)).unwrap_err();
        assert!(error.starts_with(&format!("x.zip!d/a.png: refused: packed with {name}")), "{error}");
    }
    assert_eq!(read("x.zip", &patched("notes.txt", 8, 10, 12)), Ok((expected, Passed::default())), "packed by what is not asked for");
    let error = read("x.zip", &patched("d/a.png", 6, 8, 1)).unwrap_err();
    assert!(error.starts_with("x.zip!d/a.png: refused: encrypted"), "{error}");
    let twice = [("a.png", "one"), ("b.png", "two")];
    let mut twice = zip(&twice, stored);
    while let Some(at) = twice.windows(5).position(|w| w == b"b.png") {
        twice[at] = b'a';
    }
    let error = read("x.zip", &twice).unwrap_err();
    assert!(error.starts_with("x.zip: refused: holds two members of one name"), "{error}");
    let mut wrong = zip(&members, stored);
    let at = wrong.windows(3).position(|w| w == b"one").unwrap();
    wrong[at] ^= 1;
    assert!(read("x.zip", &wrong).unwrap_err().starts_with("x.zip!d/a.png: "));
}

#[test]
fn idx_files_in_several_members_are_read_whole() {
    let whole: Vec<u8> = [0x801_u32, 6].iter().flat_map(|w| w.to_be_bytes()).chain(0..6).collect();
    for at in 0..=whole.len() {
        let series = [gzip(&whole[..at]), gzip(&whole[at..])].concat();
        assert_eq!(idx::labels(series.as_slice(), "x").unwrap(), [0, 1, 2, 3, 4, 5]);
        assert!(idx::labels(&series[..series.len() - 1], "x").is_err());
    }
}

#[test]
fn tables_of_every_writer_are_refused_wherever_they_are_cut() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds");
    let mut count = 0;
    for entry in fs::read_dir(seeds).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "parquet") {
            continue;
        }
        count += 1;
        let whole = fs::read(&path).unwrap();
        assert_eq!(hostile::read("parquet", &whole).unwrap(), 12, "{}", path.display());
        for end in 0..whole.len() {
            assert!(hostile::read("parquet", &whole[..end]).is_err(), "{} cut at {end}", path.display());
        }
    }
    assert!(count > 20);
}

#[cfg(unix)]
#[test]
fn a_pipe_among_files_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.png"), "one").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
    let mut found = 0;
    let passed = Container::at(dir.path()).unwrap().read(&|name| name.ends_with(".png"), &mut |_, _| {
        found += 1;
        Ok(())
    });
    assert_eq!((found, passed.unwrap().to_string()), (1, "1 device".to_owned()));
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s.png")).unwrap();
    let visit = &mut |_, bytes: vimae_datasets::Result<Vec<u8>>| bytes.map(drop);
    let error = Container::at(dir.path()).unwrap().read(&|name| name.ends_with(".png"), visit).unwrap_err();
    assert!(error.to_string().ends_with("s.png: a device, pipe or socket, not a file"), "{error}");
}
