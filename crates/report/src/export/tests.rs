//! Golden texts of each form.

use std::path::Path;

use vimae_spec::{Direction, Doubt, Measurement, Slice};

use super::*;

mod below;
mod own;
mod too_short;

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
static NO_STEPS: BTreeMap<String, u64> = BTreeMap::new();

fn nothing(paper: &Paper, all: bool) -> Export<'_> {
    Export {
        cells: &[],
        summary: &[],
        versions: &[],
        codes: &NO_CODES,
        unsettled: &NO_STEPS,
        paper,
        targets: &[],
        metrics: &[],
        all,
        interval: |_| None,
    }
}

#[test]
fn latex_is_a_table_with_everything_escaped() {
    let expected = r"% Needs \usepackage{booktabs}.
\begin{table}
  \centering
  \caption{Table 3. Accuracy \& rate, 10 \% of MNIST\_small. Ours: mean over seeds $\pm$ half of Student's 95 \% interval. In bold: better than all others of its row; its 95 \% interval lies apart from all of theirs. $\dagger$: read from a table that had to be put back in order; a digit of the paper's value may be wrong.}
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
                  interval lies apart from all of theirs. †: read from a table that had to be put back in order; a digit of the \
                  paper's value may be wrong.\n";
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
fn a_share_of_seeds_shows_both_ends() {
    let paper = paper();
    let shares = [SummaryRow { interval: Some([0.5657, 1.0]), ..row("vae", "expect.rate", "seeds", 1.0, None) }];
    let export = Export { summary: &shares, ..nothing(&paper, true) };
    let text = export.to(Format::Markdown);
    assert!(text.contains("1.00 (0.57 to 1.00)") && !text.contains("Student"), "{text}");
    // LaTeX with booktabs alone has no \text.
    let latex = export.to(Format::Latex);
    assert!(latex.contains("$1.00 (0.57\\mbox{ to }1.00)$"), "{latex}");
}

#[test]
fn latex_says_of_how_many_seeds_a_mean_is_without_another_package() {
    let (mut cells, summary) = own();
    for cell in cells.iter_mut().filter(|cell| cell.method == "vae" && cell.seed == 1 && cell.measurement.entry == "reconstruction") {
        cell.measurement.value = None;
    }
    let paper = paper();
    let latex = Export { cells: &cells, summary: &summary, ..nothing(&paper, false) }.to(Format::Latex);
    assert!(latex.contains("VAE & $1.25\\ \\mbox{(1 of 2)}$ \\\\"), "{latex}");
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
        measurement: Measurement::new(entry, entry, protocol.into(), "squared error").valued(value, None).better(Direction::Lower),
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
fn a_percentage_is_printed_without_what_it_cannot_be() {
    let paper = paper();
    let text = |entry: &str, format: Format| {
        let summary = [SummaryRow { entry: entry.into(), ..row("vae", "accuracy", "near(k=1)", 50.0, Some(363.0)) }];
        Export { summary: &summary, ..nothing(&paper, false) }.to(format)
    };
    let cut = text("accuracy", Format::Markdown);
    assert!(cut.contains("| 50 (0 to 100) |") && cut.contains("In brackets: both ends of a 95 % interval"), "{cut}");
    // What may be no percentage is printed whole, and files for programs have all whole.
    assert!(text("entry", Format::Markdown).contains("| 50 ± 363 |"));
    assert!(text("accuracy", Format::Csv).contains(",-313,413,3,"), "{}", text("accuracy", Format::Csv));
}
