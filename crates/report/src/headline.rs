//! The few numbers that a reader meets first: which, in which order, and under which title.
//!
//! Tables of one's own experiments, comparisons of runs and model cards all ask here. A value is recognised by the catalogue
//! entry that measured it, its metric, the part of its subject and the parameters of its protocol.

use vimae_spec::{Direction, Kind, Measurement, Protocol, Slice, SummaryRow};

/// A number that is shown before all others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headline {
    /// Its name on the command line: `fid`.
    pub name: &'static str,
    /// Its title above a column.
    pub title: &'static str,
    /// What it is, in a few words and with its unit.
    pub about: &'static str,
    /// What the Hugging Face Hub calls its type.
    pub hub: &'static str,
    /// The least and the greatest value that it can have.
    pub possible: [f64; 2],
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
            && value.entry() == self.entry
            && self.metric.is_none_or(|metric| value.metric() == metric)
            && self.with.iter().all(|(name, wanted)| protocol.parameter(name) == Some(wanted))
            && self.without.is_none_or(|name| protocol.parameter(name).is_none())
    }
}

const ANY: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];
const NOT_NEGATIVE: [f64; 2] = [0.0, f64::INFINITY];
/// Samples beside test images.
const OF_SAMPLES: &[(&str, &str)] = &[("of", "samples"), ("reference", "test")];
const PERCENT: [f64; 2] = [0.0, 100.0];

/// Every headline, in order. Of each group the first that was measured is shown: the others are other estimates of the same.
pub const HEADLINES: [&[Headline]; 9] = [
    &[Headline {
        name: "reconstruction",
        title: "Reconstruction",
        about: "0.05 times the sum of squared errors of a test image",
        hub: "mse",
        possible: NOT_NEGATIVE,
        of: &[Of { with: &[("code", "mean")], ..Of::entry("reconstruction") }],
    }],
    &[
        Headline {
            name: "fid",
            title: "FID",
            about: "Frechet Inception distance of samples from test images",
            hub: "fid",
            possible: NOT_NEGATIVE,
            of: &[Of { with: OF_SAMPLES, without: Some("decoder_bn"), ..Of::metric("fid", "fid") }],
        },
        Headline {
            name: "fid_classifier",
            title: "FID, classifier",
            about: "Frechet distance of samples from test images, by features of a classifier of this data",
            hub: "fid",
            possible: NOT_NEGATIVE,
            of: &[
                Of { with: OF_SAMPLES, without: Some("decoder_bn"), ..Of::metric("fid", "fid_classifier") },
                Of { with: &[("reference", "test")], ..Of::metric("fid_classifier", "fid_classifier") },
            ],
        },
    ],
    &[
        Headline {
            name: "nll_iwae",
            title: "NLL, IWAE",
            about: "negative log-likelihood of a test image by importance sampling, in nats",
            hub: "nll",
            possible: ANY,
            of: &[Of::metric("iwae", "nll")],
        },
        Headline {
            name: "nll_parzen",
            title: "NLL, Parzen",
            about: "negative log-likelihood of a test image under Parzen windows on samples, in nats",
            hub: "nll",
            possible: ANY,
            of: &[Of { with: &[("sigma", "cv")], ..Of::metric("nll", "nll") }],
        },
    ],
    &[Headline {
        name: "mmd",
        title: "MMD",
        about: "squared maximum mean discrepancy of codes from the prior",
        hub: "mmd",
        possible: ANY,
        of: &[Of::entry("mmd")],
    }],
    &[Headline {
        name: "rate",
        title: "Rate",
        about: "divergence of an image's code distribution from the prior, in nats",
        hub: "kl_divergence",
        possible: NOT_NEGATIVE,
        of: &[Of::metric("rate", "rate")],
    }],
    &[Headline {
        name: "active_units",
        title: "Active units",
        about: "dimensions of the code that vary with the image",
        hub: "active_units",
        possible: NOT_NEGATIVE,
        of: &[Of::metric("information", "information.active_units")],
    }],
    &[Headline {
        name: "accuracy",
        title: "Accuracy",
        about: "percent of test images classified rightly from codes, with few labels",
        hub: "accuracy",
        possible: PERCENT,
        of: &[Of { with: &[("code", "mean")], ..Of::entry("accuracy") }, Of { without: Some("code"), ..Of::entry("accuracy") }],
    }],
    // The mean code of a model that has collapsed may still tell classes apart; a drawn one says what the rate allows.
    &[Headline {
        name: "accuracy_drawn",
        title: "Accuracy, drawn code",
        about: "the same from a drawn code: what a code of this rate tells",
        hub: "accuracy",
        possible: PERCENT,
        of: &[Of { with: &[("code", "sample")], ..Of::entry("accuracy") }],
    }],
    &[Headline {
        name: "accuracy_masked",
        title: "Accuracy, masked",
        about: "the same under the strongest mask that was measured",
        hub: "accuracy",
        possible: PERCENT,
        of: &[
            Of { part: Part::Strongest("mask"), with: &[("code", "mean")], ..Of::entry("accuracy") },
            Of { part: Part::Strongest("mask"), without: Some("code"), ..Of::entry("accuracy") },
        ],
    }],
];

/// A value of which it can be told whether it is a headline.
pub trait Quantity {
    /// The catalogue entry that measured it.
    fn entry(&self) -> &str;
    /// What was measured.
    fn metric(&self) -> &str;
    /// How.
    fn protocol(&self) -> &Protocol;
    /// The part of its subject that it is of, where not of all.
    fn slice(&self) -> Option<&Slice>;
    /// The value, where there is one.
    fn value(&self) -> Option<f64>;
    /// What kind of number it is.
    fn number(&self) -> Kind;
}

macro_rules! quantity {
    ($type:ty, $value:ident) => {
        impl Quantity for $type {
            fn entry(&self) -> &str {
                &self.entry
            }
            fn metric(&self) -> &str {
                &self.metric
            }
            fn protocol(&self) -> &Protocol {
                &self.protocol
            }
            fn slice(&self) -> Option<&Slice> {
                self.slice.as_ref()
            }
            fn value(&self) -> Option<f64> {
                self.$value
            }
            fn number(&self) -> Kind {
                self.kind
            }
        }
    };
}

quantity!(Measurement, value);
quantity!(SummaryRow, mean);

impl<Q: Quantity> Quantity for &Q {
    fn entry(&self) -> &str {
        (**self).entry()
    }
    fn metric(&self) -> &str {
        (**self).metric()
    }
    fn protocol(&self) -> &Protocol {
        (**self).protocol()
    }
    fn slice(&self) -> Option<&Slice> {
        (**self).slice()
    }
    fn value(&self) -> Option<f64> {
        (**self).value()
    }
    fn number(&self) -> Kind {
        (**self).number()
    }
}

/// The headlines that `values` of one or more runs have, in order: of each group the first with a value.
pub fn headlines<Q: Quantity>(values: &[Q]) -> Vec<&'static Headline> {
    let has_value = |headline: &&Headline| values.iter().any(|value| headline.kind(value).is_some() && value.value().is_some());
    HEADLINES.iter().filter_map(|group| group.iter().find(has_value)).collect()
}

/// Whether a headline has that name.
pub fn is_headline(name: &str) -> bool {
    HEADLINES.iter().flat_map(|group| group.iter()).any(|headline| headline.name == name)
}

impl Headline {
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

    /// The place of its kind among those that the headline may be; none for another quantity.
    fn kind<Q: Quantity>(&self, value: &Q) -> Option<usize> {
        self.of.iter().position(|of| of.is(value))
    }
}

/// Of two values of a kind, the one that is larger here is shown.
fn size<Q: Quantity>(value: &Q) -> f64 {
    match value.slice() {
        Some(Slice::Corruption { strength, .. }) => *strength,
        _ => value.protocol().parameter("N").and_then(|n| n.parse().ok()).unwrap_or(0.0),
    }
}

/// Nats below which a code says next to nothing of an image.
const NOTHING: f64 = 0.1;

/// What to tell where the codes of a run say nothing of its images; none where they do, or where it was not measured.
pub fn collapsed<Q: Quantity>(values: &[Q]) -> Option<String> {
    let value = |name: &str| HEADLINES.iter().flat_map(|group| group.iter()).find(|h| h.name == name)?.among(values)?.value();
    let rate = value("rate");
    // Small codes with smaller noise vary little and say much: without a rate alone the units decide.
    if rate.is_none() && value("active_units") == Some(0.0) {
        return Some("This model has collapsed: no dimension of the code varies with the image, and all reconstructions are alike.".into());
    }
    let rate = rate.filter(|rate| *rate < NOTHING)?;
    Some(format!("This model has collapsed: its codes carry {rate:.3} nats of an image, next to nothing."))
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
mod tests {
    use super::*;

    fn value(entry: &str, metric: &str, protocol: &str, value: f64) -> Measurement {
        Measurement::new(entry, metric, protocol.into(), "1").valued(value, None)
    }

    fn masked(strength: f64, protocol: &str) -> Measurement {
        value("accuracy", "accuracy.mask", protocol, 60.0).of_slice(Slice::Corruption { name: "mask".into(), strength })
    }

    #[test]
    fn of_several_estimates_the_first_group_member_and_the_largest_sample_are_shown() {
        let values = [
            value("nll", "nll", "nll.parzen(sigma=0.1,N=10000)", 1.0),
            value("nll", "nll", "nll.parzen(sigma=cv,N=1000)", 2.0),
            value("nll", "nll", "nll.parzen(sigma=cv,N=10000)", 3.0),
            value("nll", "nll.bits_per_dimension", "nll.parzen(sigma=cv,N=10000)", 4.0),
            value("mmd", "mmd", "mmd.imq.p(N=2000)", 0.5).of_kind(Kind::PValue),
            value("mmd", "mmd", "mmd.imq.u(N=2000)", 5.0),
            value("mmd", "mmd", "mmd.rbf.u(N=2000)", 6.0),
            value("reconstruction", "reconstruction", "reconstruction(code=sample,scale=0.05)", 7.0),
            value("reconstruction", "reconstruction", "reconstruction(code=mean,scale=0.05)", 8.0),
            value("fid_classifier", "fid_classifier", "fid.classifier(reference=test,N=9)", 9.5),
            value("fid", "fid_classifier", "fid(of=samples,decoder_bn=prior_samples,reference=test,N=9)", 9.0),
            value("fid", "fid_classifier", "fid(of=samples,reference=test,N=9)", 10.0),
            value("accuracy", "accuracy.clean", "svm(labels=10)", 11.0),
            value("accuracy", "accuracy.clean.class_3", "svm(labels=10)", 12.0).of_slice(Slice::Class(3)),
            value("accuracy", "accuracy.clean", "svm(labels=10,code=sample)", 10.0),
            masked(0.2, "svm(labels=10)"),
            masked(0.5, "svm(labels=10)"),
            masked(0.5, "knn(labels=10)"),
        ];
        let chosen: Vec<(&str, f64, String)> = headlines(&values)
            .into_iter()
            .map(|headline| {
                let found = headline.among(&values).unwrap();
                (headline.name, found.value.unwrap(), found.protocol.name.clone())
            })
            .collect();
        let expected = [
            ("reconstruction", 8.0, "reconstruction"),
            ("fid_classifier", 10.0, "fid"),
            ("nll_parzen", 3.0, "nll.parzen"),
            ("mmd", 5.0, "mmd.imq.u"),
            ("accuracy", 11.0, "svm"),
            ("accuracy_drawn", 10.0, "svm"),
            ("accuracy_masked", 60.0, "svm"),
        ];
        assert_eq!(chosen, expected.map(|(name, value, protocol)| (name, value, protocol.to_owned())));
    }

    #[test]
    fn a_collapse_is_told_by_active_units_or_by_the_rate() {
        let units = |n: f64| value("information", "information.active_units", "active_units(variance=0.01,N=10)", n);
        let rate = |nats: f64| value("rate", "rate", "rate.gaussian", nats);
        assert!(collapsed(&[units(0.0)]).is_some_and(|text| text.contains("no dimension")));
        assert_eq!(collapsed(&[units(0.0), rate(3.0)]), None);
        assert!(collapsed(&[rate(0.0031)]).is_some_and(|text| text.contains("0.003 nats")));
        assert_eq!((collapsed(&[units(2.0), rate(3.0)]), collapsed::<Measurement>(&[])), (None, None));
    }

    #[test]
    fn an_estimate_without_a_value_makes_way_for_the_next_of_its_group() {
        let none = Measurement::new("iwae", "nll", "nll.iwae(100,N=50)".into(), "nats");
        let parzen = value("nll", "nll", "nll.parzen(sigma=cv,N=1000)", 2.0);
        let names = |values: &[Measurement]| headlines(values).into_iter().map(|headline| headline.name).collect::<Vec<_>>();
        assert_eq!(names(&[none.clone(), parzen.clone()]), ["nll_parzen"]);
        assert_eq!(names(&[none.valued(1.0, None), parzen]), ["nll_iwae"]);
    }
}
