//! Experiments checked as far as that goes without their data.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
    path::{Path, PathBuf},
    slice,
};

use serde_json::Map;
use vimae_core::{Error as CoreError, PixelRange, catalogue::unknown_name};
use vimae_metrics::METRICS;
use vimae_spec::{Evaluation, Expectation, Experiment, Paper, PaperTarget, RunSpec};

use crate::{
    Cost, Error, Estimator, Layout, Result, Shelf, expectations, image_counts, lifelong,
    own::{self, place},
    resolve,
};

/// Reads an experiment file with what it includes and checks every run: names, settings, ranges, parts that must fit one
/// another, images that the network and the likelihood must take, targets that the paper must have, runs that need folders of their
/// own. The data itself is read only where nothing else says what its images are, and where it is here and a stream cuts it.
///
/// # Errors
/// The first mistake, with its file and method.
pub fn check_experiment(path: &Path, paper: &Paper, estimator: &mut Estimator, shelf: &mut Shelf) -> Result<Experiment> {
    let experiment = own::load(path, &[])?;
    check_profile(slice::from_ref(&experiment), paper)?;
    for spec in experiment.runs(1) {
        match checked_cost(&experiment, &spec, estimator, shelf) {
            // It would be left out.
            Err(Error::Unreadable { source: vimae_datasets::Error::Missing { .. }, .. }) if experiment.optional => {}
            cost => _ = cost?,
        }
    }
    Ok(experiment)
}

/// Checks all that can be said of experiments together before anyone looks at their data: folders, methods, targets, expectations, and
/// the names and settings of every run.
///
/// # Errors
/// The first mistake, with its file.
pub(crate) fn check_profile(experiments: &[Experiment], paper: &Paper) -> Result<()> {
    check_folders(experiments)?;
    check_methods(experiments)?;
    for experiment in experiments {
        check_targets(experiment, paper)?;
        for spec in experiment.runs(1) {
            resolve::check_names(&spec, &place(experiment, &spec))?;
        }
        check_expectations(experiment)?;
    }
    Ok(())
}

/// What a run will take, where its parts fit its images and one another.
///
/// # Errors
/// For parts that do not, and for data that cannot be read and that no card describes, with file and method.
pub(crate) fn checked_cost(experiment: &Experiment, spec: &RunSpec, estimator: &mut Estimator, shelf: &mut Shelf) -> Result<Cost> {
    let place = place(experiment, spec);
    let mut cost = || -> Result<Cost> {
        image_counts::check(&spec.dataset)?;
        let cost = estimator.cost(spec, shelf)?;
        estimator.check_counts(spec, shelf)?;
        let (shape, values) = estimator.pixels(&spec.dataset, shelf)?;
        // No part is refused for the range of the pixels.
        resolve::check_fit(spec, (shape, PixelRange::Unit))?;
        resolve::check_pixels(spec, (shape, PixelRange::Unit), values)?;
        // Images that were read anyway are looked at as training does.
        if estimator.is_opened(&spec.dataset, shelf)? {
            resolve::check(spec, &place, shelf)?;
        }
        Ok(cost)
    };
    cost().map_err(|error| error.of_run(&place))
}

/// That the paper has every target of an experiment, and on a data set that the experiment stands for: else nothing of it would be
/// held against the paper.
fn check_targets(experiment: &Experiment, paper: &Paper) -> Result<()> {
    let part = |source| Err(Error::Part { place: experiment.path.display().to_string(), source });
    let all: BTreeSet<&str> = paper.0.values().flat_map(datasets).collect();
    if let Some(name) = experiment.paper_dataset.as_deref().filter(|name| !all.contains(name)) {
        return part(unknown_name("paper_dataset", name, all));
    }
    let runs = experiment.runs(1);
    let stands_for: BTreeSet<&str> = match &experiment.paper_dataset {
        Some(name) => BTreeSet::from([name.as_str()]),
        None => runs.iter().map(|run| run.dataset.name.as_str()).collect(),
    };
    for name in &experiment.targets {
        let Some(target) = paper.0.get(name) else {
            return part(unknown_name("target", name, paper.0.keys().map(String::as_str)));
        };
        let of: BTreeSet<&str> = datasets(target).collect();
        if of.is_disjoint(&stands_for) {
            let words = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
            return part(CoreError::Unsupported {
                what: format!("target \"{name}\" of an experiment on {}", words(stands_for)),
                reason: format!("the paper has it of {}; name that as paper_dataset, or leave the target out", words(of)),
            });
        }
    }
    Ok(())
}

/// The data sets of a table or figure.
fn datasets(target: &PaperTarget) -> impl Iterator<Item = &str> {
    target.rows.iter().filter_map(|row| row.dataset.as_deref()).chain([target.dataset.as_str()])
}

/// That each expectation is of a metric that there is, and that the methods it is about measure: no other is ever decided. Numbers made
/// of tasks are there where runs have tasks.
fn check_expectations(experiment: &Experiment) -> Result<()> {
    if experiment.expect.is_empty() {
        return Ok(());
    }
    let part = |source| Error::Part { place: format!("{}, expect", experiment.path.display()), source };
    let (mut by_entry, mut by_method) = (BTreeMap::new(), BTreeMap::<String, BTreeSet<String>>::new());
    for entry in METRICS.entries() {
        let reported: BTreeSet<String> = METRICS.build(entry.name, &Map::new()).map_err(part)?.reports().into_iter().collect();
        by_entry.insert(entry.name, reported);
    }
    for run in experiment.runs(1) {
        let measured = by_method.entry(expectations::base(&run.method).to_owned()).or_default();
        measured.extend(vimae_eval::chosen(&run.evaluation).map_err(part)?.iter().flat_map(|metric| metric.reports()));
        measured.extend(run.stream.iter().flat_map(|_| lifelong::reports()));
    }
    let all: BTreeSet<String> = by_entry.values().chain(by_method.values()).flatten().cloned().collect();
    for Expectation { metric, method, better_than, .. } in &experiment.expect {
        if !is_reported(metric, &all) {
            return Err(part(unknown_name("metric", metric, all.iter().map(String::as_str))));
        }
        let measured = |by: Option<&String>| {
            let mut of = by_method.iter().filter(|(name, _)| by.is_none_or(|by| by == *name));
            of.any(|(_, names)| is_reported(metric, names))
        };
        let mut about = iter::once(method.as_ref()).chain(better_than.iter().map(Some));
        if let Some(method) = about.find(|method| !measured(*method)) {
            let sections = by_entry.iter().filter(|(_, names)| is_reported(metric, names));
            let sections: Vec<String> = sections.map(|(entry, _)| format!("[evaluation.settings.{entry}]")).collect();
            let cure = match sections.as_slice() {
                [] => "it is made of tasks, and the run has no [stream]".to_owned(),
                sections => format!("a section {} adds it, also an empty one", sections.join(" or ")),
            };
            let of = method.map_or_else(String::new, |method| format!(" of method {method}"));
            let (what, reason) = (format!("metric \"{metric}\"{of}"), format!("no run measures it; {cure}"));
            return Err(part(CoreError::Unsupported { what, reason }));
        }
    }
    Ok(())
}

/// Whether a metric is one of `names`, in which a `*` at the end stands for a number.
fn is_reported(metric: &str, names: &BTreeSet<String>) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    names.iter().any(|name| match name.strip_suffix('*') {
        Some(stem) => metric.strip_prefix(stem).is_some_and(is_number),
        None => name == metric,
    })
}

/// That no two runs share a folder, which each call would take from one of them for the other.
fn check_folders(experiments: &[Experiment]) -> Result<()> {
    let mut owners: BTreeMap<PathBuf, (&Experiment, RunSpec)> = BTreeMap::new();
    for experiment in experiments {
        for spec in experiment.runs(1) {
            let folder = Layout::new("").run(&experiment.name, &spec).path().to_path_buf();
            let before = owners.insert(folder.clone(), (experiment, spec.clone()));
            if let Some((other, before)) = before.filter(|(_, before)| *before != spec) {
                let problem = format!(
                    "method {} would share the folder {} with method {} of {}; rename one of the two",
                    spec.method,
                    folder.display(),
                    before.method,
                    other.path.display()
                );
                return Err(vimae_spec::Error::Form { path: experiment.path.clone(), problem }.into());
            }
        }
    }
    Ok(())
}

/// Checks that runs under one name in one table differ in nothing but seed and evaluation, so that no mean is over different
/// methods.
///
/// # Errors
/// [`vimae_spec::Error::Form`] naming the method and the files of two experiments.
fn check_methods(experiments: &[Experiment]) -> Result<()> {
    let mut known: BTreeMap<[String; 4], (&Path, String)> = BTreeMap::new();
    for experiment in experiments {
        for spec in experiment.runs(1) {
            let (own, method) = (&spec.dataset.name, &spec.method);
            let stands_for = experiment.paper_dataset.as_ref().unwrap_or(own);
            let tables = experiment.targets.iter().map(|target| (target, stands_for)).chain([(&experiment.name, own)]);
            let made = RunSpec { evaluation: Evaluation::default(), ..spec.clone() }.sha256();
            for (table, stands_for) in tables {
                let key = [table, own, stands_for, method].map(String::clone);
                let (other, first) = known.entry(key).or_insert_with(|| (experiment.path.as_path(), made.clone()));
                if *first != made {
                    let problem = format!(
                        "its method {method} is another than that of {}, and both stand in {table}; rename it in one of the two",
                        other.display()
                    );
                    return Err(vimae_spec::Error::Form { path: experiment.path.clone(), problem }.into());
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::Sources;

    fn paper() -> Paper {
        crate::paper(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")).unwrap()
    }

    /// Checks an experiment on the digits with these lines at its top and these methods.
    fn checked(top: &str, methods: &str) -> Result<Experiment> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        std::fs::write(&path, format!("version = 1\n{top}\ndataset = \"digits\"\nmodel = \"mlp\"\n{methods}\n")).unwrap();
        check_experiment(&path, &paper(), &mut Estimator::new(&Device::Cpu), &mut Shelf::new(Sources::default()))
    }

    #[test]
    fn a_target_is_held_against_numbers_of_the_papers_data() {
        let vae = "[methods.vae]\nobjective = \"vae\"";
        for (top, expected) in [
            ("targets = [\"figure1\"]\npaper_dataset = \"mnits\"", "unknown paper_dataset \"mnits\" (did you mean \"mnist\"?)"),
            ("paper_dataset = \"mnits\"", "unknown paper_dataset \"mnits\""),
            ("targets = [\"figure1\"]\npaper_dataset = \"omniglot\"", "target \"figure1\" of an experiment on omniglot"),
            ("targets = [\"figure1\"]", "target \"figure1\" of an experiment on digits: the paper has it of mnist; name that"),
            ("targets = [\"figure9\"]\npaper_dataset = \"mnist\"", "unknown target \"figure9\""),
        ] {
            let message = checked(top, vae).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        // Table 1 is of Omniglot, and one row of it of MNIST.
        for top in ["", "targets = [\"figure1\", \"table1\"]\npaper_dataset = \"mnist\""] {
            checked(top, vae).unwrap();
        }
    }

    #[test]
    fn something_is_expected_of_metrics_that_there_are() {
        let vae = "[methods.vae]\nobjective = \"vae\"";
        let tasks = format!("{vae}\nstream = \"split_classes\"");
        let expecting = |metric: &str, methods: &str| {
            let top = format!("expect = [{{ metric = \"{metric}\", below = 1.0 }}]");
            checked(&top, methods).map(drop).map_err(|error| error.to_string())
        };
        for metric in ["accuracy.clean", "accuracy.clean.class_3", "accuracy.mask_0_2", "nll", "rate.dimension"] {
            assert_eq!(expecting(metric, vae), Ok(()), "{metric}");
        }
        for (metric, said) in [
            (
                "reconstructoin",
                "x.toml, expect: unknown metric \"reconstructoin\" (did you mean \"reconstruction\"?); there are: accuracy.clean",
            ),
            ("accuracy.clen", "(did you mean \"accuracy.clean\"?)"),
            ("accuracy.clean.class_", "unknown metric"),
            ("mse", "(did you mean \"reconstruction\"?)"),
            ("lifelong.forgetting.rate", "unknown metric"),
        ] {
            let message = expecting(metric, vae).unwrap_err();
            assert!(message.contains(said), "{message}");
        }
        assert_eq!(expecting("lifelong.forgetting.share_kept", &tasks), Ok(()));
        let message = expecting("lifelong.forgeting.share_kept", &tasks).unwrap_err();
        assert!(message.contains("(did you mean \"lifelong.forgetting.share_kept\"?)"), "{message}");
    }

    #[test]
    fn something_is_expected_of_metrics_that_the_methods_measure() {
        let methods = |evaluation: &str| {
            let other = "[methods.ae]\nobjective = \"plain_ae\"\nevaluation = { metrics = [\"reconstruction\"] }";
            format!("[methods.vae]\nobjective = \"vae\"\nevaluation = {evaluation}\n{other}")
        };
        let expecting = |expected: &str, evaluation: &str| {
            let top = format!("expect = [{{ {expected} }}]");
            checked(&top, &methods(evaluation)).map(drop).map_err(|error| error.to_string())
        };
        for (expected, evaluation) in [
            ("metric = \"fid\", below = 1.0", "{ settings = { fid = {} } }"),
            ("metric = \"ais.gap\", below = 1.0", "{ metrics = [\"ais\"] }"),
            ("metric = \"rate\", below = 1.0", "{ metrics = [\"rate\"] }"),
            ("metric = \"reconstruction\", method = \"vae\", better_than = [\"ae\"]", "{}"),
        ] {
            assert_eq!(expecting(expected, evaluation), Ok(()), "{expected}");
        }
        for (expected, evaluation, said) in [
            ("metric = \"fid\", below = 1.0", "{}", "metric \"fid\": no run measures it; a section [evaluation.settings.fid] adds it"),
            (
                "metric = \"kid\", below = 1.0",
                "{ metrics = [\"rate\"] }",
                "[evaluation.settings.fid] or [evaluation.settings.fid_classifier]",
            ),
            ("metric = \"rate\", method = \"ae\", below = 1.0", "{}", "metric \"rate\" of method ae: no run measures it"),
            ("metric = \"rate\", method = \"vae\", better_than = [\"ae\"]", "{}", "metric \"rate\" of method ae: no run measures it"),
        ] {
            let message = expecting(expected, evaluation).unwrap_err();
            assert!(message.contains("x.toml, expect: ") && message.contains(said), "{message}");
        }
    }

    #[test]
    fn data_that_cannot_be_read_is_named_with_the_file_and_method_that_ask_for_it() {
        let own = |data: &str| format!("[methods.own]\nobjective = \"vae\"\ndataset = \"{data}\"");
        for (data, said) in
            [("arrays:nothing.npz", "nothing.npz: does not exist; name a .npz"), ("folder:nothing", "nothing: does not exist")]
        {
            let error = checked("", &own(data)).unwrap_err();
            assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
            let message = error.to_string();
            assert!(message.contains("x.toml, method own: ") && message.contains(said), "{message}");
        }
        // An optional experiment is left out where its data is not here.
        assert!(matches!(checked("", &own("table:no/body")), Err(Error::Unreadable { .. })));
        checked("optional = true", &own("table:no/body")).unwrap();
    }

    #[test]
    fn methods_that_would_share_a_folder_are_named() {
        let two = |names: [&str; 2], more: &str| {
            let [one, other] = names.map(|name| format!("[methods.\"{name}\"]\nobjective = \"vae\"\n"));
            checked("", &(one + &other + more))
        };
        let message = two(["vae 200/2", "vae 200+2"], "evaluation = { labels = 0 }").unwrap_err().to_string();
        for expected in ["method vae 200/2", "method vae 200+2", "rename one of the two"] {
            assert!(message.contains(expected), "{message}");
        }
        // Another training is another folder, as is another name.
        two(["vae 200/2", "vae 200+2"], "training = { epochs = 3 }").unwrap();
        two(["vae_200_2", "vae_200+2b"], "evaluation = { labels = 0 }").unwrap();
    }

    #[test]
    fn experiments_that_are_worked_on_together_are_held_against_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let experiment = |name: &str, objective: &str, epochs: u64| {
            let path = folder.path().join(name).join("x.toml");
            let text = format!(
                "version = 1\ndataset = \"digits\"\nmodel = \"mlp\"\n[training]\nepochs = {epochs}\n[methods.vae]\nobjective = \"{objective}\"\n"
            );
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            own::load(&path, &[]).unwrap()
        };
        let check = |experiments: &[Experiment]| check_profile(experiments, &paper()).map_err(|error| error.to_string());
        let (one, other) = (experiment("a", "vae", 1), experiment("b", "vae", 2));
        assert_eq!((check(slice::from_ref(&one)), check(slice::from_ref(&other))), (Ok(()), Ok(())));
        let error = check(&[one, other]).unwrap_err();
        assert!(error.contains("its method vae is another than that of"), "{error}");
        let error = check(&[experiment("c", "vea", 1)]).unwrap_err();
        assert!(error.contains("x.toml, method vae: unknown objective \"vea\" (did you mean \"vae\"?)"), "{error}");
    }

    #[test]
    fn one_name_in_one_table_is_one_method() {
        let folder = tempfile::tempdir().unwrap();
        let experiment = |file: &str, head: &str, method: &str, epochs: u64| {
            let (path, labels) = (folder.path().join(file), file.len());
            let text = format!(
                "version = 1\n{head}\n[dataset]\nname = \"digits\"\n[model]\nname = \"mlp\"\n[training]\nepochs = {epochs}\n\
                 [evaluation]\nlabels = {labels}\n[methods.{method}]\nobjective = \"vae\"\n"
            );
            std::fs::write(&path, text).unwrap();
            Experiment::load(&path).unwrap()
        };
        let table3 = "targets = [\"table3\"]";
        let first = experiment("a.toml", "targets = [\"table1\", \"table3\"]", "vae", 1);
        let with = |other: Experiment| check_methods(&[first.clone(), other]).map_err(|error| error.to_string());
        let error = with(experiment("b.toml", table3, "vae", 8)).unwrap_err();
        for part in ["b.toml: its method vae", "a.toml", "stand in table3"] {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
        let mut other = experiment("a.toml", "", "vae", 8);
        other.path = "elsewhere/a.toml".into();
        assert!(with(other).is_err(), "tables of experiments of one name are one");
        // More seeds and another evaluation of the same run, another target, data set of the paper or name.
        let mut same = experiment("another.toml", table3, "vae", 1);
        assert_eq!(with(same.clone()), Ok(()));
        same.seeds = 5;
        assert_eq!(with(same), Ok(()));
        assert_eq!(with(experiment("b.toml", "targets = [\"table4\"]", "vae", 8)), Ok(()));
        assert_eq!(with(experiment("b.toml", &format!("{table3}\npaper_dataset = \"mnist\""), "vae", 8)), Ok(()));
        assert_eq!(with(experiment("b.toml", table3, "vae_long", 8)), Ok(()));
    }
}
