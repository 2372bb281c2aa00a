//! What the runs of a plan take by the cost model, so that unlike runs can be compared while they are worked on.

use std::collections::BTreeMap;

use vimae_spec::RunSpec;

use crate::{Cost, Error, Estimator, Result, Shelf};

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
    ///
    /// # Errors
    /// [`Error::Core`] for parts that cannot be built: a network, for instance, that does not take images of this shape.
    pub(crate) fn add(&mut self, spec: &RunSpec, shelf: &mut Shelf) -> Result<()> {
        let key = key(spec);
        if self.costs.contains_key(&key) {
            return Ok(());
        }
        let cost = match self.estimator.cost(spec, shelf) {
            Err(error @ Error::Core(_)) => return Err(error),
            cost => cost.ok(),
        };
        self.costs.insert(key, cost);
        Ok(())
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
            foretold.add(spec, &mut shelf).unwrap();
        }
        let cost = foretold.of(&known).unwrap();
        assert!(cost.training_seconds > 0.0 && cost.evaluation_seconds > 0.0);
        assert_eq!(foretold.of(&RunSpec { seed: 7, ..known.clone() }), Some(cost));
        assert_eq!(foretold.of(&unknown), None);
        // A network that does not take the images can never be run.
        let mut unfit = RunSpec { model: vimae_spec::Model { name: "wae_conv".into(), ..known.model.clone() }, ..known };
        unfit.model.settings = [("doublings".to_owned(), 3.into())].into_iter().collect();
        assert!(matches!(foretold.add(&unfit, &mut shelf), Err(Error::Core(_))));
    }
}
