//! Evaluations on few test images.

use vimae_core::Head;
use vimae_spec::{Doubt, Evaluation, Kind};

use crate::{
    find, run, small,
    toy::{Corners, corners, data},
};

#[test]
fn what_is_measured_on_few_images_is_doubted() {
    let few = Corners { test: corners(2, 29), ..data() };
    let evaluation = Evaluation { metrics: ["reconstruction", "rate", "information", "accuracy"].map(String::from).into(), ..small() };
    let outcome = run(Head::Gaussian, None, &few, &evaluation).unwrap();
    for protocol in ["reconstruction(code=sample,scale=0.05)", "rate.gaussian", "active_units(variance=0.01,N=29)", "ln(N=29)"] {
        let one = find(&outcome, protocol);
        // A constant is not a mean over images.
        let expected: &[Doubt] = if one.kind == Kind::Constant { &[] } else { &[Doubt::FewImages] };
        assert_eq!(one.doubts.as_slice(), expected, "{protocol}");
    }
    let accuracies: Vec<_> = outcome.measurements.iter().filter(|m| m.entry == "accuracy" && m.value.is_some()).collect();
    assert!(!accuracies.is_empty() && accuracies.iter().all(|m| m.doubts == [Doubt::FewImages]), "{accuracies:?}");
}
