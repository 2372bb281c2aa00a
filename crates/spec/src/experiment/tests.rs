//! Reading experiment files: what they include, override and expand to, and what is refused.

use super::*;

const BASE: &str = "version = 1\n[dataset]\nname = \"digits\"\n[model]\nname = \"wae_conv\"\nwidth = 4\n[training]\nepochs = 2\n";

fn load(files: &[(&str, &str)]) -> Result<Experiment> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Experiment::load(&folder.path().join(files[0].0))
}

#[test]
fn includes_overrides_methods_grid_and_seeds_expand() {
    let experiment = load(&[
        ("x.toml", "version = 1\ninclude = [\"base.toml\"]\n[training]\nbatch = 10\n[methods.vae.objective]\nname = \"vae\"\n[methods.b.objective]\nname = \"vae\"\nbeta = 4\n[methods.b.training]\nepochs = 3\n[grid]\n\"model.width\" = [8, 16]\n"),
        ("base.toml", BASE),
    ])
    .unwrap();
    let runs = experiment.runs(2);
    assert_eq!(runs.len(), 8);
    assert_eq!((runs[0].method.as_str(), runs[0].seed, runs[0].training.epochs, runs[0].training.batch), ("vae[model.width=8]", 0, 2, 10));
    assert_eq!((runs[7].method.as_str(), runs[7].seed, runs[7].training.epochs), ("b[model.width=16]", 1, 3));
    assert_eq!(runs[7].model.settings["width"], 16);
}

#[test]
fn expectations_are_read_and_change_no_run() {
    let plain = format!("{BASE}[methods.vae.objective]\nname = \"vae\"\n");
    let text = plain.replace("version = 1", "version = 1\nexpect = [{ metric = \"rate\", method = \"vae\", below = 30.0 }]");
    let (plain, with) = (load(&[("x.toml", &plain)]).unwrap(), load(&[("x.toml", &text)]).unwrap());
    assert_eq!((plain.expect.len(), with.expect[0].below, plain.runs(1)), (0, Some(30.0), with.runs(1)));
    let message = load(&[("x.toml", &text.replace("below = 30.0", "better_than = [\"rae\"]"))]).unwrap_err().to_string();
    assert!(message.contains("no method \"rae\"; there are: vae"), "{message}");
    let message = load(&[("x.toml", &text.replace(", below = 30.0", ""))]).unwrap_err().to_string();
    assert!(message.ends_with("x.toml: expect: the metric rate needs above, below or better_than"), "{message}");
    let error = load(&[("x.toml", &text.replace("below = 30.0", "method = 1"))]).unwrap_err();
    assert!(matches!(&error, Error::Form { path, .. } if path.ends_with("x.toml")), "{error}");
}

#[test]
fn numbers_that_are_not_finite_are_refused_wherever_they_stand() {
    let plain = format!("{BASE}[methods.vae.objective]\nname = \"vae\"\n");
    for (from, to, key) in [
        ("epochs = 2", "epochs = 2\nclip_norm = nan", "training.clip_norm"),
        ("epochs = 2", "epochs = 2\nlearning_rate = inf", "training.learning_rate"),
        ("name = \"vae\"\n", "name = \"vae\"\nbeta = -nan\n", "methods.vae.objective.beta"),
        ("name = \"vae\"\n", "name = \"vae\"\n[grid]\n\"objective.beta\" = [1.0, inf]\n", "grid.objective.beta"),
    ] {
        let error = load(&[("x.toml", &plain.replacen(from, to, 1))]).unwrap_err();
        assert!(matches!(&error, Error::Range { key: found, allowed, .. } if found == key && allowed == "a finite number"), "{error}");
    }
    let error = Experiment::parse(&plain, Path::new("x.toml"), &["training.clip_norm=nan".into()], &Unknown).unwrap_err();
    assert!(matches!(&error, Error::Range { key, given, .. } if key == "training.clip_norm" && given == "nan"), "{error}");
}

#[test]
fn a_value_of_another_type_is_refused_in_words_with_its_place() {
    let plain = format!("{BASE}[methods.vae.objective]\nname = \"vae\"\n");
    for (from, to, said) in [
        ("epochs = 2", "epochs = -2", "x.toml, line 8: training.epochs is -2; it must be a whole number from 1 to 100000"),
        ("epochs = 2", "epochs = \"2\"", "x.toml, line 8: training.epochs is \"2\"; it must be a whole number from 1 to 100000"),
        ("epochs = 2", "learning_rate = true", "x.toml, line 8: training.learning_rate is true; it must be a number"),
        (
            "epochs = 2",
            "schedule = \"linear\"",
            "x.toml, line 8: training.schedule is \"linear\"; it must be one of constant, step, cosine",
        ),
        ("epochs = 2", "schedule = 3", "x.toml, line 8: training.schedule is of another type; it must be text in quotation marks"),
        ("epochs = 2", "epochs = 2020-01-31", "x.toml, line 8: training.epochs is a date; it must be a whole number from 1 to 100000"),
        ("epochs = 2", "epochs = { a = 1 }", "x.toml, line 8: training.epochs is a section; it must be a whole number from 1 to 100000"),
        (
            "epochs = 2",
            "epochs = 2\n[resources]\ncpus = 5000000000",
            "x.toml, line 10: resources.cpus is 5000000000; it must be a whole number from 1 to 1024, and this is too large",
        ),
        (
            "epochs = 2",
            "epochs = 99999999999999999999",
            "x.toml, line 8: training.epochs is 99999999999999999999; it must be a whole number from 1 to 100000, and this is too large",
        ),
        ("version = 1", "version = 1\noptional = 1", "x.toml, line 2: optional is 1; it must be true or false"),
        (
            "[methods.vae.objective]\nname",
            "[methods]\nvae",
            "x.toml, line 10: methods.vae is \"vae\"; it must be a section: write [methods.NAME]",
        ),
    ] {
        let message = load(&[("x.toml", &plain.replacen(from, to, 1))]).unwrap_err().to_string();
        assert!(message.contains(said) && !message.contains("TOML parse error"), "{message}");
    }
    // What is no TOML is said to be none.
    let message = load(&[("x.toml", &plain.replacen("epochs = 2", "epochs = = 2", 1))]).unwrap_err().to_string();
    assert!(message.contains("x.toml: TOML parse error at line 8, column "), "{message}");
    for (change, said) in [
        ("training.epochs=abc", "training.epochs is \"abc\"; it must be a whole number from 1 to 100000"),
        ("training.schedule=3", "training.schedule is of another type; it must be text in quotation marks"),
        ("resources.cpus=5000000000", "resources.cpus is 5000000000; it must be a whole number from 1 to 1024, and this is too large"),
    ] {
        let message = Experiment::parse(&plain, Path::new("x.toml"), &[change.into()], &Unknown).unwrap_err().to_string();
        assert!(message.ends_with(&format!(": {said}")), "{change}: {message}");
    }
}

#[test]
fn a_directory_is_no_experiment_file() {
    let folder = tempfile::tempdir().unwrap();
    let message = Experiment::load(folder.path()).unwrap_err().to_string();
    assert_eq!(message, format!("{}: is a directory; give an experiment file", folder.path().display()));
}

#[test]
fn bytes_that_are_no_text_are_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("x.toml"), folder.path().join("y.toml"));
    std::fs::write(&file, b"title = \"d\xfcnn\"\n").unwrap();
    std::fs::write(&other, "version = 1\ninclude = [\"x.toml\"]\n").unwrap();
    for path in [&file, &other] {
        let message = Experiment::load(path).unwrap_err().to_string();
        assert!(message.ends_with(": it is not UTF-8; save it as UTF-8"), "{message}");
    }
}

#[test]
fn a_grid_takes_whole_keys_in_quotation_marks() {
    let text = format!("{BASE}[methods.vae]\nobjective = \"vae\"\n[grid]\nmodel.width = [3, 4]\n");
    let message = load(&[("x.toml", &text)]).unwrap_err().to_string();
    assert!(message.ends_with("grid.model is a section; write whole keys in quotation marks: \"model.width\" = [...]"), "{message}");
}

#[test]
fn names_of_methods_fit_into_tables_and_folders() {
    for name in ["\"\"", "\" \"", "\"two\\nlines\"", "\"a[b]\"", "\"../../x\"", &"n".repeat(LONGEST_NAME + 1)] {
        let error = load(&[("x.toml", &format!("{BASE}[methods.{name}.objective]\nname = \"vae\"\n"))]).unwrap_err();
        assert!(matches!(&error, Error::Range { key, .. } if key == "methods"), "{name}: {error}");
    }
    assert!(load(&[("x.toml", &format!("{BASE}[methods.\"\u{3b2} = 4, d\u{fc}nn\".objective]\nname = \"vae\"\n"))]).is_ok());
}

#[test]
fn what_stands_at_the_top_is_not_looked_for_in_a_method() {
    let error = load(&[("x.toml", &format!("{BASE}[methods.vae]\nobjective = \"vae\"\nseeds = 3\n"))]).unwrap_err().to_string();
    assert!(error.contains("seeds stands at the top of the file, not in a method"), "{error}");
}

#[test]
fn a_method_for_an_objective_is_added_once() {
    let text = format!("{BASE}[methods.vae]\nobjective = {{ name = \"vae\", beta = 4 }}\nprior = {{ name = \"laplace\" }}\n");
    let experiment = load(&[("x.toml", &text)]).unwrap().with_objective("vae").with_objective("rae");
    let runs = experiment.runs(1);
    assert_eq!(runs.iter().map(|run| run.method.as_str()).collect::<Vec<_>>(), ["vae", "rae"]);
    assert_eq!((runs[0].objective.settings["beta"].as_i64(), &runs[1].objective), (Some(4), &Component::named("rae")));
    assert!(runs[1].prior.is_none() && runs[1].model == runs[0].model);
}

#[test]
fn wrong_keys_name_the_file_the_key_and_what_is_allowed() {
    let message = load(&[("x.toml", &BASE.replace("epochs = 2", "epocs = 2"))]).unwrap_err().to_string();
    assert!(message.contains("x.toml, line ") && message.contains("no training.epocs; did you mean training.epochs?"), "{message}");
    let zero = BASE.replace("epochs = 2", "epochs = 0");
    let error = load(&[("x.toml", "version = 1\ninclude = [\"base.toml\"]\n"), ("base.toml", &zero)]).unwrap_err();
    let Error::Range { path, key, given, .. } = &error else { panic!("{error}") };
    assert!(path.ends_with("base.toml") && key == "training.epochs" && given == "0", "{error}");
    let error = load(&[("x.toml", "version = 9\n")]).unwrap_err();
    assert!(matches!(&error, Error::Range { key, given, .. } if key == "version" && given == "9"), "{error}");
    for text in ["version = 1\ninclude = [\"x.toml\"]\n", BASE] {
        assert!(matches!(load(&[("x.toml", text)]), Err(Error::Form { path, .. }) if path.ends_with("x.toml")), "{text}");
    }
}

#[test]
fn a_section_that_is_missing_is_named_with_the_shortest_that_is_right() {
    let whole = "version = 1\ndataset = \"digits\"\nmodel = \"wae_conv\"\n[methods.vae]\nobjective = \"vae\"\n";
    assert!(load(&[("x.toml", whole)]).is_ok());
    for line in ["dataset = \"digits\"", "model = \"wae_conv\"", "objective = \"vae\""] {
        let part = line.split(' ').next().unwrap();
        let error = load(&[("x.toml", &whole.replace(line, ""))]).unwrap_err();
        let Error::Form { path, problem } = &error else { panic!("{error}") };
        let expected = format!("method vae has no section [{part}]; the shortest is the line {line}, above");
        assert!(path.ends_with("x.toml") && problem.starts_with(&expected), "{error}");
        let nameless = whole.replace(line, &format!("{part} = {{ x = 1 }}"));
        let message = load(&[("x.toml", &nameless)]).unwrap_err().to_string();
        let name = line.replacen(part, "name", 1);
        assert!(message.ends_with(&format!("x.toml: section [{part}] of method vae names none; add the line {name} to it")), "{message}");
    }
    for (absent, expected) in [
        ("version = 1\n", "x.toml: there is no version; add the line version = 1 at its top"),
        ("[methods.vae]\nobjective = \"vae\"\n", "x.toml: there is no section [methods]; the shortest is [methods.vae] with the line"),
    ] {
        let message = load(&[("x.toml", &whole.replace(absent, ""))]).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    let prior = format!("{whole}prior = {{ scale = 2.0 }}\n");
    let message = load(&[("x.toml", &prior)]).unwrap_err().to_string();
    assert!(message.contains("section [prior] of method vae names none; add the line name = \"...\" to it"), "{message}");
}

/// Only the objective "vae" has a setting beta.
struct Beta;

impl Catalogues for Beta {
    fn takes(&self, named: &dyn Fn(&str) -> Option<String>, key: &str) -> bool {
        key != "objective.beta" || named("objective").as_deref() == Some("vae")
    }

    fn dataset(&self, name: &str, folder: &Path) -> String {
        format!("{}/{name}", folder.display())
    }
}

fn with(text: &str, changes: &[&str]) -> Result<Experiment> {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    Experiment::parse(text, Path::new("data/x.toml"), &changes, &Beta)
}

#[test]
fn a_key_that_a_method_lacks_is_skipped_for_it_with_a_word() {
    let text = format!(
        "{BASE}[methods]\na.objective = \"vae\"\nb.objective = \"rae\"\n[grid]\n\"objective.beta\" = [1.0, 4.0]\n\"model.width\" = [2, 3]\n"
    );
    let experiment = with(&text, &[]).unwrap();
    let methods: Vec<String> = experiment.runs(1).into_iter().map(|run| run.method).collect();
    assert_eq!(methods.iter().filter(|method| method.contains("objective.beta")).count(), 4, "{methods:?}");
    assert_eq!(methods.iter().filter(|method| !method.contains("objective.beta")).count(), 2, "{methods:?}");
    assert_eq!(experiment.notes, ["objective.beta is skipped for b, which has no such setting"]);
    let runs = with(text.split("[grid]").next().unwrap(), &["objective.beta=4"]).unwrap().runs(1);
    assert_eq!(
        (runs[0].objective.settings.get("beta").and_then(serde_json::Value::as_i64), runs[1].objective.settings.len()),
        (Some(4), 0)
    );
    // What no method has is left for the catalogues to name.
    let alone = text.replace("\"vae\"", "\"other\"");
    assert!(with(&alone, &[]).unwrap().runs(1).iter().all(|run| run.objective.settings.contains_key("beta")));
}

#[test]
fn the_command_line_changes_keys() {
    let text = format!("{BASE}[methods]\na.objective = \"vae\"\nb = {{ objective = \"rae\", training = {{ epochs = 7 }} }}\n");
    let experiment =
        with(&text, &["training.epochs=5", "seeds = 3", "prior=laplace", "methods.b.model.width=9", "grid.model.code=[2, 8]"]).unwrap();
    let runs = experiment.runs(1);
    assert_eq!((experiment.seeds, runs.len()), (3, 4));
    assert!(runs.iter().all(|run| run.training.epochs == 5 && run.prior == Some(Component::named("laplace"))));
    assert_eq!((&runs[0].model.settings["width"], &runs[2].model.settings["width"]), (&4.into(), &9.into()));
    assert_eq!(runs[0].dataset.name, "data/digits", "as it is seen from the file");
    for (change, expected) in [
        ("lr=1e-3", "--set lr=1e-3: there is no lr; did you mean training.learning_rate?"),
        ("training.epoch=1", "no training.epoch; did you mean training.epochs?"),
        ("nosuch=1", "there is no nosuch; docs/experiments.md has every key"),
        ("methods.c.model.width=1", "no methods.c"),
        ("epochs", "is not KEY=VALUE"),
        ("grid.model.width=3", "grid.\"model.width\" is one value; write a list: [3]"),
        ("grid.model.width=[3, 4, 3]", "grid.\"model.width\" has the value 3 twice; leave one of them out"),
        ("grid.seeds=[2, 3]", "--set grid.seeds=[2, 3]: seeds cannot be in a grid; write seeds = 3 at the top"),
        ("=5", "--set =5: no key stands before ="),
        ("training..epochs=3", "--set training..epochs=3: a part of the key is empty"),
        ("training.epochs=", "--set training.epochs=: no value stands behind ="),
        ("seeds=99999999999999999999999", "is not allowed; it must be a whole number from 1 to 10000, and this is too large"),
        ("training.epochs=99999999999999999999", "it must be a whole number from 1 to 100000, and this is too large"),
        ("model.width=99999999999999999999", "it must be a whole number up to 9223372036854775807, and this is too large"),
        ("evaluation.metrics=rate,mmd", "it must be a list in brackets: [\"rate\", \"mmd\"]"),
        ("device=cuda", "--set device=cuda: the device is no part of an experiment"),
        ("grid.model.width=[]", "0 values"),
        ("include=[\"other.toml\"]", "--set include=[\"other.toml\"]: files are included before anything is changed"),
    ] {
        let message = with(&text, &[change]).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert!(matches!(with(&text, &["training.epochs=0"]), Err(Error::Range { key, .. }) if key == "training.epochs"));
    assert!(matches!(with(&text, &["seeds=0"]), Err(Error::Range { key, .. }) if key == "seeds"));
}

#[test]
fn the_command_line_changes_settings_of_a_component_alone() {
    let changed = |changes: &[&str]| {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        Component::named("omniglot").changed("dataset", &changes)
    };
    let found = changed(&["repeats='drop'", "dataset.train_images = 1_000", "range=unit"]).unwrap();
    assert_eq!(serde_json::Value::Object(found), serde_json::json!({ "repeats": "drop", "train_images": 1000, "range": "unit" }));
    for (change, expected) in [
        ("repeats", "--set repeats: is not KEY=VALUE"),
        ("=drop", "--set =drop: no key stands before ="),
        ("dataset.repeats=", "--set dataset.repeats=: no value stands behind ="),
        ("train_images=99999999999999999999", "it must be a whole number up to 9223372036854775807, and this is too large"),
        ("binarise=nan", "binarise = nan is not allowed; it must be a finite number"),
    ] {
        let message = changed(&[change]).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_setting_is_given_once_however_its_key_is_written() {
    let text = |grid: &str| format!("{BASE}[methods]\na.objective = \"vae\"\n[grid]\n{grid}\n");
    let refused = |grid: &str, changes: &[&str], expected: &str| {
        let message = with(&text(grid), changes).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    for (grid, key) in [("prior = [\"normal\", \"laplace\"]", "prior"), ("\"prior.name\" = [\"normal\"]", "prior.name")] {
        for change in ["prior", "prior.name"] {
            let set = format!("{change}=logistic");
            refused(grid, &[set.as_str()], &format!("{change} is changed, and the grid varies it: change grid.{key}"));
        }
    }
    refused("prior = [{ name = \"normal\", scale = 2.0 }]", &["prior.scale=3.0"], "prior.scale is changed, and the grid varies it");
    refused("\"prior.scale\" = [2.0]", &["prior={ name = \"normal\", scale = 3.0 }"], "prior is changed, and the grid varies it");
    refused("prior = [\"normal\"]", &["grid.prior.name=[\"laplace\"]"], "vary the same setting; leave one of them out");
    // A component's name and a setting of it are two.
    assert_eq!(with(&text("\"prior.scale\" = [1.0, 2.0]"), &["prior=normal"]).unwrap().runs(1).len(), 2);
}

#[test]
fn the_training_digest_ignores_evaluation_and_label_alone() {
    let run = load(&[("x.toml", &format!("{BASE}[methods.vae.objective]\nname = \"vae\"\n"))]).unwrap().runs(1).remove(0);
    let mut other = run.clone();
    other.evaluation.labels = 5;
    other.method = "renamed".into();
    assert_eq!(run.training_sha256(), other.training_sha256());
    assert_ne!(run.sha256(), other.sha256());
    other.seed = 1;
    assert_ne!(run.training_sha256(), other.training_sha256());
}
