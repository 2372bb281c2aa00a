//! Discrepancies and likelihoods against PyTorch's and SciPy's.

#![cfg(test)]

#[path = "../../../tests/support/reference.rs"]
mod reference;

use reference::{Reference, close, number, values};
use vimae_metrics::{
    Summary,
    mmd::{self, Imq, Rbf},
    nll::parzen,
};

#[test]
fn discrepancies_agree() {
    let Some(reference) = Reference::find() else { return };
    for case in ["mmd_0", "mmd_1", "mmd_2"] {
        let (expected, tensors) = (reference.case(case), reference.tensors(case));
        let (rtol, atol) = (number(&expected["rtol"]), number(&expected["atol"]));
        let (q, p) = (&tensors["q"], &tensors["p"]);
        let imq = Imq::multiscale(2.0 * q.dim(1).unwrap() as f64);
        let rbf = Rbf { sigma_squared: number(&expected["rbf_sigma_squared"]) };
        let estimates = mmd::estimate(q, p, &[&imq, &rbf]).unwrap();
        close(case, estimates[0].unbiased, number(&expected["imq_multiscale"]), rtol, atol);
        close(case, estimates[1].unbiased, number(&expected["rbf_unbiased"]), rtol, atol);
        close(case, estimates[1].biased, number(&expected["rbf_biased"]), rtol, atol);
    }
}

#[test]
fn parzen_windows_agree() {
    let Some(reference) = Reference::find() else { return };
    let (case, tensors) = (reference.case("parzen"), reference.tensors("parzen"));
    let samples = tensors["samples"].dim(0).unwrap();
    assert_eq!(values(&tensors["samples"]).len() % samples, 0);
    for (sigma, expected) in case["nll_by_sigma"].as_object().unwrap() {
        let window = parzen::Window { sigma: sigma.parse().unwrap(), samples };
        let densities = parzen::log_densities(&tensors["test"], &tensors["samples"], &[window]).unwrap();
        let nll = -Summary::of(&densities[0]).unwrap().mean;
        close(sigma, nll, number(expected), number(&case["rtol"]), number(&case["atol"]));
    }
}
