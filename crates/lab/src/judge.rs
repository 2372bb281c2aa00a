//! Results judged: what a reproduction came to beside the paper.

use std::path::Path;

use vimae_checkpoint::atomic;
use vimae_spec::{Cell, Comparisons, Decision, Paper, PaperClaim, SummaryRow, Verdict};

use crate::{
    Layout, Outcome, Result, cells, claims, comparisons,
    stored::{json, read},
    summary::over_seeds,
};

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
    let summary = over_seeds(&cells);
    let comparisons = comparisons::of(&cells, &summary, claims.verdicts);
    atomic::write(&layout.comparisons(), &json(&comparisons)?)?;
    atomic::write(&layout.results(), &json(&cells::written(&cells))?)?;
    atomic::write(&layout.summary(), &json(&summary)?)?;
    Ok(tally(&summary, &comparisons))
}

impl Outcome {
    /// How many of the values that the paper prints agree, and how many of its claims hold.
    pub fn tally(&self) -> String {
        tally(&self.summary, &self.comparisons)
    }
}

fn tally(summary: &[SummaryRow], comparisons: &Comparisons) -> String {
    let verdicts: Vec<Verdict> = summary.iter().filter_map(|row| row.verdict).collect();
    let of = |verdict| verdicts.iter().filter(|found| **found == verdict).count();
    let came = |decision| comparisons.claims.iter().filter(|claim| claim.decision == decision).count();
    let values = format!(
        "of {} values that the paper prints {} agree, {} differ, {} are undecided",
        verdicts.len(),
        of(Verdict::Agrees),
        of(Verdict::Differs),
        of(Verdict::Undecided),
    );
    match comparisons.claims.len() {
        0 => values,
        count => format!(
            "{values}; of {count} claims {} hold, {} do not, {} are undecided",
            came(Decision::Holds),
            came(Decision::Fails),
            came(Decision::Undecided)
        ),
    }
}
