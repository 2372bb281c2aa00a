//! The model card against the Hub's documented form, as `huggingface_hub` reads it.

use std::{fs, process::Command};

use serde_json::{Value, json};
use vimae_hub::{Error, published};
use vimae_spec::Direction;

use crate::{REPO, sample};

/// Reads a card with the Hub's own Python library, which refuses what does not have the documented form, writes its
/// metadata again, and says what it found.
const READ: &str = r#"
import json, sys
from huggingface_hub import ModelCard
from huggingface_hub.repocard import metadata_load
card = ModelCard.load(sys.argv[1], ignore_metadata_errors=False)
again = ModelCard(str(card), ignore_metadata_errors=False)
assert again.data.to_dict() == card.data.to_dict()
data = metadata_load(sys.argv[1])
results = card.data.eval_results
print(json.dumps({
    "license": card.data.license, "library": card.data.library_name, "task": card.data.pipeline_tag, "tags": card.data.tags,
    "datasets": card.data.datasets, "name": card.data.model_name, "index": data["model-index"],
    "results": [[r.task_type, r.dataset_type, r.dataset_name, r.dataset_split, r.metric_type, r.metric_name, r.metric_value, r.metric_args] for r in results],
}))
"#;

/// What Python says of the card, or why it cannot be asked.
fn asked(readme: &std::path::Path) -> Result<Value, String> {
    let python = std::env::var("VIMAE_PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(&python).args(["-c", READ]).arg(readme).output().map_err(|e| format!("{python}: {e}"))?;
    let problem = String::from_utf8_lossy(&output.stderr).into_owned();
    if problem.contains("No module named 'huggingface_hub'") {
        return Err(format!("{python} has no huggingface_hub (VIMAE_PYTHON names another)"));
    }
    assert!(output.status.success(), "{problem}");
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn the_hubs_own_library_reads_the_card_as_it_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let run = sample::run(&folder.path().join("run"), 1);
    sample::package(&run, REPO).write(&folder.path().join("package")).unwrap();
    let found = match asked(&folder.path().join("package/README.md")) {
        Ok(found) => found,
        Err(reason) => {
            println!("skipped: {reason}");
            return;
        }
    };
    assert_eq!(found["license"], "mit");
    assert_eq!(found["library"], "vimae");
    assert_eq!(found["task"], "unconditional-image-generation");
    assert_eq!(found["datasets"], json!(["ylecun/mnist"]));
    assert_eq!(found["name"], "vae-digits");
    assert!(found["tags"].as_array().unwrap().contains(&json!("digits")), "{found}");
    // The numbers with a better side, to the last digit, with their intervals.
    let expected: Vec<_> = published(&run.record)
        .into_iter()
        .filter(|one| one.measurement.direction != Direction::Neither && one.measurement.slice.is_none())
        .collect();
    let results = found["results"].as_array().unwrap();
    assert_eq!((results.len(), expected.len()), (4, 4));
    for (one, result) in expected.iter().zip(results) {
        let row = &one.measurement;
        assert_eq!(result[0], "unconditional-image-generation");
        assert_eq!(result[1], "digits");
        assert_eq!(result[2], sample::description().dataset.title);
        assert_eq!(result[3], "test");
        assert_eq!(result[4], row.metric);
        assert_eq!(result[6].as_f64().unwrap(), row.value.unwrap());
        let arguments = &result[7];
        assert_eq!(arguments["protocol"], row.protocol.to_string());
        assert_eq!(arguments["n"], row.n);
        assert_eq!(arguments.get("note").and_then(Value::as_str), row.note.as_deref());
        match one.interval {
            Some(interval) => assert_eq!(arguments["interval_95"], json!(interval)),
            None => assert!(arguments.get("interval_95").is_none()),
        }
    }
}

#[test]
fn a_card_says_where_its_numbers_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let run = sample::run(&folder.path().join("run"), 1);
    sample::package(&run, REPO).write(&folder.path().join("package")).unwrap();
    let text = fs::read_to_string(folder.path().join("package/README.md")).unwrap();
    let (front, body) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).unwrap();
    assert!(front.starts_with("license: mit\n") && front.contains("\nmodel-index:\n"), "{front}");
    for expected in [
        "![Images decoded from random draws of the prior](samples.png)",
        "cargo xtask hub pull some-lab/vae-digits",
        "from_pretrained(\"some-lab/vae-digits\")",
        run.record.weights_sha256.as_str(),
        run.record.data_sha256.as_str(),
        "| accuracy.clean | `svm.inductive(labels=1000)` | 88.00 | 87.02 to 88.98 | higher |",
        "beta = 4",
        "- kl `bound`: says nothing: \\* is above \\|",
    ] {
        assert!(body.contains(expected), "{expected} is not in\n{body}");
    }
    // Lines of a table hold as many cells as its head, whatever the text of a protocol.
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    for line in body.lines().filter(|line| line.starts_with("| accuracy") || line.starts_with("| mmd") || line.starts_with("| fid")) {
        assert_eq!(bars(line), 6, "{line}");
    }
    let package = vimae_hub::Package::new(&run, &REPO.parse().unwrap(), "my-own", &sample::description(), &[]);
    assert!(matches!(package, Err(Error::License { .. })));
}
