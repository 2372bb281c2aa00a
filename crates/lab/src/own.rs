//! One's own experiment: a file read with what the catalogues know, or objectives named on the command line.

use std::path::{Path, PathBuf};

use serde_json::Map;
use toml::{Table, Value};
use vimae_datasets::{known, parted, placed};
use vimae_objectives::{OBJECTIVES, likelihood};
use vimae_priors::sampler;
use vimae_spec::{Catalogues, Experiment, RunSpec};

use crate::{Result, changes, command::called, resolve, sections};

/// The network where none is named.
const MODEL: &str = "wae_conv";

/// The experiment of these objectives at their defaults on a data set, `mnist` or `folder:PATH` (from the current folder), and with
/// `changes`, `KEY=VALUE`.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) for an objective or data set that does not exist, with the nearest; as [`load`].
pub(crate) fn own(objectives: &[String], dataset: &str, changes: &[String]) -> Result<Experiment> {
    known(dataset)?;
    let mut methods = Table::new();
    check_objectives(objectives)?;
    for objective in objectives {
        methods.insert(objective.clone(), Value::Table(text("objective", objective)));
    }
    let mut table = Table::new();
    table.insert("version".into(), Value::Integer(1));
    let title = format!("{} on {dataset}", objectives.join(", "));
    table.extend(text("title", &title));
    table.insert("dataset".into(), Value::Table(text("name", dataset)));
    table.insert("model".into(), Value::Table(text("name", MODEL)));
    table.insert("methods".into(), Value::Table(methods));
    let name = format!("{}-{}", objectives.join("-"), parted(dataset).0);
    let here = std::path::absolute(&name).unwrap_or_else(|_| PathBuf::from(&name));
    let read = |changes: &[String]| -> Result<Experiment> {
        let mut experiment = Experiment::parse(&table.to_string(), &here, changes, &Known)?;
        // There is no file that errors could name.
        experiment.path = PathBuf::from(&title);
        Ok(experiment)
    };
    changed(changes, &read)
}

fn text(key: &str, value: &str) -> Table {
    Table::from_iter([(key.to_owned(), Value::String(value.into()))])
}

/// Reads an experiment file with `changes`, `KEY=VALUE`; a key that a method lacks is skipped for it where another has it, and a
/// relative path of images is taken from the file's own folder.
///
/// # Errors
/// As [`Experiment::load_with`]; for a name or setting that does not exist, where there are `changes`. What a change has wrong is said
/// of it.
pub(crate) fn load(path: &Path, changes: &[String]) -> Result<Experiment> {
    changed(changes, &|changes| Ok(Experiment::load_with(path, changes, &Known)?))
}

/// What `read` makes of `changes`. Where there are some, names and settings are checked at once, so that an error can name the change.
fn changed(changes: &[String], read: &dyn Fn(&[String]) -> Result<Experiment>) -> Result<Experiment> {
    if changes.is_empty() {
        return read(changes);
    }
    changes::made(changes, &|changes| {
        let experiment = read(changes)?;
        experiment.runs(1).iter().try_for_each(|spec| resolve::check_names(spec, &place(&experiment, spec)))?;
        Ok(experiment)
    })
}

/// How errors name a run: by its file, or what the command line asked for, and its method.
pub(crate) fn place(experiment: &Experiment, spec: &RunSpec) -> String {
    format!("{}, method {}", experiment.path.display(), spec.method)
}

/// What the catalogues say of names in experiment files.
struct Known;

impl Catalogues for Known {
    fn takes(&self, named: &dyn Fn(&str) -> Option<String>, key: &str) -> bool {
        let Some((part, setting)) = key.split_once('.') else { return true };
        // What does not exist is named as wrong later, where the message can say what there is.
        takes(named, part, setting).unwrap_or(true)
    }

    fn dataset(&self, name: &str, folder: &Path) -> String {
        placed(name, folder)
    }
}

/// Whether the component of a run in `part` has `setting`; none where there is no such component.
fn takes(named: &dyn Fn(&str) -> Option<String>, part: &str, setting: &str) -> Option<bool> {
    let objective = || OBJECTIVES.build(&named("objective")?, &Map::new()).ok();
    let name = match (part, named(part)) {
        // It has a density in the place of a prior.
        ("prior", _) if objective()?.ex_post().is_some() => return Some(false),
        (_, Some(name)) => name,
        ("prior", None) => objective()?.default_prior().into(),
        ("noise", None) => objective()?.default_noise().into(),
        ("divergence", None) => match objective()?.default_divergence() {
            Some(name) => name.into(),
            None => return Some(false),
        },
        ("sampler", None) if objective()?.ex_post().is_some() => sampler::EX_POST.into(),
        ("sampler", None) => sampler::DEFAULT.into(),
        ("likelihood", None) => likelihood::DEFAULT.into(),
        _ => return None,
    };
    let known = sections::settings(part, &name)?;
    Some((part == "model" && setting == "code") || known.iter().any(|known| known.name == setting))
}

/// Checks that every name is one of an objective, and each another one.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) with the nearest, and what others call so; for a name that stands there twice; for a folder, with
/// the command that trains on its images; for a file, with the ending that an experiment has.
pub fn check_objectives(names: &[String]) -> Result<()> {
    for (place, name) in names.iter().enumerate() {
        let refused = |reason: String| -> Result<()> { Err(vimae_core::Error::Unsupported { what: name.clone(), reason }.into()) };
        match OBJECTIVES.find(name) {
            Err(_) if Path::new(name).is_dir() => {
                return refused(format!("is a folder; to train on its images: {} train OBJECTIVE --dataset folder:{name}", called()));
            }
            Err(_) if Path::new(name).is_file() => {
                return refused("is a file, and an experiment's file ends in .toml; give it that ending".into());
            }
            Err(error) => return Err(error.into()),
            Ok(_) if names.iter().take(place).any(|other| other == name) => {
                return refused("is named twice; name each objective once".into());
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn an_objective_named_twice_and_a_folder_or_file_in_its_place_are_refused() {
        let fault = |names: &[&str]| own(&words(names), "digits", &[]).unwrap_err().to_string();
        assert_eq!(fault(&["vae", "rae", "vae"]), "vae: is named twice; name each objective once");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        assert!(fault(&[path.as_str()]).ends_with(&format!("train OBJECTIVE --dataset folder:{path}")), "{}", fault(&[path.as_str()]));
        let file = folder.path().join("base.txt");
        std::fs::write(&file, "").unwrap();
        let file = file.display().to_string();
        assert_eq!(fault(&[file.as_str()]), format!("{file}: is a file, and an experiment's file ends in .toml; give it that ending"));
    }

    #[test]
    fn what_the_command_line_changes_is_named_by_its_option() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.toml");
        let text = "version = 1\ndataset = \"digits\"\nmodel = \"wae_conv\"\n[methods.vae]\nobjective = \"vae\"\n";
        std::fs::write(&file, text).unwrap();
        for (set, expected) in [
            (&["model.width=abc"][..], "--set model.width=abc: model \"wae_conv\": width = \"abc\" is not allowed"),
            (&["objective.bet=1"], "--set objective.bet=1: objective \"vae\" has no setting \"bet\""),
            (&["model.cod=3"], "--set model.cod=3: model \"wae_conv\" has no setting \"cod\" (did you mean \"code\"?); it has: code, "),
            (&["prior=nromal"], "--set prior=nromal: unknown prior \"nromal\""),
            (&["training.epochs=0"], "--set training.epochs=0: training.epochs = 0 is not allowed"),
            (&["training.epochs=many"], "--set training.epochs=many: method vae: "),
            (&["training.epochs=2", "seeds=0", "model.width=abc"], "--set seeds=0: seeds = 0 is not allowed"),
            (&["training.epoch=2"], "--set training.epoch=2: there is no training.epoch"),
        ] {
            for error in [own(&words(&["vae"]), "digits", &words(set)), load(&file, &words(set))] {
                let message = error.unwrap_err().to_string();
                assert!(message.starts_with(expected), "{message}");
            }
        }
        // What the file has wrong by itself is no option's fault.
        std::fs::write(&file, text.replace("\"wae_conv\"", "{ name = \"wae_conv\", width = 0 }")).unwrap();
        let message = load(&file, &words(&["training.epochs=2"])).unwrap_err().to_string();
        assert!(message.contains("x.toml, method vae: model \"wae_conv\": width = 0"), "{message}");
        // Without a file none is named.
        let experiment = own(&words(&["vae", "rae"]), "digits", &[]).unwrap();
        assert!(place(&experiment, &experiment.runs(1)[0]).starts_with("vae, rae on digits, method "));
        assert_eq!(experiment.name, "vae-rae-digits");
    }
}
