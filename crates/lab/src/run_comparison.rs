//! Finished runs shown and compared: methods by headline metrics, and the settings in which they differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde::Serialize;
use serde_json::Value;
use vimae_hub::{Config, RunFiles};
use vimae_report::{
    HeadlineTable, Observation,
    headline::{Headline, headlines},
};
use vimae_spec::{Doubt, RunRecord};
use vimae_statistics::student;

use crate::{
    Error, HubEvent, HubOptions, Result, RunFolder,
    dotted::dotted,
    runs::{find_runs, folder_of, run_at},
    unsettled::unsettled,
};

/// Methods side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct RunComparison {
    /// Methods against headline metrics, over seeds.
    pub table: HeadlineTable,
    /// The methods in the table's order; those of one name have their folders behind it.
    pub methods: Vec<String>,
    /// Settings that are not the same for all, each with its value for every method; absent where a method has none, or where its
    /// specification leaves it at its default.
    pub differing: Vec<(String, Vec<Option<Value>>)>,
}

/// One run to compare.
struct Run {
    folder: PathBuf,
    record: RunRecord,
    settings: BTreeMap<String, Value>,
}

/// Compares runs: each place is the folder of a finished run, a folder that holds runs, or `owner/name` on the Hub. Runs that
/// differ in their seed alone are one method; those that were measured in another way are another.
///
/// # Errors
/// [`Error::Record`] where there is no finished run; [`Error::Hub`] for one that is damaged.
pub fn compare_runs(places: &[String], options: &HubOptions, tell: &mut dyn FnMut(HubEvent)) -> Result<RunComparison> {
    let mut runs = Vec::new();
    for place in places {
        for folder in finished(place, options, tell)? {
            runs.push(Run::open(folder)?);
        }
    }
    Ok(compared(runs))
}

fn compared(found: Vec<Run>) -> RunComparison {
    let mut methods: Vec<Vec<Run>> = Vec::new();
    for run in found {
        let same = |first: &Run| first.settings == run.settings && first.record.data_sha256 == run.record.data_sha256;
        match methods.iter_mut().find(|runs| runs.first().is_some_and(same)) {
            Some(runs) => runs.push(run),
            None => methods.push(vec![run]),
        }
    }
    let firsts: Vec<&Run> = methods.iter().filter_map(|runs| runs.first()).collect();
    let names: Vec<String> = firsts.iter().map(|run| name(run, &firsts)).collect();
    let observed = methods.iter().zip(&names).flat_map(|(runs, name)| {
        // Runs of one seed may have been found twice, under two experiments.
        runs.iter().flat_map(move |run| {
            let unsettled = unsettled(&run.record, &RunFolder::at(&run.folder));
            Observation::of_run(&run.record).map(move |one| Observation { method: name, unsettled, ..one })
        })
    });
    RunComparison { table: HeadlineTable::of(observed, student::interval), differing: differing(&firsts), methods: names }
}

/// A method's name, with its folder where another method has the same: its last part, or all of it where that is the same too, as
/// for two evaluations of one training.
fn name(run: &Run, firsts: &[&Run]) -> String {
    let own = &run.record.spec.method;
    let same: Vec<&&Run> = firsts.iter().filter(|other| other.record.spec.method == *own).collect();
    if same.len() < 2 {
        return own.clone();
    }
    let last = run.folder.file_name().unwrap_or_default();
    let told = same.iter().filter(|other| other.folder.file_name().unwrap_or_default() == last).count() < 2;
    if told { format!("{own} ({})", last.to_string_lossy()) } else { format!("{own} ({})", run.folder.display()) }
}

/// One run with everything that it was made with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownRun {
    /// Its folder.
    pub folder: PathBuf,
    /// Its method.
    pub method: String,
    /// Its seed.
    pub seed: u64,
    /// Headline metrics: title, value, protocol, and why not to rely on the value.
    pub metrics: Vec<(String, Option<f64>, String, Option<String>)>,
    /// The values of these as people read them.
    #[serde(skip)]
    pub written: Vec<Option<String>>,
    /// What it was made and measured with, by dotted keys. Of its training, its evaluation and the metrics' settings, those that
    /// the specification leaves out are at their defaults.
    pub settings: BTreeMap<String, Value>,
}

/// Shows a finished run: its folder, or `owner/name` on the Hub.
///
/// # Errors
/// As [`compare_runs`].
pub fn show_run(place: &str, options: &HubOptions, tell: &mut dyn FnMut(HubEvent)) -> Result<ShownRun> {
    let Run { folder, record, settings } = Run::open(run_at(place, options, tell)?)?;
    let shown = |headline: &Headline| {
        let one = headline.among(&record.measurements)?;
        Some((headline.title.to_owned(), one.value, one.protocol.to_string(), Doubt::warning(&one.doubts)))
    };
    let metrics = headlines(&record.measurements).into_iter().filter_map(shown).collect();
    let code = record.spec.model.code;
    let written = |headline: &Headline| Some(headline.among(&record.measurements)?.value.map(|value| headline.shown(value, code)));
    let written = headlines(&record.measurements).into_iter().filter_map(written).collect();
    Ok(ShownRun { folder, method: record.spec.method, seed: record.spec.seed, metrics, written, settings })
}

fn finished(place: &str, options: &HubOptions, tell: &mut dyn FnMut(HubEvent)) -> Result<Vec<PathBuf>> {
    let folder = folder_of(place, options, tell)?;
    if folder.join("record.json").is_file() {
        return Ok(vec![folder]);
    }
    let found: Vec<PathBuf> = find_runs(&folder)?.into_iter().filter(|run| run.record.is_some()).map(|run| run.folder).collect();
    if found.is_empty() {
        return Err(Error::Record { path: folder, problem: "holds no finished run".into() });
    }
    Ok(found)
}

impl Run {
    fn open(folder: PathBuf) -> Result<Self> {
        let RunFiles { config, record, .. } = RunFiles::open(&folder)?;
        let settings = settings(&config, &record);
        Ok(Self { folder, record, settings })
    }
}

/// Everything that a run was made and measured with but its seed and its name, by dotted keys.
fn settings(config: &Config, record: &RunRecord) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut part = |section: &str, name: &str, settings: &serde_json::Map<String, Value>| {
        all.insert(section.to_owned(), name.into());
        all.extend(settings.iter().map(|(key, value)| (format!("{section}.{key}"), value.clone())));
    };
    let Config { dataset, network, objective, prior, noise, divergence, likelihood, sampler, stream, strategy, .. } = config;
    part("dataset", &dataset.name, &dataset.settings);
    part("model", &network.architecture, &network.settings);
    part("objective", &objective.name, &objective.settings);
    part("prior", &prior.name, &prior.settings);
    part("noise", &noise.name, &noise.settings);
    part("likelihood", &likelihood.name, &likelihood.settings);
    part("sampler", &sampler.name, &sampler.settings);
    for (section, chosen) in [("divergence", divergence), ("stream", stream), ("strategy", strategy)] {
        if let Some(chosen) = chosen {
            part(section, &chosen.name, &chosen.settings);
        }
    }
    all.insert("model.code".into(), network.code.into());
    // How many there were: a setting of 0 says all.
    all.insert("dataset.train_images".into(), dataset.train_images.into());
    all.extend(dataset.test_images.map(|count| ("dataset.test_images".to_owned(), Value::from(count))));
    all.extend(dotted("training", &record.spec.training));
    all.extend(dotted("evaluation", &record.spec.evaluation));
    all
}

fn differing(firsts: &[&Run]) -> Vec<(String, Vec<Option<Value>>)> {
    let keys: BTreeSet<&String> = firsts.iter().flat_map(|run| run.settings.keys()).collect();
    let row = |key: &String| -> Vec<Option<Value>> { firsts.iter().map(|run| run.settings.get(key).cloned()).collect() };
    keys.into_iter()
        .map(|key| (key.clone(), row(key)))
        .filter(|(_, values)| values.windows(2).any(|pair| pair.first() != pair.last()))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;
    use vimae_spec::Evaluation;

    use super::*;
    use crate::cells::tests::record;

    /// What a run of the digits says of itself.
    pub(crate) fn config() -> Config {
        let choice = |name: &str| json!({ "name": name, "settings": {} });
        let config = json!({
            "format": 1, "model_type": "vimae", "version": "", "method": "vae", "seed": 0,
            "dataset": {
                "name": "digits", "title": "", "settings": { "train_images": 0, "test_images": 0 }, "classes": 10,
                "train_images": 8000, "test_images": 2000,
            },
            "network": {
                "architecture": "mlp", "settings": {}, "code": 2, "head": "gaussian", "channels": 1, "height": 28, "width": 28,
                "range": "unit", "outputs": 1, "squashed": true,
            },
            "objective": choice("vae"), "prior": choice("normal"), "noise": choice("gaussian"), "likelihood": choice("squared_error"),
            "sampler": choice("prior"), "weights_sha256": "", "spec_sha256": "", "training_sha256": "", "data_sha256": "",
        });
        serde_json::from_value(config).unwrap()
    }

    fn run(folder: &str, seed: u64, rate: f64, labels: usize) -> Run {
        let mut record = record("vae", seed, "rate", rate);
        record.spec.evaluation = Evaluation { labels, ..Evaluation::default() };
        Run { folder: folder.into(), settings: settings(&config(), &record), record }
    }

    #[test]
    fn images_are_counted_where_a_setting_says_all() {
        let run = run("a", 0, 4.0, 100);
        let count = |split: &str| run.settings.get(&format!("dataset.{split}_images")).cloned();
        assert_eq!((count("train"), count("test")), (Some(json!(8_000)), Some(json!(2_000))));
    }

    #[test]
    fn runs_that_were_measured_in_another_way_are_another_method() {
        let found = compared(vec![run("a/vae-seed0", 0, 4.0, 100), run("a/vae-seed1", 1, 5.0, 100), run("b/vae-seed0", 0, 6.0, 200)]);
        assert_eq!(found.methods, ["vae (a/vae-seed0)", "vae (b/vae-seed0)"]);
        let seeds: Vec<usize> = found.table.rows.iter().map(|row| row.seeds).collect();
        assert_eq!(seeds, [2, 1]);
        let labels = vec![Some(json!(100)), Some(json!(200))];
        assert_eq!(found.differing, [("evaluation.labels".to_owned(), labels)]);
        // The last part of a folder is enough where no other has it.
        let found = compared(vec![run("a/vae-seed0-1", 0, 4.0, 100), run("a/vae-seed0-2", 0, 6.0, 200)]);
        assert_eq!(found.methods, ["vae (vae-seed0-1)", "vae (vae-seed0-2)"]);
    }
}
