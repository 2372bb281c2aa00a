//! Which runs to take where there is not time for all.

use std::collections::BTreeMap;

use vimae_core::RunContext;

use super::{
    ends,
    plan::{Node, Plan},
};
use crate::{Request, Result, Shelf, cost::Estimator, device::device};

/// Leaves out what does not fit into [`Request::budget`].
///
/// A method without a value says nothing, a second seed gives its interval, a third narrows it: first seeds come before
/// second ones, second ones before third ones, and among equals the cheapest, so that as many methods as possible have
/// a value. Finished runs cost nothing; several at a time have so many times the time.
pub(super) fn apply(plan: &mut Plan, request: &Request, context: &RunContext<'_>, devices: &[String], shelf: &mut Shelf) -> Result<()> {
    let Some(budget) = request.budget else { return Ok(()) };
    let mut estimator = Estimator::calibrated(&device(ends::device(devices, 0))?, context.directory, shelf);
    let mut seeds: BTreeMap<(Option<usize>, String), usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, f64, usize)> = Vec::new();
    for (index, node) in plan.nodes.iter().enumerate() {
        let seconds = if node.found { 0.0 } else { estimator.cost(&node.spec, shelf)?.seconds() };
        let before = seeds.entry((node.experiments.first().copied(), node.spec.method.clone())).or_default();
        ranked.push((*before, seconds, index));
        *before += 1;
    }
    let keep = within(ranked, budget * request.launcher.at_a_time() as f64);
    let nodes = std::mem::take(&mut plan.nodes);
    let (kept, left): (Vec<_>, Vec<_>) = nodes.into_iter().enumerate().partition(|(index, _)| keep.contains(index));
    let plain = |nodes: Vec<(usize, Node)>| nodes.into_iter().map(|(_, node)| node).collect();
    (plan.nodes, plan.left_out) = (plain(kept), plain(left));
    Ok(())
}

/// The places of what fits: of `(round, seconds, place)`, round by round, the cheapest first.
fn within(mut ranked: Vec<(usize, f64, usize)>, mut seconds: f64) -> Vec<usize> {
    ranked.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut keep = Vec::new();
    for (_, cost, place) in ranked {
        if cost <= seconds {
            seconds -= cost;
            keep.push(place);
        }
    }
    keep
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_comes_before_a_second_seed_and_what_is_finished_costs_nothing() {
        let (first, second) = (0, 1);
        let runs = vec![(first, 10.0, 0), (second, 10.0, 1), (first, 30.0, 2), (second, 30.0, 3), (first, 0.0, 4)];
        assert_eq!(within(runs.clone(), 45.0), [4, 0, 2]);
        assert_eq!(within(runs.clone(), 50.0), [4, 0, 2, 1]);
        assert_eq!(within(runs.clone(), 5.0), [4]);
        assert_eq!(within(runs, 80.0), [4, 0, 2, 1, 3]);
    }
}
