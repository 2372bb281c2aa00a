//! The palette is what its documentation says, for every kind of eye.

use vimae_report::plot::PALETTE;

/// Linear sRGB as full dichromats see it (Machado, Oliveira and Fernandes, 2009).
const EYES: [[[f64; 3]; 3]; 4] = [
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
];
const WHITE: f64 = 1.0;
/// Luminance of the page's dark background, #16181b.
const DARK: f64 = 0.00913;

fn linear((r, g, b): (u8, u8, u8)) -> [f64; 3] {
    [r, g, b].map(|v| f64::from(v) / 255.0).map(|v| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) })
}

fn times(matrix: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
}

fn oklab(rgb: [f64; 3]) -> [f64; 3] {
    let lms = times(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ],
        rgb.map(|v| v.clamp(0.0, 1.0)),
    );
    times(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ],
        lms.map(f64::cbrt),
    )
}

#[test]
fn any_two_colours_differ_for_every_eye() {
    for eye in EYES {
        let seen = PALETTE.map(|colour| oklab(times(eye, linear(colour))));
        for (i, a) in seen.iter().enumerate() {
            for (j, b) in seen.iter().enumerate().skip(i + 1) {
                let distance = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                assert!(distance >= 0.12, "{i} and {j}: {distance}");
            }
        }
    }
}

#[test]
fn every_colour_shows_on_a_light_and_on_a_dark_page() {
    for (i, colour) in PALETTE.into_iter().enumerate() {
        let luminance = times([[0.2126, 0.7152, 0.0722]; 3], linear(colour))[0];
        let (light, dark) = ((WHITE + 0.05) / (luminance + 0.05), (luminance + 0.05) / (DARK + 0.05));
        assert!(light > 1.85 && dark > 2.65, "{i}: {light} {dark}");
        assert!(i >= 5 || (light > 2.85 && dark > 2.85), "{i}: {light} {dark}");
    }
}
