//! The model card: what a person reads on the Hub, behind metadata in the form that the Hub documents.

use vimae_spec::{Direction, FigureKind, RunRecord};

use crate::{Description, Published, RepoName, results::on_card, yaml};

/// What a card is made of.
#[derive(Debug, Clone, Copy)]
pub struct CardInput<'a> {
    /// Where it will be.
    pub repo: &'a RepoName,
    /// The licence of the weights, an identifier of the Hub.
    pub license: &'a str,
    /// The run.
    pub record: &'a RunRecord,
    /// The run in words.
    pub description: &'a Description,
    /// Its values.
    pub published: &'a [Published],
}

/// The task, as the Hub calls it.
const TASK: &str = "unconditional-image-generation";
/// Tags of every card.
const TAGS: [&str; 5] = ["vimae", "autoencoder", "variational-autoencoder", "candle", "safetensors"];

/// The whole card: `README.md`.
pub fn card(input: &CardInput<'_>) -> String {
    format!("---\n{}---\n\n{}", metadata(input), body(input))
}

fn metadata(input: &CardInput<'_>) -> String {
    let CardInput { repo, license, record, description, published } = input;
    let data = &description.dataset;
    let mut lines = vec![format!("license: {license}"), "library_name: vimae".into(), format!("pipeline_tag: {TASK}"), "tags:".into()];
    let method = record.spec.objective.name.replace('_', "-");
    let tags = TAGS.into_iter().chain([method.as_str(), data.name.as_str()]);
    lines.extend(tags.map(|tag| format!("- {}", yaml::string(tag))));
    if let Some(hub) = data.hub.as_ref().or(data.part_of.as_ref()) {
        lines.extend(["datasets:".into(), format!("- {}", yaml::string(hub))]);
    }
    let shown = on_card(published);
    if shown.is_empty() {
        return lines.join("\n") + "\n";
    }
    lines.extend([
        "model-index:".into(),
        format!("- name: {}", yaml::string(repo.name())),
        "  results:".into(),
        "  - task:".into(),
        format!("      type: {TASK}"),
        "      name: \"Generation and reconstruction of images\"".into(),
        "    dataset:".into(),
        format!("      type: {}", yaml::string(data.hub.as_deref().unwrap_or(&data.name))),
        format!("      name: {}", yaml::string(&data.title)),
        "      split: test".into(),
        "    metrics:".into(),
    ]);
    for (one, value) in shown {
        let row = &one.measurement;
        lines.extend([
            format!("    - type: {}", yaml::string(&row.metric)),
            format!("      name: {}", yaml::string(&format!("{} {}", row.metric, row.protocol))),
            format!("      value: {}", yaml::number(value)),
            "      args:".into(),
            format!("        protocol: {}", yaml::string(&row.protocol.to_string())),
            format!("        unit: {}", yaml::string(&row.unit)),
            format!("        n: {}", row.n),
        ]);
        if let Some(better) = row.direction.higher_is_better() {
            lines.push(format!("        higher_is_better: {better}"));
        }
        if let Some(note) = &row.note {
            lines.push(format!("        note: {}", yaml::string(note)));
        }
        let pair = |[low, high]: [f64; 2]| format!("[{}, {}]", yaml::number(low), yaml::number(high));
        if let Some(interval) = one.interval {
            lines.push(format!("        interval_95: {}", pair(interval)));
        }
        if let Some(over) = &one.over_seeds {
            lines.extend([
                format!("        seeds: {}", over.seeds),
                format!("        mean_over_seeds: {}", yaml::number(over.mean)),
                format!("        interval_95_over_seeds: {}", pair(over.interval)),
            ]);
        }
    }
    lines.join("\n") + "\n"
}

fn body(input: &CardInput<'_>) -> String {
    let CardInput { repo, record, description, .. } = input;
    let (spec, network, data) = (&record.spec, &description.network, &description.dataset);
    let mut text = format!(
        "# {}: `{}` on {}\n\nAn autoencoder with codes of {} dimensions for images of {} x {} x {}, trained with vimae, \
         which trains and compares the autoencoders of *The Variational InfoMax AutoEncoder*.\n",
        plain(repo.name()),
        spec.method,
        plain(&data.title),
        network.code,
        network.height,
        network.width,
        network.channels,
    );
    for image in &record.figures {
        if matches!(image.kind, FigureKind::Samples | FigureKind::Reconstructions) {
            text += &format!("\n![{0}]({1})\n\n*{0}.*\n", plain(&image.caption), image.file);
        }
    }
    text += "\n## Use\n\n";
    text += &format!("```console\ncargo xtask hub pull {repo} --out {0}\ncargo xtask eval {0}\n```\n\n", repo.name());
    text += &format!(
        "```rust\nlet model = vimae_hub::from_pretrained(\"{repo}\")?;\nlet weights = &model.weights; // by the names of the equivalent PyTorch module\n```\n\n"
    );
    text += "In Python, `examples/load_in_python.py` of the project builds the same network from `config.json` and loads \
             `model.safetensors`, with numpy, safetensors and torch. There is no pickle here, and nothing needs one.\n";
    text += &format!(
        "\nImages go in as `[N, {}, {}, {}]` with values in {}, and come out so.\n",
        network.channels, network.height, network.width, network.range
    );
    text += &results(input.published);
    text += &training(input);
    text += &origin(input);
    text
}

fn results(published: &[Published]) -> String {
    let shown = on_card(published);
    if shown.is_empty() {
        return String::new();
    }
    let seeds = shown.iter().filter_map(|(one, _)| Some(one.over_seeds.as_ref()?.seeds)).max();
    let mut text = String::from(
        "\n## Results\n\nOn the test split. Two values can be compared only where their protocols are the same. \
         `results.json` has these and all others.\n\n| metric | protocol | value | 95 % interval | better |",
    );
    text += if seeds.is_some() { " mean over seeds |\n|---|---|---|---|---|---|\n" } else { "\n|---|---|---|---|---|\n" };
    let pair = |[low, high]: [f64; 2]| format!("{} to {}", short(low), short(high));
    for (one, value) in &shown {
        let row = &one.measurement;
        let interval = one.interval.map_or("-".into(), pair);
        let better = if row.direction == Direction::Higher { "higher" } else { "lower" };
        let unit = if row.unit == "1" { String::new() } else { format!(" {}", row.unit) };
        text +=
            &format!("| {} | `{}` | {}{unit} | {interval} | {better} |", cell(&row.metric), cell(&row.protocol.to_string()), short(*value));
        if seeds.is_some() {
            let over = one.over_seeds.as_ref().map_or("-".into(), |o| format!("{} ({})", short(o.mean), pair(o.interval)));
            text += &format!(" {over} |");
        }
        text.push('\n');
    }
    text += "\nValues are those of the weights here. Intervals are 1.96 standard errors either way, over the test sample or the \
             draws of labels.";
    text += &match seeds {
        Some(seeds) => {
            format!(" The last column is over {seeds} runs that differ in their seed alone, with a 95 % interval by Student's t.\n")
        }
        None => " They say nothing of other seeds.\n".into(),
    };
    for (one, _) in shown {
        let row = &one.measurement;
        if let Some(note) = &row.note {
            text += &format!("\n- {} `{}`: {}", cell(&row.metric), cell(&row.protocol.to_string()), plain(note));
        }
    }
    text.push('\n');
    text
}

fn training(input: &CardInput<'_>) -> String {
    let CardInput { record, description, .. } = input;
    let training = &record.spec.training;
    let mut text = String::from("\n## Training\n\n| part | name | settings | source |\n|---|---|---|---|\n");
    for part in &description.parts {
        let settings: Vec<String> = part.settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        text += &format!("| {} | `{}` | {} | {} |\n", part.kind, cell(&part.name), cell(&settings.join(", ")), cell(&part.source));
    }
    text += &format!(
        "\n{} epochs in batches of {}, {} steps of Adam (rate {}, beta {}, {}), seed {}; {} parameters. {:.0} s on {}.\n",
        training.epochs,
        training.batch,
        record.steps,
        training.learning_rate,
        training.beta1,
        training.beta2,
        record.spec.seed,
        record.parameters,
        record.training_seconds,
        plain(&record.device),
    );
    for back in &record.rollbacks {
        text += &format!(
            "\nStep {} diverged ({}); training went on from step {}, with steps of {} times the size.\n",
            back.step,
            plain(&back.term),
            back.back_to,
            back.rate
        );
    }
    text
}

fn origin(input: &CardInput<'_>) -> String {
    let CardInput { record, description, license, .. } = input;
    let data = &description.dataset;
    format!(
        "\n## Origin\n\n| of | SHA-256 |\n|---|---|\n| weights | `{}` |\n| specification | `{}` |\n| data | `{}` |\n\n\
         Code: commit `{}`, version {}. `cargo xtask verify` on the pulled folder recomputes every number.\n\n\
         The weights are under {license}. The data are not part of this repository: {}; {}.\n",
        record.weights_sha256,
        record.spec_sha256,
        record.data_sha256,
        cell(&record.git_commit),
        record.version,
        plain(&data.source),
        plain(&data.licence),
    )
}

/// Text that Markdown takes for nothing but text.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '[' | ']' | '*' | '`' | '|' | '\\' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Text for a table's cell.
fn cell(text: &str) -> String {
    text.replace(['\n', '\r', '`'], " ").replace('|', "\\|").replace('<', "&lt;")
}

/// A number in four digits.
fn short(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude {
        0.0 => "0".into(),
        _ if magnitude >= 1000.0 => format!("{value:.0}"),
        _ if magnitude >= 1e-4 => {
            let before = magnitude.log10().floor() as i32 + 1;
            format!("{value:.*}", usize::try_from(4 - before).unwrap_or(0))
        }
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        for (value, expected) in [
            (3.018_031, "3.018"),
            (88.683, "88.68"),
            (0.052_218, "0.05222"),
            (-369.09, "-369.1"),
            (12_345.6, "12346"),
            (1e-9, "1.00e-9"),
            (0.0, "0"),
        ] {
            assert_eq!(short(value), expected);
        }
    }

    #[test]
    fn text_cannot_break_out_of_its_place() {
        assert_eq!(plain("a|b\n[x](y) <img>"), "a\\|b \\[x\\](y) &lt;img>");
        assert_eq!(cell("a`b|c\nd"), "a b\\|c d");
    }
}
