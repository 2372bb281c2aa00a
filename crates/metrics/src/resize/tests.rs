//! Against Pillow and PyTorch, on images given by a rule; see `tests/golden/resize.py`.

use serde_json::Value;

use super::*;

#[test]
fn every_way_gives_what_the_reference_gives() {
    let cases: Value = serde_json::from_str(include_str!("../../tests/golden/resize.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let [channels, height, width] = [0, 1, 2].map(|i| case["shape"][i].as_u64().unwrap() as usize);
        let value = |c: usize, y: usize, x: usize| ((37 * y + 91 * x + 53 * c + 5 * ((x * y) % 17) + x * y / 7) % 256) as u8;
        let places = (0..channels).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))));
        let bytes: Vec<u8> = places.map(|(c, y, x)| value(c, y, x)).collect();
        let image = ImageView { shape: ImageShape { channels, height, width }, bytes: &bytes };
        for resize in Resize::ALL {
            let input = resize.input(&image);
            let kept = (0..SIDE).step_by(29).flat_map(|y| (0..SIDE).step_by(29).map(move |x| (y * SIDE + x) * 3));
            let kept = kept.flat_map(|at| input[at..at + 3].to_vec());
            let expected: Vec<f64> = case[resize.name()].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
            assert_eq!(expected.len(), 11 * 11 * 3);
            let worst = kept.zip(&expected).map(|(got, e)| (f64::from(got) - e).abs()).fold(0.0, f64::max);
            assert!(worst < 4e-6, "{channels}x{height}x{width} {}: off by {worst}", resize.name());
        }
    }
}

#[test]
fn a_grayscale_image_is_one_however_it_was_saved() {
    let shape = |channels| ImageShape { channels, height: 5, width: 4 };
    let plane: Vec<u8> = (0..20).map(|i| i * 12).collect();
    let repeated = plane.repeat(3);
    let (one, three) = (ImageView { shape: shape(1), bytes: &plane }, ImageView { shape: shape(3), bytes: &repeated });
    assert!(one.is_grayscale() && three.is_grayscale());
    assert_eq!((one.with_channels(3).unwrap(), three.with_channels(1).unwrap()), (repeated.clone().into(), plane.clone().into()));
    for resize in Resize::ALL {
        assert_eq!(resize.input(&one), resize.input(&three));
    }
    // One level of one pixel off: an image in colour.
    let mut colour = repeated.clone();
    colour[33] ^= 1;
    let colour = ImageView { shape: shape(3), bytes: &colour };
    assert!(!colour.is_grayscale() && colour.with_channels(3).is_some());
    // Pillow: Image.new("RGB", (1, 1), (200, 100, 50)).convert("L") is 124.
    let pixel = ImageView { shape: ImageShape { channels: 3, height: 1, width: 1 }, bytes: &[200, 100, 50] };
    assert_eq!(pixel.with_channels(1).unwrap().as_ref(), [124]);
}
