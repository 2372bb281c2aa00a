//! The page holds together whatever the results are.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;

use vimae_report::{FailedRun, LeftOut, PageInput, markdown_table, page, plots_of};
use vimae_spec::{Cell, Decision, Doubt, Measurement, RunSpec, SummaryRow};

use crate::made_up::{MadeUp, results};

/// A page that must hold together, and its text.
fn checked(made_up: &MadeUp) -> String {
    let html = page(&made_up.input()).unwrap();
    balanced(&html);
    for image in html.split("<img ").skip(1) {
        let image = image.split('>').next().unwrap();
        assert!(image.contains("src=\"data:image/png;base64,"), "an image from outside: {}", &image[..80]);
        assert!(image.contains(" alt=\"") && !image.contains("alt=\"\""), "an image without words");
    }
    assert_eq!(html.matches("src=").count(), html.matches("src=\"data:").count());
    html
}

/// Every element that opens closes in order.
fn balanced(html: &str) {
    const VOID: [&str; 5] = ["meta", "img", "br", "link", "wbr"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').unwrap();
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closed out of order before {:?}", &rest[..rest.len().min(60)]);
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
            if matches!(name, "script" | "style") {
                rest = &rest[rest.find("</").unwrap()..];
            }
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

#[test]
fn the_page_is_whole_and_asks_nothing_of_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let made_up = results(folder.path(), 2).unwrap();
    let html = checked(&made_up);
    let addresses = html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    assert!(!addresses.contains("http://") && !addresses.contains("https://"), "an address");
    assert!(!html.contains(&*folder.path().to_string_lossy()), "a path of this machine");
    for expected in ["95 % interval", "βA-VAE", "†", "samples.png: the file is missing", "the discriminator's loss is NaN"] {
        assert!(html.contains(expected), "{expected}");
    }
    let again = page(&results(folder.path(), 2).unwrap().input()).unwrap();
    assert!(html == again, "the same results give another page");
}

#[test]
fn links_lead_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    let html = checked(&results(folder.path(), 2).unwrap());
    for link in html.split("href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert_eq!(html.matches(&format!("id=\"{id}\"")).count(), 1, "#{id}");
    }
}

#[test]
fn hostile_text_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    let evil = "\"><script>alert(1)</script><img src=http://example.com onerror='x'>";
    for experiment in &mut made_up.experiments {
        experiment.title = evil.into();
        experiment.about = evil.into();
        experiment.targets.push(evil.into());
        for run in &mut experiment.runs {
            let record = &mut run.record;
            run.command = evil.into();
            record.spec.method = evil.into();
            record.spec.dataset.name = evil.into();
            record.spec.model.name = evil.into();
            record.device = evil.into();
            record.spec_sha256 = evil.into();
            record.figures.iter_mut().for_each(|image| image.caption = evil.into());
        }
    }
    for row in &mut made_up.summary {
        (row.method, row.unit, row.note, row.dataset) = (evil.into(), evil.into(), Some(evil.into()), evil.into());
    }
    for cell in &mut made_up.cells {
        (cell.method, cell.target) = (evil.into(), evil.into());
        (cell.measurement.note, cell.measurement.protocol) = (Some(evil.into()), evil.into());
    }
    let html = page(&made_up.input()).unwrap();
    balanced(&html);
    assert!(!html.contains("<script>alert") && !html.contains("<img src=http"));
    assert_eq!(html.matches("<script>").count(), 1);
    let table = markdown_table("figure6", &made_up.paper, &made_up.summary);
    assert!(!table.contains("<script"), "{table}");
}

#[test]
fn damaged_and_foreign_files_are_said_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    let run = &mut made_up.experiments[0].runs[0];
    fs::write(run.folder.join("reconstructions.png"), b"not an image").unwrap();
    fs::write(run.folder.join("log.jsonl"), b"{\"step\": 1, \"epoch\": 0, \"loss\": null}\nnonsense\n{\"step\"").unwrap();
    fs::write(folder.path().join("secret.png"), b"secret").unwrap();
    run.record.figures[1].file = "../../secret.png".into();
    let codes = &made_up.experiments[1].runs;
    fs::write(codes[0].folder.join("codes.json"), "{\"x\": [1, null], \"y\": [1, 2], \"label\": [0]}").unwrap();
    fs::write(codes[1].folder.join("codes.json"), "{\"x\": [null], \"y\": [2], \"label\": [0]}").unwrap();
    let html = checked(&made_up);
    for expected in [
        "reconstructions.png: is not a PNG image",
        "../../secret.png: is not a file of the run's folder",
        "2 unreadable lines of the log left out",
        "labels: expected 2, one a point, got 1",
        "scatter: there is no finite value to draw",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
}

#[test]
fn missing_values_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    for (i, row) in made_up.summary.iter_mut().enumerate() {
        row.mean = [None, Some(f64::NAN), Some(f64::INFINITY)][i % 3];
        row.interval = Some([f64::NAN, f64::INFINITY]);
        row.note = Some("NaN in 1 of 3 seeds".into());
    }
    made_up.cells.iter_mut().for_each(|cell| cell.measurement.value = Some(f64::NAN));
    let html = checked(&made_up);
    assert!(html.contains("not finite") && html.contains("NaN in 1 of 3 seeds"));
}

/// What stands in large letters under a name, and the line below it.
fn fact(html: &str, name: &str) -> Option<(String, String)> {
    let (_, rest) = html.split_once(&format!("<dt>{name}</dt><dd><strong>"))?;
    let (value, rest) = rest.split_once("</strong><span>")?;
    Some((value.to_owned(), rest.split_once("</span>")?.0.to_owned()))
}

#[test]
fn what_one_seed_cannot_decide_does_not_read_as_failed() {
    let folder = tempfile::tempdir().unwrap();
    let one = checked(&results(folder.path(), 1).unwrap());
    let (value, why) = fact(&one, "Claims decided").unwrap();
    assert_eq!((value.as_str(), why.as_str()), ("0 of 1", "of the paper's: one seed decides none (it takes 5 or more)"));
    let (value, why) = fact(&one, "Values judged").unwrap();
    assert!(value.starts_with("0 of ") && why.ends_with("one seed has no interval to judge by"), "{value} {why}");
    assert!(!one.contains("Claims that hold") && fact(&one, "Agree with the paper").is_none());

    let mut several = results(folder.path(), 5).unwrap();
    several.comparisons.claims[0].decision = Decision::Holds;
    let html = checked(&several);
    let (value, what) = fact(&html, "Claims decided").unwrap();
    assert_eq!((value.as_str(), what.as_str()), ("1 of 1", "of the paper's: 1 holds, 0 do not hold, 0 are undecided"));
    assert!(fact(&html, "Agree with the paper").is_some_and(|(_, what)| what.contains(" differ")));
}

/// The text of an element and of all in it, without the elements.
fn text(html: &str) -> String {
    html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

#[test]
fn a_seed_is_called_a_seed_so_that_its_number_is_no_count() {
    let folder = tempfile::tempdir().unwrap();
    let claims = |made_up: &MadeUp| {
        let html = checked(made_up);
        let table = html.split("What the paper claims</h3>").nth(1).and_then(|rest| rest.split("</table>").next()).unwrap();
        text(table)
    };
    let one = claims(&results(folder.path(), 1).unwrap());
    assert!(one.contains("1 of 1 seedseed\u{a0}0Table 3"), "{one}");
    let mut several = results(folder.path(), 3).unwrap();
    let three = claims(&several);
    assert!(three.contains("2 of 3 seeds95 % interval 10 to 90 %seeds\u{a0}0, 1, 2Table 3"), "{three}");
    // Values whose cells are not there are counted.
    several.cells.retain(|cell| cell.measurement.entry != "claim");
    let counted = claims(&several);
    assert!(counted.contains("2 of 3 seeds95 % interval 10 to 90 %3 seedsTable 3"), "{counted}");
}

#[test]
fn every_command_of_a_page_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    let one = checked(&made_up);
    assert!(one.contains("<pre><code>cargo xtask reproduce --profile quick</code></pre>") && !one.contains("Several calls"));
    made_up.commands.insert(0, "cargo xtask reproduce figure6 --profile desk".into());
    for own in [false, true] {
        if own {
            // Without a table or figure the page is another.
            made_up.experiments.iter_mut().for_each(|experiment| experiment.targets.clear());
        }
        let html = checked(&made_up);
        let both = "<pre><code>cargo xtask reproduce figure6 --profile desk\ncargo xtask reproduce --profile quick</code></pre>";
        assert!(html.contains(both) && html.contains("Several calls into one directory"), "own: {own}");
        // It works as typed where the page is, as long as that is in a checkout: cargo knows its xtask nowhere else.
        let advice = "Where this page lies in a checkout of vimae, <code>cargo xtask export . --format latex</code>, called in its directory, \
                      writes the table for a paper.";
        assert_eq!(html.contains(advice), own);
        assert!(!html.contains("DIRECTORY"));
    }
}

#[test]
fn a_run_of_several_experiments_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    assert!(checked(&made_up).contains("<summary>10 runs</summary>"));
    made_up.experiments[1].runs = made_up.experiments[0].runs.clone();
    let html = checked(&made_up);
    assert_eq!(fact(&html, "Runs").map(|(count, _)| count).as_deref(), Some("5"));
    assert!(html.contains("<summary>5 runs, one that belongs to several experiments under each</summary>"));
}

#[test]
fn nothing_at_all_is_still_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    made_up.experiments.iter_mut().for_each(|experiment| experiment.runs.clear());
    (made_up.cells, made_up.summary, made_up.not_covered) = (Vec::new(), Vec::new(), Vec::new());
    let html = checked(&made_up);
    assert!(html.contains("No run finished.") && html.contains("There are no values."));
    made_up.experiments.clear();
    checked(&made_up);
}

#[test]
fn kept_values_of_runs_that_no_longer_count_are_not_denied() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    for own in [false, true] {
        for experiment in &mut made_up.experiments {
            if own {
                experiment.targets.clear();
            }
            for run in std::mem::take(&mut experiment.runs) {
                let RunSpec { method, seed, .. } = run.record.spec;
                let problem = "was made by another version".to_owned();
                experiment.failed.push(FailedRun { spec_sha256: run.record.spec_sha256, method, seed, waits: false, problem });
            }
        }
        let html = checked(&made_up);
        assert!(html.contains("the values are those of an earlier report") && !html.contains("No run finished"), "own: {own}");
    }
    assert!(checked(&made_up).contains("all runs took 0.0 s."));
}

#[test]
fn an_experiment_that_was_left_out_stands_with_what_brings_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    let left_out = [LeftOut { title: "Faces".into(), reason: "a/b is not on this machine".into(), command: "fetch a/b".into() }];
    let html = |made_up: &MadeUp| page(&PageInput { left_out: &left_out, ..made_up.input() }).unwrap();
    let line = "Faces: not measured, since a/b is not on this machine. To bring it, then repeat the command: <code>fetch a/b</code>";
    assert!(html(&made_up).contains(line));
    made_up.experiments.clear();
    (made_up.cells, made_up.summary, made_up.not_covered) = (Vec::new(), Vec::new(), Vec::new());
    let alone = html(&made_up);
    assert!(alone.contains(line) && !alone.contains("There are no experiments."));
}

#[test]
fn likelihoods_of_different_kinds_stand_apart_and_the_page_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 2).unwrap();
    let measured = |made_up: &mut MadeUp, protocols: [&str; 2]| {
        for experiment in &mut made_up.experiments {
            // One of a reader's own starts with its headlines.
            experiment.targets.clear();
            for (place, run) in experiment.runs.iter_mut().enumerate() {
                let nll = Measurement::new("iwae", "nll", protocols[place % 2].into(), "nats").valued(100.0 + place as f64, None);
                run.record.measurements.retain(|m| m.entry != "iwae");
                run.record.measurements.push(nll);
            }
        }
        checked(made_up)
    };
    let why = "each kind has a column of its own";
    let same = measured(&mut made_up, ["nll.iwae(500,likelihood=bernoulli,binarise=fixed(0),N=500)"; 2]);
    assert!(same.contains("NLL (IWAE)") && !same.contains(why));
    let html = measured(
        &mut made_up,
        ["nll.iwae(500,likelihood=bernoulli,binarise=fixed(0),N=500)", "nll.iwae(500,likelihood=bernoulli,binarise=stochastic(0),N=500)"],
    );
    assert!(html.contains(why));
    for kind in ["NLL (IWAE), binarise=fixed(0)", "NLL (IWAE), binarise=stochastic(0)"] {
        assert!(html.contains(kind), "{kind}");
    }
}

#[test]
fn images_of_several_samplers_stand_by_method_and_sampler() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 3).unwrap();
    let title = "Images by sampler";
    for experiment in &mut made_up.experiments {
        experiment.targets.clear();
    }
    assert!(!checked(&made_up).contains(title), "one sampler alone");
    for run in made_up.experiments.iter_mut().flat_map(|experiment| &mut experiment.runs) {
        let seed = run.record.spec.seed as f64;
        // From the mixture twice as good, the same on every seed.
        for (sampler, value) in [("", 8.0 + seed), ("+ex_post(components=10)", 4.0 + seed)] {
            let protocol = format!("fid.classifier(reference=test,N=2000){sampler}");
            let fid = Measurement::new("fid_classifier", "fid_classifier", protocol.as_str().into(), "1").valued(value, None);
            let fid = fid.doubted(Doubt::FewImages, run.record.spec.seed == 0 && sampler.is_empty());
            run.record.measurements.retain(|m| m.entry != "fid_classifier" || m.protocol.sampler.is_none() != sampler.is_empty());
            run.record.measurements.push(fid.better(vimae_spec::Direction::Lower));
        }
    }
    let html = checked(&made_up);
    let table = html.split(title).nth(1).and_then(|rest| rest.split("</table>").next()).unwrap();
    assert!(table.contains("ex_post(components=10)") && table.contains("the prior"), "{table}");
    // Of each method the mixture alone is in bold.
    let bold = table.matches("<strong>").count();
    assert!(bold > 0 && bold == table.matches("ex_post(components=10)").count(), "{bold}");
    // Of each the value from its prior is doubtful, as that of one seed is.
    assert_eq!(table.matches("fewer than 30 images").count(), bold);
}

#[test]
fn names_of_plots_have_no_measured_number_and_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    for experiment in &mut made_up.experiments {
        experiment.title = "vae on folder:some where/images".into();
        experiment.runs.iter_mut().for_each(|run| run.record.spec.dataset.name = "folder:/tmp/some where/images".into());
    }
    let names: Vec<String> = plots_of(&checked(&made_up)).into_iter().map(|plot| plot.name).collect();
    for expected in ["codes-vae", "principal-components-beta-h-vae", "loss-during-training-vae-on-folder"] {
        assert!(names.iter().any(|name| name == expected), "{expected}: {names:?}");
    }
    assert!(names.iter().all(|name| !name.contains("where") && !name.contains("variance")), "{names:?}");
}

#[test]
fn thousands_of_rows_are_a_page_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    let (cell, row): (Cell, SummaryRow) = (made_up.cells[0].clone(), made_up.summary[0].clone());
    made_up.cells.extend(
        (0..10_000).map(|i| Cell { measurement: Measurement { metric: format!("metric{i}"), ..cell.measurement.clone() }, ..cell.clone() }),
    );
    made_up.summary.extend((0..5_000).map(|i| SummaryRow { method: format!("method{i}"), ..row.clone() }));
    let html = checked(&made_up);
    assert!(html.len() < 40_000_000, "{} bytes", html.len());
}

#[test]
fn a_markdown_table_has_a_row_a_method_and_a_column_a_quantity() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 2).unwrap();
    let table = markdown_table("table3", &made_up.paper, &made_up.summary);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "| method | clean, digits | mask 0.5, digits |");
    assert_eq!(lines.len(), 2 + 5);
    assert!(lines[2].starts_with("| VAE | ") && lines[2].contains("(90†)"), "{}", lines[2]);
    assert_eq!(markdown_table("table9", &made_up.paper, &made_up.summary), "");
    // An interval that is not centred has both its ends, a value that should not be relied on its mark.
    let of = |row: &&mut SummaryRow| row.method == "vae" && row.protocol == "inductive linear SVM, code mean";
    let row = made_up.summary.iter_mut().find(of).unwrap();
    (row.interval, row.doubts) = (row.mean.map(|mean| [0.5 * mean, mean]), vec![Doubt::FewImages]);
    let table = markdown_table("table3", &made_up.paper, &made_up.summary);
    let line = table.lines().nth(2).unwrap();
    assert!(line.contains(" to ") && line.contains(") ? (90†) | "), "{line}");
}
