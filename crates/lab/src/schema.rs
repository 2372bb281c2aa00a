//! A JSON schema of experiment files, for editors.
//!
//! Made from the types that state settings, defaults, ranges and descriptions: those of the catalogues' entries and of the
//! sections. In draft 7, which editors of TOML take. What no schema can say (that an included file exists, that
//! a method of an expectation is there) `cargo xtask spec check` says.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use vimae_continual::{STRATEGIES, STREAMS};
use vimae_core::{Entry, settings::Schema};
use vimae_datasets::DATASETS;
use vimae_metrics::{METRICS, accuracy::classifiers::CLASSIFIERS};
use vimae_models::MODELS;
use vimae_objectives::{OBJECTIVES, divergence::DIVERGENCES, likelihood::LIKELIHOODS, noise::NOISES};
use vimae_priors::{PRIORS, sampler::SAMPLERS};
use vimae_spec::{CODE, Evaluation, Resources, Training};

use crate::command::called;

/// The schema.
pub fn schema() -> Value {
    let sections = sections();
    // A file and its methods have the same sections; each is written once.
    let mut properties = Map::from_iter(sections.keys().map(|name| (name.clone(), json!({ "$ref": format!("#/definitions/{name}") }))));
    let method = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    for (name, value) in head() {
        properties.insert(name, value);
    }
    properties.insert(
        "methods".into(),
        json!({
            "type": "object",
            "description": "What is compared: a name for tables, and what the method sets differently.",
            "additionalProperties": method,
        }),
    );
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "An experiment of vimae",
        "description": format!("Methods on a data set, each run with several seeds. {} spec check FILE says what no schema can.", called()),
        "type": "object",
        "required": ["version"],
        "properties": properties,
        "additionalProperties": false,
        "definitions": sections,
    })
}

/// What stands before the sections.
fn head() -> Vec<(String, Value)> {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let texts = |about: &str| json!({ "type": "array", "items": { "type": "string" }, "description": about });
    let number = json!({ "type": "number" });
    let expectation = json!({
        "type": "object",
        "required": ["metric"],
        "anyOf": [{ "required": ["above"] }, { "required": ["below"] }, { "required": ["better_than"] }],
        "properties": {
            "metric": text("the metric, as records name it: reconstruction, accuracy.clean ..."),
            "method": text("the method; all where absent"),
            "protocol": text("the protocol; all of the metric where absent"),
            "above": number,
            "below": number,
            "better_than": texts("methods that it should be better than, by the metric's own direction"),
        },
        "additionalProperties": false,
    });
    [
        ("version", json!({ "const": 1, "description": "the version of this form" })),
        ("title", text("one line for the page")),
        ("about", text("what a reader should know")),
        ("include", texts("files that this one stands on; what is here goes before what is there")),
        ("targets", texts("tables and figures of the paper that it gives cells for: table3, figure6 ...")),
        ("paper_dataset", text("the paper's data set that its cells are held against, where a smaller one stands in")),
        ("optional", json!({ "type": "boolean", "default": false, "description": "leave the experiment out, with the command that brings its data, where that is not on this machine; otherwise that is an error" })),
        ("resources", described("What a cluster should give each run.", &Schema::of::<Resources>())),
        ("seeds", json!({ "type": "integer", "minimum": 1, "maximum": 10_000, "default": 1, "description": "seeds of each run" })),
        ("expect", json!({ "type": "array", "items": expectation, "description": "what its author expects; each becomes a cell" })),
        (
            "grid",
            json!({
                "type": "object",
                "description": "dotted keys with lists of values; every combination runs for every method",
                "propertyNames": { "pattern": "^(dataset|model|objective|prior|noise|divergence|likelihood|sampler|stream|strategy|training|evaluation)(\\.|$)" },
                "additionalProperties": { "type": "array", "minItems": 1 },
            }),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The sections that a file and each of its methods may have.
fn sections() -> Map<String, Value> {
    let code =
        json!({ "type": "integer", "minimum": CODE.start(), "maximum": CODE.end(), "default": 8, "description": "dimensions of the code" });
    let mut sections = Map::new();
    sections.insert("dataset".into(), part("The data set.", &DATASETS.entries(), &Map::new()));
    sections.insert("model".into(), part("The network.", &MODELS.entries(), &Map::from_iter([("code".to_owned(), code)])));
    sections.insert("objective".into(), part("What is minimised.", &OBJECTIVES.entries(), &Map::new()));
    sections.insert("prior".into(), part("The prior of codes; the objective's own choice where absent.", &PRIORS.entries(), &Map::new()));
    sections.insert(
        "noise".into(),
        part("What makes the encoder random; the objective's own choice where absent.", &NOISES.entries(), &Map::new()),
    );
    let about = "The divergence of codes from the prior; the objective's own choice where absent.";
    sections.insert("divergence".into(), part(about, &DIVERGENCES.entries(), &Map::new()));
    let about = "The distribution of images that the decoder's output stands for; the squared error where absent.";
    sections.insert("likelihood".into(), part(about, &LIKELIHOODS.entries(), &Map::new()));
    let about = "What codes are drawn from after training; the prior, or the density that the objective fits, where absent.";
    sections.insert("sampler".into(), part(about, &SAMPLERS.entries(), &Map::new()));
    let about = "The tasks that the data set is cut into, to be learnt one after another.";
    sections.insert("stream".into(), part(about, &STREAMS.entries(), &Map::new()));
    let about = "What is done against forgetting, for a run with a stream; fine_tune where absent.";
    sections.insert("strategy".into(), part(about, &STRATEGIES.entries(), &Map::new()));
    sections.insert("training".into(), described("How it is trained. Defaults are the paper's.", &Schema::of::<Training>()));
    let mut evaluation = described("How it is measured.", &Schema::of::<Evaluation>());
    let names: Vec<&str> = METRICS.names().collect();
    let settings = METRICS.entries().into_iter().map(|entry| (entry.name.to_owned(), described(entry.summary, &(entry.settings)())));
    evaluation["properties"]["metrics"] = json!({
        "type": "array",
        "items": { "enum": names },
        "uniqueItems": true,
        "description": "metrics by name; all but those on request where empty",
    });
    evaluation["properties"]["settings"] = json!({
        "type": "object",
        "description": "settings of metrics; one that stands here is measured",
        "properties": Map::from_iter(settings),
        "additionalProperties": false,
    });
    evaluation["properties"]["samplers"] = json!({
        "type": "array",
        "items": { "enum": SAMPLERS.names().collect::<Vec<_>>() },
        "uniqueItems": true,
        "description": "samplers, at their defaults, under which what reads generated images is measured beside the run's own",
    });
    evaluation["properties"]["classifiers"] = json!({
        "type": "array",
        "items": { "enum": CLASSIFIERS.names().collect::<Vec<_>>() },
        "uniqueItems": true,
        "description": "what learns from few labels",
    });
    sections.insert("evaluation".into(), evaluation);
    sections
}

/// A section that names an entry of a catalogue: each entry with its settings, or settings alone for what an included file
/// names.
fn part<B>(about: &str, entries: &[&Entry<B>], more: &Map<String, Value>) -> Value {
    let mut any = alone_named(entries);
    let mut alone: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for entry in entries {
        let mut properties = more.clone();
        properties.extend((entry.settings)().properties());
        for (key, value) in &properties {
            let known = alone.entry(key.clone()).or_default();
            if !known.contains(value) {
                known.push(value.clone());
            }
        }
        let name = match entry.name {
            name if vimae_datasets::WITH_PATH.contains(&name) => {
                json!({ "type": "string", "pattern": format!("^{name}(:.+)?$"), "description": format!("{name}:PATH") })
            }
            name => json!({ "const": name, "description": entry.summary }),
        };
        properties.insert("name".into(), name);
        any.push(json!({
            "title": entry.name,
            "description": entry.summary,
            "type": "object",
            "required": ["name"],
            "properties": properties,
            "additionalProperties": false,
        }));
    }
    let properties = alone.into_iter().map(|(key, mut known)| match (known.len(), known.pop()) {
        (1, Some(only)) => (key, only),
        (_, last) => {
            known.extend(last);
            (key, json!({ "anyOf": known }))
        }
    });
    any.push(json!({
        "title": "settings of the part that an included file names",
        "type": "object",
        "properties": Map::from_iter(properties),
        "additionalProperties": false,
    }));
    json!({ "description": about, "anyOf": any })
}

/// An entry named alone, with its defaults; one that reads a path, with that.
fn alone_named<B>(entries: &[&Entry<B>]) -> Vec<Value> {
    let names = entries.iter().map(|entry| entry.name);
    let (with_path, names): (Vec<&str>, Vec<&str>) = names.partition(|name| vimae_datasets::WITH_PATH.contains(name));
    let mut any = vec![json!({ "title": "the name alone", "enum": names })];
    if !with_path.is_empty() {
        let pattern = format!("^({}):.", with_path.join("|"));
        any.push(json!({ "title": "the name alone, with its path", "type": "string", "pattern": pattern }));
    }
    any
}

/// A schema with what it is of.
fn described(about: &str, schema: &Schema) -> Value {
    let mut value = schema.to_value();
    value["description"] = about.into();
    value
}

#[cfg(test)]
mod tests;
