//! The values that a setting takes, read from its schema.

use std::ops::Bound::{self, Excluded, Included, Unbounded};

use serde_json::Value;

/// The values that a setting takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// A number between two bounds.
    Number(Bound<f64>, Bound<f64>),
    /// A whole number between two bounds, both included.
    Integer(u64, u64),
    /// One of a few words.
    Choice(Vec<String>),
    /// True or false.
    Switch,
    /// A list, each item in this domain.
    List(Box<Domain>),
    /// A text of these characters beside letters and digits, not empty.
    Word(String),
    /// Anything: its own reader says what is wrong with it.
    Any,
}

/// The characters beside letters and digits of a text with such a pattern: `^[A-Za-z0-9...]+$`.
const WORD: (&str, &str) = ("^[A-Za-z0-9", "]+$");

impl Domain {
    /// The domain that a JSON schema describes, null aside.
    pub(super) fn of(schema: &Value) -> Self {
        let words = |schema: &Value| schema.get("enum").or(schema.get("const")).map(as_words).unwrap_or_default();
        let alternatives = schema.get("oneOf").and_then(Value::as_array);
        let choices: Vec<String> = alternatives.map_or_else(|| words(schema), |all| all.iter().flat_map(words).collect());
        if !choices.is_empty() {
            return Self::Choice(choices);
        }
        let number = |key: &str| schema.get(key).and_then(Value::as_f64);
        let bound = |closed: &str, open: &str| number(open).map(Excluded).or(number(closed).map(Included)).unwrap_or(Unbounded);
        let whole = |key: &str| schema.get(key).and_then(Value::as_u64);
        match schema.get("type").map(as_words).unwrap_or_default().first().map(String::as_str) {
            Some("number") => Self::Number(bound("minimum", "exclusiveMinimum"), bound("maximum", "exclusiveMaximum")),
            Some("integer") => Self::Integer(whole("minimum").unwrap_or(0), whole("maximum").unwrap_or(u64::MAX)),
            Some("boolean") => Self::Switch,
            Some("array") => schema.get("items").map_or(Self::Any, |items| Self::List(Box::new(Self::of(items)))),
            Some("string") => {
                let pattern = schema.get("pattern").and_then(Value::as_str);
                let inner = pattern.and_then(|p| p.strip_prefix(WORD.0)?.strip_suffix(WORD.1));
                inner.map_or(Self::Any, |others| Self::Word(others.into()))
            }
            _ => Self::Any,
        }
    }

    /// Whether `value` lies in it. Null never does, but in [`Domain::Any`].
    pub fn admits(&self, value: &Value) -> bool {
        match self {
            Self::Number(min, max) => value.as_f64().is_some_and(|v| v.is_finite() && std::ops::RangeBounds::contains(&(*min, *max), &v)),
            Self::Integer(min, max) => value.as_u64().is_some_and(|v| (*min..=*max).contains(&v)),
            Self::Choice(words) => value.as_str().is_some_and(|v| words.iter().any(|word| word == v)),
            Self::Switch => value.is_boolean(),
            Self::List(each) => value.as_array().is_some_and(|items| items.iter().all(|item| each.admits(item))),
            Self::Word(others) => {
                value.as_str().is_some_and(|v| !v.is_empty() && v.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c)))
            }
            Self::Any => true,
        }
    }

    /// Its values, in words.
    pub fn allowed(&self) -> String {
        match self {
            Self::Number(Included(min), Included(max)) => format!("a number from {min} to {max}"),
            Self::Number(min, max) => {
                let low = match min {
                    Included(min) => format!("a number, at least {min}"),
                    Excluded(min) => format!("a number above {min}"),
                    Unbounded => "a number".into(),
                };
                match max {
                    Included(max) => format!("{low}, at most {max}"),
                    Excluded(max) => format!("{low}, below {max}"),
                    Unbounded => low,
                }
            }
            Self::Integer(min, max) => format!("a whole number from {min} to {max}"),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Switch => "true or false".into(),
            Self::List(each) => format!("a list, each {}", each.allowed()),
            Self::Word(others) => format!("letters, digits and {others}"),
            Self::Any => "a value of another form".into(),
        }
    }

    /// Values at the ends of the domain: the bounds that belong to it, or every word; empty where nothing bounds it.
    pub fn ends(&self) -> Vec<Value> {
        match self {
            Self::Number(min, max) => {
                [min, max].into_iter().filter_map(|bound| if let Included(v) = bound { Some((*v).into()) } else { None }).collect()
            }
            Self::Integer(min, max) => vec![(*min).into(), (*max).into()],
            Self::Choice(words) => words.iter().map(|word| word.as_str().into()).collect(),
            Self::Switch => vec![true.into(), false.into()],
            Self::List(_) | Self::Word(_) | Self::Any => Vec::new(),
        }
    }
}

/// The words of a text or of a list of texts.
fn as_words(value: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().map(String::from);
    value.as_array().map_or_else(|| word(value).into_iter().collect(), |all| all.iter().filter_map(word).collect())
}
