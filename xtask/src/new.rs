//! `cargo xtask new`: the file and the line of a new objective, prior and so on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use vimae_lab::print;

use crate::root;

/// Begin a new component, or an experiment.
///
/// A component is one file that compiles and trains, and one line in the catalogue of its crate. An experiment is NAME.toml in the
/// current directory, or in the one before its name, with every section explained; it runs as it is.
///
/// The file is a small working example with places marked ... for you to fill in. CONTRIBUTING.md says what the laws
/// then check.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to begin.
    kind: What,
    /// Its name: in snake case, or that of a file for an experiment.
    name: String,
    /// Checkout to add it to. By default this one.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// What can be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum What {
    Experiment,
    Objective,
    Noise,
    Divergence,
    Likelihood,
    Prior,
    Sampler,
    Model,
    Metric,
    Corruption,
    Classifier,
    Stream,
    Strategy,
}

impl What {
    /// The kind of component that it is, unless it is an experiment.
    fn component(self) -> Option<Kind> {
        Some(match self {
            Self::Experiment => return None,
            Self::Objective => Kind::Objective,
            Self::Noise => Kind::Noise,
            Self::Divergence => Kind::Divergence,
            Self::Likelihood => Kind::Likelihood,
            Self::Prior => Kind::Prior,
            Self::Sampler => Kind::Sampler,
            Self::Model => Kind::Model,
            Self::Metric => Kind::Metric,
            Self::Corruption => Kind::Corruption,
            Self::Classifier => Kind::Classifier,
            Self::Stream => Kind::Stream,
            Self::Strategy => Kind::Strategy,
        })
    }
}

/// A component that can be begun from a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Objective,
    Noise,
    Divergence,
    Likelihood,
    Prior,
    Sampler,
    Model,
    Metric,
    Corruption,
    Classifier,
    Stream,
    Strategy,
}

impl Kind {
    pub(crate) const ALL: [Self; 12] = [
        Self::Objective,
        Self::Noise,
        Self::Divergence,
        Self::Likelihood,
        Self::Prior,
        Self::Sampler,
        Self::Model,
        Self::Metric,
        Self::Corruption,
        Self::Classifier,
        Self::Stream,
        Self::Strategy,
    ];

    /// The file with the catalogue, whose folder takes the new one, and the template.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Objective => ("crates/objectives/src/lib.rs", include_str!("../templates/objective.rs.txt")),
            Self::Noise => ("crates/objectives/src/noise.rs", include_str!("../templates/noise.rs.txt")),
            Self::Divergence => ("crates/objectives/src/divergence.rs", include_str!("../templates/divergence.rs.txt")),
            Self::Likelihood => ("crates/objectives/src/likelihood.rs", include_str!("../templates/likelihood.rs.txt")),
            Self::Prior => ("crates/priors/src/lib.rs", include_str!("../templates/prior.rs.txt")),
            Self::Sampler => ("crates/priors/src/sampler.rs", include_str!("../templates/sampler.rs.txt")),
            Self::Model => ("crates/models/src/lib.rs", include_str!("../templates/model.rs.txt")),
            Self::Metric => ("crates/metrics/src/lib.rs", include_str!("../templates/metric.rs.txt")),
            Self::Corruption => ("crates/corruptions/src/lib.rs", include_str!("../templates/corruption.rs.txt")),
            Self::Classifier => ("crates/metrics/src/accuracy/classifiers.rs", include_str!("../templates/classifier.rs.txt")),
            Self::Stream => ("crates/continual/src/stream.rs", include_str!("../templates/stream.rs.txt")),
            Self::Strategy => ("crates/continual/src/strategy.rs", include_str!("../templates/strategy.rs.txt")),
        }
    }

    /// Places of its template that are marked.
    fn marks(self) -> usize {
        self.place().1.matches("... ").count()
    }
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask new experiment my-experiment
  cargo xtask new objective my_vae
  cargo xtask new metric my_metric
  cargo xtask new corruption my_blur";

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = arguments.root.clone().unwrap_or_else(root);
    let Some(kind) = arguments.kind.component() else {
        check_checkout(&root, "experiments/schema.json")?;
        let file = experiment(&root, &arguments.name, Path::new("."))?;
        print(format_args!("new file: {0}\nnext: cargo xtask spec check {0}, then cargo xtask train {0}", file.display()));
        return Ok(ExitCode::SUCCESS);
    };
    let (file, catalogue) = begin(&root, kind, &arguments.name)?;
    print(format_args!(
        "new file: {}\nnew line in {}\nnext: say what it is in the {} places marked with ..., then cargo test --release -p vimae-tests --test catalogue",
        file.display(),
        catalogue.display(),
        kind.marks()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Writes an experiment into `folder`, or into the one below it that stands before its name.
fn experiment(root: &Path, given: &str, folder: &Path) -> Result<PathBuf> {
    let path = Path::new(given.strip_suffix(".toml").unwrap_or(given));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ensure!(
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')),
        "{given}: an experiment is named with letters, digits, - and _, for instance my-experiment"
    );
    let folder = path.parent().map_or_else(|| folder.to_path_buf(), |before| folder.join(before));
    ensure!(folder.is_dir(), "{}: there is no such directory; make it, or leave it out", folder.display());
    let file = folder.join(format!("{name}.toml"));
    ensure!(!file.exists(), "{}: exists already", file.display());
    let shown = file.strip_prefix(".").unwrap_or(&file).display().to_string();
    let text =
        include_str!("../templates/experiment.toml.txt").replace("{schema}", &root.join("experiments/schema.json").display().to_string());
    vimae_lab::write_whole(&file, text.replace("{name}", name).replace("{file}", &shown).as_bytes())?;
    Ok(PathBuf::from(shown))
}

/// Checks that `root` is a checkout, by a file that each has.
fn check_checkout(root: &Path, file: &str) -> Result<()> {
    ensure!(root.join(file).is_file(), "{}: is no checkout of vimae; it has no {file}", root.display());
    Ok(())
}

fn check_name(kind: Kind, name: &str) -> Result<()> {
    let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    ensure!(
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(snake),
        "{name}: a name is in snake case, for instance {}",
        format!("my_{kind:?}").to_lowercase()
    );
    Ok(())
}

/// Words in snake case that name no module: those that Rust has for itself.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum", "extern",
    "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
    "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Writes the file and the line. Gives the two files.
pub(crate) fn begin(root: &Path, kind: Kind, name: &str) -> Result<(PathBuf, PathBuf)> {
    check_name(kind, name)?;
    ensure!(!KEYWORDS.contains(&name), "{name}: a word of Rust names no module; take another, for instance my_{name}");
    let word = format!("{kind:?}").to_lowercase();
    ensure!(!vimae_lab::is_taken(&word, name), "{word} {name}: exists already");
    let (catalogue, template) = kind.place();
    check_checkout(root, catalogue)?;
    let catalogue = root.join(catalogue);
    let text = fs::read_to_string(&catalogue).with_context(|| catalogue.display().to_string())?;
    // The modules of `lib.rs` lie beside it, those of `noise.rs` in `noise/`.
    let folder = if catalogue.ends_with("lib.rs") { catalogue.with_file_name("") } else { catalogue.with_extension("") };
    let file = folder.join(format!("{name}.rs"));
    ensure!(!file.exists() && !file.with_extension("").exists(), "{}: exists already", file.display());
    let text = with_line(&text, name).with_context(|| catalogue.display().to_string())?;
    let source = template.replace("{name}", name).replace("{Name}", &camel(name));
    fs::write(&file, source).with_context(|| file.display().to_string())?;
    fs::write(&catalogue, text).with_context(|| catalogue.display().to_string())?;
    Ok((file, catalogue))
}

/// The file with `name` in its catalogue, in name order.
fn with_line(text: &str, name: &str) -> Result<String> {
    let lines: Vec<&str> = text.lines().collect();
    let head = lines.iter().position(|line| line.contains("pub static ") && line.trim_end().ends_with("in {"));
    let first = head.context("has no catalogue")? + 1;
    let entries = lines[first..].iter().take_while(|line| line.trim() != "}").map(|line| line.trim().trim_end_matches(','));
    let entries: Vec<&str> = entries.collect();
    ensure!(!entries.contains(&name), "has {name} already");
    let at = first + entries.iter().filter(|entry| **entry < name).count();
    let line = format!("        {name},");
    let all: Vec<&str> = lines[..at].iter().copied().chain([line.as_str()]).chain(lines[at..].iter().copied()).collect();
    Ok(all.join("\n") + "\n")
}

/// `my_vae` to `MyVae`.
fn camel(name: &str) -> String {
    let word = |word: &str| -> String {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str =
        "catalogue! {\n    /// Every prior.\n    pub static PRIORS: Build = \"prior\" in {\n        laplace,\n        normal,\n    }\n}\n";

    #[test]
    fn the_line_stands_in_name_order() {
        for (name, before) in [("a_first", "        laplace,"), ("logistic", "        normal,"), ("zeta", "    }")] {
            let text = with_line(LIB, name).unwrap();
            assert!(text.contains(&format!("        {name},\n{before}\n")), "{text}");
            assert_eq!(text.lines().count(), LIB.lines().count() + 1);
        }
        assert!(with_line(LIB, "normal").unwrap_err().to_string().contains("normal already"));
        assert!(with_line("nothing", "normal").is_err());
    }

    #[test]
    fn types_are_named_after_the_entry() {
        assert_eq!(camel("my_new_vae"), "MyNewVae");
    }

    #[test]
    fn names_in_another_case_and_files_that_exist_are_refused() {
        let error = begin(Path::new("nowhere"), Kind::Prior, "MyPrior").unwrap_err().to_string();
        assert!(error.contains("snake case, for instance my_prior"), "{error}");
        for name in ["match", "yield", "self"] {
            let error = begin(Path::new("nowhere"), Kind::Prior, name).unwrap_err().to_string();
            assert!(error.contains(&format!("my_{name}")), "{error}");
        }
        for (kind, name) in [(Kind::Prior, "normal"), (Kind::Noise, "none"), (Kind::Divergence, "energy")] {
            let error = begin(&root(), kind, name).unwrap_err().to_string();
            assert!(error.contains("exists already"), "{error}");
        }
        // No file is called so.
        let error = begin(&root(), Kind::Noise, "pixel_clipped").unwrap_err().to_string();
        assert_eq!(error, "noise pixel_clipped: exists already");
    }

    #[test]
    fn a_directory_that_is_no_checkout_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = begin(folder.path(), Kind::Prior, "mine").unwrap_err().to_string();
        assert_eq!(error, format!("{}: is no checkout of vimae; it has no crates/priors/src/lib.rs", folder.path().display()));
    }

    #[test]
    fn every_mark_of_a_template_is_counted() {
        for kind in Kind::ALL {
            assert_eq!(kind.marks(), kind.place().1.matches("...").count(), "{kind:?}");
        }
        assert_eq!((Kind::Noise.marks(), Kind::Objective.marks()), (3, 4));
    }

    #[test]
    fn a_new_experiment_is_right_as_it_is_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = experiment(&root(), "mine", folder.path()).unwrap();
        let profile = vimae_lab::Profile::of_file(&file, &[]).unwrap();
        let methods: Vec<String> = profile.experiments[0].runs(1).into_iter().map(|run| run.method).collect();
        assert_eq!(methods, ["vae", "beta4", "vimae"]);
        // What is only commented out is right too.
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with(['[', '"']) => rest,
            _ => line,
        });
        fs::write(&file, lines.collect::<Vec<_>>().join("\n")).unwrap();
        let runs = vimae_lab::Profile::of_file(&file, &[]).unwrap().experiments[0].runs(1);
        assert_eq!(runs.len(), 4 + 4 + 2, "beta is skipped for vimae");
        assert!(experiment(&root(), "mine", folder.path()).unwrap_err().to_string().contains("exists already"));
        assert!(experiment(&root(), "My Own", folder.path()).unwrap_err().to_string().contains("my-experiment"));
    }

    #[test]
    fn an_experiment_is_named_as_files_are() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        for (name, file) in [("my-experiment", "my-experiment.toml"), ("mine3.toml", "mine3.toml"), ("sub/mine2", "sub/mine2.toml")] {
            let written = experiment(&root(), name, folder.path()).unwrap();
            assert_eq!(written, folder.path().join(file));
            assert!(vimae_lab::Profile::of_file(&written, &[]).is_ok(), "{name}");
        }
        for (name, said) in [("nowhere/mine", "no such directory"), ("", "my-experiment"), ("-mine", "my-experiment")] {
            let error = experiment(&root(), name, folder.path()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
