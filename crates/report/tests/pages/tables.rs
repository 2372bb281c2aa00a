//! What tables of the page say: verdicts, p values, and what stands below them.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::BTreeMap;

use vimae_report::{NotCovered, page};
use vimae_spec::{Decision, Direction, Doubt, PairedComparison, PaperRow, SummaryRow, Verdict};

use crate::made_up::{MadeUp, results};

/// The text between two others, the first of each.
fn between<'a>(html: &'a str, start: &str, end: &str) -> &'a str {
    html.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map(|(inner, _)| inner).unwrap()
}

#[test]
fn the_p_beside_a_claim_is_that_which_decided() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 5).unwrap();
    let mut row = |decision: Decision| {
        let claim = &mut made_up.comparisons.claims[0];
        (claim.decision, claim.p_holm, claim.p_against_holm) = (decision, Some(1.0), Some(0.0003));
        let html = page(&made_up.input()).unwrap();
        between(&html, "<tr id=\"claim-", "</tr>").to_owned()
    };
    let fails = row(Decision::Fails);
    assert!(fails.contains("data-value=\"0.0003\">&lt; 0.001<small>for a rival</small>") && !fails.contains("1.000"), "{fails}");
    let undecided = row(Decision::Undecided);
    assert!(undecided.contains("data-value=\"1\">1.000</td>") && !undecided.contains("for a rival"), "{undecided}");
}

#[test]
fn the_time_is_that_of_all_runs_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    for run in made_up.experiments.iter_mut().flat_map(|experiment| &mut experiment.runs) {
        (run.record.training_seconds, run.record.evaluation_seconds) = (60.0, 30.0);
    }
    let time = |made_up: &MadeUp| {
        let html = page(&made_up.input()).unwrap();
        between(&html, "<dt>Time of all runs</dt><dd><strong>", "</strong>").to_owned()
    };
    assert_eq!(time(&made_up), "15 min 00 s");
    made_up.experiments[1].runs = made_up.experiments[0].runs.clone();
    assert_eq!(time(&made_up), "7 min 30 s");
    made_up.experiments.iter_mut().for_each(|experiment| experiment.targets.clear());
    assert!(page(&made_up.input()).unwrap().contains("Training and evaluation of all runs took 7 min 30 s."));
}

#[test]
fn methods_of_other_numbers_of_seeds_are_not_said_to_have_as_many() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 2).unwrap();
    assert!(page(&made_up.input()).unwrap().contains(", 2 seeds each. Network "));
    made_up.experiments[0].runs.retain(|run| run.record.spec.method != "vae" || run.record.spec.seed == 0);
    assert!(page(&made_up.input()).unwrap().contains(", 1 or 2 seeds. Network "));
    made_up.experiments[0].runs.retain(|run| run.record.spec.seed == u64::from(run.record.spec.method != "vae"));
    assert!(page(&made_up.input()).unwrap().contains(", 1 seed each. Network "));
}

#[test]
fn a_method_that_has_collapsed_is_named_below_every_table_that_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 3).unwrap();
    let article = |made_up: &MadeUp, name: &str| {
        let html = page(&made_up.input()).unwrap();
        between(&html, &format!("<article id=\"{name}\">"), "</article>").to_owned()
    };
    assert!(!article(&made_up, "table3").contains("collapsed"));
    // The rate stands under figure 6 alone.
    for row in made_up.summary.iter_mut().filter(|row| row.method == "beta_h_vae" && row.metric == "rate") {
        (row.entry, row.mean) = ("rate".into(), Some(0.001));
    }
    let said = "βH-VAE has collapsed: its codes say next to nothing of an image";
    // At a glance, each of two quantities, and other protocols.
    assert_eq!(article(&made_up, "table3").matches(&format!("{said}.")).count(), 4);
    assert_eq!(article(&made_up, "figure1").matches(&format!("{said}, which makes a small MMD no merit.")).count(), 3);
    assert_eq!(article(&made_up, "made-up").matches(said).count(), 1);
    // A training too short for batch norm is said to be that.
    for run in made_up.experiments.iter_mut().flat_map(|experiment| &mut experiment.runs) {
        run.unsettled = (run.record.spec.method == "beta_h_vae").then_some(10);
    }
    let short = article(&made_up, "table3");
    assert!(short.contains("βH-VAE was trained for 10 steps, too few") && !short.contains("collapsed"), "{short}");
}

#[test]
fn values_by_different_protocols_in_one_row_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 3).unwrap();
    assert!(!page(&made_up.input()).unwrap().contains('‡'));
    // Of the rate the paper's row takes either.
    made_up.paper.0.get_mut("figure6").unwrap().rows[1].protocols.push("rate.noise(K=64)".into());
    let mean = |row: &&mut SummaryRow| row.method == "vimae_n" && row.metric == "rate" && row.paper.is_some();
    made_up.summary.iter_mut().filter(mean).for_each(|row| row.protocol = "rate.noise(K=64)".into());
    let html = page(&made_up.input()).unwrap();
    let figure = between(&html, "<article id=\"figure6\">", "</article>");
    assert!(figure.contains("<th scope=\"row\">Rate ‡<small>") && figure.contains("<th scope=\"row\">Reconstruction<small>"), "{figure}");
    let said = "‡ Rate on digits is estimated differently for different methods (VAE, βH-VAE, βA-VAE by rate.gaussian or rate.noise(K=64); \
                VIMAE-n by rate.noise(K=64)): compare only equal protocols.";
    // At a glance and beside its plot.
    assert_eq!(figure.matches(said).count(), 2, "{figure}");
}

#[test]
fn every_verdict_has_a_sign_and_every_mark_of_a_table_is_explained_below_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 3).unwrap();
    let verdicts = [("vae", Verdict::Agrees), ("beta_h_vae", Verdict::Differs), ("vimae_n", Verdict::Undecided)];
    for row in made_up.summary.iter_mut().filter(|row| row.target == "table3" && row.paper.is_some()) {
        row.verdict = verdicts.iter().find(|(method, _)| row.method == *method).map(|(_, verdict)| *verdict);
    }
    let clean = |row: &&mut SummaryRow| row.target == "table3" && row.metric == "accuracy.clean" && row.method == "vae";
    made_up.summary.iter_mut().find(clean).unwrap().doubts.push(Doubt::FewImages);
    let html = page(&made_up.input()).unwrap();
    let table = between(&html, "<article id=\"table3\">", "<details>");
    for sign in
        ["class=\"inside\" title=\"agrees\">✓<", "class=\"outside\" title=\"differs\">✗<", "class=\"outside\" title=\"undecided\">○<"]
    {
        assert!(table.contains(sign), "{sign}: {table}");
    }
    let below = "<p class=\"quiet\">Ours beside the paper's: ✓ agrees, ✗ differs, ○ undecided. †: read from a table that had to be put back \
                 in order; a digit of the paper's value may be wrong. ?: do not rely on it (on some seeds fewer than 30 images).</p>";
    assert!(table.contains(below), "{table}");
    // Where words stand beside the signs, the other marks alone are explained.
    let plots = between(&html, "<summary>Plots, differences and seeds</summary><section class=\"quantity\"><h4>clean", "</section>");
    assert!(plots.contains("✗ differs") && plots.contains("○ undecided") && !plots.contains("Ours beside the paper's:"), "{plots}");
    assert!(
        plots.contains("<p class=\"quiet\">†: read from a table") && plots.contains("?: do not rely on it (on some seeds fewer"),
        "{plots}"
    );
}

#[test]
fn what_is_of_some_seeds_alone_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 3).unwrap();
    let note = |seed: u64| Some(format!("of 9 weights {seed} count (median)"));
    let clean = |target: &str, method: &str, metric: &str| target == "table3" && method == "vae" && metric == "accuracy.clean";
    for cell in made_up.cells.iter_mut().filter(|cell| clean(&cell.target, &cell.method, &cell.measurement.metric)) {
        cell.measurement.note = note(cell.seed);
    }
    for row in made_up.summary.iter_mut().filter(|row| clean(&row.target, &row.method, &row.metric)) {
        (row.note, row.doubts) = (note(0), vec![Doubt::OneWeight]);
    }
    let html = page(&made_up.input()).unwrap();
    let said =
        "VAE: do not rely on it: on some seeds fewer than two importance weights count; on 1 of 3 seeds: of 9 weights 0 count (median)";
    assert!(html.contains(said) && !html.contains(") (on 1 of"), "{html}");
}

#[test]
fn notes_stand_below_their_row_in_full_width_and_names_break_at_their_parts() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 3).unwrap();
    let mut row = |note: &dyn Fn(&str) -> Option<String>, mean: Option<f64>| {
        let of = |row: &&mut SummaryRow| row.target == "made_up" && row.metric == "reconstruction" && row.protocol == "another protocol";
        for row in made_up.summary.iter_mut().filter(of) {
            (row.note, row.mean) = (note(&row.method), mean);
        }
        let html = page(&made_up.input()).unwrap();
        let table = between(&html, "<article id=\"made-up\">", "</table>");
        assert!(
            table.contains("<th scope=\"row\"><code class=\"parted\">reconstruction</code></th>") && !table.contains("Note"),
            "{table}"
        );
        table.rsplit_once("<code class=\"parted\">another protocol</code>").unwrap().1.to_owned()
    };
    let short = row(&|_| Some("5 draws".into()), Some(1.0));
    assert!(short.starts_with("<small>5 draws</small></td>") && !short.contains("below"), "{short}");
    let of_one = row(&|method| (method == "vae").then(|| "x".repeat(61)), Some(1.0));
    assert!(of_one.contains("<tr class=\"below\"><td colspan=\"9\"><div>VAE: xxx"), "{of_one}");
    let of_each = |method: &str| Some(format!("{method} {}", "x".repeat(60)));
    let folded = row(&of_each, Some(1.0));
    assert!(folded.contains("<summary>5 notes</summary>") && folded.contains("<li>VAE: vae xx"), "{folded}");
    // Without a value the notes are all that there is.
    let open = row(&of_each, None);
    assert!(open.contains("<div>βA-VAE: beta_a_vae xx") && !open.contains("<summary>"), "{open}");
}

#[test]
fn a_fold_counts_the_rows_that_it_hides() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    let fold = |made_up: &MadeUp| {
        let html = page(&made_up.input()).unwrap();
        let article = between(&html, "<article id=\"table3\">", "</article>");
        let (_, rest) = article.split_once("Other protocols and metrics (").unwrap();
        let body = between(rest, "<tbody>", "</tbody>");
        (rest.split(')').next().unwrap().to_owned(), body.matches("<tr").count())
    };
    // Two metrics, of five methods each.
    assert_eq!(fold(&made_up), ("2".to_owned(), 2));
    // More methods than stand side by side are a row each.
    let row = made_up.summary.iter().find(|row| row.target == "table3" && row.protocol == "another protocol").unwrap().clone();
    made_up.summary.extend((0..10).map(|i| SummaryRow { method: format!("method{i}"), ..row.clone() }));
    assert_eq!(fold(&made_up), ("20".to_owned(), 20));
}

#[test]
fn nothing_empty_has_a_heading_and_nothing_is_said_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    assert!(page(&made_up.input()).unwrap().contains("href=\"#not-covered\""));
    made_up.not_covered.clear();
    made_up.cells.iter_mut().for_each(|cell| cell.measurement.note = None);
    for row in made_up.summary.iter_mut().filter(|row| row.target == "table3" && row.metric == "accuracy.clean") {
        row.note = Some("5 draws".into());
    }
    let rows = &mut made_up.paper.0.get_mut("figure6").unwrap().rows;
    let printed = PaperRow { label: "CelebA".into(), metric: "fid".into(), ..rows[0].clone() };
    let without = PaperRow { label: "CelebA, by a classifier".into(), values: BTreeMap::new(), ..printed.clone() };
    rows.extend([printed, without.clone(), without]);
    let html = page(&made_up.input()).unwrap();
    assert!(!html.contains("not-covered") && !html.contains("Not covered"));
    assert!(!between(&html, "<section id=\"values\">", "</section>").contains("<th>Note</th>"));
    let figure = between(&html, "<article id=\"figure6\">", "</article>");
    let unmeasured = figure.split_once("<summary>Not measured here: CelebA; CelebA, by a classifier</summary>").unwrap().1;
    assert_eq!(unmeasured.split_once("</details>").unwrap().0.matches("<section class=\"quantity\">").count(), 1, "{unmeasured}");
    let noted = "<summary>1 note</summary><ul><li>5 draws</li></ul>";
    assert!(between(&html, "<article id=\"table3\">", "</article>").contains(noted), "{html}");
}

#[test]
fn the_command_that_brings_data_stands_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    let faces = made_up.paper.0["table5"].clone();
    made_up.paper.0.insert("table4".into(), faces);
    let missing = |target: &str| NotCovered {
        target: target.into(),
        reason: "celeba is not on this machine".into(),
        command: Some("fetch celeba".into()),
    };
    made_up.not_covered = ["table4", "table5", "table5", "figure6", "figure6"].map(missing).into();
    let html = page(&made_up.input()).unwrap();
    let together = between(&html, "<h3>Not measured here</h3>", "</pre>");
    assert!(together.starts_with("<p class=\"quiet\">The data of these experiments is not on this machine:</p>"), "{together}");
    assert_eq!((together.matches("fetch celeba").count(), together.matches("celeba is not on").count()), (1, 2), "{together}");
    // Of a figure that has other values too.
    assert_eq!(between(&html, "<article id=\"figure6\">", "</article>").matches("fetch celeba").count(), 1);
}

#[test]
fn why_a_claim_is_decided_stands_below_it_without_what_its_columns_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 5).unwrap();
    let claim = &mut made_up.comparisons.claims[0];
    claim.decision = Decision::Fails;
    claim.words = format!("{}; by accuracy.mask_0_5, worse by 3.571 percentage points than beta_a_vae", claim.start());
    let html = page(&made_up.input()).unwrap();
    let row = between(&html, "<tr id=\"claim-", "</tr>");
    assert!(row.contains("<small>by accuracy.mask_0_5, worse by 3.571 percentage points than βA-VAE</small></th>"), "{row}");
    assert!(row.contains("data-value=\"0.6\">3 of 5 seeds<small>95 % interval 10 to 90 %</small></td>"), "{row}");
    assert!(row.matches("does not hold").count() == 1 && row.matches("3 of 5").count() == 1, "{row}");
    // On a phone every cell has its column's name.
    assert_eq!(row.matches("<td").count(), row.matches(" data-label=").count(), "{row}");
    assert!(html.contains("<table class=\"sortable stack claims\">"));
}

#[test]
fn methods_and_experiments_are_called_by_their_names_in_sentences() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 3).unwrap();
    made_up.paper.0.get_mut("table3").unwrap().note = Some("beta_h_vae did not converge".into());
    for row in made_up.summary.iter_mut().filter(|row| row.target == "made_up" && row.metric == "reconstruction") {
        let note = "expected reconstruction of vimae_l better than vae; got 0.50, vae 0.49, met on 0 of 2 seeds";
        (row.entry, row.note) = ("expect".into(), Some(note.into()));
    }
    let pair = |target: &str| PairedComparison {
        target: target.into(),
        dataset: "digits".into(),
        paper_dataset: None,
        metric: "rate".into(),
        protocol: "rate.gaussian".into(),
        unit: "nats".into(),
        direction: Direction::Neither,
        method: "vae".into(),
        other: "vimae_n".into(),
        n: 3,
        difference: 1.0,
        interval: None,
        t: None,
        p_t: None,
        p_t_holm: None,
        p_permutation: None,
        p_permutation_floor: None,
        p_permutation_holm: None,
        exact: true,
    };
    made_up.comparisons.pairs = ["made_up", "figure6", "figure1", "table3"].map(pair).into();
    let html = page(&made_up.input()).unwrap();
    assert!(html.contains("<p class=\"quiet\">βH-VAE did not converge</p>"));
    let said = "expected reconstruction of VIMAE-l better than VAE; got 0.50, VAE 0.49, met on 0 of 2 seeds";
    assert!(between(&html, "<article id=\"made-up\">", "</article>").contains(said), "{html}");
    let (_, pairs) = html.split_once("<h3>Methods in pairs</h3>").unwrap();
    let order: Vec<&str> = pairs.split(": 1 pair</summary>").take(4).map(|part| part.rsplit("<summary>").next().unwrap()).collect();
    assert_eq!(order, ["Table 3", "Figure 1", "Figure 6", "Digits, narrow convolutions"]);
}
