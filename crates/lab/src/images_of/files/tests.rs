//! Folders and archives of the same files are the same set, and nothing is read that is not wanted.

use std::{fs, io::Write};

use super::*;

fn png(side: u32, seed: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    let levels: Vec<u8> = (0..side * side).map(|i| (i as u8).wrapping_mul(seed | 1)).collect();
    encoder.write_header().unwrap().write_image_data(&levels).unwrap();
    bytes
}

/// Files by name, in an order that is not that of names.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> =
        (0..130_u8).map(|i| (format!("{}/{:03}.png", i % 3, i.wrapping_mul(89) % 130), png(5 + u32::from(i % 7), i))).collect();
    files.push((".hidden.png".into(), b"no image".to_vec()));
    files.push(("readme.txt".into(), b"text".to_vec()));
    files
}

fn write(folder: &Path, files: &[(String, Vec<u8>)]) -> [std::path::PathBuf; 3] {
    let [plain, zipped, tarred] = ["plain", "a.zip", "a.tar"].map(|name| folder.join(name));
    let mut zip = zip::ZipWriter::new(fs::File::create(&zipped).unwrap());
    let mut tar = tar::Builder::new(fs::File::create(&tarred).unwrap());
    for (name, bytes) in files {
        fs::create_dir_all(plain.join(name).parent().unwrap()).unwrap();
        fs::write(plain.join(name), bytes).unwrap();
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    zip.finish().unwrap();
    tar.finish().unwrap();
    [plain, zipped, tarred]
}

fn opened(path: &Path, count: usize, skip_broken: bool) -> Result<Opened> {
    open(Container::at(path).unwrap(), Choice { count, skip_broken, deep: DeepGrayscale::HighByte })
}

/// The images in the set's order.
fn all(set: &Opened) -> Vec<OwnedImage> {
    let mut found = Vec::new();
    set.images
        .visit(&mut |places, images| {
            assert!(images.len() <= PORTION);
            found.extend(places.iter().copied().zip(images));
            Ok(())
        })
        .unwrap();
    found.sort_by_key(|(place, _)| *place);
    assert!(found.iter().map(|(place, _)| *place).eq(0..set.images.len()));
    found.into_iter().map(|(_, image)| image).collect()
}

#[test]
fn a_folder_its_zip_and_its_tar_are_one_set_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let places = write(folder.path(), &files());
    for count in [usize::MAX, 130, 100, 2] {
        let sets: Vec<Opened> = places.iter().map(|place| opened(place, count, false).unwrap()).collect();
        assert_eq!(sets[0].images.len(), count.min(130));
        let images = all(&sets[0]);
        for set in &sets {
            assert_eq!((set.images.sha256(), &all(set)), (sets[0].images.sha256(), &images));
            assert_eq!(set.passed_over.counts().collect::<Vec<_>>(), [(".txt", 1), ("hidden", 1)]);
        }
    }
}

#[test]
fn broken_files_are_named_or_left_out_the_same_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = files();
    files.sort();
    for at in [10, 60, 120] {
        files[at].1.truncate(40);
    }
    let names = [10, 60].map(|at| files[at].0.clone());
    files.reverse();
    let places = write(folder.path(), &files);
    for place in &places {
        let Err(error) = opened(place, usize::MAX, false) else { panic!("{}", place.display()) };
        let text = error.to_string();
        assert!(text.contains(".png: broken PNG") && text.contains("--skip-broken leaves such images out"), "{text}");
        // The first ninety that can be decoded: what lies behind them is not looked for.
        let set = opened(place, 90, true).unwrap();
        assert_eq!(set.images.len(), 90);
        assert_eq!(set.broken.iter().map(|(name, _)| name).collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
        assert_eq!(opened(place, usize::MAX, true).unwrap().broken.len(), 3);
    }
    let sets = places.each_ref().map(|place| all(&opened(place, 90, true).unwrap()));
    assert!(sets.iter().all(|set| *set == sets[0]));
    // Ten images that stand before the first broken one are none of its business.
    assert_eq!(opened(&places[0], 9, false).unwrap().images.len(), 9);
}

#[test]
fn a_file_that_changes_between_two_readings_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, ..] = write(folder.path(), &files());
    let set = opened(&plain, 20, false).unwrap();
    fs::write(plain.join("0/000.png"), png(6, 200)).unwrap();
    let error = set.images.visit(&mut |_, _| Ok(())).unwrap_err().to_string();
    assert!(error.contains("changed while it was read"), "{error}");
}

#[test]
fn portions_are_cut_by_number_and_by_bytes() {
    let waiting = |files: usize, encoded: usize, largest: usize| {
        let files = (0..files).map(|i| (i, String::new(), Ok(Vec::new()))).collect();
        Waiting { root: Path::new(""), deep: DeepGrayscale::HighByte, files, encoded, largest }.is_full()
    };
    assert!(!waiting(PORTION - 1, 10_000, 3_000) && waiting(PORTION, 10_000, 3_000));
    assert!(waiting(3, ENCODED, 0));
    // Photographs of 36 MB decoded: three together.
    assert!(!waiting(2, 10_000, 36 << 20) && waiting(3, 10_000, 36 << 20));
}
