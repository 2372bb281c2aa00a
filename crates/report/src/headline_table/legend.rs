//! What stands below the table, in sentences: seeds, collapsed methods, other images, other protocols, missing values.

use std::collections::{BTreeMap, BTreeSet};

use super::{HeadlineColumn, HeadlineTable};
use crate::method;

/// Names of methods in a sentence at most.
const MOST_NAMES: usize = 6;

impl HeadlineTable {
    /// What its values are, in a few sentences; `intervals`: whether the intervals of the means stand beside them.
    pub fn legend(&self, intervals: bool) -> String {
        let mixed = self.columns.iter().enumerate().filter(|(_, column)| column.mixed);
        [self.of_seeds_in_all(intervals)]
            .into_iter()
            .chain(self.of_doubts())
            .chain(self.of_collapse())
            .chain(self.of_other_images())
            .chain(mixed.map(|(place, column)| self.by_protocol(place, column)))
            .chain(self.of_absent())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// What `?` behind a value is; none where nothing is doubtful.
    pub(crate) fn of_doubts(&self) -> Option<String> {
        let values = self.rows.iter().flat_map(|row| &row.values).filter(|value| value.mean.is_some());
        let reasons: BTreeSet<String> = values.flat_map(|value| &value.doubts).map(ToString::to_string).collect();
        (!reasons.is_empty()).then(|| format!("?: do not rely on it ({}).", reasons.into_iter().collect::<Vec<_>>().join("; ")))
    }

    /// Which methods have collapsed; none where none has.
    pub(crate) fn of_collapse(&self) -> Option<String> {
        let names = method::distinct(self.rows.iter().filter(|row| row.collapsed).map(|row| row.method.as_str()));
        let (verb, whose) = if names.len() == 1 { ("has", "its") } else { ("have", "their") };
        let shown = names[..names.len().min(MOST_NAMES)].join(", ");
        let more = if names.len() > MOST_NAMES { format!(" and {} more", names.len() - MOST_NAMES) } else { String::new() };
        let has_mmd = self.columns.iter().any(|column| column.headline.name == "mmd");
        let no_merit = if has_mmd { ", which makes a small MMD no merit" } else { "" };
        (!names.is_empty()).then(|| format!("{shown}{more} {verb} collapsed: {whose} codes say next to nothing of an image{no_merit}."))
    }

    /// Which methods of one data set were measured on other images than others; nothing where all saw the same.
    pub(crate) fn of_other_images(&self) -> impl Iterator<Item = String> {
        let mut of: BTreeMap<&str, Vec<(&str, Vec<&str>)>> = BTreeMap::new();
        for row in &self.rows {
            let images = of.entry(&row.dataset).or_default();
            match images.iter_mut().find(|(data, _)| *data == row.data) {
                Some((_, methods)) => methods.push(&row.method),
                None => images.push((&row.data, vec![&row.method])),
            }
        }
        of.into_iter().filter(|(_, images)| images.len() > 1).map(|(dataset, images)| {
            let groups: Vec<String> = images.into_iter().map(|(_, methods)| methods.join(", ")).collect();
            format!(
                "The settings of {dataset} differ, so that these methods were measured on different images: {}. Do not compare their \
                 numbers; none is marked as best.",
                groups.join("; ")
            )
        })
    }

    /// Which metrics have no value, and why.
    pub(crate) fn of_absent(&self) -> impl Iterator<Item = String> {
        self.absent.iter().map(|(title, reason)| format!("{title} has no value: {reason}."))
    }

    /// Which values of a column compare: those of one protocol.
    pub(crate) fn by_protocol(&self, place: usize, column: &HeadlineColumn) -> String {
        let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for row in &self.rows {
            if let Some(protocol) = row.values.get(place).and_then(|value| value.protocol.as_deref()) {
                of.entry(protocol).or_default().push(&row.method);
            }
        }
        let of: Vec<String> = of.into_iter().map(|(protocol, methods)| format!("{} by {protocol}", methods.join(", "))).collect();
        format!(
            "‡ {} is estimated differently for different methods ({}): compare only equal protocols.",
            column.headline.title,
            of.join("; ")
        )
    }

    /// Of how many seeds its values are.
    pub(crate) fn of_seeds_in_all(&self, intervals: bool) -> String {
        let seeds = self.rows.iter().map(|row| row.seeds).max().unwrap_or(0);
        let spread = "Mean ± standard deviation over";
        match seeds {
            0 | 1 => "One seed: how far seeds differ is not known, so nothing is marked as best.".into(),
            2 => format!("{spread} two seeds, too few to mark anything as best."),
            n => {
                let intervals = if intervals { ", and the 95 % interval of the mean (Student's t)" } else { "" };
                let best = self.rows.iter().flat_map(|row| &row.values).any(|value| value.best);
                let bold =
                    " In bold: the 95 % interval of its difference from every other method, seed by seed, leaves no doubt of the sign.";
                format!("{spread} {n} seeds{intervals}.{}", if best { bold } else { "" })
            }
        }
    }
}
