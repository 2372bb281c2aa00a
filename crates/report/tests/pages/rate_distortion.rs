//! A sweep and a decoder's curve come to the page from the records alone.

use vimae_report::page;
use vimae_spec::{Doubt, Measurement};

use crate::made_up::results;

const HEADING: &str = "<h4>Rate and distortion</h4>";

fn measurement(metric: &str, protocol: &str, value: f64) -> Measurement {
    Measurement::new("entry", metric, protocol.into(), "nats").valued(value, None).sized(10)
}

#[test]
fn a_sweep_is_drawn_as_one_line_and_a_decoder_as_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 2).unwrap();
    let experiment = &mut made_up.experiments[0];
    for (i, run) in experiment.runs.iter_mut().enumerate() {
        run.record.spec.method = format!("vae[objective.beta={}]", i / 2);
        run.record.measurements = vec![
            measurement("rate", "rate.gaussian", 20.0 - i as f64),
            measurement("reconstruction", "reconstruction(code=mean,scale=0.05)", 1.0 + i as f64),
            measurement("reconstruction", "reconstruction(code=sample,scale=0.05)", 2.0 + i as f64),
        ];
    }
    let without = page(&made_up.input()).unwrap();
    assert_eq!(without.matches(HEADING).count(), 1);
    assert!(without.contains(">\nVAE\n</text>") && !without.contains("decoder\n</text>"));
    for (beta, rate) in [("1.0e-1", 3.0), ("1.0e0", 9.0)] {
        let run = &mut made_up.experiments[0].runs[0];
        run.record.measurements.push(measurement("ais.rate", beta, rate).doubted(Doubt::WideGap, true));
        run.record.measurements.push(measurement("ais.distortion", beta, 10.0 / rate));
    }
    let with = page(&made_up.input()).unwrap();
    assert!(with.contains("decoder\n</text>") || with.contains("…\n</text>"));
    let doubt = "A decoder's curve: do not rely on it: the gap between its bounds is above a nat.";
    assert!(with.contains(doubt) && !without.contains("do not rely on it"));
}

#[test]
fn points_by_different_protocols_are_said_not_to_compare() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    let mut measured = |of_second: &str| {
        for (i, run) in made_up.experiments[0].runs.iter_mut().enumerate() {
            let protocol = if run.record.spec.method == "vimae_n" { of_second } else { "rate.gaussian" };
            run.record.measurements = vec![
                measurement("rate", protocol, 20.0 - i as f64),
                measurement("reconstruction", "reconstruction(code=sample,scale=0.05)", 2.0 + i as f64),
            ];
        }
        page(&made_up.input()).unwrap()
    };
    let html = measured("rate.noise(K=64)");
    let (_, caption) = html.split_once("Test images, mean over seeds.").unwrap();
    let (caption, _) = caption.split_once("</p>").unwrap();
    assert!(caption.contains("Rate is estimated differently") && caption.contains("VIMAE-n by rate.noise(K=64)"), "{caption}");
    assert!(caption.contains("compare only equal protocols") && !caption.contains("Distortion is"), "{caption}");
    assert!(!measured("rate.gaussian").contains("estimated differently"));
}

#[test]
fn single_points_make_no_plot() {
    let folder = tempfile::tempdir().unwrap();
    let html = page(&results(folder.path(), 2).unwrap().input()).unwrap();
    assert!(!html.contains(HEADING));
}
