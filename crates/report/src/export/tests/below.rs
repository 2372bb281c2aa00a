//! What stands below a table, and what it keeps from being bold.

use super::*;

#[test]
fn a_collapsed_method_and_values_by_other_protocols_are_not_bold() {
    let paper = paper();
    let text = |summary: &[SummaryRow]| Export { summary, ..nothing(&paper, true) }.to(Format::Markdown);
    let of = |rate: f64| {
        let rate = SummaryRow { entry: "rate".into(), ..row("beta_h_vae", "rate", "rate.elbo", rate, None) };
        text(&[row("vae", "mmd", "mmd", 0.5, Some(0.01)), row("beta_h_vae", "mmd", "mmd", 0.1, Some(0.01)), rate])
    };
    assert!(of(9.0).contains("**0.1") && !of(9.0).contains("collapsed"), "{}", of(9.0));
    assert!(!of(0.01).contains("**") && of(0.01).contains("βH-VAE has collapsed: its codes"), "{}", of(0.01));
    let two = [row("vae", "mmd", "mmd.a", 0.5, Some(0.01)), row("beta_h_vae", "mmd", "mmd.b", 0.1, Some(0.01))];
    assert!(!text(&two).contains("**"));
}

#[test]
fn methods_that_saw_other_images_are_not_bold_and_are_named() {
    let paper = paper();
    let cell = |method: &str, images: &str| Cell {
        target: "table3".into(),
        method: method.into(),
        data_sha256: images.into(),
        ..own().0.remove(0)
    };
    let summary = [row("vae", "mmd", "mmd", 0.5, Some(0.01)), row("beta_h_vae", "mmd", "mmd", 0.1, Some(0.01))];
    let text = |images: &str| {
        let cells = [cell("vae", "gray"), cell("beta_h_vae", images)];
        Export { cells: &cells, summary: &summary, ..nothing(&paper, true) }.to(Format::Markdown)
    };
    assert!(text("gray").contains("**0.1") && !text("gray").contains("images"), "{}", text("gray"));
    assert!(!text("binary").contains("**") && text("binary").contains("on different images: VAE; βH-VAE."), "{}", text("binary"));
}

#[test]
fn a_doubtful_value_says_so() {
    let paper = paper();
    let doubtful = SummaryRow { doubts: vec![Doubt::OneWeight], ..row("vae", "nll", "nll.iwae(5,N=9)", 88.0, None) };
    for (format, expected) in [(Format::Markdown, "88.00 ? |"), (Format::Latex, "$88.00$\\,?")] {
        let text = Export { summary: std::slice::from_ref(&doubtful), ..nothing(&paper, true) }.to(format);
        assert!(text.contains(expected) && text.contains("do not rely on it"), "{text}");
    }
    // Nor is it the best, and another in its place is not either.
    let [vae, own, higgins] =
        [("vae", 88.0), ("own", 80.0), ("beta_h_vae", 91.5)].map(|(method, mean)| row(method, "accuracy", "near(k=1)", mean, Some(0.5)));
    let higgins = SummaryRow { doubts: vec![Doubt::FewImages], ..higgins };
    let text = Export { summary: &[vae, own, higgins], ..nothing(&paper, false) }.to(Format::Markdown);
    let said = "?: do not rely on it (on some seeds fewer than 30 images). No such value is marked as best.";
    assert!(!text.contains("**") && text.contains("91.50 ± 0.50 ? |") && text.contains(said), "{text}");
    let metrics = ["nll".to_owned()];
    let csv = Export { summary: &[doubtful], metrics: &metrics, ..nothing(&paper, false) }.to(Format::Csv);
    assert!(csv.ends_with(",3,,fewer than two importance weights count,\r\n"), "{csv}");
}

#[test]
fn a_collapse_is_told_by_a_rate_that_stands_under_another_table() {
    let paper = paper();
    let of = |rate: f64| {
        let figure =
            SummaryRow { target: "figure6".into(), entry: "rate".into(), ..row("beta_h_vae", "rate", "rate.gaussian", rate, None) };
        let [vae, higgins] =
            [("vae", 88.0), ("beta_h_vae", 91.5)].map(|(method, mean)| row(method, "accuracy", "near(k=1)", mean, Some(0.5)));
        let export = Export { summary: &[figure, vae, higgins], targets: &["table3".into()], ..nothing(&paper, false) };
        export.to(Format::Markdown)
    };
    assert!(of(9.0).contains("**91.50 ± 0.50**") && !of(9.0).contains("collapsed"), "{}", of(9.0));
    let said = "βH-VAE has collapsed: its codes say next to nothing of an image. None of its values is marked as best.";
    assert!(!of(0.01).contains("**") && of(0.01).contains(said), "{}", of(0.01));
}

#[test]
fn a_row_of_several_protocols_is_marked_and_says_which_values_compare() {
    let text = r#"
        [figure6]
        title = "Rate"
        dataset = "mnist"
        rows = [{ label = "Rate", metric = "rate", protocols = ["rate.gaussian", "rate.noise(K=64)"], tolerance = 1.0, values = { vae = 5 } }]
    "#;
    let paper = Paper::parse(text, Path::new("targets.toml")).unwrap();
    let of = |method: &str, protocol: &str| {
        let paper_dataset = Some("mnist".into());
        SummaryRow { target: "figure6".into(), paper_dataset, ..row(method, "rate", protocol, 5.0, None) }
    };
    let to = |protocol: &str, format: Format| {
        let summary = [of("vae", "rate.gaussian"), of("vimae_n", protocol)];
        Export { summary: &summary, ..nothing(&paper, false) }.to(format)
    };
    let mixed = to("rate.noise(K=64)", Format::Markdown);
    let said = "‡ Rate on digits is estimated differently for different methods (VAE by rate.gaussian; VIMAE-n by rate.noise(K=64)): compare \
                only equal protocols.";
    assert!(mixed.contains("| Rate, digits ‡ `rate.gaussian or rate.noise(K=64)` | ours |") && mixed.contains(said), "{mixed}");
    let latex = to("rate.noise(K=64)", Format::Latex);
    assert!(latex.contains("Rate, digits $\\ddagger$ & ours") && latex.contains("$\\ddagger$ Rate on digits is estimated"), "{latex}");
    assert!(!to("rate.gaussian", Format::Markdown).contains('‡'));
}
