//! The metric `fid` on a model and real images: by Inception where it has weights, else by a classifier.

use std::path::Path;

use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use serde_json::json;
use vimae_core::{AutoEncoder, Dataset, Evidence, Head, ImageSet, MetricFiles, Mode, PixelRange, Purpose, Silent, Split, Streams};
use vimae_datasets::{InMemory, Sources};
use vimae_eval::{EvalContext, Subject};
use vimae_metrics::{
    METRICS, batch_norm::with_statistics_of, features::extract, fid::fid, fid_classifier::in_bytes, images::ImagesInMemory,
    inception::Inception, resize::Resize,
};
use vimae_spec::{Doubt, Evaluation, Measurement};
use vimae_tests::parts::{model, prior, stir};

use crate::comparison::untrained;

const COUNT: usize = 12;

fn network(data: &dyn Dataset) -> Result<Box<dyn AutoEncoder>> {
    let model = model("wae_conv", json!({ "width": 2 }), data.shape()?, data.range(), 2, Head::Deterministic, DType::F32)?;
    stir(model.parameters())?;
    Ok(model)
}

fn digits() -> Result<Box<dyn Dataset>> {
    let few = json!({ "train_images": 40, "test_images": 20 });
    Ok(vimae_datasets::open("digits", few.as_object().context("settings")?, &Sources::default())?)
}

/// What `fid` measures, and the codes that it drew from the prior.
fn measure(data: &dyn Dataset, files: &MetricFiles, settings: serde_json::Value) -> Result<(Vec<Measurement>, Tensor)> {
    let (model, prior) = (network(data)?, prior("normal")?);
    let evaluation = Evaluation { prior_samples: COUNT, ..Evaluation::default() };
    let subject = Subject { model: model.as_ref(), prior: prior.as_ref(), sampler: None, corruption: None, dataset: data, files };
    let metric = METRICS.build("fid", settings.as_object().context("settings")?)?;
    let context = EvalContext::new(subject, &evaluation, 0, &Silent)?;
    let found = metric.measure(&context)?.measurements;
    let reported = metric.reports();
    assert!(found.iter().all(|m| reported.contains(&m.metric)), "{found:?} has more than {reported:?}");
    Ok((found, context.prior_sample()?.clone()))
}

fn find<'a>(found: &'a [Measurement], metric: &str, words: &[&str]) -> Result<&'a Measurement> {
    let one = found.iter().find(|m| m.metric == metric && words.iter().all(|word| m.protocol.to_string().contains(word)));
    one.with_context(|| format!("{metric} {words:?} in {found:?}"))
}

/// FID of the model's samples from the first test images, put together from its parts.
fn by_parts(data: &dyn Dataset, weights: &Path, codes: &Tensor, count: usize) -> Result<f64> {
    let network_of = Inception::open(weights, Resize::Clean, &Device::Cpu)?;
    let samples = network(data)?.decode(&codes.narrow(0, 0, count)?, Mode::Evaluate)?.detach();
    let features = |images: &ImagesInMemory| extract(&network_of, images, "features", &Silent);
    let real = features(&ImagesInMemory::of(data.split(Split::Test)?, count)?)?;
    Ok(fid(&real, &features(&ImagesInMemory::new(in_bytes(&samples, data.range())?)?)?)?.value)
}

#[test]
fn inception_is_taken_where_it_is_and_a_classifier_where_it_is_not_under_another_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let weights = folder.path().join("weights.safetensors");
    untrained(&weights)?;
    let data = digits()?;
    let files = MetricFiles { inception: Some(weights.clone()), feature_cache: Some(folder.path().join("features")) };
    let (readings, codes) = measure(data.as_ref(), &files, json!({ "resize": "clean", "images": 10 }))?;

    let samples = find(&readings, "fid", &["fid(of=samples,reference=test,N=10,M=10,features=inception-2015-12-05.pool3.clean@"])?;
    let (value, expected) = (samples.value.context("a value")?, by_parts(data.as_ref(), &weights, &codes, 10)?);
    assert!((value - expected).abs() <= 1e-6 * expected.abs(), "{value}, by its parts {expected}");
    // The doubt says it; the note need not.
    assert!(samples.note.as_ref().is_some_and(|note| note.starts_with("grayscale images")), "{samples:?}");
    assert_eq!(samples.doubts, [Doubt::Undetermined]);
    for measured in &readings {
        assert!(measured.note.as_ref().is_some_and(|note| note.ends_with("the number means little")), "{measured:?}");
    }
    let other = find(&readings, "fid", &["of=samples,decoder_bn=prior_samples", "reference=test"])?;
    assert_ne!(other.value, samples.value);
    for (metric, words) in [("fid.reconstructions", ["of=reconstructions", "reference=train"]), ("kid", ["of=samples", "reference=test"])] {
        assert!(find(&readings, metric, &words)?.value.is_some_and(f64::is_finite), "{readings:?}");
    }
    // Six FIDs; KID, precision and recall once.
    assert_eq!(readings.len(), 9);
    assert_eq!(std::fs::read_dir(folder.path().join("features"))?.count(), 2);

    for files in [&MetricFiles::default(), &files] {
        let (without, _) = measure(data.as_ref(), files, json!({ "features": "classifier", "images": 12 }))?;
        assert!(
            without.iter().all(|r| r.metric != "fid"
                && r.note.as_ref().is_none_or(|note| !note.contains("grayscale") && !note.contains("were not found"))
                && r.protocol.to_string().contains("features=classifier(digits).feature@")),
            "{without:?}"
        );
        find(&without, "fid_classifier", &["of=samples,reference=test,N=12,M=12"])?;
    }
    Ok(())
}

#[test]
fn images_without_labels_are_told_apart_by_their_turns() -> Result<()> {
    let digits = digits()?;
    let unlabelled = |split: Split| -> Result<(Split, ImageSet)> {
        let set = digits.split(split)?;
        Ok((split, ImageSet::new(set.shape(), set.pixels().to_vec(), vec![0; set.len()])?))
    };
    let splits = vec![unlabelled(Split::Train)?, unlabelled(Split::Test)?];
    let data = InMemory::new("faces", PixelRange::Unit, 1, "", splits)?;
    let (readings, _) = measure(&data, &MetricFiles::default(), json!({}))?;
    let samples = find(&readings, "fid_classifier", &["of=samples,reference=train", "features=classifier(faces.rotations).feature@"])?;
    assert!(samples.value.is_some_and(|v| v > 0.0), "{samples:?}");
    // Inception was asked for where its weights are found.
    assert!(readings.iter().all(|r| r.note.as_ref().is_some_and(|note| note.contains("VIMAE_FID_WEIGHTS"))), "{readings:?}");
    Ok(())
}

#[test]
fn statistics_of_prior_codes_are_those_that_training_would_use_on_them_and_leave_no_trace() -> Result<()> {
    let data = digits()?;
    let model = network(data.as_ref())?;
    let buffers = || -> Result<Vec<Vec<f32>>> {
        model.parameters().buffers().iter().map(|(_, v)| Ok(v.as_detached_tensor().flatten_all()?.to_vec1()?)).collect()
    };
    let before = buffers()?;
    let codes = Tensor::from_vec(Streams::new(5).normal(Purpose::Evaluation, 0, 2 * 100), (100, 2), &Device::Cpu)?;
    let numbers = |t: Tensor| -> Result<Vec<f32>> { Ok(t.detach().flatten_all()?.to_vec1()?) };
    let plain = numbers(model.decode(&codes, Mode::Evaluate)?)?;
    let again = with_statistics_of(model.as_ref(), &codes, || model.decode(&codes, Mode::Evaluate))?.context("batch norm")?;
    assert_eq!(buffers()?, before);
    let failed = with_statistics_of(model.as_ref(), &codes, || Err::<(), _>(vimae_core::Error::Data("on purpose".into())));
    assert!(failed.is_err() && buffers()? == before);
    // One batch of all codes is normalised in training by its own statistics, but for n - 1 in place of n.
    let (again, training) = (numbers(again)?, numbers(model.decode(&codes, Mode::Train)?)?);
    let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart(&again, &training) < 1e-3, "{}", apart(&again, &training));
    assert!(apart(&again, &plain) > 0.05, "{}", apart(&again, &plain));
    Ok(())
}
