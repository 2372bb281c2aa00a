//! Plots of codes say of classes what can be seen of them.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;

use vimae_report::{
    page,
    plot::{PALETTE, Scatter},
};

use crate::made_up::results;

/// 440 points of so many classes on a square of this side, with a circle around them.
fn scatter(classes: i64, side: f64) -> String {
    let x: Vec<f64> = (0..440).map(|i| side * (f64::from(i % 21) / 20.0 - 0.5)).collect();
    let y: Vec<f64> = (0..440).map(|i| side * (f64::from(i / 21) / 20.0 - 0.5)).collect();
    let label: Vec<i64> = (0..440).map(|i| i % classes).collect();
    Scatter { title: "codes", axes: ["first", "second"], x: &x, y: &y, label: &label, names: &[], circles: &[2.0] }.svg().unwrap()
}

/// How many colours points and legend have, and how many names the legend.
fn colours(svg: &str) -> (usize, usize) {
    let is_used = |(r, g, b): &(u8, u8, u8)| svg.contains(&format!("#{r:02X}{g:02X}{b:02X}"));
    (PALETTE.iter().filter(|colour| is_used(colour)).count(), svg.matches("<circle").count())
}

#[test]
fn one_class_and_more_classes_than_colours_have_one_colour_and_no_names() {
    assert_eq!(colours(&scatter(10, 4.0)), (10, 10));
    for classes in [1, 11] {
        let svg = scatter(classes, 4.0);
        assert_eq!(colours(&svg), (1, 0), "{classes}");
        assert!(!svg.contains("font-weight=\"bold\""), "{classes}");
    }
}

#[test]
fn a_collapsed_method_has_no_name_over_its_points() {
    assert!(!scatter(2, 0.01).contains("font-weight=\"bold\""));
    // Both classes are everywhere: neither name stands for the points below it.
    assert!(!scatter(2, 4.0).contains("font-weight=\"bold\""));
}

#[test]
fn tables_of_confusions_are_explained_once() {
    let folder = tempfile::tempdir().unwrap();
    let html = page(&results(folder.path(), 1).unwrap().input()).unwrap();
    assert_eq!(html.matches("Which class was taken for which").count(), 1);
    assert!(html.contains("<h4>Clean</h4>"));
}

#[test]
fn classes_are_spoken_of_where_there_are_some() {
    let folder = tempfile::tempdir().unwrap();
    let made_up = results(folder.path(), 1).unwrap();
    let html = |classes: usize| {
        for run in made_up.experiments.iter().flat_map(|experiment| &experiment.runs) {
            for figure in run.record.figures.iter().filter(|figure| ["codes.json", "projection.json"].contains(&figure.file.as_str())) {
                let label: Vec<usize> = (0..440).map(|i| i % classes).collect();
                let codes = format!("{{\"x\": {label:?}, \"y\": {label:?}, \"label\": {label:?}}}");
                fs::write(run.folder.join(&figure.file), codes).unwrap();
            }
        }
        page(&made_up.input()).unwrap()
    };
    let (sentence, many) = ("Colours and numbers are classes.", "11 classes, all in one colour.");
    let said = |html: String| (html.matches(sentence).count(), html.matches(many).count());
    assert_eq!([said(html(1)), said(html(2)), said(html(11))], [(0, 0), (2, 0), (0, 2)]);
}
