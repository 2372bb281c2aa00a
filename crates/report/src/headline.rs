//! The few numbers that a reader meets first: which, in which order, and under which title.
//!
//! Tables of one's own experiments, comparisons of runs and model cards all ask here. A value is recognised by the catalogue
//! entry that measured it, its metric, the part of its subject and the parameters of its protocol.

use vimae_spec::{Direction, Kind, Parameter, Protocol, Slice};

pub use crate::quantity::Quantity;
use crate::{fact::Fact, number::number, observation::SETTLING_STEPS};

/// A number that is shown before all others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headline {
    /// Its name on the command line: `fid`.
    pub name: &'static str,
    /// Its title above a column.
    pub title: &'static str,
    /// What it is, in a few words and with its unit; [`Headline::describe`] adds what the protocol of a value says.
    pub about: &'static str,
    /// What the Hugging Face Hub calls its type.
    pub hub: &'static str,
    /// The least and the greatest value that it can have.
    pub possible: [f64; 2],
    /// Whether values compare only where all parameters of their protocols but sample sizes are alike: likelihoods of other images,
    /// or under another distribution, are of another quantity. Each kind has a column of its own.
    pub apart: bool,
    /// Whether it counts dimensions of the code.
    pub counts: bool,
    /// What a reader wants to know of a value's protocol.
    facts: &'static [Fact],
    /// The measurements that it may be, the nearest first.
    of: &'static [Of],
}

/// A kind of measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Of {
    entry: &'static str,
    metric: Option<&'static str>,
    part: Part,
    /// Parameters of the protocol with the values that they must have.
    with: &'static [(&'static str, &'static str)],
    /// A parameter that the protocol must not have.
    without: Option<&'static str>,
}

/// The part of its subject that a value is of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    All,
    /// Images under the strongest corruption of that name.
    Strongest(&'static str),
}

impl Of {
    const fn entry(entry: &'static str) -> Self {
        Self { entry, metric: None, part: Part::All, with: &[], without: None }
    }

    const fn metric(entry: &'static str, metric: &'static str) -> Self {
        Self { metric: Some(metric), ..Self::entry(entry) }
    }

    /// Whether it is of that metric, whatever the part and the parameters.
    fn measures<Q: Quantity>(&self, value: &Q) -> bool {
        value.entry() == self.entry && self.metric.is_none_or(|metric| value.metric() == metric)
    }

    fn is<Q: Quantity>(&self, value: &Q) -> bool {
        // The p of a metric's test stands under the metric's name.
        if value.number() == Kind::PValue {
            return false;
        }
        let protocol = value.protocol();
        let of_part = match (self.part, value.slice()) {
            (Part::All, slice) => slice.is_none(),
            (Part::Strongest(corruption), Some(Slice::Corruption { name, .. })) => name == corruption,
            (Part::Strongest(_), _) => false,
        };
        of_part
            && self.measures(value)
            && self.with.iter().all(|(name, wanted)| protocol.parameter(name) == Some(wanted))
            && self.without.is_none_or(|name| protocol.parameter(name).is_none())
    }
}

const ANY: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];
const NOT_NEGATIVE: [f64; 2] = [0.0, f64::INFINITY];
/// Samples beside test images.
const OF_SAMPLES: &[(&str, &str)] = &[("of", "samples"), ("reference", "test")];
const PERCENT: [f64; 2] = [0.0, 100.0];
/// Which classifier told classes, and from how many labels.
const LABELLED: &[Fact] = &[Fact::Name([", by ", ""]), Fact::Parameter("labels", [" with ", " labels"])];

/// Every headline, in order, by group. Of each group the first that was measured is shown: the others are other estimates of the same.
pub const HEADLINES: [&[Headline]; 9] = [
    &[Headline {
        name: "reconstruction",
        title: "Reconstruction",
        about: "sum of squared errors of a test image",
        hub: "mse",
        possible: NOT_NEGATIVE,
        apart: false,
        counts: false,
        facts: &[Fact::Parameter("scale", [" x ", ""])],
        of: &[Of { with: &[("code", "mean")], ..Of::entry("reconstruction") }],
    }],
    &[
        Headline {
            name: "fid",
            title: "FID",
            about: "Frechet Inception distance of samples from test images",
            hub: "fid",
            possible: NOT_NEGATIVE,
            apart: false,
            counts: false,
            facts: &[],
            of: &[Of { with: OF_SAMPLES, without: Some("decoder_bn"), ..Of::metric("fid", "fid") }],
        },
        Headline {
            name: "fid_classifier",
            title: "FID (classifier)",
            about: "Frechet distance of samples from test images by features of a classifier of this data: not comparable with Inception's FID",
            // Under `fid` the Hub would list it among distances of Inception's features.
            hub: "fid_classifier",
            possible: NOT_NEGATIVE,
            apart: false,
            counts: false,
            facts: &[],
            of: &[
                Of { with: OF_SAMPLES, without: Some("decoder_bn"), ..Of::metric("fid", "fid_classifier") },
                Of { with: &[("reference", "test")], ..Of::metric("fid_classifier", "fid_classifier") },
            ],
        },
    ],
    &[
        Headline {
            name: "nll_iwae",
            title: "NLL (IWAE)",
            about: "negative log-likelihood of a test image by importance sampling, in nats",
            hub: "nll",
            possible: ANY,
            apart: true,
            counts: false,
            facts: &[Fact::Parameter("likelihood", [", under the likelihood ", ""])],
            of: &[Of::metric("iwae", "nll")],
        },
        Headline {
            name: "nll_parzen",
            title: "NLL (Parzen)",
            about: "negative log-likelihood of a test image under Parzen windows on samples, in nats (of a density: it may be negative)",
            hub: "nll",
            possible: ANY,
            apart: true,
            counts: false,
            facts: &[],
            of: &[Of { with: &[("sigma", "cv")], ..Of::metric("nll", "nll") }],
        },
    ],
    &[Headline {
        name: "mmd",
        title: "MMD",
        about: "squared maximum mean discrepancy of codes from the prior, 0 where they agree",
        hub: "mmd",
        possible: ANY,
        apart: false,
        counts: false,
        facts: &[Fact::Name([", by ", ""])],
        of: &[Of::entry("mmd")],
    }],
    &[Headline {
        name: "rate",
        title: "Rate",
        about: "divergence of an image's code distribution from the prior, in nats",
        hub: "kl_divergence",
        possible: NOT_NEGATIVE,
        apart: false,
        counts: false,
        facts: &[],
        of: &[Of::metric("rate", "rate")],
    }],
    &[Headline {
        name: "active_units",
        title: "Active units",
        about: "dimensions of the code whose mean varies over the images",
        hub: "active_units",
        possible: NOT_NEGATIVE,
        apart: false,
        counts: true,
        facts: &[Fact::Parameter("variance", [", by a variance above ", ""])],
        of: &[Of::metric("information", "information.active_units")],
    }],
    &[Headline {
        name: "accuracy",
        title: "Accuracy",
        about: "percent of test images whose class is told from their codes",
        hub: "accuracy",
        possible: PERCENT,
        apart: false,
        counts: false,
        facts: LABELLED,
        of: &[Of { with: &[("code", "mean")], ..Of::entry("accuracy") }, Of { without: Some("code"), ..Of::entry("accuracy") }],
    }],
    // The mean code of a model that has collapsed may still tell classes apart; a drawn one says what the rate allows.
    &[Headline {
        name: "accuracy_drawn",
        title: "Accuracy (drawn code)",
        about: "the same from a drawn code, which says what a code of this rate tells",
        hub: "accuracy_drawn",
        possible: PERCENT,
        apart: false,
        counts: false,
        facts: LABELLED,
        of: &[Of { with: &[("code", "sample")], ..Of::entry("accuracy") }],
    }],
    &[Headline {
        name: "accuracy_masked",
        title: "Accuracy (masked)",
        about: "the same under the strongest mask that was measured",
        hub: "accuracy_masked",
        possible: PERCENT,
        apart: false,
        counts: false,
        facts: &[Fact::Strength([", ", " % of an image"]), Fact::Name([", by ", ""]), Fact::Parameter("labels", [" with ", " labels"])],
        of: &[
            Of { part: Part::Strongest("mask"), with: &[("code", "mean")], ..Of::entry("accuracy") },
            Of { part: Part::Strongest("mask"), without: Some("code"), ..Of::entry("accuracy") },
        ],
    }],
];

/// What tells how good generated images are, in the order in which it is shown under each sampler.
pub(crate) const OF_GENERATION: [Headline; 4] = [
    HEADLINES[1][1],
    Headline {
        name: "precision",
        title: "Precision",
        about: "share of the samples that lie among the test images, by features of a classifier of this data",
        hub: "precision",
        possible: [0.0, 1.0],
        apart: false,
        counts: false,
        facts: &[],
        of: &[Of { with: &[("reference", "test")], ..Of::metric("fid_classifier", "precision") }],
    },
    Headline {
        name: "recall",
        title: "Recall",
        about: "share of the test images that lie among the samples, by the same features",
        hub: "recall",
        possible: [0.0, 1.0],
        apart: false,
        counts: false,
        facts: &[],
        of: &[Of { with: &[("reference", "test")], ..Of::metric("fid_classifier", "recall") }],
    },
    HEADLINES[2][1],
];

/// The headlines that `values` of one or more runs have, in order: of each group the first with a value.
pub fn headlines<Q: Quantity>(values: &[Q]) -> Vec<&'static Headline> {
    HEADLINES.iter().filter_map(|group| group.iter().find(|headline| headline.has_value(values))).collect()
}

/// The headlines that were asked for and have no value anywhere, each with the reason that one of its measurements gives.
pub fn without_value<Q: Quantity>(values: &[Q]) -> Vec<(&'static Headline, &str)> {
    let reason = |headline: &'static Headline| {
        let of = values.iter().filter(|value| headline.kind(*value).is_some());
        of.filter_map(Quantity::note).next().map(|note| (headline, note))
    };
    let is_shown = |group: &&[Headline]| group.iter().any(|headline| headline.has_value(values));
    HEADLINES.iter().copied().filter(|group| !is_shown(group)).filter_map(|group| group.iter().find_map(reason)).collect()
}

/// Every headline, in order.
pub fn all() -> impl Iterator<Item = &'static Headline> {
    HEADLINES.into_iter().flatten()
}

/// Whether a headline has that name.
pub fn is_headline(name: &str) -> bool {
    all().any(|headline| headline.name == name)
}

impl Headline {
    /// What decides the column of a value of a headline that keeps kinds apart: the parameters of its protocol that have names, but
    /// for the number of images. How many draws a bound has stands without a name.
    pub(crate) fn kind_of<'a>(&self, protocol: &'a Protocol) -> Vec<&'a Parameter> {
        let sized = |parameter: &&Parameter| parameter.name.as_deref().is_some_and(|name| name != "N");
        protocol.parameters.iter().filter(|parameter| self.apart && sized(parameter)).collect()
    }

    /// The entry of the catalogue that measures it where that is asked for.
    pub fn measured_by(&self) -> Option<&'static str> {
        self.of.last().map(|of| of.entry)
    }

    /// What it is, with what the protocol of `value` says of it: the classifier and its labels, for instance.
    pub fn describe<Q: Quantity>(&self, value: &Q) -> String {
        let facts = self.facts.iter().filter_map(|fact| fact.of(value));
        [self.about.to_owned()].into_iter().chain(facts).collect()
    }

    /// Its value among those of one run or one method: of the nearest kind the first of the largest sample, or under the
    /// strongest corruption.
    pub fn among<'a, Q: Quantity>(&self, values: impl IntoIterator<Item = &'a Q>) -> Option<&'a Q> {
        let mut best: Option<((std::cmp::Reverse<usize>, f64), &Q)> = None;
        for value in values {
            let Some(kind) = self.kind(value) else { continue };
            let rank = (std::cmp::Reverse(kind), size(value));
            if best.is_none_or(|(before, _)| rank > before) {
                best = Some((rank, value));
            }
        }
        best.map(|(_, value)| value)
    }

    /// A value of a code of so many dimensions, where it stands alone: a count with the most that it can be.
    pub fn shown(&self, value: f64, code: usize) -> String {
        if self.counts { format!("{value} of {code}") } else { number(value) }
    }

    /// An interval without what the value cannot be; whole where the mean itself is an estimate that lies there. `most`: how much a
    /// count can be, where that is known.
    pub fn possible_part(&self, mean: f64, interval: [f64; 2], most: Option<usize>) -> [f64; 2] {
        let [least, greatest] = self.possible;
        let most = most.map_or(greatest, |most| most as f64);
        if (least..=most).contains(&mean) { interval.map(|end| end.clamp(least, most)) } else { interval }
    }

    fn has_value<Q: Quantity>(&self, values: &[Q]) -> bool {
        values.iter().any(|value| self.kind(value).is_some() && value.value().is_some())
    }

    /// The place of its kind among those that the headline may be; none for another quantity.
    fn kind<Q: Quantity>(&self, value: &Q) -> Option<usize> {
        self.of.iter().position(|of| of.is(value))
    }
}

/// The interval of a mean as it is printed: of a percentage or a count without what it cannot be, else whole.
pub(crate) fn printed<Q: Quantity>(value: &Q, mean: f64, interval: [f64; 2]) -> [f64; 2] {
    let cut = |headline: &&Headline| (headline.possible == PERCENT || headline.counts) && headline.of.iter().any(|of| of.measures(value));
    HEADLINES.iter().copied().flatten().find(cut).map_or(interval, |headline| headline.possible_part(mean, interval, None))
}

/// Of two values of a kind, the one that is larger here is shown.
fn size<Q: Quantity>(value: &Q) -> f64 {
    match value.slice() {
        Some(Slice::Corruption { strength, .. }) => *strength,
        _ => value.protocol().parameter("N").and_then(|n| n.parse().ok()).unwrap_or(0.0),
    }
}

/// Nats below which a code says next to nothing of an image.
pub(crate) const NOTHING: f64 = 0.1;

/// What to tell where the codes of a run say nothing of its images; none where they do, or where it was not measured.
pub fn collapsed<Q: Quantity>(values: &[Q]) -> Option<String> {
    let value = |name: &str| all().find(|headline| headline.name == name)?.among(values)?.value();
    let rate = value("rate");
    // Small codes with smaller noise, or with none, vary little and say much: the units decide where the information is small too.
    let information = values.iter().find(|one| one.metric() == "information.lower").and_then(Quantity::value);
    if rate.is_none() && value("active_units") == Some(0.0) && information.is_some_and(|nats| nats < NOTHING) {
        return Some("This model has collapsed: no dimension of the code varies with the image, and all reconstructions are alike.".into());
    }
    let rate = rate.filter(|rate| *rate < NOTHING)?;
    Some(format!("This model has collapsed: its codes carry {rate:.3} nats of an image, next to nothing."))
}

/// What to tell in the place of [`collapsed`] of a run of so many `steps`, fewer than [`SETTLING_STEPS`], whose network has batch norm.
pub fn unsettled(steps: u64) -> String {
    format!(
        "This model was trained for {steps} steps, too few for the running statistics of its batch norm. Evaluation takes these, and its \
         codes carry next to nothing of an image under them. Train for {SETTLING_STEPS} steps or more."
    )
}

/// The arrow behind a title: up where more is better, down where less is.
pub fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Higher => " ↑",
        Direction::Lower => " ↓",
        Direction::Neither => "",
    }
}

#[cfg(test)]
mod tests;
