//! Files that have more than pixels.

use super::*;
use crate::image::exif;

const LOSSLESS: &[u8] = include_bytes!("../../tests/seeds/lossless.webp");
const ALPHA: &[u8] = include_bytes!("../../tests/seeds/alpha.webp");
const JPEG: &[u8] = include_bytes!("../../tests/seeds/colour.jpg");

fn dropped(bytes: &[u8]) -> Dropped {
    Image::decode(bytes, "image").unwrap().dropped()
}

/// Two pixels, in so many frames, and with EXIF data where there are some.
fn png(color: ::png::ColorType, data: &[u8], frames: u32, exif: Option<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut info = ::png::Info::with_size(2, 1);
    (info.color_type, info.exif_metadata) = (color, exif.map(Into::into));
    let mut encoder = ::png::Encoder::with_info(&mut bytes, info).unwrap();
    if frames > 1 {
        encoder.set_animated(frames, 0).unwrap();
    }
    let mut writer = encoder.write_header().unwrap();
    for _ in 0..frames {
        writer.write_image_data(data).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

/// A chunk of a RIFF file.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let end = vec![0; content.len() % 2];
    [&name[..], &(content.len() as u32).to_le_bytes(), content, &end].concat()
}

/// A WebP file of these chunks.
fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[b"WEBP".to_vec(), chunks.concat()].concat())
}

/// The chunk that says what a WebP file of the size of `LOSSLESS` has.
fn extended(flags: u8) -> Vec<u8> {
    let image = Image::decode(LOSSLESS, "image").unwrap();
    chunk(b"VP8X", &[flags, 0, 0, 0, image.width() as u8 - 1, 0, 0, image.height() as u8 - 1, 0, 0])
}

fn animation(frames: usize) -> Vec<u8> {
    let image = Image::decode(LOSSLESS, "image").unwrap();
    let place = [0, 0, 0, 0, 0, 0, image.width() as u8 - 1, 0, 0, image.height() as u8 - 1, 0, 0, 100, 0, 0, 0];
    let frame = chunk(b"ANMF", &[&place[..], &LOSSLESS[12..]].concat());
    webp(&[vec![extended(2), chunk(b"ANIM", &[0; 6])], vec![frame; frames]].concat())
}

#[test]
fn an_image_with_one_pixel_that_is_not_opaque_is_transparent_and_keeps_its_colours() {
    use ::png::ColorType::{Grayscale, GrayscaleAlpha, Rgba};
    for (color, data, transparency) in [
        (Grayscale, &[0, 9][..], false),
        (GrayscaleAlpha, &[7, 255, 8, 255], false),
        (GrayscaleAlpha, &[7, 255, 8, 254], true),
        (Rgba, &[1, 2, 3, 255, 4, 5, 6, 255], false),
        (Rgba, &[1, 2, 3, 0, 4, 5, 6, 255], true),
    ] {
        assert_eq!(dropped(&png(color, data, 1, None)), Dropped { transparency, ..Dropped::default() }, "{data:?}");
    }
    let image = Image::decode(&png(Rgba, &[1, 2, 3, 0, 4, 5, 6, 255], 1, None), "image").unwrap();
    assert_eq!(image.bytes(), [1, 2, 3, 4, 5, 6]);
    assert!(dropped(ALPHA).transparency && !dropped(LOSSLESS).transparency);
}

#[test]
fn a_rotation_in_exif_data_is_found_in_every_format_and_not_applied() {
    let jpeg = |data: &[u8]| {
        let segment = [&b"Exif\0\0"[..], data].concat();
        // Behind the segment of JFIF.
        [&JPEG[..20], &[0xff, 0xe1], &(segment.len() as u16 + 2).to_be_bytes(), &segment, &JPEG[20..]].concat()
    };
    for (orientation, rotation) in [(1, false), (6, true), (2, true), (9, false)] {
        for little in [true, false] {
            let data = exif::of(orientation, little);
            let webp = webp(&[extended(8), LOSSLESS[12..].to_vec(), chunk(b"EXIF", &data)]);
            let png = png(::png::ColorType::Grayscale, &[0, 9], 1, Some(data.clone()));
            for file in [&jpeg(&data), &webp, &png] {
                assert_eq!(dropped(file), Dropped { rotation, ..Dropped::default() }, "{orientation} {:?}", &file[..4]);
            }
            let [turned, plain] = [&jpeg(&data)[..], JPEG].map(|file| Image::decode(file, "image").unwrap().into_planes());
            assert_eq!(turned, plain);
        }
    }
}

#[test]
fn frames_and_pages_behind_the_first_are_found() {
    let gray = ::png::ColorType::Grayscale;
    let tiff = |pages: usize| {
        let mut file = std::io::Cursor::new(Vec::new());
        let mut encoder = ::tiff::encoder::TiffEncoder::new(&mut file).unwrap();
        for page in 0..pages {
            encoder.write_image::<::tiff::encoder::colortype::Gray8>(2, 1, &[page as u8, 9]).unwrap();
        }
        file.into_inner()
    };
    for (one, more) in [(png(gray, &[0, 9], 1, None), png(gray, &[0, 9], 3, None)), (animation(1), animation(2)), (tiff(1), tiff(2))] {
        assert_eq!((dropped(&one).frames, dropped(&more).frames), (false, true), "{:?}", &one[..4]);
        let [one, more] = [one, more].map(|file| Image::decode(&file, "image").unwrap().into_planes());
        assert_eq!(one, more);
    }
}

#[test]
fn notes_count_what_is_dropped() {
    let drops = Drops::default();
    assert!(drops.notes().is_empty());
    drops.count(Dropped { transparency: true, rotation: true, frames: false });
    drops.count(Dropped { transparency: false, rotation: true, frames: true });
    let begins = [
        "1 image has transparent pixels, whose colours are read as they are",
        "2 images have a rotation in EXIF data, which is not applied, as Pillow and torchvision apply none",
        "1 image has more than one frame or page, of which the first is read",
    ];
    let notes = drops.notes();
    assert!(notes.len() == 3 && notes.iter().zip(begins).all(|(note, begin)| note.starts_with(begin)), "{notes:?}");
}
