//! Plots are functions of their input, and valid on a page.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use vimae_report::{
    Error,
    plot::{Curves, Dot, Dots, Line, PALETTE, Scale, Scatter, Trade},
};

fn scatter(n: usize) -> String {
    let x: Vec<f64> = (0..n).map(|i| (i as f64).sin() * 3.0).collect();
    let y: Vec<f64> = (0..n).map(|i| (i as f64 * 1.3).cos()).collect();
    let label: Vec<i64> = (0..n as i64).map(|i| i % 10).collect();
    let names = ["a class with a long name".to_owned(), "cat".to_owned()];
    Scatter { title: "codes <of> \"a\" & b", axes: ["first", "second"], x: &x, y: &y, label: &label, names: &names, circles: &[1.0, 2.0] }
        .svg()
        .unwrap()
}

fn curves(values: &[f64]) -> Result<String, Error> {
    let points = values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect();
    let lines = [Line { name: "a <method> with a long name".into(), colour: 3, points }];
    Curves { title: "loss", x: "epoch", y: "loss (nats)", scales: [Scale::Whole, Scale::Wide], lines: &lines }.svg()
}

fn dots() -> String {
    let row = |name: &str, value, interval, paper| Dot { name: name.into(), value, interval, paper };
    let rows = [
        row("vae", Some(1.0), Some([0.9, 1.1]), Some(1.3)),
        row("none", None, None, None),
        row("nan", Some(f64::NAN), Some([f64::NAN, 1.0]), Some(2.0)),
    ];
    Dots { title: "accuracy", x: "per cent", rows: &rows }.svg().unwrap()
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(scatter(500), scatter(500));
    assert_eq!(curves(&[3.0, 2.0, 1.0]).unwrap(), curves(&[3.0, 2.0, 1.0]).unwrap());
    assert_eq!(dots(), dots());
}

#[test]
fn plots_scale_take_the_colour_of_the_text_and_say_what_they_show() {
    for svg in [scatter(100), curves(&[1.0, 2.0]).unwrap(), dots()] {
        assert!(svg.starts_with("<svg viewBox=\"0 0 "), "{}", &svg[..60]);
        assert!(svg.contains("role=\"img\" aria-label=\""));
        assert!(svg.contains("currentColor") && !svg.contains("#000000"));
        assert!(svg.trim_end().ends_with("</svg>"));
    }
    // Those that have a name show it, the others their number.
    assert!([">a class wit…<", ">cat<", ">2<"].iter().all(|name| scatter(10).replace(['\n', ' '], "").contains(&name.replace(' ', ""))));
    assert!(scatter(10).contains("codes &lt;of&gt; &quot;a&quot; &amp; b"));
}

#[test]
fn many_points_are_thinned_out() {
    let points = scatter(100_000).matches("h0").count();
    assert_eq!(points, 1_000);
}

#[test]
fn classes_that_take_turns_are_all_drawn() {
    let svg = scatter(2_000);
    for (r, g, b) in PALETTE {
        let colour = format!("stroke=\"#{r:02X}{g:02X}{b:02X}\"");
        let points: usize = svg.lines().filter(|line| line.contains(&colour)).map(|line| line.matches("h0").count()).sum();
        assert_eq!(points, 100, "{colour}");
    }
}

#[test]
fn values_that_are_not_finite_are_left_out() {
    assert!(curves(&[1.0, f64::NAN, f64::INFINITY, 2.0]).is_ok());
    assert!(matches!(curves(&[f64::NAN]), Err(Error::Empty { .. })));
    assert!(matches!(curves(&[]), Err(Error::Empty { .. })));
    assert!(!dots().contains("NaN"));
    let empty = Scatter { title: "", axes: [""; 2], x: &[f64::NAN], y: &[0.0], label: &[0], names: &[], circles: &[1.0] };
    assert!(matches!(empty.svg(), Err(Error::Empty { .. })));
    assert!(matches!(Scatter { label: &[], ..empty }.svg(), Err(Error::Length { got: 0, .. })));
}

#[test]
fn extreme_values_are_drawn() {
    for values in [&[0.0, 0.0][..], &[1e-300, 1e300], &[-1e300, 1e300], &[5.0], &[1e-9, 2e-9], &[f64::MAX, f64::MIN]] {
        assert!(curves(values).is_ok(), "{values:?}");
    }
}

#[test]
fn a_long_name_of_an_axis_takes_two_lines_and_the_key_has_what_is_drawn() {
    let drawn = |x: &str, value| {
        let rows = [Dot { name: "vae".into(), value, interval: None, paper: Some(1.3) }];
        Dots { title: "t", x, rows: &rows }.svg().unwrap()
    };
    let long = drawn("Reconstruction (a later version of the paper) (squared error)", Some(1.0));
    assert!(long.contains("\nReconstruction (a later version of the paper)\n") && long.contains("\n(squared error)\n"), "{long}");
    let short = drawn("Rate (nats)", Some(1.0));
    assert!(short.contains("\nRate (nats)\n"));
    // Of key, row and axis, and fifteen pixels for the second line.
    assert!(short.starts_with("<svg viewBox=\"0 0 1200 276\"") && long.starts_with("<svg viewBox=\"0 0 1200 321\""));
    assert!(short.contains("\nours\n") && short.contains("\npaper\n"));
    let unmeasured = drawn("FID", None);
    assert!(!unmeasured.contains("\nours\n") && unmeasured.contains("\npaper\n"));
}

#[test]
fn axes_say_that_they_are_logarithmic_and_count_epochs_in_whole_numbers() {
    let wide = curves(&[1e-2, 10.0, 1e3, 1e5]).unwrap();
    assert!(wide.contains("\nloss (nats) (log scale)\n") && wide.contains("\nepoch\n"));
    let narrow = curves(&[10.0, 11.0, 12.0, 13.0]).unwrap();
    assert!(narrow.contains("\nloss (nats)\n") && !narrow.contains("log scale"));
    for epoch in ["0", "1", "2", "3"] {
        assert!(wide.contains(&format!("\n{epoch}\n")), "{epoch}");
    }
    assert!(!wide.contains("\n0.5\n") && !wide.contains("\n1.5\n"));
}

#[test]
fn a_trade_marks_every_finite_point_and_needs_one() {
    let line = |name: &str, points: &[(f64, f64)]| Line { name: name.into(), colour: 1, points: points.to_vec() };
    let svg = |lines: &[Line]| {
        Trade { title: "distortion against rate", x: "rate", y: "distortion", lines, paper: &[(0, (1.0, 1.0)), (1, (f64::NAN, 1.0))] }.svg()
    };
    let drawn = svg(&[line("swept", &[(1.0, 3.0), (2.0, 1.0), (f64::NAN, 1.0)]), line("single", &[(1.5, 0.5)])]).unwrap();
    // Three points and two marks of the legend.
    assert_eq!(drawn.matches("<circle").count(), 5);
    assert!(drawn.contains("swept") && drawn.contains("single"));
    // The paper's one finite point, and its mark in the legend.
    let without = Trade { title: "t", x: "", y: "", lines: &[line("swept", &[(1.0, 3.0), (2.0, 1.0)])], paper: &[] }.svg().unwrap();
    assert!(drawn.contains("\npaper\n") && !without.contains("\npaper\n"));
    let none = [line("none", &[(f64::INFINITY, 1.0)])];
    assert!(matches!(Trade { title: "", x: "", y: "", lines: &none, paper: &[] }.svg(), Err(Error::Empty { .. })));
}
