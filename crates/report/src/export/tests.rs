//! Golden texts of each form.

use std::path::Path;

use vimae_spec::{Direction, Doubt, Measurement, Slice};

use super::*;

fn paper() -> Paper {
    let text = r#"
        [table3]
        title = "Accuracy & rate, 10 % of MNIST_small"
        dataset = "mnist"
        certainty = "recovered"
        rows = [{ label = "Mask 0.2", metric = "accuracy", protocols = ["near(k=1)"], tolerance = 0.1, values = { vae = 90, beta_h_vae = 92.5 } }]
    "#;
    Paper::parse(text, Path::new("targets.toml")).unwrap()
}

fn row(method: &str, metric: &str, protocol: &str, mean: f64, half: Option<f64>) -> SummaryRow {
    SummaryRow {
        target: "table3".into(),
        dataset: "digits".into(),
        model: String::new(),
        method: method.into(),
        entry: "entry".into(),
        metric: metric.into(),
        protocol: protocol.into(),
        unit: "percent".into(),
        direction: if metric == "accuracy" { Direction::Higher } else { Direction::Lower },
        slice: None,
        mean: Some(mean),
        interval: half.map(|half| [mean - half, mean + half]),
        seeds: 3,
        paper_dataset: (metric == "accuracy").then(|| "mnist".into()),
        stand_in: false,
        paper: None,
        paper_certainty: None,
        difference: None,
        kind: vimae_spec::Kind::Estimate,
        tolerance: None,
        verdict: None,
        doubts: Vec::new(),
        note: None,
    }
}

fn exported(format: Format, all: bool) -> String {
    let summary = [
        row("vae", "accuracy", "near(k=1)", 88.0, Some(1.25)),
        row("beta_h_vae", "accuracy", "near(k=1)", 91.5, Some(0.5)),
        row("own_50%", "accuracy", "near(k=1)", 10.0, Some(0.25)),
        row("vae", "rate", "rate.a|b", -3.0, None),
    ];
    let paper = paper();
    Export { summary: &summary, ..nothing(&paper, all) }.to(format)
}

static NO_CODES: BTreeMap<String, usize> = BTreeMap::new();

fn nothing(paper: &Paper, all: bool) -> Export<'_> {
    Export { cells: &[], summary: &[], versions: &[], codes: &NO_CODES, paper, targets: &[], metrics: &[], all, interval: |_| None }
}

#[test]
fn latex_is_a_table_with_everything_escaped() {
    let expected = r"% Needs \usepackage{booktabs}.
\begin{table}
  \centering
  \caption{Table 3. Accuracy \& rate, 10 \% of MNIST\_small. Ours: mean over seeds $\pm$ half of Student's 95 \% interval. In bold: better than all others of its row; its 95 \% interval lies apart from all of theirs. $^\dagger$A digit of the paper's may be misread.}
  \label{tab:table3}
  \begin{tabular}{llrrr}
    \toprule
    Quantity &  & VAE & $\beta$H-VAE & own\_50\% \\
    \midrule
    % near(k=1)
    Mask 0.2, digits & ours & $88.00 \pm 1.25$ & $\mathbf{91.50 \pm 0.50}$ & $10.00 \pm 0.25$ \\
     & paper$^\dagger$ & $90$ & $92.5$ & -- \\
    \bottomrule
  \end{tabular}
\end{table}
";
    assert_eq!(exported(Format::Latex, false), expected);
}

#[test]
fn markdown_is_the_same_table() {
    let expected = r"### Table 3: Accuracy & rate, 10 % of MNIST\_small

| Quantity |  | VAE | βH-VAE | own\_50% |
| --- | --- | ---: | ---: | ---: |
| Mask 0.2, digits `near(k=1)` | ours | 88.00 ± 1.25 | **91.50 ± 0.50** | 10.00 ± 0.25 |
|  | paper† | 90 | 92.5 | – |
";
    let more = "| rate, digits `rate.a\\|b` | ours | −3.000 | – | – |\n";
    let legend = "\nOurs: mean over seeds ± half of Student's 95 % interval. In bold: better than all others of its row; its 95 % \
                  interval lies apart from all of theirs.\n";
    assert_eq!(exported(Format::Markdown, false), format!("{expected}{legend}"));
    assert_eq!(exported(Format::Markdown, true), format!("{expected}{more}{legend}"));
}

#[test]
fn what_seeds_do_not_tell_apart_is_not_bold() {
    let paper = paper();
    let bold = |half: Option<f64>| {
        let summary = [row("vae", "accuracy", "near(k=1)", 88.0, Some(1.25)), row("beta_h_vae", "accuracy", "near(k=1)", 91.5, half)];
        Export { summary: &summary, ..nothing(&paper, false) }.to(Format::Markdown).contains("**")
    };
    assert_eq!([Some(0.5), Some(3.0), None].map(bold), [true, false, false]);
}

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
    let metrics = ["nll".to_owned()];
    let csv = Export { summary: &[doubtful], metrics: &metrics, ..nothing(&paper, false) }.to(Format::Csv);
    assert!(csv.ends_with(",3,,fewer than two importance weights count\r\n"), "{csv}");
}

#[test]
fn a_share_of_seeds_shows_both_ends() {
    let paper = paper();
    let shares = [SummaryRow { interval: Some([0.5657, 1.0]), ..row("vae", "expect.rate", "seeds", 1.0, None) }];
    let export = Export { summary: &shares, ..nothing(&paper, true) };
    let text = export.to(Format::Markdown);
    assert!(text.contains("1.000 (0.566 to 1.000)") && !text.contains("Student"), "{text}");
    // LaTeX with booktabs alone has no \text.
    let latex = export.to(Format::Latex);
    assert!(latex.contains("$1.000 (0.566\\mbox{ to }1.000)$"), "{latex}");
}

#[test]
fn latex_says_of_how_many_seeds_a_mean_is_without_another_package() {
    let (mut cells, summary) = own();
    for cell in cells.iter_mut().filter(|cell| cell.method == "vae" && cell.seed == 1 && cell.measurement.entry == "reconstruction") {
        cell.measurement.value = None;
    }
    let paper = paper();
    let latex = Export { cells: &cells, summary: &summary, ..nothing(&paper, false) }.to(Format::Latex);
    assert!(latex.contains("VAE & $1.250\\ \\mbox{(1 of 2)}$ \\\\"), "{latex}");
}

#[test]
fn a_count_has_the_most_that_it_can_be() {
    let (mut cells, summary) = own();
    for cell in &mut cells {
        let units = Measurement::new("information", "information.active_units", "active_units(N=9)".into(), "1");
        cell.measurement = units.valued(4.0 + cell.seed as f64, None);
    }
    let codes: BTreeMap<String, usize> = cells.iter().map(|cell| (cell.spec_sha256.clone(), 5)).collect();
    let paper = paper();
    let export = Export { cells: &cells, summary: &summary, codes: &codes, ..nothing(&paper, false) };
    let (text, latex) = (export.to(Format::Markdown), export.to(Format::Latex));
    assert!(text.contains("| VAE | 4.5 ± 0.7 of 5 |") && latex.contains("VAE & $4.5 \\pm 0.7\\ \\mbox{of 5}$"), "{text}{latex}");
}

#[test]
fn latex_escapes_every_special_character() {
    assert_eq!(
        latex::escaped(r"a\b{c}$&#_%~^<|>"),
        r"a\textbackslash{}b\{c\}\$\&\#\_\%\textasciitilde{}\textasciicircum{}\textless{}\textbar{}\textgreater{}"
    );
    // What the default encoding and fonts have.
    assert_eq!(latex::escaped("the \"best\" γ ≤ Ω, é"), r"the ``best'' $\gamma$ $\leq$ $\Omega$, é");
    assert_eq!(latex::escaped("\"q\" (\"a b\", c = \"d\")"), "``q'' (``a b'', c = ``d'')");
}

#[test]
fn csv_has_every_column_and_quotes_what_it_must() {
    let cell = Cell {
        target: "table3".into(),
        seed: 1,
        measurement: Measurement::new("entry", "rate", "rate(K=2,N=3)".into(), "nats")
            .valued(0.1 + 0.2, None)
            .sized(7)
            .of_slice(Slice::Corruption { name: "mask".into(), strength: 0.5 })
            .doubted(Doubt::FewImages, true)
            .noted("a \"note\"\nof two lines".to_owned()),
        paper: Some(54.88),
        paper_certainty: Some(vimae_spec::Certainty::Printed),
        tolerance: Some(0.5),
        spec_sha256: "s".into(),
        data_sha256: "d".into(),
        weights_sha256: "w".into(),
        git_commit: "c".into(),
        device: "cpu".into(),
        seconds: 1.5,
        ..own().0.remove(0)
    };
    let other = Cell { target: "table4".into(), ..cell.clone() };
    let paper = paper();
    let cells = [cell, other];
    let text = Export { cells: &cells, targets: &["table3".into()], ..nothing(&paper, true) }.to(Format::Csv);
    let expected = concat!(
        "target,dataset,model,method,seed,entry,metric,protocol,value,standard_error,unit,n,higher_is_better,slice,paper_dataset,paper,paper_certainty,",
        "tolerance,spec_sha256,data_sha256,weights_sha256,git_commit,device,seconds,note,doubts\r\n",
        "table3,digits,mlp,vae,1,entry,rate,\"rate(K=2,N=3)\",0.30000000000000004,,nats,7,,mask 0.5,,54.88,printed,0.5,s,d,w,c,cpu,1.5,",
        "\"a \"\"note\"\"\nof two lines\",fewer than 30 images\r\n",
    );
    assert_eq!(text, expected);
    // A column for every field of a cell.
    let fields = serde_json::to_value(&cells[0]).unwrap().as_object().unwrap().len();
    assert_eq!(text.lines().next().unwrap().split(',').count(), fields);
}

/// Two methods on two seeds, of an experiment that the paper has not.
fn own() -> (Vec<Cell>, Vec<SummaryRow>) {
    let cell = |method: &str, seed: u64, entry: &str, protocol: &str, value: f64| Cell {
        target: "mine_1".into(),
        dataset: "digits".into(),
        model: "mlp".into(),
        method: method.into(),
        seed,
        measurement: Measurement::new(entry, entry, protocol.into(), "1").valued(value, None).better(Direction::Lower),
        paper_dataset: None,
        stand_in: false,
        paper: None,
        paper_certainty: None,
        tolerance: None,
        spec_sha256: format!("{method}{seed}"),
        data_sha256: String::new(),
        weights_sha256: String::new(),
        git_commit: String::new(),
        device: String::new(),
        seconds: 0.0,
    };
    let of = |method: &str, value: f64| {
        let run = |seed: u64, value: f64| {
            [cell(method, seed, "reconstruction", "reconstruction(code=mean)", value), cell(method, seed, "energy", "energy", 9.0)]
        };
        [run(0, value), run(1, value + 0.5)].concat()
    };
    let cells = [of("vae", 1.25), of("beta|x", 4.25)].concat();
    let rows = cells.iter().filter(|cell| cell.seed == 0).map(|cell| SummaryRow {
        entry: cell.measurement.metric.clone(),
        target: cell.target.clone(),
        mean: cell.measurement.value.map(|value| value + 0.25),
        interval: None,
        seeds: 2,
        paper_dataset: None,
        protocol: cell.measurement.protocol.clone(),
        unit: "1".into(),
        ..row(&cell.method, &cell.measurement.metric, "", 0.0, None)
    });
    (cells.clone(), rows.collect())
}

#[test]
fn an_experiment_of_one_s_own_is_methods_against_headlines() {
    let (cells, summary) = own();
    let paper = paper();
    let export = Export { cells: &cells, summary: &summary, ..nothing(&paper, false) };
    let expected = r"### mine\_1

| Method | Reconstruction ↓ |
| --- | ---: |
| VAE | 1.500 ± 0.354 |
| beta\|x | 4.500 ± 0.354 |

Mean ± standard deviation over two seeds, too few to mark anything as best.
";
    assert_eq!(export.to(Format::Markdown), expected);
    let latex = export.to(Format::Latex);
    for expected in ["Reconstruction $\\downarrow$ \\\\", "VAE & $1.500 \\pm 0.354$ \\\\", "beta\\textbar{}x & ", "\\label{tab:mine-1}"] {
        assert!(latex.contains(expected), "{expected}: {latex}");
    }
    let csv = "target,dataset,method,metric,protocol,unit,higher_is_better,mean,standard_deviation,interval_low,interval_high,seeds,paper,doubts\r\n\
               mine_1,digits,vae,reconstruction,reconstruction(code=mean),1,false,1.5,0.3535533905932738,,,2,,\r\n";
    assert!(export.to(Format::Csv).starts_with(csv), "{}", export.to(Format::Csv));
    // A metric that is no headline, by its name; and one that nothing measured.
    let energy = Export { metrics: &["energy".into()], ..export }.to(Format::Markdown);
    assert!(energy.contains("| energy `energy` | ours | 9.250 | 9.250 |") && !energy.contains("econstruction"), "{energy}");
    assert_eq!(Export { metrics: &["fid".into()], ..export }.to(Format::Markdown), "");
}

#[test]
fn an_experiment_as_it_was_has_a_table_of_its_own_below_the_heading_of_the_page() {
    let (cells, summary) = own();
    let version = |title: &str, method: &str| Version {
        target: "mine_1".into(),
        title: title.into(),
        cells: cells.iter().filter(|cell| cell.method == method).cloned().collect(),
        summary: summary.iter().filter(|row| row.method == method).cloned().collect(),
    };
    let versions = [version("Mine.", "vae"), version("Mine, as it was before (seeds)", "beta|x")];
    let paper = paper();
    let export = Export { cells: &cells, summary: &summary, versions: &versions, ..nothing(&paper, false) };
    for export in [export, Export { all: true, ..export }] {
        let text = export.to(Format::Markdown);
        let tables: Vec<&str> = text.split("### ").skip(1).collect();
        assert!(
            tables.len() == 2 && tables[0].starts_with("Mine.\n") && tables[1].starts_with("Mine, as it was before (seeds)\n"),
            "{text}"
        );
        assert!(tables[0].contains("VAE") && !tables[0].contains("beta") && !tables[1].contains("VAE"), "{text}");
        let latex = export.to(Format::Latex);
        assert!(latex.contains("\\caption{Mine. ") || latex.contains("\\caption{Mine.}"), "{latex}");
        assert!(latex.contains("\\label{tab:mine-1}") && latex.contains("\\label{tab:mine-1-before-1}"), "{latex}");
    }
    let csv = export.to(Format::Csv);
    assert!(csv.contains("\r\nmine_1,digits,vae,") && csv.contains("\r\n\"Mine, as it was before (seeds)\",digits,beta|x,"), "{csv}");
}

#[test]
fn an_experiment_s_own_table_has_what_stands_under_a_table_of_the_paper_too() {
    let (mine, mut summary) = own();
    let held = |cell: &Cell, value: f64| Cell {
        target: "table3".into(),
        measurement: Measurement::new("accuracy", "accuracy", "near(k=1)".into(), "percent").valued(value, None).better(Direction::Higher),
        paper_dataset: Some("mnist".into()),
        paper: Some(90.0),
        ..cell.clone()
    };
    let runs: Vec<Cell> = mine.iter().filter(|cell| cell.measurement.metric == "energy").cloned().collect();
    // The paper's table has a run of another experiment as well, and the runs of this one in another order.
    let other = held(&Cell { seed: 7, spec_sha256: "another".into(), ..runs[0].clone() }, 10.0);
    let cells: Vec<Cell> = runs.iter().rev().map(|run| held(run, 90.0 + run.seed as f64)).chain([other]).chain(mine).collect();
    summary.push(row("vae", "accuracy", "near(k=1)", 64.0, None));
    let paper = paper();
    let export = Export { cells: &cells, summary: &summary, targets: &["mine_1".into()], ..nothing(&paper, false) };
    let expected = r"
| Method | Reconstruction ↓ | Accuracy ↑ |
| --- | ---: | ---: |
| VAE | 1.500 ± 0.354 | 90.50 ± 0.71 |
| beta\|x | 4.500 ± 0.354 | 90.50 ± 0.71 |
";
    assert!(export.to(Format::Markdown).contains(expected), "{}", export.to(Format::Markdown));
    let csv = export.to(Format::Csv);
    assert!(csv.contains("mine_1,digits,vae,accuracy,near(k=1),percent,true,90.5,0.7071067811865476,,,2,,\r\n"), "{csv}");
    assert_eq!(csv.lines().count(), 5, "{csv}");
}

#[test]
fn a_percentage_is_printed_without_what_it_cannot_be() {
    let paper = paper();
    let text = |entry: &str, format: Format| {
        let summary = [SummaryRow { entry: entry.into(), ..row("vae", "accuracy", "near(k=1)", 50.0, Some(363.0)) }];
        Export { summary: &summary, ..nothing(&paper, false) }.to(format)
    };
    let cut = text("accuracy", Format::Markdown);
    assert!(cut.contains("| 50.00 (0.00 to 100.00) |") && cut.contains("In brackets: both ends of a 95 % interval"), "{cut}");
    // What may be no percentage is printed whole, and files for programs have all whole.
    assert!(text("entry", Format::Markdown).contains("| 50.00 ± 363.00 |"));
    assert!(text("accuracy", Format::Csv).contains(",-313,413,3,"), "{}", text("accuracy", Format::Csv));
}

#[test]
fn ends_of_intervals_in_csv_are_those_of_the_page() {
    let (two, summary) = own();
    let third =
        two.iter().filter(|cell| cell.seed == 1).map(|cell| Cell { seed: 2, spec_sha256: format!("{}2", cell.method), ..cell.clone() });
    let three: Vec<Cell> = two.iter().cloned().chain(third).collect();
    let paper = paper();
    let csv =
        |cells: &[Cell]| Export { cells, summary: &summary, interval: |_| Some([-1.0, 6.5]), ..nothing(&paper, false) }.to(Format::Csv);
    // A squared error is not negative, and two seeds are too few for the page.
    assert!(csv(&three).lines().count() == 3 && csv(&three).lines().skip(1).all(|line| line.ends_with(",0,6.5,3,,")), "{}", csv(&three));
    assert!(csv(&two).lines().skip(1).all(|line| line.ends_with(",,,2,,")), "{}", csv(&two));
    // Beside the paper the page has them whole.
    let whole = row("vae", "accuracy", "near(k=1)", 99.5, Some(1.0));
    let text = Export { summary: &[whole], ..nothing(&paper, false) }.to(Format::Csv);
    assert!(text.contains(",percent,true,99.5,,98.5,100.5,3,"), "{text}");
}
