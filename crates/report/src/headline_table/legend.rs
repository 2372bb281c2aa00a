//! What stands below the table, in sentences: seeds, collapsed methods, small codes, other images, other protocols, missing values.

use vimae_spec::grouped;

use super::{HeadlineColumn, HeadlineRow, HeadlineTable, SEEDS_OF_AN_INTERVAL};
use crate::{
    caution::{self, OtherImages},
    headline::NOTHING,
};

/// Different notes of a column that are shown, each.
const MOST_NOTES: usize = 4;

impl HeadlineTable {
    /// What its values are, in a few sentences; `intervals`: whether the intervals of the means stand beside them.
    pub fn legend(&self, intervals: bool) -> String {
        [self.of_seeds_in_all(intervals)]
            .into_iter()
            .chain(self.of_fewer_seeds())
            .chain(self.of_doubts())
            .chain(self.of_collapse())
            .chain(self.of_unsettled())
            .chain(self.of_small_codes())
            .chain(self.of_other_images())
            .chain(self.of_protocols())
            .chain(self.of_absent())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// What `?` behind a value is; none where nothing is doubtful.
    pub(crate) fn of_doubts(&self) -> Option<String> {
        let values = self.rows.iter().flat_map(|row| &row.values).filter(|value| value.mean.is_some());
        caution::doubtful(values.map(|value| (value.doubts.as_slice(), value.seeds)), self.marks())
    }

    /// Which methods have collapsed; none where none has.
    pub(crate) fn of_collapse(&self) -> Option<String> {
        let has_mmd = self.columns.iter().any(|column| column.headline.name == "mmd");
        let collapsed = self.rows.iter().filter(|row| row.collapsed && row.unsettled.is_none());
        caution::collapse(collapsed.map(|row| row.method.as_str()), has_mmd, self.marks())
    }

    /// Which methods were trained too short for their batch norm, so that nothing says whether they have collapsed; none where none was.
    pub(crate) fn of_unsettled(&self) -> Option<String> {
        let steps = self.rows.iter().filter_map(|row| row.unsettled).max()?;
        let unsettled = self.rows.iter().filter(|row| row.unsettled.is_some());
        caution::unsettled(unsettled.map(|row| row.method.as_str()), steps, self.marks())
    }

    /// Which methods have a rate and no active unit, and what that means; none where none has.
    pub fn of_small_codes(&self) -> Option<String> {
        let place = |name: &str| self.columns.iter().position(|column| column.headline.name == name);
        let (rate, units) = (place("rate")?, place("active_units")?);
        let value = |row: &HeadlineRow, place: usize| row.values.get(place).and_then(|value| value.mean);
        let is_small =
            |row: &&HeadlineRow| value(row, units) == Some(0.0) && value(row, rate).is_some_and(|nats| nats >= NOTHING) && !row.collapsed;
        let small: Vec<&HeadlineRow> = self.rows.iter().filter(is_small).collect();
        let example = small.first().and_then(|row| row.values.get(units)?.example.as_ref());
        let variance = example.and_then(|example| example.protocol.parameter("variance"));
        caution::small_codes(small.iter().map(|row| row.method.as_str()), variance)
    }

    /// Which methods of one data set were measured on other images than others; nothing where all saw the same.
    pub(crate) fn of_other_images(&self) -> Vec<String> {
        let seen = self.rows.iter().map(|row| (row.dataset.as_str(), row.data.as_str(), row.name.as_str()));
        OtherImages::of(seen).sentences(self.marks())
    }

    /// Whether it has the seeds to mark a value as best; where not, the first sentence of its legend says so for all.
    fn marks(&self) -> bool {
        self.rows.iter().any(|row| row.seeds >= SEEDS_OF_AN_INTERVAL)
    }

    /// Which metrics have no value, and why.
    pub(crate) fn of_absent(&self) -> impl Iterator<Item = String> {
        self.absent.iter().map(|(title, reason)| format!("{title} has no value: {reason}."))
    }

    /// What stands as a note beside its values, a sentence for each different note of a column; of more than a few, how many there are.
    /// A value over seeds has the note of one of them, and says on how many it stands where that is not all.
    pub(crate) fn of_notes(&self) -> Vec<String> {
        self.columns.iter().enumerate().flat_map(|(place, column)| self.notes_of(place, column)).collect()
    }

    fn notes_of(&self, place: usize, column: &HeadlineColumn) -> Vec<String> {
        let several = self.several_datasets();
        let measured =
            || self.rows.iter().filter_map(|row| Some((row, row.values.get(place)?))).filter(|(_, value)| value.example.is_some());
        let mut notes: Vec<((String, String), Vec<String>)> = Vec::new();
        for (row, value) in measured() {
            let Some(note) = value.note() else { continue };
            let on = if value.noted < row.seeds { format!(" on {} of {} seeds", value.noted, row.seeds) } else { String::new() };
            let note = (grouped(note), on);
            let method = if several { format!("{} on {}", row.method, row.dataset) } else { row.method.clone() };
            match notes.iter_mut().find(|(known, _)| *known == note) {
                Some((_, methods)) => methods.push(method),
                None => notes.push((note, vec![method])),
            }
        }
        let (title, all) = (column.title(), measured().count());
        let more = notes.len().saturating_sub(MOST_NOTES);
        let sentence = |((note, on), methods): ((String, String), Vec<String>)| {
            let of = if methods.len() == all { String::new() } else { format!(" of {}", methods.join(", ")) };
            format!("{title}{of}{on}: {note}.")
        };
        let shown = notes.into_iter().take(MOST_NOTES).map(sentence);
        let are = if more == 1 { "note is" } else { "notes are" };
        shown.chain((more > 0).then(|| format!("{title}: {more} more {are} not shown."))).collect()
    }

    /// Which values of the columns compare: those of one protocol; a sentence for each column that has several for one data set.
    pub(crate) fn of_protocols(&self) -> impl Iterator<Item = String> {
        self.columns.iter().enumerate().filter(|(_, column)| column.mixed).filter_map(|(place, column)| {
            let measured = self.rows.iter().filter_map(|row| {
                let value = row.values.get(place).filter(|value| value.mean.is_some())?;
                Some((&value.example.as_ref()?.protocol, row.name.as_str()))
            });
            caution::by_protocol(column.headline.title, measured).map(|mixed| format!("‡ {mixed}"))
        })
    }

    /// Which methods have runs of fewer seeds than others; none where all have as many.
    pub(crate) fn of_fewer_seeds(&self) -> Option<String> {
        let most = self.rows.iter().map(|row| row.seeds).max()?;
        let fewer = self.rows.iter().filter(|row| row.seeds < most);
        let fewer: Vec<String> = fewer.map(|row| format!("{} ({})", row.method, row.seeds)).collect();
        (!fewer.is_empty()).then(|| format!("Of fewer seeds: {}.", fewer.join(", ")))
    }

    /// Of how many seeds its values are.
    pub(crate) fn of_seeds_in_all(&self, intervals: bool) -> String {
        let seeds = self.rows.iter().map(|row| row.seeds).max().unwrap_or(0);
        let spread = "Mean ± standard deviation over";
        match seeds {
            0 | 1 => "One seed: how far seeds differ is not known, so nothing is marked as best.".into(),
            2 => format!("{spread} 2 seeds, too few to mark anything as best."),
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
