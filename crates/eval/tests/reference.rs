//! Support vector machines against scikit-learn's.

#![cfg(test)]

#[path = "../../../tests/support/reference.rs"]
mod reference;

use ndarray::{Array2, s};
use reference::{Reference, close, number, values};
use vimae_eval::svm::{Kernel, OneVsRest};

#[test]
fn accuracies_agree() {
    let Some(reference) = Reference::find() else { return };
    let (case, tensors) = (reference.case("svm_blobs"), reference.tensors("svm_blobs"));
    let features = Array2::from_shape_vec(tensors["features"].dims2().unwrap(), values(&tensors["features"])).unwrap();
    let labels: Vec<u32> = values(&tensors["labels"]).into_iter().map(|l| l as u32).collect();
    let rbf = Kernel::Rbf { gamma: number(&case["rbf_gamma"]) };
    for (kernel, expected) in [(rbf, "sklearn_rbf_one_vs_one_accuracy"), (Kernel::Linear, "sklearn_linear_accuracy")] {
        let machines = OneVsRest::fit(kernel, features.slice(s![..600, ..]), &labels[..600]).unwrap();
        let predicted = machines.predict(features.slice(s![600.., ..]));
        let right = predicted.iter().zip(&labels[600..]).filter(|(p, l)| p == l).count();
        close(expected, right as f64 / 1_000.0, number(&case[expected]), 0.0, number(&case["accuracy_tolerance"]));
    }
}
