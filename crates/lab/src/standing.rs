//! What the runs of a plan have to show: records, or the reason why there is none.

use std::path::Path;

use vimae_spec::{Cell, PaperClaim, RunRecord, RunSpec, State, Status, sha256_hex};

use crate::{
    Layout, Plan,
    record::{Found, damaged_files},
    schedule::{Ends, Node},
    stored::read,
};

/// A run of a plan without a record that counts.
pub(crate) struct Missing<'a> {
    pub(crate) node: &'a Node,
    /// Why.
    pub(crate) problem: String,
    /// Whether the same command goes on with it.
    pub(crate) left: bool,
}

/// The runs of a plan.
#[derive(Default)]
pub(crate) struct Standing<'a> {
    /// Those with a record.
    pub(crate) records: Vec<(&'a Node, RunRecord)>,
    /// Those without.
    pub(crate) missing: Vec<Missing<'a>>,
    /// Runs of earlier plans in the same directory, with their records under the names that they have beside the others.
    pub(crate) earlier: Vec<(&'a Node, RunRecord)>,
    /// Values of an earlier report, of runs whose record no longer counts.
    pub(crate) kept: Vec<Cell>,
    /// What a reader should know.
    pub(crate) notes: Vec<String>,
}

impl<'a> Standing<'a> {
    /// What there is in `out` of the runs of `plan`, of which `ends` says how the last attempt went.
    pub(crate) fn of(plan: &'a Plan, ends: &Ends, out: &Path) -> Self {
        let mut standing = Self::default();
        let results = Layout::new(out).results();
        let before: Vec<Cell> = read(&results).unwrap_or_else(|error| {
            if results.exists() {
                standing.notes.push(format!("{error}; what it held of runs without a record is lost"));
            }
            Vec::new()
        });
        for (node, end) in plan.nodes.iter().zip(ends) {
            let folder = node.folder(out);
            let found =
                if plan.waits_to_start_over(node, out) { Found::Nothing } else { Found::of(&node.spec, &node.data_sha256, &folder) };
            let (problem, left) = match found {
                Found::Same(record) => {
                    standing.look_beside(node, &record, out);
                    standing.records.push((node, *record));
                    continue;
                }
                // The same run by other code: shown, and said to be so.
                Found::Other(record, why) if record.spec_sha256 == node.spec.sha256() && record.data_sha256 == node.data_sha256 => {
                    standing.notes.push(why);
                    standing.records.push((node, of_version(*record)));
                    continue;
                }
                Found::Other(_, why) => (why, false),
                Found::Damaged(error) => (error.to_string(), false),
                Found::Nothing => why(end.as_ref()),
            };
            let own = before.iter().filter(|cell| is_of(cell, &node.spec)).cloned();
            let kept = standing.kept.len();
            standing.kept.extend(own);
            let stays = if standing.kept.len() > kept { "; its values of an earlier report stay in the results" } else { "" };
            standing.missing.push(Missing { node, problem: problem + stays, left });
        }
        let left_out = |node| Missing { node, problem: "left out: it did not fit into the time allowed".into(), left: false };
        standing.missing.extend(plan.left_out.iter().map(left_out));
        standing.missing.extend(plan.refused.iter().map(|(node, problem)| Missing { node, problem: problem.clone(), left: false }));
        for node in &plan.earlier {
            if let Found::Same(mut record) | Found::Other(mut record, _) = Found::of(&node.spec, &node.data_sha256, &node.folder(out))
                && record.spec_sha256 == node.spec.sha256()
            {
                record.spec.method = plan.name_of_earlier(node);
                standing.earlier.push((node, *record));
            }
        }
        standing
    }

    /// Names the damaged files beside a record, and weights that are damaged or gone.
    fn look_beside(&mut self, node: &Node, record: &RunRecord, out: &Path) {
        let damaged = damaged_files(&node.folder(out), record);
        self.notes.extend(damaged.into_iter().map(|(path, problem)| format!("{}: {problem}; {}", path.display(), RunRecord::AGAIN)));
        let (folder, weights) = (node.folder(out), node.folder(out).model());
        let word = match std::fs::read(&weights) {
            Ok(bytes) if sha256_hex(&bytes) != record.weights_sha256 => {
                "is not as it was when the run finished: remove it, and the same command makes it again"
            }
            Err(_) if folder.lacks_weights() => "is gone; the same command makes it again from the last checkpoint",
            // A run that the repository keeps has none.
            _ => return,
        };
        self.notes.push(format!("{}: {word}", weights.display()));
    }
}

/// A record of another version, each of whose values says so.
fn of_version(mut record: RunRecord) -> RunRecord {
    let said = format!("measured by version {}", record.version);
    for measurement in &mut record.measurements {
        measurement.note = Some(measurement.note.take().map_or_else(|| said.clone(), |note| format!("{note}; {said}")));
    }
    record
}

/// Whether a value of an earlier report is of this run. What was decided by several runs is decided again.
fn is_of(cell: &Cell, spec: &RunSpec) -> bool {
    cell.spec_sha256 == spec.sha256() && cell.method == spec.method && cell.measurement.entry != PaperClaim::ENTRY
}

/// Why a run has no record, and whether the same command goes on with it.
fn why(end: Option<&Status>) -> (String, bool) {
    match end {
        Some(Status { problem: Some(problem), state, .. }) => (problem.clone(), *state != State::Failed),
        Some(Status { state: State::Finished, .. }) => ("its record.json is gone; the same command measures it again".into(), true),
        Some(Status { state: State::Running, doing, done, of, .. }) => (format!("still running: {doing} {done} of {of}"), true),
        Some(Status { doing, done, of, .. }) => (format!("stopped at {doing} {done} of {of}; the same command goes on from there"), true),
        None => ("not begun; the same command begins it".into(), true),
    }
}
