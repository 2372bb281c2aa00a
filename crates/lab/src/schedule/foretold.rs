//! What the runs of a plan take by the cost model, so that unlike runs can be compared while they are worked on.

use std::collections::BTreeMap;

use vimae_spec::RunSpec;

use crate::{Cost, Estimator, Shelf};

/// What runs take at the default rates of a device. Other seeds of a run take as long as the first.
pub(crate) struct Foretold {
    estimator: Estimator,
    costs: BTreeMap<String, Option<Cost>>,
}

impl Foretold {
    /// Nothing yet, on a device of this name.
    pub(crate) fn on(device: &str) -> Self {
        Self { estimator: Estimator::of_kind(device), costs: BTreeMap::new() }
    }

    /// Foretells a run, best while its data is open.
    pub(crate) fn add(&mut self, spec: &RunSpec, shelf: &mut Shelf) {
        self.costs.entry(key(spec)).or_insert_with(|| self.estimator.cost(spec, shelf).ok());
    }

    /// What a run takes; none where that cannot be told.
    pub(crate) fn of(&self, spec: &RunSpec) -> Option<Cost> {
        self.costs.get(&key(spec)).copied().flatten()
    }
}

fn key(spec: &RunSpec) -> String {
    RunSpec { seed: 0, ..spec.clone() }.sha256()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sources;

    #[test]
    fn seeds_take_alike_and_what_cannot_be_told_is_none() {
        let known = crate::cells::tests::record("vae", 0, "rate", 1.0).spec;
        let unknown = RunSpec { dataset: vimae_spec::Component::named("folder:/nowhere"), ..known.clone() };
        let (mut foretold, mut shelf) = (Foretold::on("cpu"), Shelf::new(Sources::default()));
        for spec in [&known, &unknown] {
            foretold.add(spec, &mut shelf);
        }
        let cost = foretold.of(&known).unwrap();
        assert!(cost.training_seconds > 0.0 && cost.evaluation_seconds > 0.0);
        assert_eq!(foretold.of(&RunSpec { seed: 7, ..known }), Some(cost));
        assert_eq!(foretold.of(&unknown), None);
    }
}
