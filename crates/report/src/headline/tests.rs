//! Which of many values is a headline, and what is told of them.

use vimae_spec::Measurement;

use super::*;

fn value(entry: &str, metric: &str, protocol: &str, value: f64) -> Measurement {
    Measurement::new(entry, metric, protocol.into(), "1").valued(value, None)
}

fn masked(strength: f64, protocol: &str) -> Measurement {
    value("accuracy", "accuracy.mask", protocol, 60.0).of_slice(Slice::Corruption { name: "mask".into(), strength })
}

#[test]
fn of_several_estimates_the_first_group_member_and_the_largest_sample_are_shown() {
    let values = [
        value("nll", "nll", "nll.parzen(sigma=0.1,N=10000)", 1.0),
        value("nll", "nll", "nll.parzen(sigma=cv,N=1000)", 2.0),
        value("nll", "nll", "nll.parzen(sigma=cv,N=10000)", 3.0),
        value("nll", "nll.bits_per_dimension", "nll.parzen(sigma=cv,N=10000)", 4.0),
        value("mmd", "mmd", "mmd.imq.p(N=2000)", 0.5).of_kind(Kind::PValue),
        value("mmd", "mmd", "mmd.imq.u(N=2000)", 5.0),
        value("mmd", "mmd", "mmd.rbf.u(N=2000)", 6.0),
        value("reconstruction", "reconstruction", "reconstruction(code=sample,scale=0.05)", 7.0),
        value("reconstruction", "reconstruction", "reconstruction(code=mean,scale=0.05)", 8.0),
        value("fid_classifier", "fid_classifier", "fid.classifier(reference=test,N=9)", 9.5),
        value("fid", "fid_classifier", "fid(of=samples,decoder_bn=prior_samples,reference=test,N=9)", 9.0),
        value("fid", "fid_classifier", "fid(of=samples,reference=test,N=9)", 10.0),
        value("accuracy", "accuracy.clean", "svm(labels=10)", 11.0),
        value("accuracy", "accuracy.clean.class_3", "svm(labels=10)", 12.0).of_slice(Slice::Class(3)),
        value("accuracy", "accuracy.clean", "svm(labels=10,code=sample)", 10.0),
        masked(0.2, "svm(labels=10)"),
        masked(0.5, "svm(labels=10)"),
        masked(0.5, "knn(labels=10)"),
    ];
    let chosen: Vec<(&str, f64, String)> = headlines(&values)
        .into_iter()
        .map(|headline| {
            let found = headline.among(&values).unwrap();
            (headline.name, found.value.unwrap(), found.protocol.name.clone())
        })
        .collect();
    let expected = [
        ("reconstruction", 8.0, "reconstruction"),
        ("fid_classifier", 10.0, "fid"),
        ("nll_parzen", 3.0, "nll.parzen"),
        ("mmd", 5.0, "mmd.imq.u"),
        ("accuracy", 11.0, "svm"),
        ("accuracy_drawn", 10.0, "svm"),
        ("accuracy_masked", 60.0, "svm"),
    ];
    assert_eq!(chosen, expected.map(|(name, value, protocol)| (name, value, protocol.to_owned())));
}

#[test]
fn what_tells_of_generation_is_recognised_whatever_codes_are_drawn_from() {
    let names = OF_GENERATION.map(|headline| headline.name);
    assert_eq!(names, ["fid_classifier", "precision", "recall", "nll_parzen"]);
    for sampler in ["", "+standardised", "+ex_post(components=10)"] {
        let values = [
            value("fid_classifier", "fid_classifier", &format!("fid.classifier(reference=train,N=9){sampler}"), 1.0),
            value("fid_classifier", "fid_classifier", &format!("fid.classifier(reference=test,N=9){sampler}"), 2.0),
            value("fid_classifier", "precision", &format!("precision.classifier(k=3,reference=test,N=9){sampler}"), 3.0),
            value("fid_classifier", "recall", &format!("recall.classifier(k=3,reference=test,N=9){sampler}"), 4.0),
            value("nll", "nll", &format!("nll.parzen(sigma=cv,N=9){sampler}"), 5.0),
        ];
        let found = OF_GENERATION.map(|headline| headline.among(&values).and_then(|m| m.value));
        assert_eq!(found, [2.0, 3.0, 4.0, 5.0].map(Some));
    }
}

#[test]
fn a_value_says_how_it_was_measured() {
    let said = |of: Measurement| headlines(&[&of])[0].describe(&of);
    let scaled = value("reconstruction", "reconstruction", "reconstruction(code=mean,scale=0.05)", 1.0);
    assert_eq!(said(scaled), "sum of squared errors of a test image x 0.05");
    let masked = said(masked(0.5, "svm.inductive(kernel=rbf,labels=1000)"));
    assert_eq!(masked, "the same under the strongest mask that was measured, 50 % of an image, by svm.inductive with 1\u{202f}000 labels");
    assert!(said(value("accuracy", "accuracy.clean", "knn(k=10)", 60.0)).ends_with("from their codes, by knn"));
}

#[test]
fn a_collapse_is_told_by_active_units_or_by_the_rate() {
    let units = |n: f64| value("information", "information.active_units", "active_units(variance=0.01,N=10)", n);
    let rate = |nats: f64| value("rate", "rate", "rate.gaussian", nats);
    let information = |nats: f64| value("information", "information.lower", "infonce(gaussian,N=10)", nats);
    assert!(collapsed(&[units(0.0), information(0.01)]).is_some_and(|text| text.contains("no dimension")));
    // A deterministic encoder has no rate and no bound of its information, and its codes may be small.
    assert_eq!((collapsed(&[units(0.0)]), collapsed(&[units(0.0), information(3.0)])), (None, None));
    assert_eq!(collapsed(&[units(0.0), rate(3.0)]), None);
    assert!(collapsed(&[rate(0.0031)]).is_some_and(|text| text.contains("0.003 nats")));
    assert_eq!((collapsed(&[units(2.0), rate(3.0)]), collapsed::<Measurement>(&[])), (None, None));
}

#[test]
fn an_estimate_without_a_value_makes_way_for_the_next_of_its_group() {
    let none = Measurement::new("iwae", "nll", "nll.iwae(100,N=50)".into(), "nats");
    let parzen = value("nll", "nll", "nll.parzen(sigma=cv,N=1000)", 2.0);
    let names = |values: &[Measurement]| headlines(values).into_iter().map(|headline| headline.name).collect::<Vec<_>>();
    assert_eq!(names(&[none.clone(), parzen.clone()]), ["nll_parzen"]);
    assert_eq!(names(&[none.valued(1.0, None), parzen]), ["nll_iwae"]);
}
