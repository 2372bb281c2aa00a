//! Estimates against counts by hand.

use super::*;

fn node(experiment: usize) -> Node {
    let spec = crate::cells::tests::record("vae", 0, "rate", 1.0).spec;
    Node { spec, data_sha256: String::new(), experiments: vec![experiment], folder: "a/b".into(), found: false, command: String::new() }
}

fn status(doing: &str, done: u64, from: Option<u64>, updated: u64) -> Status {
    Status {
        state: State::Running,
        doing: doing.into(),
        done,
        of: 100,
        loss: None,
        from,
        saved: None,
        attempt: 1,
        problem: None,
        again: false,
        notes: Vec::new(),
        process: 1,
        host: String::new(),
        device: "cpu".into(),
        began: 1000,
        updated,
    }
}

fn cost(training_seconds: f64, evaluation_seconds: f64) -> Option<Cost> {
    Some(Cost { steps: 100, training_seconds, evaluation_seconds, memory_bytes: 0 })
}

/// A finished run that took so long to train all its steps and to evaluate.
fn took(owner: usize, foretold: Option<Cost>, training: f64, evaluation: f64) -> Took {
    let foretold = foretold.map_or(Work::ALIKE, |cost| Work::of(&cost).unwrap());
    Took { owner: Some(owner), foretold, training, whole: training, evaluation }
}

fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn rounded(estimate: Option<Estimate>) -> Option<(f64, Option<f64>)> {
    estimate.map(|estimate| (round(estimate.seconds), estimate.done.map(round)))
}

#[test]
fn what_is_left_is_what_finished_runs_took_less_what_is_done() {
    let nodes = [node(0)];
    let mut known = TimeLeft::of(&[None]);
    assert_eq!(known.estimate(&nodes, &[None]), None);
    known.took.push(took(0, None, 10.0, 90.0));
    let left = |status: Option<Status>| rounded(known.estimate(&nodes, &[status])).unwrap();
    assert_eq!(left(None), (100.0, Some(0.0)));
    assert_eq!(left(Some(status("training", 50, Some(0), 1005))), (95.0, Some(0.05)));
    assert_eq!(left(Some(status("codes", 3, Some(0), 1040))), (60.0, Some(0.4)));
    assert_eq!(left(Some(status("codes", 3, Some(90), 1001))), (90.0, Some(0.1)));
    assert_eq!(left(Some(Status { state: State::Finished, ..status("codes", 3, None, 1001) })), (0.0, Some(1.0)));
}

#[test]
fn runs_on_other_data_take_what_the_cost_model_says_beside_those_that_finished() {
    let (small, large) = (cost(10.0, 5.0), cost(1_000.0, 100.0));
    let (nodes, costs) = ([node(0), node(0), node(1)], [small, small, large]);
    let mut known = TimeLeft::of(&costs);
    // Training took twice as long as it says, evaluation as long.
    known.took.push(took(0, small, 20.0, 5.0));
    let finished = Some(Status { state: State::Finished, ..status("codes", 3, Some(0), 1_025) });
    let (seconds, done) = rounded(known.estimate(&nodes, &[finished.clone(), None, None])).unwrap();
    assert_eq!((seconds, done), (25.0 + 2_100.0, Some(round(25.0 / 2_150.0))));
    // Once one on those data has finished, its own times count for them.
    known.took.push(took(1, large, 500.0, 300.0));
    assert_eq!(rounded(known.estimate(&nodes, &[finished.clone(), None, None])).unwrap().0, 25.0 + 800.0);
    // Where the model cannot tell of one, all count alike.
    let mut known = TimeLeft::of(&[small, small, None]);
    known.took.push(took(0, None, 20.0, 5.0));
    assert_eq!(rounded(known.estimate(&nodes, &[finished, None, None])).unwrap().0, 50.0);
}

#[test]
fn a_slower_machine_makes_what_is_left_longer() {
    let cost = cost(100.0, 50.0);
    let (nodes, mut known) = ([node(0), node(0)], TimeLeft::of(&[cost, cost]));
    // Two seconds a step.
    known.took.push(took(0, cost, 200.0, 50.0));
    let mut left = |done, updated| {
        let now = status("training", done, Some(0), updated);
        known.see(0, &now);
        rounded(known.estimate(&nodes, &[Some(now), None])).unwrap().0
    };
    assert_eq!(left(0, 1_000), 500.0);
    // Two seconds say nothing yet.
    assert_eq!(left(1, 1_002), 498.0);
    // Ten seconds a step.
    assert_eq!(left(10, 1_100), 5.0 * (180.0 + 50.0 + 250.0));
    // As fast as the other from here on: when two minutes have passed no others count.
    assert_eq!(left(40, 1_160), 2.0 * (120.0 + 50.0 + 250.0));
    assert_eq!(left(70, 1_220), 60.0 + 50.0 + 250.0);
}

#[test]
fn before_a_run_has_finished_its_pace_says_how_long_all_train() {
    let (nodes, costs) = ([node(0), node(1)], [cost(10.0, 5.0), cost(40.0, 500.0)]);
    let mut known = TimeLeft::of(&costs);
    let begun = status("training", 0, Some(0), 1_000);
    known.see(0, &begun);
    assert_eq!(known.estimate(&nodes, &[Some(begun), None]), None);
    // One step a second: ten times what the model says.
    let half = status("training", 50, Some(0), 1_050);
    known.see(0, &half);
    assert_eq!(rounded(known.estimate(&nodes, &[Some(half.clone()), None])), Some((50.0 + 400.0, None)));
    // Two at a time.
    assert_eq!(rounded(known.estimate(&nodes, &[Some(half), Some(status("starting", 0, None, 1_000))])), Some((225.0, None)));
}

#[test]
fn early_stopping_is_no_sign_of_a_fast_machine() {
    let (nodes, small) = ([node(0), node(0)], cost(10.0, 5.0));
    let mut known = TimeLeft::of(&[small, small]);
    // It took a quarter of its steps, at the pace that the model says; the other trains as fast.
    known.took.push(Took { training: 2.5, ..took(0, small, 10.0, 5.0) });
    for (done, updated) in [(0, 1_000), (50, 1_005)] {
        known.see(0, &status("training", done, Some(0), updated));
    }
    let left = known.estimate(&nodes, &[Some(status("training", 50, Some(0), 1_005)), None]);
    assert_eq!(rounded(left).unwrap().0, 1.25 + 5.0 + 7.5);
}

#[test]
fn a_stopped_run_has_its_other_steps_left() {
    fn left<'a>(runs: &[(&'a Node, Option<&'a Status>)]) -> f64 {
        seconds_of_training_left(runs.iter().copied()).unwrap()
    }
    let stopped = |doing: &str, done, from, updated| Status { state: State::Stopped, ..status(doing, done, from, updated) };
    let (own, other) = (node(0), node(1));
    // At one step in 0.1 s.
    let trained = stopped("training", 50, Some(0), 1005);
    assert_eq!(left(&[(&own, Some(&trained))]), 5.0);
    assert_eq!(left(&[(&own, Some(&trained)), (&own, None)]), 15.0);
    assert_eq!(left(&[(&own, Some(&trained)), (&own, Some(&stopped("codes", 3, None, 1009)))]), 5.0);
    assert_eq!(left(&[(&own, Some(&trained)), (&own, Some(&Status { of: 0, ..stopped("starting", 0, None, 1000) }))]), 15.0);
    // Of an experiment whose pace nobody knows: a quarter of a run like the others.
    assert_eq!(left(&[(&own, Some(&trained)), (&other, Some(&stopped("training", 75, None, 1000)))]), 7.5);
}

#[test]
fn the_pace_is_that_of_the_run_that_was_heard_of_last() {
    fn left<'a>(runs: &[(&'a Node, Option<&'a Status>)]) -> Option<f64> {
        seconds_of_training_left(runs.iter().copied())
    }
    let own = node(0);
    let stopped = |done, updated| Status { state: State::Stopped, ..status("training", done, Some(0), updated) };
    // Ten seconds a step until it was stopped; then another, which comes before it in the plan, at one in 0.1 s.
    let (before, now) = (stopped(50, 1_500), Status { began: 2_000, ..status("training", 50, Some(0), 2_005) });
    for runs in [[(&own, Some(&now)), (&own, Some(&before))], [(&own, Some(&before)), (&own, Some(&now))]] {
        assert_eq!(left(&runs), Some(10.0));
    }
    // Taken up again, it has done nothing yet: its place is not known before it goes on.
    let again = Status { of: 0, ..status("starting", 0, None, 2_006) };
    assert_eq!(left(&[(&own, Some(&now)), (&own, Some(&again))]), Some(15.0 / 2.0));
    // So has one whose encoder comes to the prior first.
    let first = status(PRETRAINING, 3, None, 2_006);
    assert_eq!(left(&[(&own, Some(&now)), (&own, Some(&first))]), Some(15.0 / 2.0));
    // A run that failed on its way has a pace and nothing left.
    let failed = Status { state: State::Failed, ..stopped(50, 1_500) };
    let finished = Status { state: State::Finished, ..status("figures", 3, Some(0), 1_600) };
    assert_eq!(left(&[(&own, Some(&failed)), (&own, Some(&finished))]), None);
}
