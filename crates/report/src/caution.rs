//! What a reader must know before values are compared: codes that say nothing of an image, codes too small for a count of active
//! units, other protocols, and methods that saw other images.

use std::collections::{BTreeMap, BTreeSet};

use vimae_spec::{Doubt, Protocol};

use crate::{method, number::plural, observation::SETTLING_STEPS};

/// What `†` behind a value of the paper is.
pub(crate) const RECOVERED: &str = "†: read from a table that had to be put back in order; a digit of the paper's value may be wrong.";
/// Names of methods in a sentence at most.
const MOST_NAMES: usize = 6;

/// Which methods, as they are written, have collapsed; none where none has. `mmd`: whether an MMD stands beside their other values;
/// `marks`: whether a value could be marked as best at all.
pub(crate) fn collapse<'a>(methods: impl IntoIterator<Item = &'a str>, mmd: bool, marks: bool) -> Option<String> {
    let methods = method::distinct(methods);
    let (verb, whose) = verb_and_whose(&methods);
    let no_merit = if mmd { ", which makes a small MMD no merit" } else { "" };
    let unmarked = if marks { format!(" None of {whose} values is marked as best.") } else { String::new() };
    (!methods.is_empty())
        .then(|| format!("{} {verb} collapsed: {whose} codes say next to nothing of an image{no_merit}.{unmarked}", first_few(&methods)))
}

/// Which methods were trained for `steps` or fewer, too few for the running statistics of their batch norm, and what to do; none where
/// none was. `marks` as for [`collapse`].
pub(crate) fn unsettled<'a>(methods: impl IntoIterator<Item = &'a str>, steps: u64, marks: bool) -> Option<String> {
    let methods = method::distinct(methods);
    let (_, whose) = verb_and_whose(&methods);
    let (was, at_most) = if methods.len() == 1 { ("was", "") } else { ("were", "at most ") };
    let unmarked = if marks { format!(" None of {whose} values is marked as best.") } else { String::new() };
    let steps = plural(usize::try_from(steps).unwrap_or(usize::MAX), "step");
    (!methods.is_empty()).then(|| {
        format!(
            "{} {was} trained for {at_most}{steps}, too few for the running statistics of batch norm: evaluation takes these, and {whose} \
             codes say next to nothing of an image under them. Train for {SETTLING_STEPS} steps or more: raise training.epochs or lower \
             training.batch.{unmarked}",
            first_few(&methods)
        )
    })
}

/// Which methods have a rate and no active unit, and why that is no contradiction; none where none has. `variance`: above which a
/// unit is active.
pub(crate) fn small_codes<'a>(methods: impl IntoIterator<Item = &'a str>, variance: Option<&str>) -> Option<String> {
    let methods = method::distinct(methods);
    let (verb, whose) = verb_and_whose(&methods);
    let above = variance.map_or_else(|| "that counts".to_owned(), |variance| format!("above {variance}"));
    (!methods.is_empty()).then(|| {
        format!(
            "{} {verb} a rate and no active unit: over the images no dimension of {whose} mean code has a variance {above}. The rate is \
             measured against the prior, and is high too where the code of each image is much narrower than the prior or lies away \
             from it. How much codes so small tell of an image is at least information.lower; the number of units does not say it.",
            first_few(&methods)
        )
    })
}

/// What `?` behind a value is, from the doubts and the number of seeds of each; none where nothing is doubtful. `marks` as for
/// [`collapse`].
pub(crate) fn doubtful<'a>(values: impl IntoIterator<Item = (&'a [Doubt], usize)>, marks: bool) -> Option<String> {
    let (mut reasons, mut of_means) = (BTreeSet::new(), false);
    for (doubts, seeds) in values {
        reasons.extend(doubts.iter().map(ToString::to_string));
        of_means |= !doubts.is_empty() && seeds > 1;
    }
    let on = if of_means { "on some seeds " } else { "" };
    let unmarked = if marks { " No such value is marked as best." } else { "" };
    let reasons: Vec<String> = reasons.into_iter().collect();
    (!reasons.is_empty()).then(|| format!("?: do not rely on it ({on}{}).{unmarked}", reasons.join("; ")))
}

/// That values of a quantity do not all compare, from the protocol and the method of each; none where all are by one protocol.
pub(crate) fn by_protocol<'a>(title: &str, values: impl IntoIterator<Item = (&'a Protocol, &'a str)>) -> Option<String> {
    let mut of: BTreeMap<&Protocol, Vec<&str>> = BTreeMap::new();
    for (protocol, method) in values {
        of.entry(protocol).or_default().push(method);
    }
    let several = of.len() > 1;
    let of: Vec<String> =
        of.into_iter().map(|(protocol, methods)| format!("{} by {protocol}", labels(&method::distinct(methods)))).collect();
    several.then(|| format!("{title} is estimated differently for different methods ({}): compare only equal protocols.", of.join("; ")))
}

fn verb_and_whose(methods: &[&str]) -> (&'static str, &'static str) {
    if methods.len() == 1 { ("has", "its") } else { ("have", "their") }
}

/// The first methods by name, and how many more there are.
fn first_few(methods: &[&str]) -> String {
    let shown = methods[..methods.len().min(MOST_NAMES)].join(", ");
    let more = methods.len().saturating_sub(MOST_NAMES);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Data sets of which methods saw other images under one name, since its settings differ: their numbers do not compare.
pub(crate) struct OtherImages<'a>(BTreeMap<&'a str, Vec<Vec<&'a str>>>);

impl<'a> OtherImages<'a> {
    /// Those among data sets, the digests of their images and the methods that saw these.
    pub(crate) fn of(seen: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Self {
        let mut images: BTreeMap<&str, Vec<(&str, Vec<&str>)>> = BTreeMap::new();
        for (dataset, digest, method) in seen {
            let of = images.entry(dataset).or_default();
            match of.iter_mut().find(|(known, _)| *known == digest) {
                Some((_, methods)) => methods.push(method),
                None => of.push((digest, vec![method])),
            }
        }
        let several = images.into_iter().filter(|(_, images)| images.len() > 1);
        Self(
            several
                .map(|(dataset, images)| (dataset, images.into_iter().map(|(_, methods)| method::distinct(methods)).collect()))
                .collect(),
        )
    }

    /// Whether methods saw other images of that data set.
    pub(crate) fn has(&self, dataset: &str) -> bool {
        self.0.contains_key(dataset)
    }

    /// A sentence or two on each data set, with the methods that saw the same images together. `marks`: whether a value could be marked
    /// as best at all.
    pub(crate) fn sentences(&self, marks: bool) -> Vec<String> {
        let unmarked = if marks { "; none is marked as best" } else { "" };
        let of = |(dataset, groups): (&&str, &Vec<Vec<&str>>)| {
            let groups: Vec<String> = groups.iter().map(|methods| labels(methods)).collect();
            format!(
                "The settings of {dataset} differ, so that these methods were measured on different images: {}. Do not compare their \
                 numbers{unmarked}.",
                groups.join("; ")
            )
        };
        self.0.iter().map(of).collect()
    }
}

/// The methods as the paper writes them.
fn labels(methods: &[&str]) -> String {
    methods.iter().map(|method| method::label(method)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collapsed_methods_are_named_once_and_not_without_end() {
        assert_eq!(collapse([], true, true), None);
        let one = collapse(["VAE", "VAE"], true, true).unwrap();
        assert!(one.starts_with("VAE has collapsed: its codes") && one.contains("small MMD"), "{one}");
        assert!(one.ends_with("no merit. None of its values is marked as best."), "{one}");
        let bare = collapse(["VAE"], false, false).unwrap();
        assert!(bare.ends_with("say next to nothing of an image."), "{bare}");
        let many = collapse(["a", "b", "c", "d", "e", "f", "g", "h"], false, true).unwrap();
        assert!(many.starts_with("a, b, c, d, e, f and 2 more have collapsed: their") && !many.contains("MMD"), "{many}");
    }

    #[test]
    fn a_training_too_short_for_batch_norm_is_told_with_its_steps() {
        assert_eq!(unsettled([], 10, true), None);
        let one = unsettled(["VAE"], 10, false).unwrap();
        assert!(one.starts_with("VAE was trained for 10 steps, too few for the running statistics") && !one.contains("as best"), "{one}");
        let two = unsettled(["VAE", "a"], 1, true).unwrap();
        assert!(two.starts_with("VAE, a were trained for at most 1 step, ") && two.ends_with("None of their values is marked as best."));
    }

    #[test]
    fn doubts_of_means_are_of_some_seeds() {
        let (none, few): (&[Doubt], &[Doubt]) = (&[], &[Doubt::FewImages]);
        assert_eq!(doubtful([(none, 5)], true), None);
        assert_eq!(doubtful([(few, 1), (none, 5)], false).unwrap(), "?: do not rely on it (fewer than 30 images).");
        let mean = doubtful([(few, 5)], true).unwrap();
        assert_eq!(mean, "?: do not rely on it (on some seeds fewer than 30 images). No such value is marked as best.");
    }

    #[test]
    fn a_rate_without_active_units_is_explained() {
        assert_eq!(small_codes([], Some("0.01")), None);
        let one = small_codes(["VIMAE-l"], Some("0.01")).unwrap();
        assert!(one.starts_with("VIMAE-l has a rate and no active unit: over the images no dimension of its mean code"), "{one}");
        assert!(one.contains(" has a variance above 0.01. The rate is measured against the prior"), "{one}");
        let two = small_codes(["VIMAE-l", "a"], None).unwrap();
        assert!(two.contains("VIMAE-l, a have") && two.contains(" their mean code has a variance that counts. "), "{two}");
    }

    #[test]
    fn methods_that_saw_the_same_images_stand_together() {
        let other = OtherImages::of([
            ("digits", "gray", "vae"),
            ("digits", "binary", "b"),
            ("digits", "gray", "vae"),
            ("digits", "gray", "c"),
            ("mnist", "gray", "vae"),
        ]);
        assert!(other.has("digits") && !other.has("mnist"));
        let sentences = other.sentences(true);
        assert!(matches!(sentences.as_slice(), [one] if one.contains(" on different images: VAE, c; b. ")), "{sentences:?}");
    }
}
