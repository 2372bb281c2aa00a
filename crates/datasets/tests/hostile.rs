//! Every reader on damaged bytes: the valid files of `tests/seeds`, mutated by a fixed random sequence.
//!
//! `VIMAE_FUZZ=200000 cargo test --release -p vimae-datasets --test hostile` runs so many a reader instead of 2 000. A
//! panic fails the test; so does a process that ever held more than 512 MB. `VIMAE_FUZZ_READERS=npz,pickle` runs those alone.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail where they stand")]

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
    time::Instant,
};

use vimae_datasets::hostile::READERS;

/// Steele, Lea and Flood's SplitMix64: any sequence will do, as long as it stays the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Numbers that sizes and counts break at.
const EDGES: [u64; 10] = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at),
            3 => {
                let piece: Vec<u8> = bytes.iter().skip(random.below(bytes.len())).take(random.below(64)).copied().collect();
                bytes.splice(at..at, piece);
            }
            4 => drop(bytes.drain(at..(at + random.below(16)).min(bytes.len()))),
            5 => {
                let piece: Vec<u8> = other.iter().skip(random.below(other.len())).take(random.below(256)).copied().collect();
                bytes.splice(at..at, piece);
            }
            _ => {
                let edge = EDGES[random.below(EDGES.len())] as u32;
                let word = if random.below(2) == 0 { edge.to_be_bytes() } else { edge.to_le_bytes() };
                let width = [1, 2, 4][random.below(3)];
                let word = if random.below(2) == 0 { &word[4 - width..] } else { &word[..width] };
                bytes.iter_mut().skip(at).zip(word).for_each(|(b, w)| *b = *w);
            }
        }
    }
    bytes
}

/// Makes the checksums of a PNG's chunks right again: a decoder looks no further than a wrong one.
fn repair(png: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4).map(|b| u32::from_be_bytes(b.try_into().unwrap()) as usize) {
        let (Some(begin), Some(end)) = (at.checked_add(4), at.checked_add(8 + length)) else { return };
        let Some(content) = png.get(begin..end) else { return };
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let Some(place) = png.get_mut(end..end + 4) else { return };
        place.copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
}

/// Makes the checksums of a tar's headers right again.
fn checksums(tar: &mut [u8]) {
    for block in tar.chunks_exact_mut(512).filter(|block| block[257..].starts_with(b"ustar")) {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

fn idx() -> Vec<Vec<u8>> {
    let images: Vec<u8> = [0x803_u32, 3, 4, 5].iter().flat_map(|w| w.to_be_bytes()).chain((0..60).map(|i| i * 4)).collect();
    let labels: Vec<u8> = [0x801_u32, 6].iter().flat_map(|w| w.to_be_bytes()).chain(0..6).collect();
    vec![images, labels]
}

/// Pages as `hostile` takes them: encoding, type and count, then eight values (nine bytes of dictionary behind).
fn encodings() -> Vec<Vec<u8>> {
    // 1 to 8: blocks of 32 in one part, the first value 1, then differences of 1 and no bits.
    let rising = [32, 1, 8, 2, 2, 0];
    // 0, 2, 2, 2, 2, 2, 2, 2 and lengths that are the rest: differences of two bits.
    let shared = [32, 1, 8, 0, 0, 2, 0b10, 0, 0, 0, 0, 0, 0, 0];
    let threes = [32, 1, 8, 6, 0, 0];
    let dictionary = [2, 8, 0, 3, 0b0100_0100, 0b0001_0001];
    vec![
        [&[0, 0, 8][..], &[0b1010_0110]].concat(),
        [&[3, 0, 8][..], &[2, 0, 0, 0, 3, 0b1010_0110]].concat(),
        [&[5, 1, 8][..], &rising].concat(),
        [&[5, 2, 8][..], &rising].concat(),
        [&[0, 1, 8][..], &[1; 32]].concat(),
        [&[9, 2, 8][..], &[1; 64]].concat(),
        [&[9, 7, 8][..], &[1; 24]].concat(),
        [&[6, 6, 8][..], &rising, &[7; 36]].concat(),
        [&[7, 6, 8][..], &shared, &threes, &[7; 24]].concat(),
        [&[7, 7, 8][..], &[32, 1, 8, 0, 0, 0], &threes, &[7; 24]].concat(),
        [&[8, 1, 8][..], &dictionary, &[0; 26]].concat(),
        [&[0, 6, 4][..], &[2, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0]].concat(),
    ]
}

fn npy(descr: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let head = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(head.len() as u16).to_le_bytes()[..], head.as_bytes(), numbers].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn seeds(reader: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds");
    let ending = match reader {
        "encoding" => return encodings(),
        "idx" => return idx(),
        "gzip" => return idx().iter().map(|bytes| gzip(bytes)).collect(),
        "prepared" => {
            // The digest is that of two labels and two images of zeros.
            let mut bytes = br#"{"channels":3,"height":2,"width":2,"count":2,"sha256":""#.to_vec();
            bytes.extend(vimae_datasets::digest::sha256(&[0; 32]).bytes().chain(*b"\"}\n").chain([0; 32]));
            return vec![bytes];
        }
        "npy" => {
            let images = idx().swap_remove(0);
            let arrays = [npy("|u1", "(3, 4, 5, 1)", &[9; 60]), npy("<f4", "(1, 2, 5)", &[0; 40]), npy(">i8", "(1, 2, 5)", &[0; 80])];
            return arrays.into_iter().chain([gzip(&images), images]).collect();
        }
        "npz" => {
            let pack = |method| {
                let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
                let arrays = [("arr_0", npy("|u1", "(3, 4, 5, 1)", &[9; 60])), ("arr_1", npy("<i8", "(3,)", &[0; 24]))];
                for (name, bytes) in arrays {
                    writer.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
                    writer.write_all(&bytes).unwrap();
                }
                writer.finish().unwrap().into_inner()
            };
            return vec![pack(zip::CompressionMethod::Stored), pack(zip::CompressionMethod::Deflated)];
        }
        "pickle" => &["list.p2.pickle", "list.p3.pickle", "list.p4.pickle", "list.p5.pickle", "array.p2.pickle", "scalars.p4.pickle"][..],
        "codec" => &[".page"],
        "bmp" => &[".bmp"],
        "jpeg" => &[".jpg"],
        "png" => &[".png"],
        "tiff" => &[".tif"],
        "webp" => &[".webp"],
        "parquet" => &[".parquet"],
        "tar" => &[".tar", ".tar.gz"],
        _ => &[".zip"],
    };
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| ending.iter().any(|end| p.to_string_lossy().ends_with(end)));
    paths.sort();
    paths.iter().map(|p| fs::read(p).unwrap()).collect()
}

/// The most memory that this process ever held, in MB; none where the system does not say.
fn peak() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

#[test]
fn valid_files_are_read() {
    for (name, read) in READERS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty());
        for (i, seed) in seeds.iter().enumerate() {
            let count = read(seed).unwrap_or_else(|e| panic!("{name} {i}: {e}"));
            assert!(count > 0, "{name} {i}");
        }
    }
}

#[test]
fn damaged_files_are_refused_or_read_but_never_crash() {
    let runs: usize = std::env::var("VIMAE_FUZZ").ok().map_or(2_000, |n| n.parse().unwrap());
    let only = std::env::var("VIMAE_FUZZ_READERS").ok();
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|n| n == name));
    for (name, read) in READERS.into_iter().filter(|(name, _)| wanted(name)) {
        let seeds = seeds(name);
        let mut random = Random(1);
        let (start, mut whole) = (Instant::now(), 0);
        for _ in 0..runs {
            let (a, b) = (random.below(seeds.len()), random.below(seeds.len()));
            let mut bytes = mutate(&seeds[a], &seeds[b], &mut random);
            if random.below(4) > 0 {
                match name {
                    "png" => repair(&mut bytes),
                    "tar" => checksums(&mut bytes),
                    _ => {}
                }
            }
            whole += usize::from(read(&bytes).is_ok());
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {runs} executions, {whole} still readable, {seconds:.1} s, peak {:.0} MB so far", peak().unwrap_or(0.0));
        assert!(peak().is_none_or(|mb| mb < 512.0), "{name}: {:?} MB", peak());
    }
}
