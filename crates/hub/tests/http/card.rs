//! The model card against the Hub's documented form, as `huggingface_hub` reads it.

use std::{fs, process::Command};

use serde_json::{Value, json};
use vimae_hub::{Description, Error, Network, OverSeeds, Package, Part, published};
use vimae_spec::{Doubt, EarlyStopping, Head};
use vimae_testing::need;

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

/// What Python says of the card.
fn asked(python: &str, readme: &std::path::Path) -> Value {
    let output = Command::new(python).args(["-c", READ]).arg(readme).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_hubs_own_library_reads_the_card_as_it_was_meant() {
    let python = need!(vimae_testing::python(&["huggingface_hub"]));
    let folder = tempfile::tempdir().unwrap();
    let run = sample::run(&folder.path().join("run"), 1);
    sample::package(&run, REPO).write(&folder.path().join("package")).unwrap();
    let found = asked(&python, &folder.path().join("package/README.md"));
    assert_eq!(found["license"], "mit");
    assert_eq!(found["library"], "vimae");
    assert_eq!(found["task"], "unconditional-image-generation");
    assert_eq!(found["datasets"], json!(["ylecun/mnist"]));
    assert_eq!(found["name"], "vae-digits");
    assert!(found["tags"].as_array().unwrap().contains(&json!("digits")), "{found}");
    // The headline numbers to six digits, with the Hub's types.
    let results = found["results"].as_array().unwrap();
    let expected = sample::headlines(&run);
    assert_eq!((results.len(), expected.len()), (3, 3));
    for (metric, result) in expected.iter().zip(results) {
        assert_eq!(result[0], "unconditional-image-generation");
        assert_eq!(result[1], "digits");
        assert_eq!(result[2], sample::description().dataset.title);
        assert_eq!(result[3], "test");
        assert_eq!(result[4], metric.kind);
        assert_eq!(result[5], metric.title);
        let (read, meant) = (result[6].as_f64().unwrap(), metric.published.measurement.value.unwrap());
        assert!((read - meant).abs() < 1e-5 * meant.abs(), "{read} for {meant}");
    }
}

#[test]
fn a_card_is_read_in_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let run = sample::run(&folder.path().join("run"), 1);
    sample::package(&run, REPO).write(&folder.path().join("package")).unwrap();
    let text = fs::read_to_string(folder.path().join("package/README.md")).unwrap();
    assert!(text.lines().count() <= 120, "{} lines", text.lines().count());
    let (front, body) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).unwrap();
    assert!(front.starts_with("license: mit\n") && front.contains("\nmodel-index:\n"), "{front}");
    for expected in [
        "# VAE, trained on 8 000 images of ten thousand digits: \"MNIST\"",
        "trained as a variational autoencoder, `vae` (beta 4): the ELBO",
        "It was trained on 8 000 of 50 000 training images of `digits`",
        "epochs (480 steps of 100 images), with seed 1.\nIt was measured on 2 000 test images.\nThe images were not binarised.\nThe network is `mlp`",
        "codes of 2 dimensions",
        "![Images decoded from random draws of the prior](samples.png)",
        "| **FID \\| classifier** ↓: of test images | 3.018 |",
        "| **Accuracy** ↑: of test images | 88.00 |",
        "| **Rate**: of test images | 10.10 |",
        "such as FID, NLL and MMD, is under the sampler `prior`: codes drawn from the prior.\n",
        "Model::open(\"some-lab/vae-digits\", &Device::Cpu,",
        "pip install \"./python[hub]\"",
        "model = from_pretrained(\"some-lab/vae-digits\")",
        "images = model.sample(16, seed=0)  # [16, 1, 28, 28]",
        "- It was trained for 480 steps, which is short.\n- A squared error blurs",
        "## Intended use and limitations",
        "@article{crescimanna2019vimae,",
        "cargo xtask hub pull some-lab/vae-digits",
        run.record.weights_sha256.as_str(),
    ] {
        assert!(body.contains(expected), "{expected} is not in\n{body}");
    }
    assert!(!text.contains("Warning"), "{text}");
    let of = |description: Description| {
        let package = Package::new(&run, &REPO.parse().unwrap(), "mit", &description, &published(&run.record)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        package.write(&folder.path().join("package")).unwrap();
        fs::read_to_string(folder.path().join("package/README.md")).unwrap()
    };
    // Of data that lack images the card promises no more than is there.
    let of_copy = |train_images: usize| {
        let mut copy = sample::description();
        (copy.dataset.train_images, copy.dataset.all_train_images, copy.dataset.incomplete) = (train_images, 9_000, true);
        of(copy)
    };
    let (some, all) = (of_copy(5_000), of_copy(9_000));
    assert!(some.contains("It was trained on 5 000 of 9 000 training images of an incomplete copy of `digits` ("), "{some}");
    assert!(some.contains("# VAE, trained on 5 000 images of ten thousand"), "{some}");
    assert!(all.contains("It was trained on 9 000 images of an incomplete copy of `digits` ("), "{all}");
    assert!(all.contains("# VAE, trained on 9 000 images of ten thousand"), "{all}");
    let mut whole = sample::description();
    whole.dataset.train_images = 50_000;
    let whole = of(whole);
    assert!(whole.contains("# VAE, trained on ten thousand") && whole.contains("trained on 50 000 images of `digits` ("), "{whole}");
    // A run that early stopping ended was not trained for as many epochs as it might have been.
    let mut early = sample::run(&folder.path().join("early-run"), 1);
    early.record.early_stopping = Some(EarlyStopping { stopped_epoch: 1, kept_epoch: 1, held_out_loss: 2.0 });
    sample::package(&early, REPO).write(&folder.path().join("early")).unwrap();
    let early = fs::read_to_string(folder.path().join("early/README.md")).unwrap();
    assert!(early.contains(" for 1 epoch (480 steps of 100 images)"), "{early}");
    // What is wrong with a model comes before all else.
    let warned = of(Description { warning: Some("It has collapsed.".into()), ..sample::description() });
    assert!(warned.contains("MNIST\"\n\n> **Warning.** It has collapsed.\n\nAn autoencoder"), "{warned}");
    // Other pixels and another density of codes make other numbers.
    let mut drawn = Description { headlines: sample::headlines(&run), ..sample::description() };
    drawn.dataset.pixels = Some("binarised: a pixel is 1 or 0 by one draw".into());
    let sampler = drawn.parts.last_mut().unwrap();
    (sampler.name, sampler.summary) = ("standardised".into(), "Codes drawn from a Gaussian".into());
    let drawn = of(drawn);
    assert!(drawn.contains("\nThe images were binarised: a pixel is 1 or 0 by one draw.\n"), "{drawn}");
    assert!(drawn.contains(" is under the sampler `standardised`: codes drawn from a Gaussian.\n"), "{drawn}");
    // Nobody asks whether photographs were binarised.
    let mut photographs = sample::description();
    (photographs.dataset.pixels, photographs.dataset.test_images) = (None, None);
    let photographs = of(photographs);
    assert!(photographs.contains(", with seed 1.\nThe network is") && !photographs.contains("binarised"), "{photographs}");
    // Who looks for variational autoencoders finds those alone.
    let plain = Network { head: Head::Deterministic, ..sample::description().network };
    let plain = of(Description { network: plain, ..sample::description() });
    assert!(front.contains("\n- \"variational-autoencoder\"\n") && !plain.contains("variational-autoencoder"), "{plain}");
    // What a program of one's own has added, no other loads.
    let own = of(Description { own: vec!["my_network".into()], ..sample::description() });
    assert!(own.contains("not in vimae: `my_network`.") && !own.contains("from_pretrained"), "{own}");
    // Nobody else has the publisher's own images.
    let mut private = sample::description();
    private.dataset.own_files = true;
    let private = of(private);
    assert!(body.contains("verify vae-digits`, recomputes every number; `spec.json`"), "{body}");
    assert!(
        private.contains("verify vae-digits --data-dir DIR`, recomputes every number from the publisher's images, which are not"),
        "{private}"
    );
    // Where the code is, if its publisher says so.
    assert!(body.contains("`cargo add candle-core@=0.11.1`") && body.contains("where CHECKOUT is a checkout of vimae:\n"), "{body}");
    let linked = of(Description { code: Some("https://example.org/me/vimae".into()), ..sample::description() });
    assert!(linked.contains(" is a checkout of [vimae](https://example.org/me/vimae):\n"), "{linked}");
    assert!(linked.contains("Code: commit `unknown` of <https://example.org/me/vimae>; version 0.1.0."), "{linked}");
    let mut doubtful = sample::headlines(&run);
    doubtful[2].published.measurement.doubts = vec![Doubt::FewImages];
    let doubtful = of(Description { headlines: doubtful, ..sample::description() });
    assert!(doubtful.contains("| 10.10 ? |\n"), "{doubtful}");
    assert!(doubtful.contains(&format!("\n?: do not rely on this value ({}).\n", Doubt::FewImages)), "{doubtful}");
    assert!(doubtful.contains("name: \"Rate (doubtful)\"") && doubtful.contains("name: \"Accuracy\""), "{doubtful}");
    // The objective's own prior is not the one that it was trained with.
    let mut replaced = sample::description();
    let prior = replaced.parts[1].clone();
    replaced.parts.push(Part { kind: "prior", name: "generalised_normal".into(), summary: "Flat-topped".into(), replaces: true, ..prior });
    let replaced = of(replaced);
    assert!(replaced.contains("28 x 28, trained with the objective `vae` (beta 4) (Kingma"), "{replaced}");
    assert!(
        replaced.contains(".\nIn place of the objective's own it has the prior `generalised_normal` (beta 4): flat-topped.\n"),
        "{replaced}"
    );
    assert!(!replaced.contains("variational autoencoder,") && !replaced.contains("the ELBO"), "{replaced}");
    // An interval over seeds only where there are enough of them.
    let over = |seeds: usize, interval: Option<[f64; 2]>| {
        let mut headlines = sample::headlines(&run);
        headlines[1].published.over_seeds = Some(OverSeeds { seeds, mean: 87.5, interval, doubts: Vec::new() });
        of(Description { headlines, ..sample::description() })
    };
    let two = over(2, None);
    assert!(
        two.contains("| mean of 2 seeds |\n") && two.contains("| 88.00 | 87.50 |\n") && two.contains("| 10.10 | \u{2013} |\n"),
        "{two}"
    );
    assert!(two.contains("2 seeds are too few to say how far seeds differ"), "{two}");
    let mut fewer = sample::headlines(&run);
    fewer[0].published.over_seeds = Some(OverSeeds { seeds: 3, mean: 3.0, interval: None, doubts: Vec::new() });
    fewer[2].published.over_seeds = Some(OverSeeds { seeds: 2, mean: 10.0, interval: None, doubts: vec![Doubt::FewImages] });
    let fewer = of(Description { headlines: fewer, ..sample::description() });
    // This seed's value is as it should be, that of another is not, and the mean says so.
    assert!(fewer.contains("| 3.018 | 3.000 |\n") && fewer.contains("| 10.10 | 10.00 ?, of 2 seeds |\n"), "{fewer}");
    assert!(fewer.contains("\n?: do not rely on this value; a mean is marked where one of its seeds is ("), "{fewer}");
    let three = over(3, Some([86.0, 89.0]));
    assert!(three.contains("| mean of 3 seeds, 95 % interval |\n") && three.contains("| 87.50 (86.00 to 89.00) |\n"), "{three}");
    let counted = |mean: f64, interval: Option<[f64; 2]>| {
        let mut headlines = sample::headlines(&run);
        headlines[1].published.measurement.value = Some(4.0);
        headlines[1].published.over_seeds = Some(OverSeeds { seeds: 3, mean, interval, doubts: Vec::new() });
        headlines[1].out_of = Some(5);
        of(Description { headlines, ..sample::description() })
    };
    let units = counted(4.0, Some([1.516, 5.0]));
    assert!(units.contains("| 4 of 5 | 4.0 (1.5 to 5.0) of 5 |\n"), "{units}");
    assert!(counted(4.0, None).contains("| 4 of 5 | 4 of 5 |\n"));
    assert!(three.contains("The table says how far 3 seeds differ"), "{three}");
    let package = Package::new(&run, &REPO.parse().unwrap(), "my-own", &sample::description(), &[]);
    assert!(matches!(package, Err(Error::License { .. })));
}
