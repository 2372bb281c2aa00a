//! A finished run made ready for the Hub: its record says what was run, the catalogues say what that is.

use std::path::Path;

use candle_core::Device;
use serde_json::{Map, Value};
use vimae_continual::{STRATEGIES, STREAMS};
use vimae_core::{Catalogue, Split};
use vimae_datasets::{Card, hub_repository, inventory, parted};
use vimae_hub::{CardMetric, Data, DatasetCard, Description, Network, OverSeeds, Package, Part, Published, RepoName, RunFiles, published};
use vimae_models::MODELS;
use vimae_objectives::{
    OBJECTIVES,
    divergence::DIVERGENCES,
    likelihood::{self, LIKELIHOODS},
    noise::NOISES,
};
use vimae_priors::{PRIORS, sampler::SAMPLERS};
use vimae_report::{
    HeadlineTable, Observation, SEEDS_OF_AN_INTERVAL,
    headline::{Headline, collapsed, headlines, unsettled},
    method_in_full, method_label,
};
use vimae_spec::{Component, Doubt, Measurement, RunRecord, RunSpec, uncommitted};
use vimae_statistics::student;

use crate::{
    Error, Result, RunFolder, Shelf, chance, config::network, cost::keeps_splits, course::Chosen, record::read_record, resolve::Parts,
    runs::check_finished, unsettled::too_few,
};

/// Numbers that a card shows: more are not read.
const MOST: usize = 10;

/// A run that can be published.
#[derive(Debug)]
pub struct Prepared {
    /// Every file.
    pub package: Package,
    /// What its publisher should know first.
    pub notes: Vec<String>,
}

/// Puts together what is published of the finished run in `folder` as `repo` under `license`; `code` is the address of its code.
/// Runs beside it that differ in their seed alone give intervals over seeds.
///
/// # Errors
/// As [`RunFiles::open`]; for a folder that is no run, with those that it holds; where the run's data cannot be had, or are not those
/// of its record; for a licence that is none, and an address that cannot be linked.
pub fn prepare(folder: &Path, repo: &RepoName, license: &str, code: Option<&str>, shelf: &mut Shelf) -> Result<Prepared> {
    vimae_hub::license(license)?;
    let code = code.map(vimae_hub::code_address).transpose()?;
    check_finished(folder)?;
    let run = RunFiles::open(folder)?;
    let record = &run.record;
    shelf.recall(&RunFolder::at(folder));
    let parts = Parts::of(&record.spec, shelf, &Device::Cpu)?;
    parts.line()?.load(&run.weights.0)?;
    if record.data_sha256 != parts.dataset.sha256() {
        let problem = format!("was made with data {}, those found here are {}", record.data_sha256, parts.dataset.sha256());
        return Err(Error::Record { path: folder.join("record.json"), problem });
    }
    let mut rows = published(record);
    let others = of_other_seeds(folder, record);
    let runs: Vec<&[Measurement]> = [record].into_iter().chain(&others).map(|record| record.measurements.as_slice()).collect();
    over_seeds(&mut rows, &runs);
    let mut notes = of_data(&record.spec.dataset.name, &inventory::card(&run.config.dataset.name)?, license);
    if uncommitted(&record.git_commit).is_some() || record.git_commit == "unknown" {
        notes.push(format!("the code's commit is {}: nobody can check out what made these weights", record.git_commit));
    }
    if code.is_none() {
        notes.push("the card does not say where the code is: --code ADDRESS links it".into());
    }
    if others.is_empty() {
        notes.push("there is no run of another seed beside this one: no interval says how far seeds differ".into());
    }
    let description = Description { code: code.map(String::from), ..description(&run, &parts, &rows)? };
    notes.extend(description.warning.clone());
    let package = Package::new(&run, repo, license, &description, &rows)?;
    Ok(Prepared { package, notes })
}

/// What the publisher of a run on the data set `named` should know of it.
fn of_data(named: &str, card: &Card, license: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if parted(named).1.is_some() && hub_repository(named).is_none() {
        notes.push(format!("the specification and the record name the data set as {named}: a path of this machine is published"));
        notes.push("the card cannot say what these images are, nor under which licence: say both in README.md on the Hub".into());
    }
    if card.accept {
        notes.push(format!("the data set has terms ({}), and the card publishes the weights under {license}", card.licence));
    }
    notes
}

/// Records beside the run whose specifications differ in the seed alone, on the same data.
fn of_other_seeds(folder: &Path, record: &RunRecord) -> Vec<RunRecord> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.into());
    let Some(entries) = folder.parent().and_then(|parent| parent.read_dir().ok()) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path().join("record.json")).filter(|path| path.is_file()).collect();
    paths.sort();
    let found = paths.iter().filter_map(|path| read_record(path).ok());
    let mut seeds = vec![record.spec.seed];
    found
        .filter(|other| {
            let same = RunSpec { seed: record.spec.seed, ..other.spec.clone() } == record.spec;
            let new = !seeds.contains(&other.spec.seed);
            if same && new && other.data_sha256 == record.data_sha256 {
                seeds.push(other.spec.seed);
                return true;
            }
            false
        })
        .collect()
}

/// Gives each value its mean over `runs`, the measurements of each seed.
fn over_seeds(rows: &mut [Published], runs: &[&[Measurement]]) {
    for row in rows {
        let found = |run: &&[Measurement]| run.iter().find(|m| m.same_quantity(&row.measurement)).cloned();
        let same: Vec<Measurement> = runs.iter().filter_map(found).filter(|m| m.value.is_some_and(f64::is_finite)).collect();
        let values: Vec<f64> = same.iter().filter_map(|m| m.value).collect();
        let seeds = values.len();
        row.over_seeds = (seeds > 1 && row.measurement.kind.compares()).then(|| OverSeeds {
            seeds,
            mean: values.iter().sum::<f64>() / seeds as f64,
            interval: student::interval(&values).filter(|_| seeds >= SEEDS_OF_AN_INTERVAL),
            doubts: Doubt::of_mean(same.iter().map(|m| m.doubts.as_slice())),
        });
    }
}

/// The run in words.
fn description(run: &RunFiles, parts: &Parts, rows: &[Published]) -> Result<Description> {
    let (spec, data) = (&run.record.spec, &run.config.dataset);
    let objective = parts.objective.as_ref();
    let none = Map::new();
    let chosen = |component: &Option<Component>| component.as_ref().map_or(none.clone(), |c| c.settings.clone());
    let (mut found, mut own) = (Vec::new(), Vec::new());
    let mut add = |(part, added): (Part, bool)| {
        own.extend(added.then(|| part.name.clone()));
        found.push(part);
    };
    let replaces = |given: &Option<Component>, default: Option<&str>| {
        given.as_ref().is_some_and(|given| default != Some(given.name.as_str()) || !given.settings.is_empty())
    };
    let replacing = |(part, added): (Part, bool), replaces: bool| (Part { replaces, ..part }, added);
    add(part(&MODELS, &spec.model.name, spec.model.settings.clone())?);
    add(part(&OBJECTIVES, objective.name(), spec.objective.settings.clone())?);
    if objective.ex_post().is_none() {
        let name = spec.prior.as_ref().map_or(objective.default_prior(), |c| &c.name);
        add(replacing(part(&PRIORS, name, chosen(&spec.prior))?, replaces(&spec.prior, Some(objective.default_prior()))));
    }
    let name = spec.noise.as_ref().map_or(objective.default_noise(), |c| &c.name);
    add(replacing(part(&NOISES, name, chosen(&spec.noise))?, replaces(&spec.noise, Some(objective.default_noise()))));
    if let Some(name) = spec.divergence.as_ref().map(|c| c.name.as_str()).or(objective.default_divergence()) {
        let own = objective.default_divergence();
        add(replacing(part(&DIVERGENCES, name, chosen(&spec.divergence))?, replaces(&spec.divergence, own)));
    }
    // The objective may have one of its own, and without any codes are drawn from the prior.
    let sampler = &run.config.sampler;
    add(part(&SAMPLERS, &sampler.name, sampler.settings.clone())?);
    if let Some(likelihood) = &spec.likelihood {
        let replaces = replaces(&spec.likelihood, Some(likelihood::DEFAULT));
        add(replacing(part(&LIKELIHOODS, &likelihood.name, likelihood.settings.clone())?, replaces));
    }
    // No program needs them to load the run.
    if let Some(Chosen { stream, strategy }) = Chosen::of(spec)? {
        found.push(part(&STREAMS, &stream.name, stream.settings)?.0);
        found.push(part(&STRATEGIES, &strategy.name, strategy.settings)?.0);
    }
    let card = inventory::card(&data.name)?;
    let measured: Vec<&Measurement> = rows.iter().map(|row| &row.measurement).collect();
    let network = network(spec, parts)?;
    let unsettled = too_few(run.record.steps, || Some(parts.model.parameters().clone()));
    let classes = chance::classes(parts.dataset.split(Split::Train)?.labels());
    let of_network = |headline| card_metric(headline, rows, &network, classes);
    Ok(Description {
        title: title(&spec.method, objective.name()),
        in_full: method_in_full(objective.name()).map(String::from),
        squared_error: spec.likelihood.as_ref().is_none_or(|likelihood| likelihood.name == likelihood::DEFAULT),
        headlines: headlines(&measured).into_iter().filter_map(of_network).take(MOST).collect(),
        warning: warning(&run.record, unsettled),
        dataset: DatasetCard {
            pixels: pixels(&data.settings, network.channels == 1),
            ..dataset(data, &card, &spec.dataset, parts.dataset.all_train_images()?)
        },
        network,
        parts: found,
        own,
        code: None,
    })
}

/// What a reader of the card must know first: that the model has collapsed, or was trained for too few `steps` to tell, or that no unit
/// counts as active.
fn warning(record: &RunRecord, steps: Option<u64>) -> Option<String> {
    let collapsed = collapsed(&record.measurements).map(|text| steps.map_or(text, unsettled));
    collapsed.or_else(|| HeadlineTable::of(Observation::of_run(record), student::interval).of_small_codes())
}

/// The method as people write it, with its objective where that has another name.
fn title(method: &str, objective: &str) -> String {
    let (method, objective) = (method_label(method), method_label(objective));
    if method == objective { method } else { format!("{method} ({objective})") }
}

/// A headline of the run. The sum of squared errors becomes the mean over pixels, which the Hub knows by name.
fn card_metric(headline: &Headline, rows: &[Published], network: &Network, classes: usize) -> Option<CardMetric> {
    let chosen = headline.among(rows.iter().map(|row| &row.measurement))?;
    let mut published = rows.iter().find(|row| row.measurement.same_quantity(chosen))?.clone();
    let (mut title, mut about) = (headline.title.to_owned(), headline.describe(chosen));
    let out_of = headline.counts.then_some(network.code);
    if let Some(over) = &mut published.over_seeds {
        over.interval = over.interval.map(|ends| headline.possible_part(over.mean, ends, out_of));
    }
    let scale: Option<f64> = chosen.protocol.parameter("scale").and_then(|scale| scale.parse().ok());
    if let Some(scale) = scale.filter(|_| headline.hub == "mse") {
        let factor = 1.0 / (scale * (network.channels * network.height * network.width) as f64);
        published.measurement.value = published.measurement.value.map(|value| value * factor);
        published.interval = published.interval.map(|ends| ends.map(|end| end * factor));
        if let Some(over) = &mut published.over_seeds {
            (over.mean, over.interval) = (over.mean * factor, over.interval.map(|ends| ends.map(|end| end * factor)));
        }
        (title, about) = ("MSE per pixel".into(), format!("squared error of a reconstruction, values in {}", network.range));
    }
    // Of a data set whose classes are all new to the model, a few stand for each draw.
    let classes = chosen.protocol.parameter("unseen").and_then(|unseen| unseen.parse().ok()).unwrap_or(classes);
    if let Some(chance) = chance::chance(classes).filter(|_| headline.name == "accuracy") {
        about += &format!("; {chance}");
    }
    Some(CardMetric { title, about, kind: headline.hub.into(), published, out_of })
}

/// An entry with its settings, and whether a program has added it.
fn part<B>(catalogue: &Catalogue<B>, name: &str, settings: Map<String, Value>) -> Result<(Part, bool)> {
    let entry = catalogue.find(name)?;
    let part = Part {
        kind: catalogue.kind,
        name: entry.name.into(),
        summary: entry.summary.into(),
        source: entry.source.into(),
        settings,
        replaces: false,
    };
    Ok((part, catalogue.is_added(name)))
}

/// The data set for a reader of the card, to whom files of its publisher's are not "yours". The copy at hand has `all` to train on.
fn dataset(data: &Data, card: &Card, component: &Component, all: usize) -> DatasetCard {
    let named = component.name.as_str();
    let published = |card: &Card| card.files.iter().find_map(|file| file.hub.clone());
    // The digits that ship were taken from MNIST's training images, as their card says.
    let whole = inventory::card("mnist").ok().filter(|_| card.embedded);
    let known = DatasetCard {
        name: data.name.clone(),
        title: card.title.clone(),
        source: card.source.clone(),
        licence: card.licence.clone(),
        own_files: false,
        hub: published(card),
        part_of: whole.as_ref().and_then(published),
        train_images: data.train_images,
        all_train_images: all,
        incomplete: keeps_splits(component) && card.full.or(card.counts).is_some_and(|published| all < published.train),
        test_images: data.test_images,
        pixels: None,
    };
    match (hub_repository(named), parted(named).1) {
        (Some(repository), _) => DatasetCard {
            title: format!("The data set {repository} of the Hugging Face Hub"),
            source: format!("https://huggingface.co/datasets/{repository}"),
            licence: "that of its page".into(),
            hub: Some(repository.into()),
            ..known
        },
        (None, Some(_)) => {
            let source = "files of the publisher's own".into();
            DatasetCard { source, licence: "not stated".into(), own_files: true, ..known }
        }
        (None, None) => known,
    }
}

/// What was made of the images' pixels before training, as the settings of their data say. That nothing was is worth a word of
/// grayscale images alone, whose likelihoods are often those of binary ones.
fn pixels(settings: &Map<String, Value>, grayscale: bool) -> Option<String> {
    let binarise = settings.get("binarise").and_then(Value::as_str).filter(|way| *way != "none");
    let dequantised = settings.get("dequantise").and_then(Value::as_bool) == Some(true);
    Some(match binarise {
        Some("threshold") => "binarised: a pixel is 1 from half brightness on".into(),
        Some("fixed") => "binarised: a pixel is 1 or 0 by one draw, its brightness the probability".into(),
        Some("stochastic") => {
            "binarised: a pixel is 1 or 0 by a draw in every epoch, and by one draw in test images, its brightness the probability".into()
        }
        Some(way) => format!("binarised ({way})"),
        None if dequantised => "not binarised; noise between their 256 levels was drawn in every epoch".into(),
        None if grayscale => "not binarised".into(),
        None => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mean_is_doubtful_where_a_seed_is() {
        let of = |metric: &str, value: f64| Measurement::new(metric, metric, metric.into(), "nats").valued(value, None);
        let runs = [vec![of("nll", 90.0), of("rate", 8.0)], vec![of("nll", 92.0).doubted(Doubt::OneWeight, true), of("rate", 9.0)]];
        let mut rows: Vec<Published> =
            runs[0].iter().map(|m| Published { measurement: m.clone(), interval: None, over_seeds: None }).collect();
        over_seeds(&mut rows, &runs.each_ref().map(Vec::as_slice));
        let over: Vec<OverSeeds> = rows.into_iter().filter_map(|row| row.over_seeds).collect();
        let expected = |mean, doubts| OverSeeds { seeds: 2, mean, interval: None, doubts };
        assert_eq!(over, [expected(91.0, vec![Doubt::OneWeight]), expected(8.5, Vec::new())]);
    }

    #[test]
    fn a_card_warns_of_codes_without_an_active_unit() {
        let mut record = crate::cells::tests::record("vae", 0, "rate", 5.0);
        record.measurements[0].entry = "rate".into();
        assert_eq!(warning(&record, None), None);
        let units = Measurement::new("information", "information.active_units", "p".into(), "dimensions").valued(0.0, None);
        record.measurements.push(units);
        let said = warning(&record, None).unwrap();
        assert!(said.starts_with("VAE has a rate and no active unit: "), "{said}");
    }

    #[test]
    fn a_card_tells_a_training_that_was_too_short_from_a_collapse() {
        let mut record = crate::cells::tests::record("vae", 0, "rate", 0.0);
        record.measurements[0].entry = "rate".into();
        let [short, long] = [Some(record.steps), None].map(|steps| warning(&record, steps).unwrap());
        assert_eq!(short, unsettled(record.steps));
        assert_eq!(Some(long), collapsed(&record.measurements));
    }

    #[test]
    fn a_reader_of_the_card_is_not_taken_for_its_publisher() {
        let data = Data {
            name: "table".into(),
            title: "Images in parquet files".into(),
            settings: Map::new(),
            classes: 10,
            train_images: 100,
            test_images: None,
        };
        let card = inventory::card("table").unwrap();
        let own = dataset(&data, &card, &Component::named("table:/data/faces"), 100);
        assert_eq!((own.licence.as_str(), own.source.as_str(), &own.hub), ("not stated", "files of the publisher's own", &None));
        let hub = dataset(&data, &card, &Component::named("table:some/body"), 100);
        assert_eq!((hub.hub.as_deref(), hub.source.as_str()), (Some("some/body"), "https://huggingface.co/datasets/some/body"));
        assert!(own.own_files && !hub.own_files && hub.title.contains("some/body") && hub.licence == "that of its page", "{hub:?}");
        assert_eq!(["table:/data/faces", "table:some/body"].map(|named| of_data(named, &card, "mit").len()), [2, 0]);
        let celeba = of_data("celeba", &inventory::card("celeba").unwrap(), "mit");
        assert!(celeba.len() == 1 && celeba[0].contains("non-commercial") && celeba[0].ends_with("under mit"), "{celeba:?}");
    }

    #[test]
    fn images_are_counted_in_the_copy_that_the_run_has_seen() {
        let card = inventory::card("celeba").unwrap();
        let of = |all: usize, settings: Value| {
            let named = Component { name: "celeba".into(), settings: settings.as_object().unwrap().clone() };
            let data = Data {
                name: "celeba".into(),
                title: card.title.clone(),
                settings: named.settings.clone(),
                classes: 1,
                train_images: 5_000,
                test_images: None,
            };
            let DatasetCard { train_images, all_train_images, incomplete, .. } = dataset(&data, &card, &named, all);
            (train_images, all_train_images, incomplete)
        };
        let fewer = json!({ "train_images": 5_000 });
        assert_eq!(of(162_770, fewer.clone()), (5_000, 162_770, false));
        assert_eq!(of(8_000, fewer.clone()), (5_000, 8_000, true));
        // Without the file of the partition all but the last images train.
        assert_eq!(of(182_599, fewer), (5_000, 182_599, false));
        // How many there should be without broken ones nobody knows.
        assert_eq!(of(162_769, json!({ "broken": "skip" })), (5_000, 162_769, false));
    }

    #[test]
    fn what_was_made_of_pixels_is_said_in_words() {
        let said = |settings: Value| pixels(settings.as_object().unwrap(), true).unwrap();
        assert_eq!(pixels(&Map::new(), false), None);
        assert_eq!([json!({}), json!({ "binarise": "none", "dequantise": false })].map(said), ["not binarised"; 2]);
        let drawn = ["threshold", "fixed", "stochastic"].map(|way| said(json!({ "binarise": way })));
        assert!(drawn.iter().all(|words| words.starts_with("binarised: a pixel is 1 ")), "{drawn:?}");
        assert!(drawn[2].contains("in every epoch") && !drawn[1].contains("epoch"), "{drawn:?}");
        assert_eq!(said(json!({ "binarise": "another" })), "binarised (another)");
        assert!(said(json!({ "dequantise": true })).contains("256 levels"));
    }
}
