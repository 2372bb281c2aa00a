//! linfa's traits: `Fit` on the settings, `Predict` on the machines.

use linfa::{
    DatasetBase,
    traits::{Fit, PredictInplace},
};
use ndarray::{Array1, ArrayBase, Axis, Data, Ix1, Ix2};

use crate::{Error, Machines, Result, Svm, Transduced, TransductiveSvm};

impl<D: Data<Elem = f64>, T: Data<Elem = u32>> Fit<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>, Error> for Svm {
    type Object = Machines;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>>) -> Result<Machines> {
        Self::train(self, dataset.records.view(), &dataset.targets.to_vec())
    }
}

/// Rows whose target is `None` are the pool.
impl<D: Data<Elem = f64>, T: Data<Elem = Option<u32>>> Fit<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>, Error> for TransductiveSvm {
    type Object = Transduced;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>>) -> Result<Transduced> {
        let (features, targets) = (dataset.records.view(), &dataset.targets);
        if features.nrows() != targets.len() {
            return Err(Error::Count { points: features.nrows(), labels: targets.len() });
        }
        let (known, pool): (Vec<usize>, Vec<usize>) = (0..targets.len()).partition(|i| targets[*i].is_some());
        let labels: Vec<u32> = targets.iter().flatten().copied().collect();
        let (known, pool) = (features.select(Axis(0), &known), features.select(Axis(0), &pool));
        Self::train(self, known.view(), &labels, pool.view())
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<u32>> for Machines {
    fn predict_inplace(&self, x: &ArrayBase<D, Ix2>, y: &mut Array1<u32>) {
        // linfa's trait has no way to refuse points; those of another width keep the default.
        if x.ncols() == self.dimensions() {
            *y = Array1::from_vec(crate::machines::winners(self.classes(), &self.score(x.view())));
        }
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<u32> {
        Array1::from_elem(x.nrows(), self.classes().first().copied().unwrap_or_default())
    }
}
