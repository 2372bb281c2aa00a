//! A whole evaluation of a model whose answers are known: the code is the first two pixels.

#![cfg(test)]

mod few;
mod likelihood;
mod toy;

use std::collections::BTreeSet;

use candle_core::{DType, Device, Tensor};
use serde_json::json;
use vimae_core::{
    AutoEncoder, Code, Decoder, Encoder, Error, Event, Head, ImageSet, ImageShape, MetricFiles, Mode, Parameters, Purpose, Result, Silent,
    Streams,
};
use vimae_eval::{EvalContext, Outcome, Subject, evaluate};
use vimae_priors::normal;
use vimae_spec::{CodeName, Doubt, Evaluation, KernelName, Kind, MaskFill, Measurement, NoiseOn, Protocol};

use toy::{Corners, LOG_VAR, SHAPE, Toy, corners, data, model};

fn small() -> Evaluation {
    Evaluation {
        prior_samples: 500,
        noise_passes: 16,
        noise_images: 30,
        labels: 30,
        label_draws: 3,
        classifiers: ["svm", "tsvm", "knn", "probe"].map(String::from).to_vec(),
        kernels: vec![KernelName::Rbf],
        noise: vec![NoiseOn::Test],
        codes: vec![CodeName::Mean],
        pool: 150,
        ..Evaluation::default()
    }
}

/// Settings of noise on the encoder's input.
const TRUNCATED: f64 = 0.01;

fn run(head: Head, noise: Option<f64>, dataset: &Corners, evaluation: &Evaluation) -> Result<Outcome> {
    let (model, prior) = (model(head), normal::prior());
    let corruption =
        noise.map(|std| vimae_corruptions::CORRUPTIONS.build("truncated", json!({ "std": std }).as_object().unwrap()).unwrap());
    let files = MetricFiles::default();
    let subject = Subject { model: &model, prior: &prior, sampler: None, corruption: corruption.as_deref(), dataset, files: &files };
    let bounded = |event: Event<'_>| {
        if let Event::Working { done, of, .. } = event {
            assert!(done <= of);
        }
    };
    evaluate(&EvalContext::new(subject, evaluation, 7, &bounded)?)
}

fn find<'a>(outcome: &'a Outcome, protocol: &str) -> &'a Measurement {
    outcome.measurements.iter().find(|m| m.protocol == protocol).unwrap_or_else(|| panic!("no {protocol} in {outcome:?}"))
}

#[test]
fn a_gaussian_model_gets_the_numbers_that_it_must() {
    let outcome = run(Head::Gaussian, None, &data(), &small()).unwrap();
    // Only the last pixel is lost: 0.05 * 0.2^2; a draw moves two pixels by noise of variance exp(-2) / 16.
    let mean = find(&outcome, "reconstruction(code=mean,scale=0.05)");
    assert!((mean.value.unwrap() - 0.05 * 0.04).abs() < 1e-8 && mean.n == 450, "{mean:?}");
    let sample = find(&outcome, "reconstruction(code=sample,scale=0.05)").value.unwrap();
    let expected = 0.05 * (0.04 + 2.0 * LOG_VAR.exp() / 16.0);
    assert!((sample - expected).abs() < 0.05 * expected, "{sample}, expected {expected}");

    let rate = find(&outcome, "rate.gaussian");
    let squares: f64 = data().test.pixels().chunks(4).map(|p| p[..2].iter().map(|b| (f64::from(*b) / 63.75).powi(2)).sum::<f64>()).sum();
    let expected = 0.5 * squares / 450.0 + (LOG_VAR.exp() - 1.0 - LOG_VAR);
    assert!((rate.value.unwrap() - expected).abs() < 1e-5 && rate.unit == "nats", "{rate:?}, expected {expected}");

    for protocol in ["mmd.imq.u(N=450)", "mmd.rbf.u(N=450)", "mmd.rbf.v.sqrt(N=450)", "nll.parzen(sigma=0.08,N=500)"] {
        assert!(find(&outcome, protocol).value.is_some(), "{protocol}");
    }
    let chosen = find(&outcome, "nll.parzen(sigma=cv,N=500)");
    assert!(chosen.note.as_ref().unwrap().contains("30 held-out images, which are of the training split"), "{chosen:?}");
    for sigma in ["0.08", "0.1", "0.2"] {
        let fixed = find(&outcome, &format!("nll.parzen(sigma={sigma},N=500)"));
        assert!(chosen.value.unwrap() < fixed.value.unwrap() + 0.1, "{chosen:?} {fixed:?}");
    }
}

/// The value of `metric` by `protocol`.
fn percent(outcome: &Outcome, metric: &str, protocol: &str) -> f64 {
    let found = outcome.measurements.iter().find(|m| m.metric == metric && m.protocol == protocol);
    let m = found.unwrap_or_else(|| panic!("no {metric} by {protocol}"));
    let value = m.value.unwrap();
    // Where all are right or all are wrong there is none to be seen.
    assert!((m.standard_error.is_some() || value == 0.0 || value == 100.0) && m.unit == "percent", "{m:?}");
    value
}

#[test]
fn few_labels_are_enough_until_noise_drowns_the_corners() {
    let outcome = run(Head::Gaussian, None, &data(), &small()).unwrap();
    for protocol in [
        "svm.inductive(kernel=rbf,labels=30,noise=test,code=mean)",
        "svm.transductive(kernel=rbf,labels=30,pool=150,noise=test,code=mean)",
        "knn(k=10,labels=30,noise=test,code=mean)",
        "probe.logistic(labels=30,noise=test,code=mean)",
    ] {
        let accuracy = |name: &str| percent(&outcome, name, protocol);
        assert!(accuracy("accuracy.clean") > 99.0, "{protocol}");
        let noisy = ["accuracy.gaussian_0_2", "accuracy.gaussian_0_3", "accuracy.gaussian_0_4"].map(accuracy);
        assert!(noisy[0] > noisy[1] && noisy[1] > noisy[2] && noisy[2] > 50.0, "{protocol}: {noisy:?}");
        assert!(accuracy("accuracy.mask_0_2") > accuracy("accuracy.mask_0_5"), "{protocol}");
    }
    // Each class alone and the counts say the same as the accuracy.
    let main = "svm.inductive(kernel=rbf,labels=30,noise=test,code=mean)";
    let classes = [0, 1, 2].map(|class| percent(&outcome, &format!("accuracy.clean.class_{class}"), main));
    assert!((classes.iter().sum::<f64>() / 3.0 - percent(&outcome, "accuracy.clean", main)).abs() < 1e-9);
    assert_eq!(outcome.confusions.len(), 4 * 6);
    for confusion in &outcome.confusions {
        let (all, right) =
            confusion.counts.iter().enumerate().fold((0, 0), |(all, right), (i, row)| (all + row.iter().sum::<u64>(), right + row[i]));
        assert_eq!(all, 3 * 450);
        let accuracy = percent(&outcome, &confusion.metric, &confusion.protocol.to_string());
        assert!((100.0 * right as f64 / all as f64 - accuracy).abs() < 1e-9, "{confusion:?}");
    }
}

#[test]
fn noise_on_labelled_images_too_and_drawn_codes_are_protocols_of_their_own() {
    let evaluation = Evaluation {
        metrics: vec!["accuracy".into()],
        classifiers: vec!["svm".into()],
        kernels: vec![KernelName::Rbf, KernelName::Linear],
        noise: vec![NoiseOn::Test, NoiseOn::Both],
        codes: vec![CodeName::Mean, CodeName::Sample],
        tune: true,
        ..small()
    };
    let outcome = run(Head::Gaussian, None, &data(), &evaluation).unwrap();
    let by = |kernel: &str, noise: &str, code: &str| {
        let protocol = format!("svm.inductive(kernel={kernel},labels=30,noise={noise},code={code},tuned=5-fold-on-labels)");
        ["accuracy.clean", "accuracy.mask_0_5"].map(|metric| percent(&outcome, metric, &protocol))
    };
    for kernel in ["rbf", "linear"] {
        for noise in ["test", "both"] {
            for code in ["mean", "sample"] {
                assert!(by(kernel, noise, code)[0] > 90.0, "{kernel} {noise} {code}");
            }
        }
    }
    // A mask moves codes to places that clean labelled codes do not know.
    assert!(by("rbf", "both", "mean")[1] > by("rbf", "test", "mean")[1] - 5.0);
    assert_ne!(by("rbf", "test", "mean"), by("rbf", "test", "sample"));
    // The draw of a deterministic code is its mean, and not measured twice.
    let outcome = run(Head::Deterministic, None, &data(), &evaluation).unwrap();
    assert!(outcome.measurements.iter().all(|m| m.protocol.parameter("code") != Some("sample")));
}

#[test]
fn masks_of_grey_stand_beside_those_of_black_and_change_no_other_number() {
    let measured = |masks: Vec<MaskFill>| {
        let evaluation = Evaluation { metrics: vec!["accuracy".into()], masks, ..small() };
        run(Head::Deterministic, None, &data(), &evaluation).unwrap().measurements
    };
    let (black, both) = (measured(vec![MaskFill::Black]), measured(vec![MaskFill::Black, MaskFill::Grey]));
    // Gray alone leaves out masks of black, neither clean images nor noise.
    let of_black = |m: &Measurement| m.metric.starts_with("accuracy.mask_") && m.protocol.parameter("mask").is_none();
    let without: Vec<Measurement> = both.iter().filter(|m| !of_black(m)).cloned().collect();
    assert_eq!(measured(vec![MaskFill::Grey]), without);
    let (grey, others): (Vec<_>, Vec<_>) = both.into_iter().partition(|m| m.protocol.parameter("mask") == Some("grey"));
    assert_eq!(others, black);
    let protocols: BTreeSet<&Protocol> = grey.iter().map(|m| &m.protocol).collect();
    assert_eq!(grey.len(), 2 * protocols.len());
    let with = |all: &[Measurement], name: &str| all.iter().find(|m| m.metric == name).and_then(|m| m.value).unwrap();
    assert!(grey.iter().all(|m| m.metric.starts_with("accuracy.mask_") && m.value.is_some()), "{grey:?}");
    assert_ne!(with(&grey, "accuracy.mask_0_5"), with(&black, "accuracy.mask_0_5"));
}

#[test]
fn clipped_noise_is_a_protocol_of_its_own_and_changes_neither_clean_nor_masked_images() {
    let measured = |clip| {
        let evaluation = Evaluation { metrics: vec!["accuracy".into()], clip, ..small() };
        run(Head::Deterministic, None, &data(), &evaluation).unwrap().measurements
    };
    let (open, clipped) = (measured(false), measured(true));
    assert!(open.iter().all(|m| m.protocol.parameter("clip").is_none()));
    assert!(clipped.iter().all(|m| m.protocol.parameter("clip") == Some("range")));
    assert_eq!(open.len(), clipped.len());
    for (open, clipped) in open.iter().zip(&clipped).filter(|(open, _)| !open.metric.starts_with("accuracy.gaussian_")) {
        assert_eq!((&open.metric, open.value), (&clipped.metric, clipped.value));
    }
}

#[test]
fn characters_of_classes_never_seen_are_told_apart_from_their_own_labels() {
    // Eight classes along the edge of a square, 80 images each, none of which the training split has.
    let noise = Streams::new(5).normal(Purpose::Shuffle, 0, 2 * 640);
    let labels: Vec<u32> = (0..640).map(|i| 10 + i / 80).collect();
    let place =
        |class: u32| [[50, 50], [120, 50], [190, 50], [190, 120], [190, 190], [120, 190], [50, 190], [50, 120]][class as usize - 10];
    let pixel = |i: usize, side: usize| (f64::from(place(labels[i])[side]) + 6.0 * f64::from(noise[2 * i + side])) as u8;
    let pixels = (0..640).flat_map(|i| [pixel(i, 0), pixel(i, 1), 0, 51]).collect();
    let data = Corners { test: ImageSet::new(SHAPE, pixels, labels).unwrap(), ..data() };
    let evaluation = Evaluation { metrics: vec!["accuracy".into()], labels: 1_000, pool: 1_000, ..small() };
    let outcome = run(Head::Deterministic, None, &data, &evaluation).unwrap();
    for protocol in [
        "svm.inductive(kernel=rbf,labels=300,unseen=5,noise=test,code=mean)",
        "svm.transductive(kernel=rbf,labels=300,unseen=5,pool=100,noise=test,code=mean)",
        "knn(k=10,labels=300,unseen=5,noise=test,code=mean)",
    ] {
        assert!(percent(&outcome, "accuracy.clean", protocol) > 97.0, "{protocol}");
        assert!(percent(&outcome, "accuracy.mask_0_5", protocol) < 80.0, "{protocol}");
    }
    assert!(outcome.confusions.is_empty());
    let clean = outcome.measurements.iter().find(|m| m.metric == "accuracy.clean").unwrap();
    // Every draw is all right, and a constant has no interval.
    assert!(clean.n == 100 && clean.note.as_deref() == Some("3 draws of 300 labelled images"), "{clean:?}");
}

#[test]
fn codes_that_are_no_numbers_and_labels_that_do_not_suffice_become_notes() {
    let evaluation = Evaluation { metrics: vec!["accuracy".into()], labels: 2, ..small() };
    let outcome = run(Head::Deterministic, None, &data(), &evaluation).unwrap();
    let note = |outcome: &Outcome| {
        outcome.measurements.iter().find(|m| m.metric == "accuracy.clean" && m.value.is_none()).and_then(|m| m.note.clone())
    };
    assert_eq!(note(&outcome).unwrap(), "2 labels for 3 classes");
    // Three labels of each class are too few for five folds; nearest neighbours need none.
    let outcome = run(Head::Deterministic, None, &data(), &Evaluation { labels: 9, tune: true, ..evaluation.clone() }).unwrap();
    assert_eq!(note(&outcome).unwrap(), "support vector machines: 5 folds need at least 5 labels of each class, one class has 3");
    assert!(percent(&outcome, "accuracy.clean", "knn(k=10,labels=9,noise=test,code=mean)") > 30.0);
    // More labels than there are: all of them, and the protocol names how many.
    let outcome = run(Head::Deterministic, None, &data(), &Evaluation { labels: 5_000, ..evaluation }).unwrap();
    let all = outcome.measurements.iter().find(|m| m.metric == "accuracy.clean").unwrap();
    assert!(all.protocol.parameter("labels") == Some("300") && all.note.as_ref().unwrap().contains("of 300 labelled images"), "{all:?}");

    let parameters = Parameters::new(1, DType::F32, &Device::Cpu);
    let (model, prior) = (Broken(Toy { parameters, head: Head::Deterministic }), normal::prior());
    let data = data();
    let files = MetricFiles::default();
    let subject = Subject { model: &model, prior: &prior, sampler: None, corruption: None, dataset: &data, files: &files };
    let evaluation = Evaluation { metrics: vec!["accuracy".into()], ..small() };
    let outcome = evaluate(&EvalContext::new(subject, &evaluation, 7, &Silent).unwrap()).unwrap();
    assert_eq!(note(&outcome).unwrap(), "the codes are not all finite");
    let evaluation = Evaluation { metrics: vec!["information".into()], ..small() };
    let outcome = evaluate(&EvalContext::new(subject, &evaluation, 7, &Silent).unwrap()).unwrap();
    let entropy = find(&outcome, "neighbours(q(z),k=3,N=30)");
    assert_eq!((entropy.value, entropy.note.as_deref()), (None, Some("the codes are not all finite")));
}

/// A model whose codes are NaN.
struct Broken(Toy);

impl Encoder for Broken {
    fn encode(&self, images: &Tensor, mode: Mode) -> Result<Code> {
        let code = self.0.encode(images, mode)?;
        Ok(Code { mean: (code.mean * f64::NAN)?, log_var: None })
    }
}

impl Decoder for Broken {
    fn decode(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        self.0.decode(codes, mode)
    }
}

impl AutoEncoder for Broken {
    fn parameters(&self) -> &Parameters {
        self.0.parameters()
    }

    fn code_size(&self) -> usize {
        self.0.code_size()
    }

    fn image_shape(&self) -> ImageShape {
        self.0.image_shape()
    }

    fn head(&self) -> Head {
        self.0.head()
    }
}

#[test]
fn the_rate_of_a_deterministic_model_needs_its_noise() {
    let evaluation = Evaluation { metrics: vec!["rate".into()], labels: 0, ..small() };
    let silent = run(Head::Deterministic, None, &data(), &evaluation).unwrap();
    assert_eq!(silent.measurements.len(), 1);
    assert!(silent.measurements[0].value.is_none() && silent.measurements[0].note.as_ref().unwrap().contains("infinite"));
    let noisy = run(Head::Deterministic, Some(TRUNCATED), &data(), &evaluation).unwrap();
    let rate = find(&noisy, "rate.noise(K=16)");
    assert_eq!(rate.n, 30);
    // Each dimension has deviation 4 * 0.01 * sqrt(0.774); codes lie near 0.9 or 3.1.
    assert!((5.0..13.0).contains(&rate.value.unwrap()), "{rate:?}");
}

#[test]
fn images_show_each_class_and_codes_in_the_plane() {
    let data = data();
    let outcome = run(Head::Deterministic, None, &data, &Evaluation { labels: 0, ..small() }).unwrap();
    let images = outcome.figures;
    assert_eq!((images.originals.len(), images.reconstructions.len(), images.samples.len()), (20 * 4, 20 * 4, 60 * 4));
    for (original, reconstruction) in images.originals.chunks(4).zip(images.reconstructions.chunks(4)) {
        assert_eq!(reconstruction, [original[0], original[1], 0, 0]);
    }
    let (codes, labels) = images.codes.unwrap();
    assert_eq!((codes.len(), labels.as_slice()), (450, data.test.labels()));
    assert!((codes[5][1] - f32::from(data.test.pixels()[21]) / 63.75).abs() < 1e-5);
    // One dimension moves through the normal quantiles, the other keeps the code of the first image shown.
    let walk = &images.traversals;
    let (moved, row) = (walk.dimensions[0].dimension, walk.images.chunks(4).take(walk.probabilities.len()).collect::<Vec<_>>());
    assert!(row.windows(2).all(|w| w[0][moved] <= w[1][moved] && w[0][1 - moved] == images.originals[1 - moved]), "{row:?}");
    assert_eq!((row.len(), row[0][moved], row[8][moved]), (9, 0, (2.0537_f64 / 4.0 * 255.0).round() as u8));
    // A line begins and ends with an image and its own reconstruction; here those are the same but for the last pixel.
    let lines = images.interpolations.unwrap();
    assert_eq!((lines.columns, lines.images.len()), (11, 5 * 11 * 4));
    assert_eq!(lines.images[..4], images.originals[..4]);
    assert_eq!(
        (&lines.images[4..6], &lines.images[36..38], &lines.images[40..44]),
        (&images.originals[..2], &images.originals[4..6], &images.originals[4..8])
    );
    let middle = (f64::from(images.originals[0]) + f64::from(images.originals[4])) / 2.0;
    assert!((f64::from(lines.images[20]) - middle).abs() <= 0.51);
}

#[test]
fn the_same_bits_come_out_again_for_any_number_of_threads() {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(Head::Deterministic, Some(TRUNCATED), &data(), &small())).unwrap()
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn a_validation_split_is_used_where_there_is_one_and_doubted_where_it_is_small() {
    let evaluation = Evaluation { metrics: vec!["nll".into()], labels: 0, ..small() };
    for (count, doubts) in [(40, Vec::new()), (29, vec![Doubt::FewImages])] {
        let data = Corners { validation: Some(corners(3, count)), ..data() };
        let outcome = run(Head::Gaussian, None, &data, &evaluation).unwrap();
        let note = find(&outcome, "nll.parzen(sigma=cv,N=500)").note.as_ref().unwrap();
        assert!(note.ends_with(&format!("chosen on {count} held-out images")), "{note}");
        let chosen: Vec<&Measurement> = outcome.measurements.iter().filter(|m| m.protocol.parameter("sigma") == Some("cv")).collect();
        assert!(chosen.len() == 2 && chosen.iter().all(|m| m.doubts == doubts), "{chosen:?}");
        assert!(find(&outcome, "nll.parzen(sigma=0.1,N=500)").doubts.is_empty());
    }
}

#[test]
fn windows_on_images_that_no_model_made_stand_beside_the_others() {
    let data = data();
    let asked = |settings: serde_json::Value| {
        let settings = serde_json::from_value(settings).unwrap();
        let evaluation = Evaluation { metrics: vec!["nll".into()], settings, labels: 0, ..small() };
        run(Head::Gaussian, None, &data, &evaluation).unwrap()
    };
    let outcome = asked(json!({ "nll": { "controls": true } }));
    let means: Vec<f64> =
        (0..4).map(|at| data.train.pixels().iter().skip(at).step_by(4).map(|b| f64::from(*b) / 255.0).sum::<f64>() / 300.0).collect();
    let squared = |image: &[u8]| image.iter().zip(&means).map(|(b, mean)| (f64::from(*b) / 255.0 - mean).powi(2)).sum::<f64>();
    let squared = data.test.pixels().chunks(4).map(squared).sum::<f64>() / 450.0;
    // One Gaussian of four dimensions.
    let expected = squared / (2.0 * 0.04) + 2.0 * (std::f64::consts::TAU * 0.04).ln();
    let of_mean = find(&outcome, "nll.parzen(of=mean_image,sigma=0.2,N=1)");
    assert!((of_mean.value.unwrap() - expected).abs() < 1e-4 && of_mean.kind == Kind::Constant, "{of_mean:?}, expected {expected}");
    let nats = |protocol: &str| find(&outcome, protocol).value.unwrap();
    assert!(nats("nll.parzen(of=train,sigma=0.1,N=300)") < nats("nll.parzen(of=mean_image,sigma=0.1,N=1)"));
    let held_out = find(&outcome, "nll.parzen(of=held_out,sigma=0.08,N=30)");
    assert_eq!(held_out.note.as_deref(), Some("30 held-out images, which are of the training split"));
    // They change no other number.
    let without = asked(json!({}));
    let others: Vec<&Measurement> = outcome.measurements.iter().filter(|m| m.protocol.parameter("of").is_none()).collect();
    assert_eq!(others, without.measurements.iter().collect::<Vec<_>>());
    assert_eq!(outcome.measurements.len() - others.len(), 3 * 3 * 2);
}

#[test]
fn what_cannot_be_measured_is_said_so() {
    let unknown = Evaluation { metrics: vec!["rat".into()], ..small() };
    let error = run(Head::Gaussian, None, &data(), &unknown).unwrap_err();
    assert!(matches!(&error, Error::UnknownName { kind: "metric", nearest: Some(near), .. } if near == "rate"), "{error}");

    let none = ImageSet::new(SHAPE, Vec::new(), Vec::new()).unwrap();
    assert!(run(Head::Gaussian, None, &Corners { test: none, ..data() }, &small()).is_err());

    let other = ImageSet::new(SHAPE, vec![0; 8], vec![5, 6]).unwrap();
    let only_accuracy = Evaluation { metrics: vec!["accuracy".into()], ..small() };
    let outcome = run(Head::Gaussian, None, &Corners { test: other, ..data() }, &only_accuracy).unwrap();
    let accuracy = outcome.measurements.iter().find(|m| m.metric == "accuracy.clean").unwrap();
    assert!(accuracy.value.is_none() && accuracy.note.as_ref().unwrap().contains("0 unseen classes of at least 4 images"));
}
