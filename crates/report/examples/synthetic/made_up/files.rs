//! What a made-up run leaves beside its record: digits, codes, who was taken for whom, a log.

use std::fmt::Write;

use super::Draws;

/// A digit of seven segments, tilted, as soft as `blur` says.
pub(super) fn digit(class: usize, blur: f64, draws: &mut Draws) -> Vec<u8> {
    const SEGMENTS: [u8; 10] = [0x77, 0x24, 0x5d, 0x6d, 0x2e, 0x6b, 0x7b, 0x25, 0x7f, 0x6f];
    const ENDS: [[f64; 4]; 7] = [
        [9.0, 5.0, 19.0, 5.0],
        [9.0, 5.0, 9.0, 14.0],
        [19.0, 5.0, 19.0, 14.0],
        [9.0, 14.0, 19.0, 14.0],
        [9.0, 14.0, 9.0, 23.0],
        [19.0, 14.0, 19.0, 23.0],
        [9.0, 23.0, 19.0, 23.0],
    ];
    let (tilt, width) = (0.12 * draws.normal(), 1.3 + 0.3 * draws.uniform());
    let distance = |x: f64, y: f64, [x0, y0, x1, y1]: [f64; 4]| {
        let (dx, dy) = (x1 - x0, y1 - y0);
        let along = (((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        (x - x0 - along * dx).hypot(y - y0 - along * dy)
    };
    let pixel = |i: usize| {
        let y = (i / 28) as f64;
        let x = (i % 28) as f64 + (y - 14.0) * tilt;
        let lit = (0..7).filter(|s| SEGMENTS[class] >> s & 1 == 1);
        let nearest = lit.map(|s| distance(x, y, ENDS[s])).fold(f64::MAX, f64::min);
        (255.0 / (1.0 + ((nearest - width) * 3.0 / (1.0 + blur)).exp())) as u8
    };
    (0..784).map(pixel).collect()
}

/// Codes of ten classes in two dimensions.
pub(super) fn codes(draws: &mut Draws, index: usize) -> String {
    let (spread, own) = [(0.9, 0.25), (0.6, 0.5), (3.0, 0.4), (1.0, 0.3), (1.1, 0.3)][index];
    let mut lists = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..2_000 {
        let class = i % 10;
        let angle = class as f64 * 0.63;
        let radius = spread * (0.6 + 0.9 * (class % 3) as f64 / 2.0);
        lists.0.push(radius * angle.cos() + own * draws.normal());
        lists.1.push(radius * angle.sin() + own * draws.normal());
        lists.2.push(class);
    }
    format!("{{\"x\": {:?}, \"y\": {:?}, \"label\": {:?}, \"deviation\": 1.0}}", lists.0, lists.1, lists.2)
}

/// Counts of ten classes, mostly right.
pub(super) fn confusion(index: usize) -> String {
    let row = |i: usize| (0..10).map(|j| if i == j { 90 } else { (i * 3 + j + index) % 4 }).collect::<Vec<_>>();
    let counts: Vec<Vec<usize>> = (0..10).map(row).collect();
    let classes: Vec<usize> = (0..10).collect();
    format!(
        "[{{\"protocol\": \"inductive linear SVM\", \"metric\": \"accuracy.clean\", \"classes\": {classes:?}, \"counts\": {counts:?}}}]"
    )
}

/// The log of a training.
pub(super) fn log(draws: &mut Draws, index: usize) -> String {
    let mut text = String::new();
    for step in 0..960 {
        let fade = (-f64::from(step) / 150.0).exp();
        let distortion = (12.0 + index as f64 + 45.0 * fade) * (1.0 + 0.05 * draws.normal());
        let rate = (8.0 + 4.0 * index as f64) * (1.0 - 0.8 * fade);
        let mmd = 0.002 + 0.4 * fade;
        let other = if index < 3 { format!("\"rate\": {rate}") } else { format!("\"mmd\": {mmd}") };
        let loss = distortion * if index < 3 { 1.0 } else { 0.05 } + rate;
        // Writing to a string cannot fail.
        writeln!(text, "{{\"step\": {step}, \"epoch\": {}, \"loss\": {loss}, \"distortion\": {distortion}, {other}}}", step / 80).ok();
    }
    text
}
