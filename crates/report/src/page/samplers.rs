//! Methods against samplers: how good images are that are drawn from the prior, and from densities fitted to the codes after
//! training. What mends a method's images there was its prior, and what does not is its decoder.

use std::collections::BTreeMap;

use maud::{Markup, html};
use vimae_spec::{Doubt, Measurement, Protocol};

use super::{input::ExperimentView, words::doubt};
use crate::{
    caution,
    headline::{Headline, OF_GENERATION, arrow},
    headline_table::{MeanInterval, clearly_better},
    method,
    number::Column,
    spread::mean_and_deviation,
};

/// What a method's codes are drawn from, with its values of each headline by seed.
struct Line<'a> {
    method: &'a str,
    sampler: Option<&'a Protocol>,
    found: [Found<'a>; OF_GENERATION.len()],
}

/// The values of a headline by seed, one of its measurements, and why each value should not be relied on.
#[derive(Default)]
struct Found<'a> {
    by_seed: BTreeMap<u64, f64>,
    example: Option<&'a Measurement>,
    doubts: Vec<&'a [Doubt]>,
}

impl Found<'_> {
    /// Those of its mean.
    fn doubts(&self) -> Vec<Doubt> {
        Doubt::of_mean(self.doubts.iter().copied())
    }
}

/// The table of an experiment whose images were generated in more than one way; empty for others.
pub(super) fn section(experiment: &ExperimentView, interval: MeanInterval) -> Markup {
    let lines = lines(experiment);
    let Some(first) = lines.first() else { return html! {} };
    if lines.iter().all(|line| line.sampler == first.sampler) {
        return html! {};
    }
    let shown: Vec<(usize, &Headline)> =
        OF_GENERATION.iter().enumerate().filter(|(place, _)| lines.iter().any(|line| line.found[*place].example.is_some())).collect();
    let form = |place: usize| {
        Column::of_means(lines.iter().filter_map(|line| {
            let (mean, deviation) = mean_and_deviation(line.found[place].by_seed.values().copied());
            Some((mean?, deviation))
        }))
    };
    html! {
        h4 { "Images by sampler" }
        div.scroll { table.sortable {
            thead { tr { th { "Method" } th { "Codes from" } @for (place, headline) in &shown {
                th.number title=(headline.about) { (headline.title) (direction(&lines, *place)) }
            } } }
            tbody { @for line in &lines { tr {
                th scope="row" { (method::label(line.method)) }
                td { @match line.sampler { Some(sampler) => { code { (sampler) } } None => { "the prior" } } }
                @for (place, _) in &shown { (cell(line, prior_of(&lines, line), *place, form(*place), interval)) }
            } } }
        } }
        p.quiet {
            "Mean ± standard deviation over seeds. In bold: better than the same method's images from its prior; the 95 % interval of the "
            "difference, over three or more seeds, leaves no doubt of the sign. Densities are fitted to the codes of the training images alone."
        }
        @if let Some(doubtful) = doubtful(&lines) { p.quiet { (doubtful) } }
        details.notes { summary { "What was measured" } ul { @for (place, headline) in &shown {
            @if let Some(example) = lines.iter().find_map(|line| line.found[*place].example) {
                li { (headline.title) ": " (headline.about) " (" code { (Protocol { sampler: None, ..example.protocol.clone() }) } ")." }
            }
        } } }
    }
}

/// A line for each method and sampler, in the order of the runs.
fn lines(experiment: &ExperimentView) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for run in &experiment.runs {
        let spec = &run.record.spec;
        let of_generation =
            || run.record.measurements.iter().filter(|m| OF_GENERATION.iter().any(|headline| headline.among([*m]).is_some()));
        for one in of_generation() {
            let sampler = one.protocol.sampler.as_deref();
            if !lines.iter().any(|line| line.method == spec.method && line.sampler == sampler) {
                lines.push(Line { method: &spec.method, sampler, found: Default::default() });
            }
        }
        for line in lines.iter_mut().filter(|line| line.method == spec.method) {
            for (headline, found) in OF_GENERATION.iter().zip(&mut line.found) {
                let mine = of_generation().filter(|m| m.protocol.sampler.as_deref() == line.sampler);
                let Some(one) = headline.among(mine) else { continue };
                found.example = Some(one);
                found.by_seed.extend(one.value.filter(|value| value.is_finite()).map(|value| (spec.seed, value)));
                found.doubts.extend(one.value.map(|_| one.doubts.as_slice()));
            }
        }
    }
    lines
}

fn prior_of<'a>(lines: &'a [Line<'a>], line: &Line<'_>) -> Option<&'a Line<'a>> {
    lines.iter().find(|other| other.method == line.method && other.sampler.is_none()).filter(|_| line.sampler.is_some())
}

/// What `?` in the table is; none where nothing is doubtful.
fn doubtful(lines: &[Line<'_>]) -> Option<String> {
    let found = lines.iter().flat_map(|line| &line.found);
    let doubts: Vec<(Vec<Doubt>, usize)> = found.map(|found| (found.doubts(), found.by_seed.len())).collect();
    caution::doubtful(doubts.iter().map(|(doubts, seeds)| (doubts.as_slice(), *seeds)), true)
}

fn direction(lines: &[Line<'_>], place: usize) -> &'static str {
    lines.iter().find_map(|line| line.found[place].example).map_or("", |example| arrow(example.direction))
}

fn cell(line: &Line<'_>, prior: Option<&Line<'_>>, place: usize, form: Column, interval: MeanInterval) -> Markup {
    let found = &line.found[place];
    let Found { by_seed, example, .. } = found;
    let doubts = found.doubts();
    let (mean, deviation) = mean_and_deviation(by_seed.values().copied());
    let better = example
        .zip(prior)
        .is_some_and(|(example, prior)| clearly_better(by_seed, &prior.found[place].by_seed, example.direction, interval));
    let better = better && doubts.is_empty();
    let text = html! { (form.show(mean)) @if let Some(deviation) = deviation { span.half { " ± " (form.show(Some(deviation))) } } };
    html! { td.number data-value=[mean] { @if better { strong { (text) } } @else { (text) } (doubt(Doubt::warning_of_mean(&doubts, by_seed.len()))) } }
}
