//! Archives, whole and damaged.

use std::fs;

use std::io::{Cursor, Write};

use super::*;

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, ::zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tarred(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = ::tar::Header::new_gnu();
        // `set_path` refuses the names that are to be tested.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let visit = &mut |name, bytes: Result<Vec<u8>>| {
        found.push((name, bytes?));
        Ok(())
    };
    if bytes.starts_with(b"PK") { zip(Cursor::new(bytes), "a", &|_| true, visit) } else { tar(Cursor::new(bytes), "a", &|_| true, visit) }?;
    Ok(found)
}

#[test]
fn zip_tar_and_folder_give_the_same_members() {
    let members = [("x/1.txt", &b"one"[..]), ("x/2.txt", b"")];
    let expected: Vec<(String, Vec<u8>)> = members.iter().map(|(n, b)| ((*n).to_owned(), b.to_vec())).collect();
    assert_eq!(read(&zipped(&members)).unwrap(), expected);
    assert_eq!(read(&tarred(&members)).unwrap(), expected);
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("x")).unwrap();
    for (name, bytes) in members {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let mut found = Vec::new();
    let visit = &mut |name, bytes: Result<Vec<u8>>| {
        found.push((name, bytes?));
        Ok(())
    };
    Container::at(dir.path()).unwrap().read(&|_| true, visit).unwrap();
    assert_eq!(found, expected);
}

#[test]
fn a_folder_is_one_whatever_it_is_called() {
    for path in [".", "..", "/"] {
        assert_eq!(Container::at(Path::new(path)), Some(Container::Folder(path.into())));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf_8_are_names() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let dir = tempfile::tempdir().unwrap();
    let [folder, file] = [&b"\xff"[..], b"\xff.zip"].map(|name| dir.path().join(OsStr::from_bytes(name)));
    fs::create_dir(&folder).unwrap();
    fs::write(&file, zipped(&[])).unwrap();
    assert_eq!(Container::at(&folder), Some(Container::Folder(folder)));
    assert_eq!(Container::at(&file), Some(Container::Zip(file)));
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in ["../x.png", "a/../../x.png", "/etc/passwd", "C:/x.png", "..\\x.png"] {
        for archive in [zipped(&[(name, b"x")]), tarred(&[(name, b"x")])] {
            let error = read(&archive).unwrap_err();
            assert!(matches!(&error, Error::Damaged { file, .. } if file == "a"), "{name}: {error}");
        }
    }
    assert_eq!(read(&tarred(&[("./a..b/x", b"x")])).unwrap()[0].0, "a..b/x");
}

#[test]
fn bombs_are_refused_by_the_size_they_claim_or_reach() {
    let bomb = zipped(&[("bomb", &vec![0; MEMBER as usize + 1])]);
    assert!(bomb.len() < 100_000);
    let error = read(&bomb).unwrap_err();
    assert!(matches!(&error, Error::TooLarge { file, size, limit: MEMBER, .. } if file == "a!bomb" && *size == MEMBER + 1), "{error}");
    // The same with a size that lies: the central directory claims ten bytes.
    let mut lying = bomb;
    let directory = lying.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    lying[directory + 24..directory + 28].copy_from_slice(&10_u32.to_le_bytes());
    assert!(read(&lying).is_err());
}

#[test]
fn sizes_that_lie_take_no_memory() {
    let mut lying = tarred(&[("x", b"one")]);
    lying[124..136].copy_from_slice(b"77777777777\0");
    let checksum: u32 = lying[..512].iter().enumerate().map(|(i, &b)| if (148..156).contains(&i) { 32 } else { u32::from(b) }).sum();
    lying[148..156].copy_from_slice(format!("{checksum:06o}\0 ").as_bytes());
    let error = read(&lying).unwrap_err();
    assert!(matches!(&error, Error::TooLarge { file, size: 8_589_934_591, limit: MEMBER, .. } if file == "a!x"), "{error}");
}

#[test]
fn torn_archives_are_refused_wherever_they_are_cut() {
    let members = [("x/1.txt", &b"one and more"[..]), ("x/2.txt", b"two")];
    let zipped = zipped(&members);
    for end in 1..zipped.len() {
        assert!(read(&zipped[..end]).is_err(), "zip {end}");
    }
    let tarred = tarred(&members);
    for end in (0..tarred.len()).step_by(8) {
        assert!(read(&tarred[..end]).is_err(), "tar {end}");
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&tarred).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(read(&packed).unwrap().len(), 2);
    for end in 1..packed.len() - 40 {
        assert!(read(&packed[..end]).is_err(), "tar.gz {end}");
    }
}
