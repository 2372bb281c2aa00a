//! Methods against headline metrics, over seeds: the table that a report starts with.

use std::collections::{BTreeMap, BTreeSet};

use vimae_spec::{Direction, Doubt, Measurement, Parameter, Protocol};

use crate::{
    caution::OtherImages,
    headline::{Headline, arrow, collapsed, headlines, without_value},
    method,
    number::Column,
    observation::Observation,
    spread::mean_and_deviation,
};

mod legend;

/// Seeds from which on an interval is told, and a difference may be told from noise.
pub const SEEDS_OF_AN_INTERVAL: usize = 3;

/// The 95 % interval of the mean of a few values; none where they are too few.
pub type MeanInterval = fn(&[f64]) -> Option<[f64; 2]>;

/// Methods against headline metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadlineTable {
    /// The metrics.
    pub columns: Vec<HeadlineColumn>,
    /// The methods, in the order of their file.
    pub rows: Vec<HeadlineRow>,
    /// Metrics that were asked for and have no value for any method, each with the reason.
    pub absent: Vec<(String, String)>,
}

/// A metric.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadlineColumn {
    /// Which.
    pub headline: &'static Headline,
    /// Which way is better.
    pub direction: Direction,
    /// The protocols of its values, one where all methods with a value were measured alike.
    pub protocols: Vec<String>,
    /// What tells it from the other columns of its headline: `likelihood=bernoulli`; nothing where there is no other.
    pub kind: Option<String>,
    /// What it is, as the first of its values says it.
    pub about: String,
    /// Whether methods on one data set were measured by different protocols, so that their values do not compare.
    pub mixed: bool,
}

/// Why likelihoods stand in more than one column.
pub(crate) const WHY_APART: &str = "Likelihoods compare only under one distribution and on the same pixels, so each kind has a column \
     of its own. A probability of binary pixels or of 256 levels is at most 1; a density of real numbers has no bound and changes with \
     their unit. Binarising or dequantising in another way makes other images. All densities are of pixels in [0, 1], whatever the \
     range that the network sees.";

impl HeadlineColumn {
    /// Its title with an arrow in the direction that is better, and a mark where its values do not all compare.
    pub fn heading(&self) -> String {
        let mark = if self.mixed { " ‡" } else { "" };
        format!("{}{}{mark}", self.title(), arrow(self.direction))
    }

    /// Its title, which no other column has.
    pub(crate) fn title(&self) -> String {
        let kind = self.kind.as_ref().map_or_else(String::new, |kind| format!(", {kind}"));
        format!("{}{kind}", self.headline.title)
    }

    /// Its name, which no other column has: that of the headline, with its kind where there are several.
    pub fn name(&self) -> String {
        let name = self.headline.name;
        self.kind.as_ref().map_or_else(|| name.to_owned(), |kind| format!("{name}({kind})"))
    }
}

/// A method on a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadlineRow {
    /// The method, by its name in files.
    pub name: String,
    /// The method, as the paper writes it.
    pub method: String,
    /// The data set.
    pub dataset: String,
    /// The digest of its images.
    pub data: String,
    /// Seeds with a run.
    pub seeds: usize,
    /// Whether the codes of a run say nothing of its images: it may be the best of what that makes easy, and is not marked.
    pub collapsed: bool,
    /// Steps of its training where these explain that: too few for the running statistics of its batch norm.
    pub unsettled: Option<u64>,
    /// One value a column.
    pub values: Vec<HeadlineValue>,
}

/// A method's values of a metric, over seeds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeadlineValue {
    /// Their mean; absent where no seed has a value.
    pub mean: Option<f64>,
    /// Their standard deviation; absent with one seed.
    pub deviation: Option<f64>,
    /// The 95 % interval of the mean, inside what is possible; from three seeds on.
    pub interval: Option<[f64; 2]>,
    /// Seeds with a value.
    pub seeds: usize,
    /// Seeds whose run has none: what is shown is of the others alone.
    pub without: usize,
    /// Whether it is better than that of every other method: the interval of the difference, seed by seed, leaves no doubt of its sign.
    pub best: bool,
    /// Why the value should not be relied on, on any seed.
    pub doubts: Vec<Doubt>,
    /// The measurement of one seed, which says how it was measured and in which unit; of a seed without a value, where there is one.
    pub example: Option<Measurement>,
    /// Seeds that have the note of that one.
    pub noted: usize,
    /// Whether it is a count.
    pub counts: bool,
    /// The most that a count can be, where that is known.
    pub out_of: Option<usize>,
}

impl HeadlineValue {
    /// Why there is no value, or what a reader should know beside it; none where it repeats what stands behind the value.
    pub fn note(&self) -> Option<&str> {
        let note = self.example.as_ref()?.note.as_deref();
        note.filter(|note| HeadlineTable::of_most(self).as_deref() != Some(*note))
    }

    /// Why it should not be relied on.
    pub(crate) fn warning(&self) -> Option<String> {
        Doubt::warning_of_mean(&self.doubts, self.seeds)
    }

    /// The same, and its note with how many seeds it is of where it is not that of all.
    pub(crate) fn remarks(&self) -> Option<String> {
        let seeds = self.seeds + self.without;
        let note = self.note().map(|note| if self.noted < seeds { on_seeds(self.noted, seeds, note) } else { note.to_owned() });
        Doubt::remarks_of_mean(&self.doubts, self.seeds, note.as_deref())
    }
}

/// A note that is of some seeds alone.
pub(crate) fn on_seeds(noted: usize, seeds: usize, note: &str) -> String {
    format!("on {noted} of {seeds} seeds: {note}")
}

/// A method's runs on a data set.
struct Group<'a> {
    method: &'a str,
    dataset: &'a str,
    data: &'a str,
    code: Option<usize>,
    runs: BTreeMap<u64, Vec<&'a Measurement>>,
    collapsed: bool,
    unsettled: Option<u64>,
    /// Whether methods saw other images of its data set.
    other_images: bool,
}

/// What a group has of a headline.
struct Found<'a> {
    by_seed: BTreeMap<u64, f64>,
    example: Option<&'a Measurement>,
    /// Seeds with the example's note.
    noted: usize,
    doubts: Vec<Doubt>,
}

impl<'a> Group<'a> {
    /// The value of a headline for each seed.
    fn chosen(&self, headline: &Headline) -> Vec<(u64, &'a Measurement)> {
        let chosen = |(seed, all): (&u64, &Vec<&'a Measurement>)| Some((*seed, headline.among(all.iter().copied())?));
        self.runs.iter().filter_map(chosen).collect()
    }

    /// Those of a kind.
    fn find(&self, headline: &Headline, kind: &[&Parameter]) -> Found<'a> {
        let mut chosen = self.chosen(headline);
        chosen.retain(|(_, one)| headline.kind_of(&one.protocol) == kind);
        let with_value = |(seed, one): &(u64, &Measurement)| Some((*seed, one.value.filter(|v| v.is_finite())?));
        let missing = chosen.iter().find(|(_, one)| one.value.is_none());
        let example = missing.or(chosen.first()).map(|(_, one)| *one);
        let doubts = Doubt::of_mean(chosen.iter().filter(|(_, one)| one.value.is_some()).map(|(_, one)| one.doubts.as_slice()));
        let note = example.and_then(|example| example.note.as_ref());
        let noted = chosen.iter().filter(|(_, one)| note.is_some() && one.note.as_ref() == note).count();
        Found { by_seed: chosen.iter().filter_map(with_value).collect(), example, noted, doubts }
    }
}

impl HeadlineTable {
    /// The table of `observations`, with methods in the order of their first.
    pub fn of<'a>(observations: impl IntoIterator<Item = Observation<'a>>, interval: MeanInterval) -> Self {
        let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        for Observation { method, dataset, data, seed, code, unsettled, measurement } in observations {
            let place = *places.entry((method, dataset)).or_insert(groups.len());
            if place == groups.len() {
                let (runs, collapsed, other_images) = (BTreeMap::new(), false, false);
                groups.push(Group { method, dataset, data, code, runs, collapsed, unsettled, other_images });
            }
            let Some(group) = groups.get_mut(place) else { continue };
            group.runs.entry(seed).or_default().push(measurement);
        }
        let other_images = OtherImages::of(groups.iter().map(|group| (group.dataset, group.data, group.method)));
        for group in &mut groups {
            group.collapsed = group.runs.values().any(|run| collapsed(run).is_some());
            group.other_images = other_images.has(group.dataset);
        }
        let all: Vec<&Measurement> = groups.iter().flat_map(|group| group.runs.values().flatten()).copied().collect();
        let columns: Vec<(HeadlineColumn, Vec<HeadlineValue>)> =
            headlines(&all).into_iter().flat_map(|headline| columns(headline, &groups, interval)).collect();
        let row = |(place, group): (usize, &Group<'_>)| HeadlineRow {
            name: group.method.into(),
            method: method::label(group.method),
            dataset: group.dataset.into(),
            data: group.data.into(),
            seeds: group.runs.len(),
            collapsed: group.collapsed,
            unsettled: group.unsettled.filter(|_| group.collapsed),
            values: columns.iter().filter_map(|(_, values)| values.get(place).cloned()).collect(),
        };
        let rows = groups.iter().enumerate().map(row).collect();
        let absent = without_value(&all).into_iter().map(|(headline, reason)| (headline.title.to_owned(), reason.to_owned())).collect();
        Self { columns: columns.into_iter().map(|(column, _)| column).collect(), rows, absent }
    }

    /// A deviation as it stands behind a mean. A count that is the same on a few seeds has none: `0 ± 0 of 8` would say that it is so on
    /// every other.
    pub(crate) fn deviation(value: &HeadlineValue) -> Option<f64> {
        value.deviation.filter(|deviation| !value.counts || *deviation > 0.0)
    }

    /// What stands behind a count and its deviation: the most that it can be.
    pub(crate) fn of_most(value: &HeadlineValue) -> Option<String> {
        value.out_of.filter(|_| value.mean.is_some()).map(|most| format!("of {most}"))
    }

    /// A value with what belongs behind its number: of how many seeds it is, where not of all.
    pub(crate) fn of_seeds(value: &HeadlineValue) -> Option<String> {
        (value.mean.is_some() && value.without > 0).then(|| format!("({} of {})", value.seeds, value.seeds + value.without))
    }

    /// Whether its rows are of more than one data set.
    pub fn several_datasets(&self) -> bool {
        self.rows.iter().any(|row| Some(&row.dataset) != self.rows.first().map(|first| &first.dataset))
    }

    /// How the numbers of each column are written.
    pub(crate) fn forms(&self) -> Vec<Column> {
        let of = |(place, column): (usize, &HeadlineColumn)| {
            let values = || self.rows.iter().filter_map(|row| row.values.get(place));
            let whole =
                |value: &HeadlineValue| value.mean.is_none_or(|mean| mean.fract() == 0.0) && value.deviation.is_none_or(|d| d == 0.0);
            match column.headline.counts {
                true => Column::Fixed(usize::from(!values().all(whole))),
                false => Column::of_means(values().filter_map(|value| Some((value.mean?, value.deviation)))),
            }
        };
        self.columns.iter().enumerate().map(of).collect()
    }

    /// The table with the columns of those names alone.
    #[must_use]
    pub(crate) fn only(mut self, names: &[String]) -> Self {
        let kept: Vec<bool> = self.columns.iter().map(|column| names.iter().any(|name| name == column.headline.name)).collect();
        let mut at = kept.iter();
        self.columns.retain(|_| at.next() == Some(&true));
        self.absent.clear();
        for row in &mut self.rows {
            let mut at = kept.iter();
            row.values.retain(|_| at.next() == Some(&true));
        }
        self
    }

    /// Whether likelihoods of different kinds were measured.
    pub(crate) fn keeps_apart(&self) -> bool {
        self.columns.iter().any(|column| column.kind.is_some())
    }
}

/// The columns of a headline: one, or one for each kind that must not be compared with another.
fn columns(headline: &'static Headline, groups: &[Group<'_>], interval: MeanInterval) -> Vec<(HeadlineColumn, Vec<HeadlineValue>)> {
    let mut kinds: Vec<Vec<&Parameter>> = Vec::new();
    for (_, one) in groups.iter().flat_map(|group| group.chosen(headline)) {
        let kind = headline.kind_of(&one.protocol);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let column = |kind: &Vec<&Parameter>| {
        let own = kind.iter().filter(|parameter| !kinds.iter().all(|other| other.contains(parameter)));
        let words: Vec<String> = own.map(|p| format!("{}={}", p.name.as_deref().unwrap_or_default(), p.value)).collect();
        // A kind may differ from another by what it lacks alone.
        let words = if words.is_empty() { "no other parameter".to_owned() } else { words.join(", ") };
        let (column, values) = column(headline, kind, groups, interval);
        (HeadlineColumn { kind: (kinds.len() > 1).then_some(words), ..column }, values)
    };
    kinds.iter().map(column).collect()
}

fn column(
    headline: &'static Headline,
    kind: &[&Parameter],
    groups: &[Group<'_>],
    interval: MeanInterval,
) -> (HeadlineColumn, Vec<HeadlineValue>) {
    let found: Vec<Found<'_>> = groups.iter().map(|group| group.find(headline, kind)).collect();
    let examples = || found.iter().filter_map(|found| found.example);
    // A method without a value does not keep the values of others from comparing.
    let with_value = || found.iter().zip(groups).filter(|(found, _)| !found.by_seed.is_empty());
    let mut protocols: BTreeSet<String> = with_value().filter_map(|(found, _)| Some(found.example?.protocol.to_string())).collect();
    if protocols.is_empty() {
        protocols.extend(examples().map(|example| example.protocol.to_string()));
    }
    let direction = examples().next().map_or(Direction::Neither, |example| example.direction);
    let value = |(place, one): (usize, &Found<'_>)| {
        let here = groups.get(place).map(|group| group.dataset);
        let rivals = found.iter().zip(groups).enumerate();
        let rivals = rivals.filter(|(other, (found, group))| *other != place && Some(group.dataset) == here && !found.by_seed.is_empty());
        let mut rivals = rivals.map(|(_, (found, _))| &found.by_seed).peekable();
        // Values by different protocols do not compare, one that stands alone is the best of nothing, and a doubtful one may not be it.
        let stands = groups.get(place).is_some_and(|group| !group.collapsed && !group.other_images) && one.doubts.is_empty();
        let compared = stands && protocols.len() == 1 && rivals.peek().is_some();
        let out_of = groups.get(place).and_then(|group| group.code).filter(|_| headline.counts);
        HeadlineValue {
            without: groups.get(place).map_or(0, |group| group.runs.len()).saturating_sub(one.by_seed.len()),
            best: compared && rivals.all(|rival| clearly_better(&one.by_seed, rival, direction, interval)),
            ..over_seeds(one, (headline, out_of), interval)
        }
    };
    let values = found.iter().enumerate().map(value).collect();
    let about = examples().next().map_or_else(|| headline.about.to_owned(), |example| headline.describe(example));
    let mut of_data: BTreeMap<&str, &Protocol> = BTreeMap::new();
    let mixed = with_value().any(|(found, group)| {
        found.example.is_some_and(|example| *of_data.entry(group.dataset).or_insert(&example.protocol) != &example.protocol)
    });
    (HeadlineColumn { headline, direction, protocols: protocols.into_iter().collect(), kind: None, about, mixed }, values)
}

/// Whether the interval of the difference, on the seeds that both have, leaves no doubt of its sign.
pub(crate) fn clearly_better(ours: &BTreeMap<u64, f64>, rival: &BTreeMap<u64, f64>, direction: Direction, interval: MeanInterval) -> bool {
    let differences: Vec<f64> = ours.iter().filter_map(|(seed, value)| Some(value - rival.get(seed)?)).collect();
    let Some([low, high]) = interval(&differences).filter(|_| differences.len() >= SEEDS_OF_AN_INTERVAL) else { return false };
    match direction {
        Direction::Higher => low > 0.0,
        Direction::Lower => high < 0.0,
        Direction::Neither => false,
    }
}

/// What a group has of a headline, which is at most `out_of` where it counts something.
fn over_seeds(found: &Found<'_>, (headline, out_of): (&Headline, Option<usize>), interval: MeanInterval) -> HeadlineValue {
    let values: Vec<f64> = found.by_seed.values().copied().collect();
    let (mean, deviation) = mean_and_deviation(values.iter().copied());
    let interval = interval(&values).filter(|_| values.len() >= SEEDS_OF_AN_INTERVAL);
    let interval = interval.zip(mean).map(|(ends, mean)| headline.possible_part(mean, ends, out_of));
    HeadlineValue {
        mean,
        deviation,
        interval,
        seeds: values.len(),
        without: 0,
        best: false,
        doubts: found.doubts.clone(),
        example: found.example.cloned(),
        noted: found.noted,
        counts: headline.counts,
        out_of,
    }
}

#[cfg(test)]
mod tests;
