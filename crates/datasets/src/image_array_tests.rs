//! Arrays of images: every layout and dtype, and what is refused.

use std::{fs, io::Write};

use super::*;

/// A `.npy` file.
fn npy(descr: &str, fortran: bool, shape: &[usize], numbers: &[u8]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let order = if fortran { "True" } else { "False" };
    let head = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({sizes}), }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((head.len() as u16).to_le_bytes());
    file.extend(head.bytes());
    file.extend(numbers);
    file
}

fn npz(arrays: &[(&str, Vec<u8>)], packed: bool) -> Vec<u8> {
    let method = if packed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        writer.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn open(bytes: Vec<u8>) -> Result<ImageArray> {
    ImageArray::only(&Place::Bytes(bytes.into()))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn problem(bytes: Vec<u8>) -> String {
    open(bytes).and_then(|images| images.read()).unwrap_err().to_string()
}

/// Two images of 1 x 2 in colour, and what is made of them.
const COLOUR: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const PLANES: [u8; 12] = [1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12];

#[test]
fn images_are_the_same_in_every_form() {
    let one = npy("|u1", false, &[2, 1, 2, 3], &COLOUR);
    // The first index moves fastest.
    let fortran = [1, 7, 4, 10, 2, 8, 5, 11, 3, 9, 6, 12];
    let wide = |width: usize, big: bool| -> Vec<u8> {
        let word =
            |&v: &u8| if big { u64::from(v).to_be_bytes()[8 - width..].to_vec() } else { u64::from(v).to_le_bytes()[..width].to_vec() };
        COLOUR.iter().flat_map(word).collect()
    };
    let unit: Vec<u8> = COLOUR.iter().flat_map(|&v| (f32::from(v) / 255.0).to_le_bytes()).collect();
    let forms = [
        one.clone(),
        npz(&[("arr_0", one.clone())], true),
        npz(&[("labels", npy("<i8", false, &[2], &[0; 16])), ("images", one)], false),
        npy("|u1", true, &[2, 1, 2, 3], &fortran),
        npy("|u1", false, &[2, 3, 1, 2], &PLANES),
        npy("<i8", false, &[2, 1, 2, 3], &wide(8, false)),
        npy(">i4", false, &[2, 1, 2, 3], &wide(4, true)),
        npy("<f4", false, &[2, 1, 2, 3], &unit),
        npy("<f8", false, &[2, 1, 2, 3], &COLOUR.iter().flat_map(|&v| f64::from(v).to_le_bytes()).collect::<Vec<_>>()),
    ];
    for (i, form) in forms.into_iter().enumerate() {
        let images = open(form).unwrap();
        assert_eq!((images.len(), images.shape().to_string().as_str()), (2, "1x2x3"), "{i}");
        assert_eq!(images.read().unwrap(), PLANES, "{i}");
        let mut batches = Vec::new();
        images
            .batches(1, &mut |batch| {
                batches.push(batch);
                Ok(())
            })
            .unwrap();
        assert_eq!(batches, [&PLANES[..6], &PLANES[6..]], "{i}");
    }
    let grey = open(npy("|u1", true, &[2, 2, 5], &(0..20).collect::<Vec<u8>>())).unwrap();
    assert_eq!(grey.read().unwrap()[..6], [0, 4, 8, 12, 16, 2]);
}

/// Every level, divided by 255 as NumPy and PyTorch do, in half, single and double precision, is that level again.
#[test]
fn multiples_of_one_255th_are_levels() {
    // `numpy.arange(1, 256, dtype="float16") / 255` of these: 1, 2, 100, 200, 254, 255.
    let half: Vec<u8> = [0x1c04_u16, 0x2004, 0x3646, 0x3a46, 0x3bf8, 0x3c00].iter().flat_map(|w| w.to_le_bytes()).collect();
    assert_eq!(open(npy("<f2", false, &[1, 1, 6], &half)).unwrap().read().unwrap(), [1, 2, 100, 200, 254, 255]);
    let all: Vec<u8> = (0..=255).collect();
    let by = |f: &dyn Fn(u8) -> f32| all.iter().flat_map(|&v| f(v).to_le_bytes()).collect::<Vec<u8>>();
    for numbers in [by(&|v| f32::from(v) / 255.0), by(&|v| f32::from(v) * (1.0 / 255.0)), by(&|v| (f64::from(v) / 255.0) as f32)] {
        assert_eq!(open(npy("<f4", false, &[1, 16, 16], &numbers)).unwrap().read().unwrap(), all);
    }
}

#[test]
fn what_has_no_levels_is_refused_by_name() {
    let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let six = |descr: &str, numbers: Vec<u8>| problem(npy(descr, false, &[1, 1, 6], &numbers));
    for (message, wanted) in [
        (six("<f4", floats(&[0.0, 0.1, 0.2, 0.3, 0.4, 1.0])), "<f4 [1, 1, 6]: values from 0 to 1 that are no multiples of 1/255"),
        (six("<f4", floats(&[-1.0, 0.0, 0.0, 0.0, 0.0, 1.0])), "levels are from 0 to 255: save uint8, (array * 127.5 + 127.5)"),
        (six("<f4", floats(&[-2.1, 0.0, 0.0, 0.0, 0.0, 2.2])), "values from -2.0999999046325684 to 2.200000047683716; levels"),
        (
            six("<u2", [0_u16, 1, 2, 3, 4, 65_535].iter().flat_map(|v| v.to_le_bytes()).collect()),
            "(array // 256).astype(\"uint8\") of 16 bits",
        ),
        (six("<f4", floats(&[0.0, 1.5, 2.0, 3.0, 4.0, 255.0])), "values from 0 to 255 that are no whole numbers"),
        (six("<f4", floats(&[f32::NAN; 6])), "a value that is no number"),
        (six("<i8", [0_i64, 1, 0, 1, 1, 0].iter().flat_map(|v| v.to_le_bytes()).collect()), "0 and 1 alone"),
        (six("<i2", [0_i16, 1, 2, 3, 4, 256].iter().flat_map(|v| v.to_le_bytes()).collect()), "values from 0 to 256"),
        (six("|b1", vec![0; 6]), "truth values"),
        (six("|O", vec![0; 6]), "a pickle"),
        (six("<c8", vec![0; 48]), "no numbers"),
        (problem(npy("|u1", false, &[5, 4, 3], &[0; 60])), "one image with 3 channels, or many of 3 columns"),
        (problem(npy("|u1", false, &[1, 2, 2, 4], &[0; 16])), "four channels"),
        (problem(npy("|u1", false, &[1, 4, 2, 2], &[0; 16])), "leave transparency out, array[:, :3]"),
        (
            problem(npy("|u1", false, &[2, 2, 3, 7], &[0; 84])),
            "7 channels; images have one or three, [N, H, W, C] or [N, C, H, W]: bring axes",
        ),
        (problem(npy("|u1", false, &[0, 2, 2, 3], &[])), "no images in it"),
        (
            problem(npy("|u1", false, &[2, 784], &[0; 1568])),
            "holds no array [N, H, W] or [N, H, W, C] of images, and no mu and sigma of features; there are: input |u1 [2, 784]; \
             rows of pixels want their shape, array.reshape(-1, H, W)",
        ),
        (
            problem(npz(&[("a", npy("|u1", false, &[1, 1, 5], &[0; 5])), ("b", npy("|u1", false, &[1, 1, 5], &[0; 5]))], false)),
            "holds 2 arrays of images (a |u1 [1, 1, 5], b |u1 [1, 1, 5]); which one?",
        ),
        (problem(npz(&[], false)), "a zip without .npy arrays"),
        (problem(b"label,pixel0,pixel1".to_vec()), "input: is text: of a table of pixels, save numpy.loadtxt"),
        (problem(b"\x80\x04\x95\0\0\0\0\0".to_vec()), "input: is a pickle of Python"),
        (problem(npy("|u1", false, &[2, 1, 2, 3], &COLOUR[..11])), "ends after 11 of 12 bytes"),
        (problem(npy("|u1", false, &[2, 1, 1, 3], &COLOUR)), "has more bytes than its header says"),
        (problem(npy("|u1", false, &[1 << 40, 1 << 10, 5], &[])), "an array of 5629499534213120 bytes, more than the limit"),
        (problem(npy("|u1", false, &[1 << 40, 1 << 40, 5], &[])), "are no array"),
        (problem(npy("<f4", false, &[1 << 30, 28, 28], &[])), "ends after 0 of"),
        (problem(b"\x93NUMPY\x09\x00".to_vec()), "version 9"),
        (problem(b"GIF89a".to_vec()), "input: is one image"),
        (problem(b"1,2\n".to_vec()), "input: is text: of a table of pixels, save numpy.loadtxt"),
        (problem(gzip(b"1,2\n")), "input: is text: of a table of pixels, save numpy.loadtxt"),
        (problem(b"\0\0\x08".to_vec()), "input: is no .npz, .npy or idx file, or cut off: it ends after 3 bytes"),
        (problem(b"\x93NUMPY".to_vec()), "input: is no .npz, .npy or idx file, or cut off: it ends after 6 bytes"),
        (problem(Vec::new()), "cut off: it ends after 0 bytes"),
    ] {
        assert!(message.contains(wanted), "{message}\n{wanted}");
    }
}

#[test]
fn one_of_several_arrays_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("two.npz");
    let array = |value: u8| npy("|u1", false, &[1, 1, 5], &[value; 5]);
    fs::write(&path, npz(&[("a", array(1)), ("b", array(2))], true)).unwrap();
    assert_eq!(ImageArray::named(&path, "b").unwrap().read().unwrap(), [2; 5]);
    let message = ImageArray::named(&path, "c").unwrap_err().to_string();
    assert!(message.ends_with("holds no array \"c\"; there are: a |u1 [1, 1, 5], b |u1 [1, 1, 5]"), "{message}");
    assert!(ImageArray::is_file_of_arrays(&path) && !ImageArray::is_file_of_arrays(dir.path()));
}
