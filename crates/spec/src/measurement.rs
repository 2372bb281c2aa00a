//! One measured value and the protocol that made it: what a metric returns, a record holds and a table shows.

use std::{convert::Infallible, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Doubt, Kind, Varies};

/// One measured value of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The catalogue entry that measured it: `fid`, `accuracy` ...
    pub entry: String,
    /// What was measured: `reconstruction`, `rate`, `accuracy.mask_0_2` ...
    pub metric: String,
    /// How, in full.
    pub protocol: Protocol,
    /// The value; absent where it does not exist, and `note` says why.
    pub value: Option<f64>,
    /// What kind of number it is.
    #[serde(default, skip_serializing_if = "Kind::is_estimate")]
    pub kind: Kind,
    /// Standard error over the sample or the draws, where known.
    pub standard_error: Option<f64>,
    /// What the standard error counts as drawn by chance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub varies: Vec<Varies>,
    /// Its unit: `nats`, `percent` ...
    pub unit: String,
    /// Size of the sample.
    pub n: usize,
    /// Which way is better, where one is.
    #[serde(rename = "higher_is_better")]
    pub direction: Direction,
    /// The part of its subject that it is of, where not of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<Slice>,
    /// Why the value should not be relied on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// What a reader should know beside the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The part of its subject that a measurement is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slice {
    /// Images under a corruption.
    Corruption {
        /// Its name in the catalogue.
        name: String,
        /// How strong it was, in its own unit.
        strength: f64,
    },
    /// Images of one class.
    Class(u32),
    /// One dimension of the code, counted from 0.
    Dimension(usize),
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corruption { name, strength } => write!(f, "{name} {strength}"),
            Self::Class(class) => write!(f, "class {class}"),
            Self::Dimension(dimension) => write!(f, "dimension {dimension}"),
        }
    }
}

impl Slice {
    /// Whether it is a detail of the value over all, which stands beside it.
    pub fn is_detail(&self) -> bool {
        matches!(self, Self::Class(_) | Self::Dimension(_))
    }
}

impl Measurement {
    /// A measurement without a value, of a sample of none, to be filled in by the methods below.
    pub fn new(entry: &str, metric: impl Into<String>, protocol: Protocol, unit: impl Into<String>) -> Self {
        Self {
            entry: entry.into(),
            metric: metric.into(),
            protocol,
            value: None,
            kind: Kind::Estimate,
            standard_error: None,
            varies: Vec::new(),
            unit: unit.into(),
            n: 0,
            direction: Direction::Neither,
            slice: None,
            doubts: Vec::new(),
            note: None,
        }
    }

    /// With this value and, where it is known, its standard error.
    #[must_use]
    pub fn valued(self, value: impl Into<Option<f64>>, standard_error: impl Into<Option<f64>>) -> Self {
        Self { value: value.into(), standard_error: standard_error.into(), ..self }
    }

    /// Of this kind.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// With what its standard error counts; nothing where it has none.
    #[must_use]
    pub fn over(self, varies: &[Varies]) -> Self {
        let varies = if self.standard_error.is_some() { varies.to_vec() } else { Vec::new() };
        Self { varies, ..self }
    }

    /// With one more doubt, where `doubtful` and where there is a value to doubt. They stand in one order, whichever was found first.
    #[must_use]
    pub fn doubted(mut self, doubt: Doubt, doubtful: bool) -> Self {
        if doubtful && self.value.is_some() && !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
            self.doubts.sort_unstable();
        }
        self
    }

    /// Of a sample of this size.
    #[must_use]
    pub fn sized(self, n: usize) -> Self {
        Self { n, ..self }
    }

    /// Better in this direction.
    #[must_use]
    pub fn better(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// Of this part of its subject.
    #[must_use]
    pub fn of_slice(self, slice: impl Into<Option<Slice>>) -> Self {
        Self { slice: slice.into(), ..self }
    }

    /// With this note in the place of its own, where there is one.
    #[must_use]
    pub fn noted(self, note: impl Into<Option<String>>) -> Self {
        Self { note: note.into().or(self.note), ..self }
    }

    /// What a reader should know beside the value, as [`Doubt::remarks`].
    pub fn remarks(&self) -> Option<String> {
        Doubt::remarks(&self.doubts, self.note.as_deref())
    }

    /// Whether both are values of the same quantity, measured in the same way.
    pub fn same_quantity(&self, other: &Self) -> bool {
        self.metric == other.metric && self.protocol == other.protocol
    }
}

/// Which way a metric is better. In files `higher_is_better`: `true`, `false` or `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither way is.
    Neither,
}

impl Direction {
    /// Whether more is better, where one way is.
    pub fn higher_is_better(self) -> Option<bool> {
        match self {
            Self::Higher => Some(true),
            Self::Lower => Some(false),
            Self::Neither => None,
        }
    }
}

impl Serialize for Direction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.higher_is_better().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Direction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::deserialize(deserializer)? {
            Some(true) => Self::Higher,
            Some(false) => Self::Lower,
            None => Self::Neither,
        })
    }
}

/// How a value was measured: a name and its parameters, `nll.parzen(sigma=0.1,N=10000)`. In files it is that text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol {
    /// What was done: `nll.parzen`.
    pub name: String,
    /// With what, in order.
    pub parameters: Vec<Parameter>,
    /// The density, fitted after training, that codes were drawn from in the prior's place: `+ex_post(components=10)`.
    pub sampler: Option<Box<Protocol>>,
}

/// One parameter of a protocol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Parameter {
    /// Its name; none for a word that stands alone, as the first of `neighbours(prior,k=3)`.
    pub name: Option<String>,
    /// Its value.
    pub value: String,
}

impl Protocol {
    /// The protocol `name` without parameters.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), parameters: Vec::new(), sampler: None }
    }

    /// With the parameter `name` = `value` behind those that it has.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.parameters.push(Parameter { name: Some(name.into()), value: value.to_string() });
        self
    }

    /// With a word that needs no name behind its parameters.
    #[must_use]
    pub fn word(mut self, value: impl fmt::Display) -> Self {
        self.parameters.push(Parameter { name: None, value: value.to_string() });
        self
    }

    /// With the parameters of another protocol behind its own.
    #[must_use]
    pub fn with_all(mut self, parameters: &[Parameter]) -> Self {
        self.parameters.extend_from_slice(parameters);
        self
    }

    /// With codes drawn from `sampler` in the prior's place, where there is one.
    #[must_use]
    pub fn sampled_from(self, sampler: Option<&Protocol>) -> Self {
        Self { sampler: sampler.cloned().map(Box::new), ..self }
    }

    /// The value of the parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|parameter| parameter.name.as_deref() == Some(name)).map(|parameter| parameter.value.as_str())
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (place, parameter) in self.parameters.iter().enumerate() {
            f.write_str(if place == 0 { "(" } else { "," })?;
            match &parameter.name {
                Some(name) => write!(f, "{name}={}", parameter.value)?,
                None => f.write_str(&parameter.value)?,
            }
        }
        if !self.parameters.is_empty() {
            f.write_str(")")?;
        }
        self.sampler.as_ref().map_or(Ok(()), |sampler| write!(f, "+{sampler}"))
    }
}

impl FromStr for Protocol {
    type Err = Infallible;

    /// Reads what [`Display`](fmt::Display) writes; text of another form is a name without parameters.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(parse(text).unwrap_or_else(|| Self::new(text)))
    }
}

impl From<&str> for Protocol {
    fn from(text: &str) -> Self {
        parse(text).unwrap_or_else(|| Self::new(text))
    }
}

impl PartialEq<str> for Protocol {
    fn eq(&self, other: &str) -> bool {
        let text = self.to_string();
        text == other
    }
}

impl PartialEq<&str> for Protocol {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl Serialize for Protocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Protocol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(deserializer)?.as_str().into())
    }
}

/// `name`, `name(parameter,...)`, either with `+sampler` behind it.
fn parse(text: &str) -> Option<Protocol> {
    let open = text.find('(').unwrap_or(text.len());
    if let Some((name, _)) = text.get(..open)?.split_once('+') {
        return Some(Protocol { sampler: Some(Box::new(parse(text.get(name.len() + 1..)?)?)), ..Protocol::new(name) });
    }
    if open == text.len() {
        return Some(Protocol::new(text));
    }
    let (mut parameters, mut depth, mut begin, mut end) = (Vec::new(), 0_usize, open + 1, None);
    for (place, character) in text.char_indices().skip_while(|(place, _)| *place < open) {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 || (depth == 1 && character == ',') {
            let parameter = text.get(begin..place)?;
            parameters.push(match parameter.split_once('=').filter(|(name, _)| !name.contains('(')) {
                Some((name, value)) => Parameter { name: Some(name.into()), value: value.into() },
                None => Parameter { name: None, value: parameter.into() },
            });
            begin = place + 1;
        }
        if depth == 0 {
            end = Some(place + 1);
            break;
        }
    }
    let sampler = match text.get(end?..)? {
        "" => None,
        rest => Some(Box::new(parse(rest.strip_prefix('+')?)?)),
    };
    let protocol = Protocol { name: text.get(..open)?.into(), parameters, sampler };
    (protocol == *text).then_some(protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_read_as_it_was_built() {
        let ex_post = Protocol::new("ex_post").with("components", 10);
        for (text, built) in [
            ("rate.gaussian", Protocol::new("rate.gaussian")),
            ("nll.parzen(sigma=cv,N=10)", Protocol::new("nll.parzen").with("sigma", "cv").with("N", 10)),
            ("neighbours(q(z),k=3,N=9)", Protocol::new("neighbours").word("q(z)").with("k", 3).with("N", 9)),
            ("rate+ex_post(components=10)", Protocol::new("rate").sampled_from(Some(&ex_post))),
            ("mmd(N=1)+ex_post(components=10)", Protocol::new("mmd").with("N", 1).sampled_from(Some(&ex_post))),
        ] {
            assert_eq!(built.to_string(), text);
            assert_eq!(Protocol::from(text), built);
        }
    }

    #[test]
    fn any_text_is_kept() {
        for text in ["", "a(", "a)", "a(b))", "a()", "()", "a(b)c", "a(b", "a(b=c=d)", "+", "a(,)", "ä(ö=ü)"] {
            assert_eq!(Protocol::from(text).to_string(), text);
        }
        assert_eq!(Protocol::from("a(b=c=d)").parameter("b"), Some("c=d"));
    }

    #[test]
    fn files_hold_the_text_and_the_direction_as_a_truth_value() {
        let made =
            Measurement::new("fid", "kid", Protocol::new("kid").with("N", 9), "1").valued(2.0, 0.5).better(Direction::Lower).sized(9);
        let json = serde_json::to_value(&made).unwrap();
        assert_eq!((&json["protocol"], &json["higher_is_better"]), (&"kid(N=9)".into(), &false.into()));
        assert_eq!(serde_json::from_value::<Measurement>(json).unwrap(), made);
    }
}
