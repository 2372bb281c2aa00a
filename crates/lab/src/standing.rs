//! What the runs of a plan have to show: records, or the reason why there is none.

use std::path::Path;

use vimae_spec::{Cell, PaperClaim, RunRecord, RunSpec, State, Status, sha256_of_file};

use crate::{
    Layout, Plan,
    counted::counted,
    record::{Found, damaged_files},
    schedule::{Ends, Node, is_copy},
    stored::read,
};

/// A run of a plan that is not finished.
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
    /// Those without one, and those whose last attempt was not finished beside an older record.
    pub(crate) missing: Vec<Missing<'a>>,
    /// Runs of earlier plans in the same directory, with their records under the names that they have beside the others.
    pub(crate) earlier: Vec<(&'a Node, RunRecord)>,
    /// Values of an earlier report, of runs whose record no longer counts.
    pub(crate) kept: Vec<Cell>,
    /// Runs that were taken over from kept results and lack files that these lack.
    pub(crate) taken_over: usize,
    /// What a reader should know.
    pub(crate) notes: Vec<String>,
}

impl<'a> Standing<'a> {
    /// What there is in `out` of the runs of `plan`, of which `ends` says how the last attempt went. `kept`: where the repository keeps
    /// runs of the profile.
    pub(crate) fn of(plan: &'a Plan, ends: &Ends, (out, kept): (&Path, &Layout)) -> Self {
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
            // How this call's attempt went counts, whatever an earlier one left in the folder.
            let ended = unfinished(end.as_ref());
            let (problem, left) = match found {
                Found::Same(record) => {
                    standing.look_beside(node, &record, (out, kept));
                    standing.records.push((node, *record));
                    let ended = ended.filter(|_| folder.lacks_weights());
                    standing.missing.extend(ended.map(|(problem, left)| Missing { node, problem, left }));
                    continue;
                }
                // The same run by other code: shown, and said to be so.
                Found::Other(record, why) if record.spec_sha256 == node.spec.sha256() && record.data_sha256 == node.data_sha256 => {
                    standing.notes.push(why);
                    standing.records.push((node, of_version(*record)));
                    standing.missing.extend(ended.map(|(problem, left)| Missing { node, problem, left }));
                    continue;
                }
                // Nobody has begun to measure it by the evaluation that is asked for now.
                Found::Other(record, why) if record.spec_sha256 != node.spec.sha256() => {
                    ended.unwrap_or_else(|| (format!("{why}; the same command measures it again"), true))
                }
                Found::Other(_, why) => ended.unwrap_or((why, false)),
                Found::Damaged(error) => (error.to_string(), false),
                Found::Nothing => ended.unwrap_or_else(|| ("its record.json is gone; the same command measures it again".into(), true)),
            };
            let own = before.iter().filter(|cell| is_of(cell, &node.spec)).cloned();
            let had = standing.kept.len();
            standing.kept.extend(own);
            let stays = if standing.kept.len() > had { "; its values of an earlier report stay in the results" } else { "" };
            standing.missing.push(Missing { node, problem: problem + stays, left });
        }
        let left_out = |node| Missing { node, problem: "left out: it did not fit into the time allowed".into(), left: true };
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

    /// Names the damaged files beside a record, and weights that are damaged or gone. Kept results lack files on purpose.
    fn look_beside(&mut self, node: &Node, record: &RunRecord, (out, kept): (&Path, &Layout)) {
        let (folder, weights) = (node.folder(out), node.folder(out).model());
        let mut damaged = damaged_files(&folder, record);
        if damaged.iter().any(|(path, _)| !path.exists()) && is_copy(kept, node, &folder) {
            self.taken_over += 1;
            damaged.retain(|(path, _)| path.exists());
        }
        self.notes.extend(damaged.into_iter().map(|(path, problem)| format!("{}: {problem}; {}", path.display(), RunRecord::AGAIN)));
        let word = match sha256_of_file(&weights) {
            Ok(found) if found != record.weights_sha256 => {
                "is not as it was when the run finished: remove it, and the same command makes it again"
            }
            Err(_) if folder.lacks_weights() => "is gone; the same command makes it again from the last checkpoint",
            // A run that the repository keeps has none.
            _ => return,
        };
        self.notes.push(format!("{}: {word}", weights.display()));
    }
}

/// What to tell of runs that were taken over without all of their files; none where there is none.
pub(crate) fn of_taken_over(runs: usize) -> Option<String> {
    let were = if runs == 1 { "was" } else { "were" };
    (runs > 0).then(|| format!("{} {were} taken over from kept results, without weights and images", counted(runs, "run")))
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

/// What keeps an attempt from being finished, and whether the same command goes on with it; none of one that is.
fn unfinished(end: Option<&Status>) -> Option<(String, bool)> {
    Some(match end {
        Some(Status { state: State::Finished, .. }) => return None,
        Some(Status { problem: Some(problem), state, .. }) => (problem.clone(), *state != State::Failed),
        Some(Status { state: State::Running, doing, done, of, .. }) => (format!("still running: {doing} {done} of {of}"), true),
        Some(status) => {
            let Status { doing, done, of, .. } = status;
            let from = match status.resumes_at() {
                Some(step) => format!(" from step {step}"),
                None if doing == Status::TRAINING => String::new(),
                None => " from there".into(),
            };
            (format!("stopped at {doing} {done} of {of}; the same command goes on{from}"), true)
        }
        None => ("not begun; the same command goes on".into(), true),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vimae_spec::Experiment;

    use super::*;
    use crate::{
        RunFolder, cells,
        record::{VERSION, write_record},
        schedule::plan::tests::{self as plans, plan},
    };

    /// A record as a run of this version leaves it.
    fn record() -> RunRecord {
        let record = cells::tests::record("vae", 0, "rate", 5.0);
        RunRecord { spec_sha256: record.spec.sha256(), data_sha256: "data".into(), version: VERSION.into(), ..record }
    }

    fn end(state: State, problem: Option<&str>) -> Option<Status> {
        let status = json!({
            "state": state, "problem": problem, "doing": "rate", "done": 2, "of": 5, "loss": null, "from": null, "attempt": 1,
            "again": false, "notes": [], "process": 1, "host": "", "device": "cpu", "began": 0, "updated": 0,
        });
        Some(serde_json::from_value(status).unwrap())
    }

    #[test]
    fn a_run_that_was_stopped_in_its_training_goes_on_from_its_last_checkpoint() {
        let at = |doing: &str, saved: Option<u64>| {
            let status = end(State::Stopped, None).map(|status| Status { doing: doing.into(), saved, ..status });
            unfinished(status.as_ref()).unwrap().0
        };
        assert_eq!(at("training", Some(1)), "stopped at training 2 of 5; the same command goes on from step 1");
        assert_eq!(at("training", None), "stopped at training 2 of 5; the same command goes on");
        assert_eq!(at("rate", Some(1)), "stopped at rate 2 of 5; the same command goes on from there");
    }

    fn node() -> Node {
        Node { data_sha256: "data".into(), ..plans::node(&record().spec) }
    }

    #[test]
    fn a_run_that_did_not_fit_into_the_time_is_left_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let mut plan = plan(Vec::new(), Vec::new());
        plan.left_out.push(node());
        let kept = Layout::new(folder.path().join("kept"));
        let missing = Standing::of(&plan, &Ends::new(), (folder.path(), &kept)).missing;
        assert!(missing.len() == 1 && missing[0].left && missing[0].problem.contains("did not fit"), "{}", missing[0].problem);
    }

    /// How many records are shown and what is missing, where the folder of the run of [`record`] holds the record `older`, and the
    /// last attempt at it ended so.
    fn standing(older: &RunRecord, end: Option<Status>, prepare: impl Fn(&RunFolder)) -> (usize, Vec<(String, bool)>) {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan(Vec::new(), vec![node()]);
        let run = plan.nodes[0].folder(folder.path());
        std::fs::create_dir(run.path()).unwrap();
        write_record(&run, older).unwrap();
        prepare(&run);
        let kept = Layout::new(folder.path().join("kept"));
        let standing = Standing::of(&plan, &vec![end], (folder.path(), &kept));
        (standing.records.len(), standing.missing.into_iter().map(|missing| (missing.problem, missing.left)).collect())
    }

    #[test]
    fn an_attempt_that_failed_or_was_stopped_counts_beside_an_older_record() {
        let nothing = |_: &RunFolder| {};
        let stopped = || ("stopped at rate 2 of 5; the same command goes on from there".to_owned(), true);
        let failed = || ("no memory".to_owned(), false);
        let attempts = || [(end(State::Stopped, None), stopped()), (end(State::Failed, Some("no memory")), failed())];

        // Of another version: shown all the same.
        let version = RunRecord { version: "0.0.9".into(), ..record() };
        for (end, said) in attempts() {
            assert_eq!(standing(&version, end, nothing), (1, vec![said]));
        }
        let not_begun = ("not begun; the same command goes on".to_owned(), true);
        assert_eq!(standing(&version, None, nothing), (1, vec![not_begun]));
        assert_eq!(standing(&version, end(State::Finished, None), nothing), (1, vec![]));

        // Of another evaluation, and of other data.
        let mut evaluation = record();
        evaluation.spec.evaluation.labels = 7;
        evaluation.spec_sha256 = evaluation.spec.sha256();
        let data = RunRecord { data_sha256: "other".into(), ..record() };
        for older in [&evaluation, &data] {
            for (end, said) in attempts() {
                assert_eq!(standing(older, end, nothing), (0, vec![said]));
            }
        }
        for (older, left) in [(&evaluation, true), (&data, false)] {
            let (shown, missing) = standing(older, end(State::Finished, None), nothing);
            assert!(shown == 0 && missing.len() == 1 && missing[0].0.contains("plan.json") && missing[0].1 == left, "{missing:?}");
        }
    }

    fn experiment(name: &str, targets: &[&str]) -> Experiment {
        let mut experiment = plans::experiment(name, &[]);
        experiment.targets = targets.iter().map(|target| (*target).to_owned()).collect();
        experiment
    }

    /// A run of the experiment at place `owner`.
    fn run(owner: usize, seed: u64, epochs: u64) -> Node {
        let mut node = Node { experiments: vec![owner], ..node() };
        (node.spec.seed, node.spec.training.epochs) = (seed, epochs);
        node
    }

    /// The names of the methods of the runs `earlier` of the experiments `before`, beside the runs `now` of the experiment `own`.
    fn names(own: Experiment, now: &[Node], before: &[Experiment], earlier: &[Node]) -> Vec<String> {
        let mut plan = plan(vec![own], now.to_vec());
        (plan.earlier_experiments, plan.earlier) = (before.to_vec(), earlier.to_vec());
        plan.earlier.iter().map(|node| plan.name_of_earlier(node)).collect()
    }

    #[test]
    fn an_earlier_run_keeps_its_methods_name_but_where_another_has_it_in_the_same_tables() {
        let names_on = |dataset: &str, own: (&str, &[&str]), epochs: u64| {
            let mut here = run(0, 0, epochs);
            here.spec.dataset.name = dataset.into();
            names(experiment(own.0, own.1), &[here], &[experiment("codes", &["figure1"])], &[run(0, 0, 3), run(0, 1, 3)])
        };
        let dataset = record().spec.dataset.name;
        let names = |own, epochs| names_on(&dataset, own, epochs);
        // Another experiment has tables of its own, one table keeps its data sets apart, and more seeds of one run are no other run.
        assert_eq!(names_on("another", ("mnist", &["figure1"][..]), 9), ["vae", "vae"]);
        assert_eq!(names(("mnist", &["figure6"][..]), 9), ["vae", "vae"]);
        assert_eq!(names(("codes", &["figure1"][..]), 3), ["vae", "vae"]);
        for other in [("codes", &[][..]), ("small", &["figure1"][..])] {
            let found = names(other, 9);
            assert!(found[0].starts_with("vae-") && found[0] == found[1], "{found:?}");
        }
    }

    #[test]
    fn two_earlier_versions_of_a_method_that_the_file_has_no_more_are_named_apart() {
        let own = || experiment("mix", &[]);
        let before = [own(), own()];
        let found = names(own(), &[], &before, &[run(0, 0, 1), run(1, 1, 6), run(1, 0, 6)]);
        assert!(found.iter().all(|name| name.starts_with("vae-")) && found[0] != found[1] && found[1] == found[2], "{found:?}");
        // What was evaluated otherwise is of the same training.
        let mut other = run(1, 1, 1);
        other.spec.evaluation.labels = 7;
        let found = names(own(), &[], &before, &[run(0, 0, 1), other]);
        assert!(found.iter().all(|name| name.starts_with("vae-")) && found[0] != found[1], "{found:?}");
        // One version alone needs no other name, nor do those of two experiments.
        assert_eq!(names(own(), &[], &before, &[run(1, 0, 6), run(1, 1, 6)]), ["vae", "vae"]);
        let apart = [own(), experiment("another", &[])];
        assert_eq!(names(own(), &[], &apart, &[run(0, 0, 1), run(1, 0, 6)]), ["vae", "vae"]);
    }

    #[test]
    fn an_attempt_to_make_weights_again_counts_where_they_are_still_gone() {
        let checkpoint = |run: &RunFolder| std::fs::write(run.path().join("checkpoint.safetensors"), "").unwrap();
        let failed = || end(State::Failed, Some("damaged"));
        assert_eq!(standing(&record(), failed(), checkpoint), (1, vec![("damaged".to_owned(), false)]));
        assert_eq!(standing(&record(), end(State::Finished, None), checkpoint), (1, vec![]));
        assert_eq!(standing(&record(), failed(), |_| {}), (1, vec![]));
    }

    #[test]
    fn a_run_that_was_taken_over_lacks_files_on_purpose_and_another_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (out, kept) = (folder.path().join("out"), Layout::new(folder.path().join("kept")));
        let plan = plan(Vec::new(), vec![node()]);
        let (run, from) = (plan.nodes[0].folder(&out), plan.nodes[0].folder(kept.root()));
        let record = RunRecord { files: [("samples.png".to_owned(), "0".repeat(64))].into(), ..record() };
        for folder in [&run, &from] {
            std::fs::create_dir_all(folder.path()).unwrap();
            write_record(folder, &record).unwrap();
        }
        let looked = || {
            let standing = Standing::of(&plan, &vec![end(State::Finished, None)], (out.as_path(), &kept));
            let damaged = standing.notes.iter().filter(|note| note.contains("samples.png") && note.ends_with(RunRecord::AGAIN));
            (standing.taken_over, damaged.count(), standing.notes.len())
        };
        assert_eq!(looked(), (1, 0, 0));
        // What is there and was changed is damaged.
        let image = run.path().join("samples.png");
        std::fs::write(&image, "").unwrap();
        assert_eq!(looked(), (0, 1, 1));
        std::fs::remove_file(&image).unwrap();
        // So is what is gone of a run that was trained here, or that nobody keeps.
        std::fs::write(run.path().join("checkpoint.safetensors"), "").unwrap();
        assert_eq!(looked().1, 1);
        std::fs::remove_file(run.path().join("checkpoint.safetensors")).unwrap();
        std::fs::remove_file(from.record()).unwrap();
        assert_eq!(looked(), (0, 1, 1));
    }

    #[test]
    fn runs_that_were_taken_over_are_told_in_one_line() {
        assert_eq!(of_taken_over(0), None);
        assert_eq!(of_taken_over(1).unwrap(), "1 run was taken over from kept results, without weights and images");
        assert_eq!(of_taken_over(71).unwrap(), "71 runs were taken over from kept results, without weights and images");
    }
}
