//! What kind of number a measurement is, what its standard error counts, and what makes it doubtful.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::grouped;

/// What kind of number a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An estimate of the quantity.
    #[default]
    Estimate,
    /// At most the quantity.
    LowerBound,
    /// At least the quantity.
    UpperBound,
    /// The same for every model and seed: it has no interval, and methods do not differ in it.
    Constant,
    /// A probability under a null hypothesis: a mean of several says nothing.
    PValue,
}

impl Kind {
    /// Whether it is an estimate, as most are.
    pub fn is_estimate(&self) -> bool {
        *self == Self::Estimate
    }

    /// Whether means over seeds and differences between methods have a meaning.
    pub fn compares(self) -> bool {
        !matches!(self, Self::Constant | Self::PValue)
    }
}

/// What a standard error counts as drawn by chance. All else, the weights above all, is held fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Varies {
    /// Which images the test split has, and where they are corrupted, the corruption of each.
    TestImages,
    /// Which images carry labels.
    LabelDraws,
    /// Which classes of the test split are asked for.
    Classes,
    /// The draw of each image's code.
    CodeDraws,
    /// Codes drawn from the prior.
    PriorDraws,
    /// Generated images, as many as there are.
    GeneratedImages,
    /// The real images that generated ones are held against.
    RealImages,
}

impl fmt::Display for Varies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TestImages => "test images",
            Self::LabelDraws => "label draws",
            Self::Classes => "classes",
            Self::CodeDraws => "code draws",
            Self::PriorDraws => "prior draws",
            Self::GeneratedImages => "generated images",
            Self::RealImages => "real images",
        })
    }
}

/// Why a value should not be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Fewer than two of the weights of an importance-sampled likelihood count: it is too high by an unknown amount.
    OneWeight,
    /// The bounds of an annealed likelihood on simulated images lie more than a nat apart.
    WideGap,
    /// A mean over fewer than 30 images or what varies over them, or a mean under windows whose width so few chose.
    FewImages,
    /// How far it may be off by chance is not known.
    NoError,
    /// A distance between covariances of as many features as there are images, or more: it is far too high.
    Undetermined,
    /// A value that is in absolute value no larger than its standard error, where 0 would say that there is no difference.
    Noisy,
    /// A share of images within reach of one another among fewer than 1 000, which depends on how many there are.
    FewNeighbours,
}

impl Doubt {
    /// What to tell beside a value that has these; none where it has none.
    pub fn warning(doubts: &[Self]) -> Option<String> {
        Self::warning_of_mean(doubts, 1)
    }

    /// The same of a mean over so many seeds, whose doubts are [`Self::of_mean`]: those of some seeds, perhaps not of all.
    pub fn warning_of_mean(doubts: &[Self], seeds: usize) -> Option<String> {
        let reasons: Vec<String> = doubts.iter().map(ToString::to_string).collect();
        let on = if seeds > 1 { "on some seeds " } else { "" };
        (!reasons.is_empty()).then(|| format!("do not rely on it: {on}{}", reasons.join(", ")))
    }

    /// What a reader should know beside a value: why it should not be relied on, then its note with its thousands apart; none where
    /// there is neither.
    pub fn remarks(doubts: &[Self], note: Option<&str>) -> Option<String> {
        Self::remarks_of_mean(doubts, 1, note)
    }

    /// The same of a mean over so many seeds.
    pub fn remarks_of_mean(doubts: &[Self], seeds: usize, note: Option<&str>) -> Option<String> {
        let all: Vec<String> = Self::warning_of_mean(doubts, seeds).into_iter().chain(note.map(grouped)).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// The doubts of a mean, from those of the value of each seed. That one value is not told apart from 0 says nothing of the mean of
    /// several, whose interval says it.
    pub fn of_mean<'a>(seeds: impl IntoIterator<Item = &'a [Self]>) -> Vec<Self> {
        let seeds: Vec<&[Self]> = seeds.into_iter().collect();
        let passes = |doubt: &Self| seeds.len() < 2 || *doubt != Self::Noisy;
        let united: BTreeSet<Self> = seeds.iter().flat_map(|doubts| doubts.iter().copied()).filter(passes).collect();
        united.into_iter().collect()
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneWeight => "fewer than two importance weights count",
            Self::WideGap => "the gap between its bounds is above a nat",
            Self::FewImages => "fewer than 30 images",
            Self::NoError => "no standard error",
            Self::Undetermined => "no more images than features, which makes it far too high",
            Self::Noisy => "not told apart from 0: its standard error is at least as large as its value",
            Self::FewNeighbours => "fewer than 1 000 images, on whose number it depends",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts_are_told_with_all_their_reasons() {
        assert_eq!(Doubt::warning(&[]), None);
        let two = Doubt::warning(&[Doubt::WideGap, Doubt::FewImages]).unwrap();
        assert_eq!(two, "do not rely on it: the gap between its bounds is above a nat, fewer than 30 images");
        let mean = Doubt::warning_of_mean(&[Doubt::OneWeight], 5).unwrap();
        assert_eq!(mean, "do not rely on it: on some seeds fewer than two importance weights count");
    }

    #[test]
    fn a_note_stands_behind_the_doubts() {
        let remarks = |doubts: &[Doubt], note: Option<&str>| Doubt::remarks(doubts, note);
        assert_eq!((remarks(&[], None), remarks(&[], Some("gray")).as_deref()), (None, Some("gray")));
        let both = remarks(&[Doubt::FewImages], Some("of 1000 images")).unwrap();
        assert_eq!(both, "do not rely on it: fewer than 30 images; of 1\u{202f}000 images");
    }

    #[test]
    fn a_mean_has_the_doubts_of_its_seeds_but_for_the_noise_of_each() {
        let noisy: &[Doubt] = &[Doubt::Noisy];
        let few: &[Doubt] = &[Doubt::Noisy, Doubt::FewImages];
        assert_eq!(Doubt::of_mean([noisy]), [Doubt::Noisy]);
        assert_eq!(Doubt::of_mean([noisy, few, few]), [Doubt::FewImages]);
    }
}
