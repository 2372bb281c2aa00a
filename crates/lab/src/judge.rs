//! Results judged: what a reproduction came to beside the paper.

use std::path::Path;

use vimae_spec::{Cell, ClaimTally, Comparisons, Paper, PaperClaim, SummaryRow, ValueTally};

use crate::{Layout, Outcome, Result, cells, claims, counted::counted, gather::write_tables, stored::read};

/// Judges the results in `folder` again, by the paper's numbers at hand: claims, summary and comparisons are made anew from
/// `results.json` and written there. Returns the tally.
///
/// # Errors
/// Where `results.json` is absent or damaged, or files cannot be written.
pub fn judge(folder: &Path, paper: &Paper) -> Result<String> {
    let layout = Layout::new(folder);
    let mut cells: Vec<Cell> = read(&layout.results())?;
    cells.retain(|cell| cell.measurement.entry != PaperClaim::ENTRY);
    cells::hold_against(&mut cells, paper);
    let claims = claims::of(&cells, paper);
    cells.extend(claims.cells);
    let (summary, comparisons) = write_tables(&layout, &cells, claims.verdicts)?;
    Ok(tally(&summary, &comparisons))
}

impl Outcome {
    /// What the values that the paper prints and its claims came to.
    pub fn tally(&self) -> String {
        tally(&self.summary, &self.comparisons)
    }
}

fn tally(summary: &[SummaryRow], comparisons: &Comparisons) -> String {
    let (values, claims) = (ValueTally::of(summary), ClaimTally::of(&comparisons.claims));
    let judged = if values.none_is_judged() { "none is judged: " } else { "" };
    let values = format!("of {} that the paper prints {judged}{}", counted(values.all(), "value"), values.words());
    let decided = if claims.decided() == 0 { "none is decided: " } else { "" };
    match claims.all() {
        0 => values,
        all => format!("{values}; of {} {decided}{}", counted(all, "claim"), claims.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cells::tests::record, stored::json};

    /// The tally of two methods on so many seeds, of which the paper has one number and one claim.
    fn of_seeds(seeds: u64) -> String {
        let text = r#"
            [table3]
            title = "t"
            dataset = "mnist"
            [[table3.rows]]
            label = "a"
            metric = "rate"
            protocols = ["p"]
            tolerance = 1.0
            values = { vae = 5 }
            [[table3.claims]]
            name = "least"
            text = "vae has the least"
            metrics = ["rate"]
            protocols = ["p"]
            best = "vae"
            than = ["rae"]
        "#;
        let paper = Paper::parse(text, Path::new("targets.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let cell = |method: &str, seed: u64, value: f64| {
            let record = record(method, seed, "rate", value);
            Cell { paper_dataset: Some("mnist".into()), ..cells::bare("table3", &record, &record.measurements[0]) }
        };
        let noise = |seed: u64| 0.1 * (seed % 3) as f64;
        let cells: Vec<Cell> =
            (0..seeds).flat_map(|seed| [cell("vae", seed, 5.0 + noise(seed)), cell("rae", seed, 9.0 - noise(seed))]).collect();
        std::fs::write(folder.path().join("results.json"), json(&cells::written(&cells)).unwrap()).unwrap();
        judge(folder.path(), &paper).unwrap()
    }

    #[test]
    fn one_seed_is_said_to_decide_nothing_and_several_what_they_decide() {
        let none = "of 1 value that the paper prints none is judged: one seed has no interval to judge by; \
                    of 1 claim none is decided: one seed decides none (it takes 5 or more)";
        assert_eq!(of_seeds(1), none);
        let some = "of 1 value that the paper prints 1 agrees, 0 differ, 0 are undecided; \
                    of 1 claim 1 holds, 0 do not hold, 0 are undecided";
        assert_eq!(of_seeds(6), some);
    }
}
