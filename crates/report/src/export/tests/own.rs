//! Golden texts of experiments that the paper has not.

use super::*;

#[test]
fn an_experiment_of_one_s_own_is_methods_against_headlines() {
    let (cells, summary) = own();
    let paper = paper();
    let export = Export { cells: &cells, summary: &summary, ..nothing(&paper, false) };
    let expected = r"### mine\_1

| Method | Reconstruction ↓ |
| --- | ---: |
| VAE | 1.50 ± 0.35 |
| beta\|x | 4.50 ± 0.35 |

Mean ± standard deviation over 2 seeds, too few to mark anything as best.

Protocols: Reconstruction: `reconstruction(code=mean)`.
";
    assert_eq!(export.to(Format::Markdown), expected);
    let latex = export.to(Format::Latex);
    for expected in ["Reconstruction $\\downarrow$ \\\\", "VAE & $1.50 \\pm 0.35$ \\\\", "beta\\textbar{}x & ", "\\label{tab:mine-1}"] {
        assert!(latex.contains(expected), "{expected}: {latex}");
    }
    let csv = "target,dataset,method,metric,protocol,unit,higher_is_better,mean,standard_deviation,interval_low,interval_high,seeds,paper,doubts,note\r\n\
               mine_1,digits,vae,reconstruction,reconstruction(code=mean),0.05 x squared error,false,1.5,0.3535533905932738,,,2,,,\r\n";
    assert!(export.to(Format::Csv).starts_with(csv), "{}", export.to(Format::Csv));
    // A metric that is no headline, by its name; and one that nothing measured.
    let energy = Export { metrics: &["energy".into()], ..export }.to(Format::Markdown);
    assert!(energy.contains("| energy `energy` | ours | 9.250 | 9.250 |") && !energy.contains("econstruction"), "{energy}");
    assert_eq!(Export { metrics: &["fid".into()], ..export }.to(Format::Markdown), "");
}

#[test]
fn notes_and_reasons_stand_below_it_and_in_csv() {
    let (mut cells, summary) = own();
    for cell in cells.iter_mut().filter(|cell| cell.measurement.entry == "energy") {
        let rate = Measurement::new("rate", "rate", "rate.elbo".into(), "nats");
        cell.measurement =
            if cell.method == "vae" { rate.valued(4.0, None) } else { rate.noted("infinite: the encoder is deterministic".to_owned()) };
    }
    let paper = paper();
    let export = Export { cells: &cells, summary: &summary, ..nothing(&paper, false) };
    let (text, latex, csv) = (export.to(Format::Markdown), export.to(Format::Latex), export.to(Format::Csv));
    assert!(text.contains(r"Rate of beta\|x: infinite: the encoder is deterministic."), "{text}");
    assert!(text.ends_with("; Rate: `rate.elbo`.\n"), "{text}");
    assert!(latex.contains(r"Rate of beta\textbar{}x: infinite: the encoder is deterministic.}"), "{latex}");
    assert!(latex.contains("\\toprule\n    % Reconstruction: reconstruction(code=mean)\n    % Rate: rate.elbo\n    Method & "), "{latex}");
    assert!(csv.contains("\r\nmine_1,digits,beta|x,rate,rate.elbo,nats,,,,,,0,,,infinite: the encoder is deterministic\r\n"), "{csv}");
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
| VAE | 1.50 ± 0.35 | 90.50 ± 0.71 |
| beta\|x | 4.50 ± 0.35 | 90.50 ± 0.71 |
";
    assert!(export.to(Format::Markdown).contains(expected), "{}", export.to(Format::Markdown));
    let csv = export.to(Format::Csv);
    assert!(csv.contains("mine_1,digits,vae,accuracy,near(k=1),percent,true,90.5,0.7071067811865476,,,2,,,\r\n"), "{csv}");
    assert_eq!(csv.lines().count(), 5, "{csv}");
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
    assert!(csv(&three).lines().count() == 3 && csv(&three).lines().skip(1).all(|line| line.ends_with(",0,6.5,3,,,")), "{}", csv(&three));
    assert!(csv(&two).lines().skip(1).all(|line| line.ends_with(",,,2,,,")), "{}", csv(&two));
    // Beside the paper the page has them whole.
    let whole = row("vae", "accuracy", "near(k=1)", 99.5, Some(1.0));
    let text = Export { summary: &[whole], ..nothing(&paper, false) }.to(Format::Csv);
    assert!(text.contains(",percent,true,99.5,,98.5,100.5,3,"), "{text}");
}
