//! About how long the runs of a plan take yet.
//!
//! The cost model says how unlike runs compare, those that finished how far it is from the truth here, and those under way how fast
//! the machine is now.

use std::collections::BTreeMap;

use vimae_trainer::PRETRAINING;

use crate::{Cost, Node, RunFolder, State, Status, record::read_record};

/// What is known of the runs of a plan.
pub(crate) struct TimeLeft {
    /// What each run takes by the cost model; alike where it cannot tell of all.
    foretold: Vec<Work>,
    /// How fast each trained when it was last seen to.
    paces: Vec<Option<Pace>>,
    /// How long those took that finished meanwhile.
    took: Vec<Took>,
}

/// What is left of a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    /// Seconds, with as many runs at a time as now.
    pub(crate) seconds: f64,
    /// The share of all work that is done. None where the seconds are those of training alone: an evaluation may take ten times as
    /// long as a short training, and until a run has finished nobody knows.
    pub(crate) done: Option<f64>,
}

/// What a run takes by the cost model.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Work {
    training: f64,
    evaluation: f64,
    /// None where the model cannot tell.
    steps: Option<u64>,
}

impl Work {
    const ALIKE: Self = Self { training: 1.0, evaluation: 1.0, steps: None };

    fn of(cost: &Cost) -> Option<Self> {
        let Cost { steps, training_seconds: training, evaluation_seconds: evaluation, .. } = *cost;
        let tells = [training, evaluation].iter().all(|seconds| seconds.is_finite() && *seconds > 0.0);
        tells.then_some(Self { training, evaluation, steps: Some(steps) })
    }
}

/// A finished run.
#[derive(Debug, Clone, Copy)]
struct Took {
    owner: Option<usize>,
    foretold: Work,
    training: f64,
    /// What all its steps would have taken, where early stopping ended it before the last.
    whole: f64,
    evaluation: f64,
}

/// Seconds that runs take for each that the cost model says.
#[derive(Debug, Clone, Copy)]
struct Slowness {
    training: f64,
    whole: f64,
    evaluation: f64,
}

impl Slowness {
    /// That of the finished runs of an experiment, or of all where none of it has finished; of the model where nothing has.
    fn of(took: &[Took], owner: Option<usize>) -> Self {
        let own: Vec<&Took> = took.iter().filter(|one| one.owner == owner).collect();
        let chosen = if own.is_empty() { took.iter().collect() } else { own };
        if chosen.is_empty() {
            return Self { training: 1.0, whole: 1.0, evaluation: 1.0 };
        }
        let sum = |of: fn(&Took) -> f64| chosen.iter().map(|one| of(one)).sum::<f64>();
        let foretold = sum(|one| one.foretold.training);
        Self {
            training: sum(|one| one.training) / foretold,
            whole: sum(|one| one.whole) / foretold,
            evaluation: sum(|one| one.evaluation) / sum(|one| one.foretold.evaluation),
        }
    }
}

/// The pace of a training over its last minute or two.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Time and step at two moments: the pace is that since the first, whose place the second takes in time.
    since: (u64, u64),
    next: (u64, u64),
    /// Seconds of all its steps at this pace; none before it has trained for a while.
    whole: Option<f64>,
}

impl Pace {
    /// Seconds that say something of a pace.
    const ENOUGH: u64 = 5;
    const MINUTE: u64 = 60;

    /// The pace with one more status of the run.
    fn after(before: Option<Self>, status: &Status) -> Option<Self> {
        if status.doing != "training" {
            return before;
        }
        let here = (status.updated, status.done);
        // Another attempt, or one that went back to a checkpoint, begins anew.
        let Some(mut pace) = before.filter(|pace| pace.next.1 <= status.done) else {
            return Some(Self { since: here, next: here, whole: None });
        };
        let (seconds, steps) = (here.0.saturating_sub(pace.since.0), here.1.saturating_sub(pace.since.1));
        if seconds >= Self::ENOUGH && steps > 0 {
            pace.whole = Some(seconds as f64 / steps as f64 * status.of as f64);
        }
        if here.0.saturating_sub(pace.next.0) >= Self::MINUTE {
            (pace.since, pace.next) = (pace.next, here);
        }
        Some(pace)
    }
}

impl TimeLeft {
    /// Of runs that take so much by the cost model, of which none was seen yet.
    pub(crate) fn of(costs: &[Option<Cost>]) -> Self {
        let foretold: Option<Vec<Work>> = costs.iter().map(|cost| Work::of(cost.as_ref()?)).collect();
        let foretold = foretold.unwrap_or_else(|| vec![Work::ALIKE; costs.len()]);
        Self { foretold, paces: vec![None; costs.len()], took: Vec::new() }
    }

    /// Hears how far the run at `index` is.
    pub(crate) fn see(&mut self, index: usize, status: &Status) {
        if let Some(pace) = self.paces.get_mut(index) {
            *pace = Pace::after(*pace, status);
        }
    }

    /// Hears that the run at `index` has finished, with its record in `folder`.
    pub(crate) fn finished(&mut self, index: usize, node: &Node, folder: &RunFolder) {
        let (Ok(record), Some(foretold)) = (read_record(&folder.record()), self.foretold.get(index)) else { return };
        let training = record.training_seconds;
        let whole = foretold.steps.map_or(training, |steps| training * steps as f64 / record.steps.max(1) as f64);
        self.took.push(Took { owner: owner(node), foretold: *foretold, training, whole, evaluation: record.evaluation_seconds });
    }

    /// What is left of the runs, each with how far it is; none before one was seen to train for a while.
    pub(crate) fn estimate(&self, nodes: &[Node], statuses: &[Option<Status>]) -> Option<Estimate> {
        let mut known: BTreeMap<Option<usize>, Slowness> = BTreeMap::new();
        let mut runs = Vec::with_capacity(nodes.len());
        for (((node, status), foretold), pace) in nodes.iter().zip(statuses).zip(&self.foretold).zip(&self.paces) {
            let slow = *known.entry(owner(node)).or_insert_with(|| Slowness::of(&self.took, owner(node)));
            runs.push((foretold, slow, status.as_ref(), pace));
        }
        let is_running = |status: &&Status| status.state == State::Running;
        // How much slower than those that finished the machine is now.
        let (mut seen, mut said) = (0.0, 0.0);
        for (foretold, slow, status, pace) in &runs {
            if let (Some(_), Some(whole)) = (status.filter(is_running), pace.and_then(|pace| pace.whole)) {
                seen += whole;
                said += foretold.training * slow.whole;
            }
        }
        let now = (seen > 0.0 && said > 0.0).then(|| seen / said);
        let any_finished = !self.took.is_empty();
        let now = if any_finished { now.unwrap_or(1.0) } else { now? };
        let (mut whole, mut left) = (0.0, 0.0);
        for (foretold, slow, status, _) in &runs {
            let training = foretold.training * slow.training;
            let evaluation = if any_finished { foretold.evaluation * slow.evaluation } else { 0.0 };
            whole += training + evaluation;
            left += match status {
                Some(status) if matches!(status.state, State::Finished | State::Failed) => 0.0,
                Some(status) if status.doing == "training" => training * (1.0 - status.done as f64 / status.of.max(1) as f64) + evaluation,
                // What comes once the training has taken steps is evaluation: how far it is, its time says.
                Some(status) if status.from.is_some() => {
                    let spent = status.updated.saturating_sub(status.began) as f64 / now;
                    (training + evaluation - spent).clamp(0.0, evaluation)
                }
                _ => training + evaluation,
            };
        }
        let running = runs.iter().filter(|(_, _, status, _)| status.as_ref().is_some_and(is_running)).count();
        let done = (any_finished && whole > 0.0).then(|| 1.0 - left / whole);
        Some(Estimate { seconds: left * now / running.max(1) as f64, done })
    }
}

/// The experiment that a run counts for.
fn owner(node: &Node) -> Option<usize> {
    node.experiments.first().copied()
}

/// About how long all runs will train yet, from the pace of those that took steps: runs of one experiment take equally many
/// and equally long ones; an experiment that nobody has begun is taken to be like the others. None where no run has
/// trained yet, and where no training is left.
pub(crate) fn seconds_of_training_left<'a>(runs: impl Iterator<Item = (&'a Node, Option<&'a Status>)> + Clone) -> Option<f64> {
    let training = |status: &&Status| status.doing == "training";
    // Steps in all and seconds a step, by experiment, of the run that was heard of last: what another one took before it was stopped,
    // on another day or machine, says less.
    let mut heard: BTreeMap<Option<usize>, (u64, (f64, f64))> = BTreeMap::new();
    for (node, status) in runs.clone() {
        let Some(status) = status.filter(training) else { continue };
        let taken = status.done.saturating_sub(status.from.unwrap_or(status.done));
        let seconds = status.updated.saturating_sub(status.began);
        if taken > 0 && seconds > 0 {
            let found = (status.updated, (status.of as f64, seconds as f64 / taken as f64));
            let last = heard.entry(owner(node)).or_insert(found);
            if last.0 <= status.updated {
                *last = found;
            }
        }
    }
    let pace: BTreeMap<Option<usize>, (f64, f64)> = heard.into_iter().map(|(owner, (_, pace))| (owner, pace)).collect();
    if pace.is_empty() {
        return None;
    }
    let mean = pace.values().map(|(steps, each)| steps * each).sum::<f64>() / pace.len() as f64;
    let mut working = 0usize;
    let mut left = 0.0;
    for (node, status) in runs {
        let known = pace.get(&owner(node));
        let whole = known.map_or(mean, |(steps, each)| steps * each);
        left += match status {
            // One that is not up to date is trained, but for other data or another version.
            Some(status) if matches!(status.state, State::Finished | State::Failed | State::Waiting) => 0.0,
            Some(status) if training(&status) => {
                let steps = known.map_or(status.of as f64, |(steps, _)| *steps);
                whole * (1.0 - status.done as f64 / steps.max(1.0)).max(0.0)
            }
            // What else was begun is evaluation, but for the pretraining, whose run has all its steps before it. So has one that has done
            // nothing yet, as after it was taken up again.
            Some(status) if status.of > 0 && status.doing != PRETRAINING => 0.0,
            _ => whole,
        };
        working += usize::from(status.is_some_and(|status| status.state == State::Running));
    }
    (left > 0.0).then(|| left / working.max(1) as f64)
}

#[cfg(test)]
mod tests;
