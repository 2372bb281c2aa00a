//! The keys of experiment files: which there are, and which is meant by one that there is not.

use std::{collections::BTreeMap, path::Path};

use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

use crate::{
    Error, Evaluation, Resources, Result, Training,
    expected::place,
    other_word,
    settings::{Schema, nearest},
};

/// What stands before the sections.
pub(super) const HEAD: [&str; 10] =
    ["version", "title", "about", "include", "targets", "paper_dataset", "optional", "seeds", "expect", "resources"];
/// Sections that name a component, whose settings its catalogue knows.
pub(super) const PARTS: [&str; 10] =
    ["dataset", "model", "objective", "prior", "noise", "divergence", "likelihood", "sampler", "stream", "strategy"];
/// Sections that every run needs, each with a component for an example.
const NEEDED: [(&str, &str); 3] = [("dataset", "digits"), ("model", "wae_conv"), ("objective", "vae")];
/// How runs are measured.
pub(super) const EVALUATION: &str = "evaluation";
/// Sections of other sections.
const OUTER: [&str; 2] = ["methods", "grid"];

/// What files of other programs have, and the command line here.
const DEVICE: &str = "device";

/// The keys of the sections that are no components.
struct Known(BTreeMap<&'static str, Vec<String>>);

impl Known {
    fn new() -> Self {
        let keys = |schema: Schema| schema.settings().into_iter().map(|setting| setting.name).collect();
        Self(BTreeMap::from([
            ("training", keys(Schema::of::<Training>())),
            (EVALUATION, keys(Schema::of::<Evaluation>())),
            ("resources", keys(Schema::of::<Resources>())),
        ]))
    }

    /// Whether there is a key `section.key`, or `key` at the top; of components all are taken to be.
    fn has(&self, section: Option<&str>, key: &str) -> bool {
        match section {
            None => HEAD.contains(&key) || PARTS.contains(&key) || OUTER.contains(&key) || self.0.contains_key(key),
            Some(section) => self.0.get(section).is_none_or(|keys| keys.iter().any(|known| known == key)),
        }
    }

    /// The error for a section that there is not: another section is meant, if anything.
    fn unknown_section(&self, place: String, name: &str) -> Error {
        let all: Vec<String> = PARTS.iter().chain(&OUTER).copied().chain(self.0.keys().copied()).map(String::from).collect();
        let is_word = name == DEVICE || other_word("key", name).is_some();
        match nearest(name, &all).filter(|_| !is_word) {
            Some(meant) => Error::UnknownKey { place, key: format!("[{name}]"), nearest: Some(format!("[{meant}]")), why: "" },
            None => self.unknown(place, None, name),
        }
    }

    /// The error for `section.key`, which there is not.
    fn unknown(&self, place: String, section: Option<&str>, key: &str) -> Error {
        if key == DEVICE {
            return Error::form(Path::new(&place), "the device is no part of an experiment; give it on the command line: --device cuda");
        }
        let own = section.and_then(|section| self.0.get(section)).into_iter().flatten();
        let own: Vec<String> = own.map(|key| format!("{}.{key}", section.unwrap_or_default())).collect();
        let head = HEAD.iter().chain(&PARTS).chain(&OUTER).map(|key| (*key).to_owned());
        let all: Vec<String> =
            self.0.iter().flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}.{key}"))).chain(head).collect();
        let last = |full: &String| full.rsplit('.').next().unwrap_or_default().to_owned();
        let like = |among: &[String]| {
            let found = nearest(key, &among.iter().map(last).collect::<Vec<_>>())?;
            among.iter().find(|full| last(full) == found).cloned()
        };
        let word = other_word("key", key);
        let meant = word.and_then(|word| word.ours.first().map(|ours| (*ours).to_owned()));
        let nearest = meant.or_else(|| all.iter().find(|full| last(full) == key).cloned()).or_else(|| like(&own)).or_else(|| like(&all));
        let key = section.map_or_else(|| key.to_owned(), |section| format!("{section}.{key}"));
        Error::UnknownKey { place, key, nearest, why: word.map_or("", |word| word.why) }
    }
}

/// Checks every key of a file, whose `text` is parsed in `table`, but those of components and of methods' names.
///
/// # Errors
/// [`Error::UnknownKey`] with its line and the key that is meant; [`Error::Form`] for a section that is none.
pub(super) fn check(path: &Path, text: &str, table: &DeTable<'_>) -> Result<()> {
    let known = Known::new();
    let place = |at: usize| place(path, text, at);
    level(&known, table, true, &place)
}

fn level(known: &Known, table: &DeTable<'_>, top: bool, place: &dyn Fn(usize) -> String) -> Result<()> {
    for (key, value) in table.iter() {
        let (name, at) = (key.get_ref().as_ref(), key.span().end);
        let inside = !top && (HEAD.contains(&name) || OUTER.contains(&name));
        if inside {
            return Err(Error::form(Path::new(&place(at)), format!("{name} stands at the top of the file, not in a method")));
        }
        if !known.has(None, name) {
            let is_section = matches!(value.get_ref(), DeValue::Table(_));
            return Err(if is_section { known.unknown_section(place(at), name) } else { known.unknown(place(at), None, name) });
        }
        let DeValue::Table(section) = value.get_ref() else {
            let wanted = match name {
                part if PARTS.contains(&part) => "a name or a section",
                name if !HEAD.contains(&name) => "a section",
                _ => continue,
            };
            if PARTS.contains(&name) && matches!(value.get_ref(), DeValue::String(_)) {
                continue;
            }
            let problem = match value.get_ref() {
                DeValue::Array(_) if name == "methods" => "methods is a list; write [methods.NAME]".to_owned(),
                DeValue::Array(_) => format!("{name} is a list, not {wanted}"),
                other => format!("{name} is {}, not {wanted}", other.type_str()),
            };
            return Err(Error::Form { path: place(at).into(), problem });
        };
        match name {
            "methods" => {
                for (_, method) in section.iter() {
                    if let DeValue::Table(method) = method.get_ref() {
                        level(known, method, false, place)?;
                    }
                }
            }
            "grid" => {
                for (key, _) in section.iter() {
                    check_varied(known, key.get_ref().as_ref(), &place(key.span().end))?;
                }
            }
            name => {
                for (key, _) in section.iter() {
                    let inner: &str = key.get_ref().as_ref();
                    if !known.has(Some(name), inner) {
                        return Err(known.unknown(place(key.span().end), Some(name), inner));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Checks a key of the grid as [`check_key`] does, and that it is of runs.
///
/// # Errors
/// [`Error::UnknownKey`]; [`Error::Form`] for a key of the file.
pub(super) fn check_grid_key(key: &str, place: &str) -> Result<()> {
    check_varied(&Known::new(), key, place)
}

fn check_varied(known: &Known, key: &str, place: &str) -> Result<()> {
    let problem = match key.split('.').next().unwrap_or_default() {
        "seeds" => {
            "seeds cannot be in a grid; write seeds = 3 at the top of the file, which runs each point with the seeds 0, 1 and 2".to_owned()
        }
        first if HEAD.contains(&first) || OUTER.contains(&first) => {
            format!("{first} cannot be in a grid, which varies settings of runs: training.epochs or prior.name for instance")
        }
        _ => return check_dotted(known, key, place),
    };
    Err(Error::form(Path::new(place), problem))
}

/// Checks a dotted key as grids and the command line write it.
///
/// # Errors
/// [`Error::UnknownKey`].
pub(super) fn check_key(key: &str, place: &str) -> Result<()> {
    check_dotted(&Known::new(), key, place)
}

/// Checks a key of a change of an evaluation as [`check_key`] does. No key of another section is meant.
///
/// # Errors
/// [`Error::UnknownKey`].
pub(super) fn check_evaluation_key(key: &str, place: &str) -> Result<()> {
    check_key(key, place).map_err(|error| match error {
        Error::UnknownKey { place, key, nearest, why } => match nearest.filter(|meant| meant.split('.').next() == Some(EVALUATION)) {
            Some(meant) => Error::UnknownKey { place, key, nearest: Some(meant), why },
            None => Error::UnknownKey { place, key, nearest: None, why: "" },
        },
        other => other,
    })
}

fn check_dotted(known: &Known, key: &str, place: &str) -> Result<()> {
    let (section, rest) = key.split_once('.').map_or((key, None), |(section, rest)| (section, rest.split('.').next()));
    if !known.has(None, section) {
        // Of `model_.code` the section is wrong, of `epochs` it is missing.
        let place = place.to_owned();
        return Err(if rest.is_some() { known.unknown_section(place, section) } else { known.unknown(place, None, key) });
    }
    match rest {
        Some(rest) if !known.has(Some(section), rest) => Err(known.unknown(place.into(), Some(section), rest)),
        _ => Ok(()),
    }
}

/// Checks that a run has the sections that every run needs, and that each section of a component names it.
///
/// # Errors
/// [`Error::Form`] with the shortest line that is right.
pub(super) fn check_present(path: &Path, method: &str, run: &Table) -> Result<()> {
    if let Some((part, example)) = NEEDED.iter().find(|(part, _)| !run.contains_key(*part)) {
        let problem = format!(
            "method {method} has no section [{part}]; the shortest is the line {part} = \"{example}\", above the first section of the file \
             for all methods, or in that of the method"
        );
        return Err(Error::form(path, problem));
    }
    let nameless = |part: &&str| matches!(run.get(*part), Some(Value::Table(section)) if !section.contains_key("name"));
    match PARTS.iter().find(|part| nameless(part)) {
        Some(part) => {
            let example = NEEDED.iter().find(|(needed, _)| needed == part).map_or("...", |(_, example)| *example);
            Err(Error::form(path, format!("section [{part}] of method {method} names none; add the line name = \"{example}\" to it")))
        }
        None => Ok(()),
    }
}

/// Makes tables of components that are named alone, `objective = "vae"`, in a file and in its methods.
pub(super) fn named(table: &mut Table) {
    for part in PARTS {
        if let Some(Value::String(name)) = table.get(part) {
            let alone = Table::from_iter([("name".to_owned(), Value::String(name.clone()))]);
            table.insert(part.into(), Value::Table(alone));
        }
    }
    if let Some(Value::Table(methods)) = table.get_mut("methods") {
        methods.iter_mut().filter_map(|(_, method)| method.as_table_mut()).for_each(named);
    }
}

/// Changes the name of every data set of a file: its own, its methods' and its grid's.
pub(super) fn each_dataset(table: &mut Table, change: &dyn Fn(&str) -> String) {
    if let Some(Value::String(name)) = table.get_mut("dataset").and_then(|section| section.get_mut("name")) {
        *name = change(name);
    }
    for key in ["dataset", "dataset.name"] {
        let names = table.get_mut("grid").and_then(|grid| grid.get_mut(key)).and_then(Value::as_array_mut);
        for name in names.into_iter().flatten() {
            if let Value::String(name) = name {
                *name = change(name);
            }
        }
    }
    if let Some(Value::Table(methods)) = table.get_mut("methods") {
        methods.iter_mut().filter_map(|(_, method)| method.as_table_mut()).for_each(|method| each_dataset(method, change));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        check(Path::new("x.toml"), text, DeTable::parse(text).unwrap().get_ref()).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_is_told_with_its_line_and_the_one_that_is_meant() {
        for (text, expected) in [
            ("version = 1\n[training]\nepocs = 2\n", "x.toml, line 3: there is no training.epocs; did you mean training.epochs?"),
            ("[training]\nlr = 1e-3\n", "there is no training.lr; did you mean training.learning_rate?"),
            ("latent_dim = 8\n", "there is no latent_dim; did you mean model.code? dimensions of the code"),
            ("epochs = 8\n", "there is no epochs; did you mean training.epochs?"),
            ("[metods.vae]\n", "there is no [metods]; did you mean [methods]?"),
            ("[trainig]\nepochs = 2\n", "line 1: there is no [trainig]; did you mean [training]?"),
            ("[train]\nepochs = 2\n", "there is no [train]; did you mean [training]?"),
            ("[methods.a.train]\nepochs = 2\n", "there is no [train]; did you mean [training]?"),
            ("version = 1\ndevice = \"cuda\"\n", "line 2: the device is no part of an experiment; give it on the command line: --device"),
            ("[[methods]]\nobjective = \"vae\"\n", "line 1: methods is a list; write [methods.NAME]"),
            ("[[training]]\nepochs = 2\n", "line 1: training is a list, not a section"),
            ("[grid]\n\"seeds\" = [2, 3]\n", "line 2: seeds cannot be in a grid; write seeds = 3 at the top of the file"),
            ("[grid]\n\"resources.cpus\" = [2, 3]\n", "line 2: resources cannot be in a grid"),
            ("[grid]\n\"methods.a.training.epochs\" = [2, 3]\n", "line 2: methods cannot be in a grid"),
            ("[grid]\n\"train.epochs\" = [2, 3]\n", "there is no [train]; did you mean [training]?"),
            ("[methods.vae.training]\nbatch_size = 8\n", "line 2: there is no training.batch_size; did you mean training.batch?"),
            ("[methods.vae]\nseeds = 8\n", "line 2: seeds stands at the top of the file, not in a method"),
            ("version = 1\nobjective = 3\n", "line 2: objective is integer, not a name or a section"),
            ("[methods.a]\ntraining = 3\n", "line 2: training is integer, not a section"),
            ("[grid]\n\"training.epoch\" = [1]\n", "there is no training.epoch; did you mean training.epochs?"),
        ] {
            let message = refused(text);
            assert!(message.contains(expected), "{text}: {message}");
        }
        let any = "objective = \"a\"\n[methods.any_name.prior]\nx = 1\n[grid]\n\"model.x\" = [1]\n";
        check(Path::new("x.toml"), any, DeTable::parse(any).unwrap().get_ref()).unwrap();
    }

    #[test]
    fn a_component_may_be_named_alone() {
        let mut table: Table = toml::from_str("objective = \"vae\"\n[methods.a]\nprior = \"laplace\"\n").unwrap();
        named(&mut table);
        let expected: Table = toml::from_str("objective = { name = \"vae\" }\n[methods.a]\nprior = { name = \"laplace\" }\n").unwrap();
        assert_eq!(table, expected);
    }
}
