//! Runs that learnt one task after another: forgetting by method, the matrix of tasks as shaded tables, curves by task.

use maud::{Markup, PreEscaped, html};
use vimae_spec::{Component, Direction, Lifelong, Measurement, Measures, SummaryRow};

use super::{input::ExperimentView, words::scale};
use crate::{
    Error, Result,
    colours::Colours,
    headline::arrow,
    headline_table::MeanInterval,
    method,
    number::{Column, NONE, duration},
    plot::{Curves, Line, Scale},
    plot_files::named,
    spread::{Spread, half, mean_and_deviation},
};

/// The measures that are shown, with what a reader calls them; those that a run lacks are passed over.
const MEASURES: [(&str, &str); 8] = [
    ("reconstruction", "reconstruction"),
    ("class_fid_excess", "class FID beyond a perfect generator's"),
    ("share_kept", "share of samples, percent of what is due"),
    ("accuracy", "accuracy from few labels"),
    ("accuracy_masked", "accuracy under the strongest mask"),
    ("class_fid", "class FID"),
    ("rate", "rate"),
    ("entropy", "entropy of q(z)"),
];
/// Measures whose matrix is open at first.
const OPEN: usize = 3;

/// The runs of one method, each with its tasks.
struct Method<'a> {
    name: &'a str,
    runs: Vec<&'a Lifelong>,
}

/// Nothing for an experiment whose runs have no stream. `claims` are what was expected of it, with what the seeds gave. Numbers of
/// different streams do not compare, so each has tables of its own.
pub(super) fn section(
    experiment: &ExperimentView,
    claims: &[&SummaryRow],
    interval: MeanInterval,
    colours: &Colours<'_>,
) -> Result<Markup> {
    let streams = by_stream(methods(experiment));
    if streams.is_empty() {
        return Ok(html! {});
    }
    let several = streams.len() > 1;
    let details = streams.iter().map(|methods| by_task(experiment, methods, several, colours)).collect::<Result<Vec<Markup>>>()?;
    Ok(html! {
        h4 { "One task after another" }
        @if several { p.quiet { "Numbers of different streams do not compare, so each has tables of its own." } }
        @for methods in &streams { (overview(methods, interval)) }
        (expected(claims))
        @for detail in &details { (detail) }
    })
}

/// The methods by their streams, in the order of their first.
fn by_stream(methods: Vec<Method<'_>>) -> Vec<Vec<Method<'_>>> {
    let mut streams: Vec<Vec<Method<'_>>> = Vec::new();
    for method in methods {
        match streams.iter_mut().find(|known| known.first().is_some_and(|first| first.stream() == method.stream())) {
            Some(known) => known.push(method),
            None => streams.push(vec![method]),
        }
    }
    streams
}

/// The measures that methods have, each with its title.
fn measured(methods: &[Method<'_>]) -> Vec<&'static (&'static str, &'static str)> {
    MEASURES.iter().filter(|(measure, _)| methods.iter().any(|m| m.value(measure).is_some())).collect()
}

/// The names of the tasks of one stream.
fn tasks<'a>(methods: &[Method<'a>]) -> Vec<&'a str> {
    let first = methods.iter().find_map(|method| method.runs.first());
    first.into_iter().flat_map(|run| &run.tasks).map(|task| task.name.as_str()).collect()
}

/// The averages of the methods under one stream.
fn overview(methods: &[Method<'_>], interval: MeanInterval) -> Markup {
    let Some(first) = methods.iter().find_map(|method| method.runs.first()) else { return html! {} };
    html! {
        p.quiet {
            "Stream " code { (first.stream.name) } ": " (tasks(methods).join("; ")) ". Means over seeds with 95 % intervals. "
            @if let Some(accuracy) = first.judge.as_ref().and_then(|judge| judge.value) {
                "Samples are judged by a classifier of the data set's labels that is right on " (format!("{accuracy:.1}")) " % of test images."
            }
        }
        (table(methods, &measured(methods), interval))
    }
}

/// The matrices and curves of the methods under one stream; nothing where it has one task. `several`: whether it is not the only one.
fn by_task(experiment: &ExperimentView, methods: &[Method<'_>], several: bool, colours: &Colours<'_>) -> Result<Markup> {
    let (names, shown) = (tasks(methods), measured(methods));
    if names.len() < 2 {
        return Ok(html! {});
    }
    let stream = methods.iter().find_map(Method::stream).map(|stream| stream.name.as_str()).filter(|_| several);
    let matrices: Vec<Markup> = shown.iter().map(|(measure, title)| matrices(measure, title, methods, &names)).collect();
    let (open, folded) = matrices.split_at(OPEN.min(matrices.len()));
    let curves = curves((experiment, stream), methods, &shown, colours)?;
    Ok(html! {
        p.quiet {
            @if let Some(stream) = stream { "Stream " code { (stream) } ". " }
            "Rows: after which task; columns: on which. Darker is larger, on one scale for all methods."
        }
        @for matrix in open { (matrix) }
        @if !folded.is_empty() { details { summary { "Other measures" } @for matrix in folded { (matrix) } } }
        (curves)
    })
}

fn methods(experiment: &ExperimentView) -> Vec<Method<'_>> {
    let names = method::distinct(experiment.runs.iter().map(|run| run.record.spec.method.as_str()));
    let of = |name| experiment.runs.iter().filter(move |run| run.record.spec.method == name).filter_map(|run| run.record.lifelong.as_ref());
    let all = names.into_iter().map(|name| Method { name, runs: of(name).collect() });
    all.filter(|method| !method.runs.is_empty()).collect()
}

impl Method<'_> {
    /// The tasks that its runs learnt.
    fn stream(&self) -> Option<&Component> {
        self.runs.first().map(|run| &run.stream)
    }

    /// A measurement of this measure, for its unit and direction.
    fn value(&self, measure: &str) -> Option<&Measurement> {
        self.runs.iter().flat_map(|run| &run.tasks).flat_map(|task| task.each.iter().chain([&task.seen])).find_map(|all| all.get(measure))
    }

    /// The mean over seeds of what `of` gives for a run; none where a seed has none.
    fn mean(&self, of: impl Fn(&Lifelong) -> Option<f64>) -> Option<f64> {
        let values = self.runs.iter().map(|run| of(run)).collect::<Option<Vec<f64>>>()?;
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

fn of(measures: Option<&Measures>, measure: &str) -> Option<f64> {
    measures?.get(measure)?.value
}

/// Average, forgetting and backward transfer of each measure that is better in one direction.
fn table(methods: &[Method<'_>], shown: &[&(&str, &str)], interval: MeanInterval) -> Markup {
    let directed = |measure: &str| methods.iter().find_map(|m| m.value(measure)).is_some_and(|m| m.direction != Direction::Neither);
    let rows: Vec<(String, String, Direction)> = shown
        .iter()
        .filter(|(measure, _)| directed(measure))
        .flat_map(|(measure, title)| {
            let own = methods.iter().find_map(|m| m.value(measure)).map_or(Direction::Neither, |m| m.direction);
            [("average", own), ("forgetting", Direction::Lower), ("backward_transfer", Direction::Higher)].map(|(what, direction)| {
                (format!("{}.{what}.{measure}", Lifelong::ENTRY), format!("{title}: {}", what.replace('_', " ")), direction)
            })
        })
        .collect();
    let values = |method: &Method<'_>, metric: &str| -> Vec<f64> {
        method.runs.iter().filter_map(|run| run.summary().into_iter().find(|m| m.metric == metric)?.value).collect()
    };
    let seconds = |method: &Method<'_>| {
        method.mean(|run| Some(run.tasks.iter().map(|task| task.seconds).sum::<f64>() / run.tasks.len().max(1) as f64))
    };
    let kept =
        |method: &Method<'_>| method.mean(|run| run.tasks.iter().map(|task| task.kept_bytes).max().map(|bytes| bytes as f64 / 1024.0));
    html! { div.scroll { table.stack.matrix {
        thead { tr { th { "Quantity" } @for method in methods { th.number { (method::label(method.name)) } } } }
        tbody {
            @for (metric, title, direction) in &rows {
                @let all: Vec<Vec<f64>> = methods.iter().map(|method| values(method, metric)).collect();
                @let column = column(&all, interval);
                @if all.iter().any(|values| !values.is_empty()) { tr {
                    th scope="row" { (title) (arrow(*direction)) }
                    @for (method, values) in methods.iter().zip(&all) {
                        td.number data-label=(method::label(method.name)) { (mean(column, values, interval)) }
                    }
                } }
            }
            tr { th scope="row" { "strategy keeps, KiB" } @for method in methods { td.number { (kept(method).map_or_else(|| NONE.into(), |kib| format!("{kib:.0}"))) } } }
            tr { th scope="row" { "time of a task" } @for method in methods { td.number { (seconds(method).map_or_else(|| NONE.into(), duration)) } } }
        }
    } } }
}

/// How the means of methods are written beside one another.
fn column(all: &[Vec<f64>], interval: MeanInterval) -> Column {
    Column::of_means(all.iter().filter_map(|values| Some((mean_and_deviation(values.iter().copied()).0?, interval(values).map(half)))))
}

fn mean(column: Column, values: &[f64], interval: MeanInterval) -> Markup {
    let (mean, _) = mean_and_deviation(values.iter().copied());
    let spread = mean.zip(interval(values)).map(|(mean, ends)| Spread::of(mean, ends));
    html! { (column.show(mean)) @if let Some(spread) = spread { small { (spread.text(Spread::PLAIN, |number| column.show(Some(number)))) } } }
}

/// What was expected, and on how many seeds it came so.
fn expected(claims: &[&SummaryRow]) -> Markup {
    html! { @if !claims.is_empty() {
        h5 { "Claims" }
        p.quiet {
            "One line a claim and method: the share of seeds on which it is true."
            @if claims.iter().any(|claim| claim.seeds > 1) { " Paired tests of all values are under Methods in pairs." }
        }
        div.scroll { table.sortable {
            thead { tr { th { "Claim" } th.number { "True on" } th.number { "Seeds" } } }
            tbody { @for row in claims { tr {
                td.note { (method::labelled(row.note.as_deref().unwrap_or(&row.metric))) }
                td.number data-value=[row.mean] { (row.mean.map_or_else(|| NONE.into(), |share| format!("{:.0} %", 100.0 * share))) }
                td.number { (row.seeds) }
            } } }
        } }
    } }
}

/// One shaded table a method.
fn matrices(measure: &str, title: &str, methods: &[Method<'_>], tasks: &[&str]) -> Markup {
    let cell = |method: &Method<'_>, row: usize, column: usize| method.mean(|run| of(run.tasks.get(row)?.each.get(column), measure));
    let values =
        || methods.iter().flat_map(|m| (0..tasks.len()).flat_map(move |row| (0..=row).filter_map(move |column| cell(m, row, column))));
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let format = Column::of(values());
    let shade = |value: f64| if high > low { 40.0 * (value - low) / (high - low) } else { 0.0 };
    let example = methods.iter().find_map(|method| method.value(measure));
    html! {
        h5 { (title) (example.map_or("", |m| arrow(m.direction))) }
        div.images { @for method in methods { figure {
            figcaption { strong { (method::label(method.name)) } }
            div.scroll { table {
                thead { tr { th {} @for place in 1..=tasks.len() { th.number { (place) } } } }
                tbody { @for row in 0..tasks.len() { tr {
                    th scope="row" title=(tasks.get(row).copied().unwrap_or_default()) { (row + 1) }
                    @for column in 0..tasks.len() {
                        @match cell(method, row, column) {
                            Some(value) => td.number style={ "background: color-mix(in srgb, currentColor " (format!("{:.0}", shade(value))) "%, transparent)" } { (format.show(Some(value))) },
                            None => td {},
                        }
                    }
                } } }
            } }
        } } }
    }
}

/// Each measure on all tasks so far together against the number of tasks, with the stream's name where there are several.
fn curves(
    (experiment, stream): (&ExperimentView, Option<&str>),
    methods: &[Method<'_>],
    shown: &[&(&str, &str)],
    colours: &Colours<'_>,
) -> Result<Markup> {
    let mut plots = Vec::new();
    let of_methods = colours.of_plot(&methods.iter().map(|method| method.name).collect::<Vec<_>>());
    let of_stream = stream.map_or_else(String::new, |stream| format!(" {stream}"));
    for (measure, name) in shown {
        let line = |(method, colour): (&Method<'_>, &usize)| {
            let count = method.runs.iter().map(|run| run.tasks.len()).max().unwrap_or(0);
            let point = |place: usize| Some((place as f64 + 1.0, method.mean(|run| of(Some(&run.tasks.get(place)?.seen), measure))?));
            Line { name: method::label(method.name), colour: *colour, points: (0..count).filter_map(point).collect() }
        };
        let lines: Vec<Line> = methods.iter().zip(&of_methods).map(line).collect();
        let title = format!("{}: {name} by task{of_stream}", experiment.title);
        let scales = [Scale::Whole, scale(measure)];
        match (Curves { title: &title, x: "tasks so far", y: name, scales, lines: &lines }).svg() {
            Err(Error::Empty { .. }) => {}
            svg => plots.push((name, named(&svg?, &format!("{name} by task{of_stream} {}", experiment.title_without_path())))),
        }
    }
    Ok(html! { @if !plots.is_empty() {
        p.quiet { "On the test images of all tasks so far together." }
        div.curves { @for (name, svg) in &plots { figure { figcaption { strong { (name) } } (PreEscaped(svg)) } } }
    } })
}

#[cfg(test)]
mod tests {
    use vimae_spec::TaskRecord;

    use super::*;

    fn run(stream: &str, tasks: usize) -> Lifelong {
        let measured = |value: f64| {
            let accuracy = Measurement::new("accuracy", "accuracy.clean", "knn".into(), "percent");
            Measures::from([("accuracy".into(), accuracy.valued(value, None).better(Direction::Higher))])
        };
        let task = |place: usize| TaskRecord {
            name: format!("task {place}"),
            train_images: 1,
            test_images: 1,
            steps: 1,
            seconds: 1.0,
            weights_sha256: String::new(),
            kept_images: 0,
            kept_bytes: 0,
            seen: measured(50.0 + place as f64),
            each: (0..=place).map(|column| measured(60.0 + column as f64)).collect(),
            shares: Vec::new(),
        };
        let (stream, strategy) = (Component::named(stream), Component::named("fine_tune"));
        Lifelong { stream, strategy, judge: None, tasks: (0..tasks).map(task).collect() }
    }

    #[test]
    fn methods_of_different_streams_stand_in_tables_of_their_own() {
        let (split, joint) = (run("split_classes", 3), run("joint", 1));
        let method = |name: &'static str, run| Method { name, runs: vec![run] };
        let streams = by_stream(vec![method("vae", &split), method("all", &joint), method("rae", &split)]);
        let names: Vec<Vec<&str>> = streams.iter().map(|methods| methods.iter().map(|method| method.name).collect()).collect();
        assert_eq!(names, [vec!["vae", "rae"], vec!["all"]]);
        let overviews: Vec<String> = streams.iter().map(|methods| overview(methods, |_| None).into_string()).collect();
        assert!(overviews[0].contains("VAE") && overviews[0].contains("RAE") && !overviews[0].contains("joint"), "{}", overviews[0]);
        assert!(overviews[1].contains("<code>joint</code>: task 0.") && !overviews[1].contains("RAE"), "{}", overviews[1]);
        // What has one task has no matrix.
        let experiment =
            ExperimentView { title: "x".into(), about: String::new(), targets: Vec::new(), runs: Vec::new(), failed: Vec::new() };
        let colours = Colours::of(["vae", "rae", "all"]);
        let details = streams.iter().map(|methods| by_task(&experiment, methods, true, &colours).unwrap().into_string());
        let details: Vec<String> = details.collect();
        assert!(details[0].contains("Stream <code>split_classes</code>. Rows") && details[0].contains("RAE"), "{}", details[0]);
        assert_eq!(details[1], "");
    }
}
