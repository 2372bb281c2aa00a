//! Images come out as they went in.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use vimae_report::{Error, grid_png, image_png, reconstruction_png};

fn decode(png: &[u8]) -> (usize, usize, usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width as usize, info.height as usize, info.color_type.samples(), pixels)
}

/// Images whose every byte tells where it stands.
fn images(n: usize, (channels, height, width): (usize, usize, usize)) -> Vec<u8> {
    (0..n * channels * height * width).map(|i| (i * 37 % 251) as u8).collect()
}

#[test]
fn a_grid_holds_every_pixel_of_every_image_in_its_place() {
    for (channels, count, columns) in [(1, 7, 3), (3, 4, 4), (1, 2, 10)] {
        let (height, width, scale, gap) = (5, 4, 3, 2);
        let bytes = images(count, (channels, height, width));
        let (w, h, c, pixels) = decode(&grid_png(&bytes, (channels, height, width), columns, scale, gap).unwrap());
        let columns = columns.min(count);
        let rows = count.div_ceil(columns);
        assert_eq!((w, h, c), (columns * width * scale + (columns - 1) * gap, rows * height * scale + (rows - 1) * gap, channels));
        for image in 0..count {
            let (left, top) = (image % columns * (width * scale + gap), image / columns * (height * scale + gap));
            for channel in 0..channels {
                for y in 0..height * scale {
                    for x in 0..width * scale {
                        let got = pixels[((top + y) * w + left + x) * channels + channel];
                        let want = bytes[((image * channels + channel) * height + y / scale) * width + x / scale];
                        assert_eq!(got, want, "image {image} channel {channel} at {x}, {y}");
                    }
                }
            }
        }
    }
}

#[test]
fn originals_stand_directly_above_their_reconstructions() {
    let shape = (1, 2, 2);
    let originals = vec![10; 4 * 3];
    let reconstructions = vec![200; 4 * 3];
    let (w, h, _, pixels) = decode(&reconstruction_png(&originals, &reconstructions, shape, 2, 1).unwrap());
    assert_eq!((w, h), (5, 2 + 2 + 4 + 2 + 2));
    let column: Vec<u8> = (0..h).map(|y| pixels[y * w]).collect();
    assert_eq!(column, [10, 10, 200, 200, 0x90, 0x90, 0x90, 0x90, 10, 10, 200, 200]);
}

#[test]
fn wrong_lengths_and_zero_sizes_are_refused() {
    let bytes = images(2, (1, 2, 2));
    assert!(matches!(grid_png(&bytes, (1, 0, 2), 1, 1, 0), Err(Error::Zero { what: "the height" })));
    assert!(matches!(grid_png(&bytes, (1, 2, 2), 0, 1, 0), Err(Error::Zero { .. })));
    assert!(matches!(grid_png(&bytes, (1, 2, 2), 1, 0, 0), Err(Error::Zero { .. })));
    assert!(matches!(grid_png(&[], (1, 2, 2), 1, 1, 0), Err(Error::Zero { .. })));
    assert!(matches!(grid_png(&bytes, (2, 2, 2), 1, 1, 0), Err(Error::Channels { got: 2 })));
    assert!(matches!(grid_png(&bytes[1..], (1, 2, 2), 1, 1, 0), Err(Error::Length { got: 7, .. })));
    assert!(matches!(grid_png(&bytes, (1, usize::MAX, 2), 1, 1, 0), Err(Error::Length { .. })));
    assert!(matches!(grid_png(&bytes, (1, 2, 2), 1, usize::MAX, usize::MAX), Err(Error::TooLarge { .. })));
    assert!(matches!(reconstruction_png(&bytes, &bytes[4..], (1, 2, 2), 1, 1), Err(Error::Length { got: 4, .. })));
}

#[test]
fn a_single_image_keeps_its_pixels_and_says_where_it_comes_from() {
    let bytes: Vec<u8> = (0..12).collect();
    let file = image_png(&bytes, (3, 2, 2), "vimae, 図 7").unwrap();
    assert_eq!(decode(&file), decode(&grid_png(&bytes, (3, 2, 2), 1, 1, 0).unwrap()));
    let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
    let text = &reader.info().utf8_text;
    assert_eq!(
        text.iter().map(|t| (t.keyword.as_str(), t.get_text().unwrap())).collect::<Vec<_>>(),
        [("Source", "vimae, 図 7".to_owned())]
    );
    assert!(matches!(image_png(&bytes, (3, 2, 1), ""), Err(Error::Length { got: 12, .. })));
}
