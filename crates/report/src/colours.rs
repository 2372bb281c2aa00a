//! One colour a method, in every plot of a page.

use std::collections::{BTreeMap, BTreeSet};

use crate::{method, plot::PALETTE};

/// The place of each method of a page among the colours.
pub(crate) struct Colours<'a>(BTreeMap<&'a str, usize>);

impl<'a> Colours<'a> {
    /// The paper's methods first, in its order, then all others by name, then points of grids: a grid of many points leaves the
    /// others their colours.
    pub(crate) fn of(methods: impl IntoIterator<Item = &'a str>) -> Self {
        let methods = method::sorted(methods);
        let without_point = method::sorted(methods.iter().map(|name| method::without_point(name)));
        let points = methods.into_iter().filter(|name| method::without_point(name) != *name);
        Self(without_point.into_iter().chain(points).zip(0..).collect())
    }

    /// The colours of the methods of one plot, as places in [`PALETTE`]: each method's own. Of two with the same colour the later one
    /// takes the next that is free, while there is one.
    pub(crate) fn of_plot(&self, methods: &[&str]) -> Vec<usize> {
        let place = |at: &usize| self.0.get(methods[*at]).copied().unwrap_or(self.0.len());
        let mut order: Vec<usize> = (0..methods.len()).collect();
        order.sort_by_key(place);
        let (mut colours, mut taken) = (vec![0; methods.len()], BTreeSet::new());
        for at in order {
            let own = place(&at);
            let mut from_own = (own..own + PALETTE.len()).map(|colour| colour % PALETTE.len());
            colours[at] = from_own.find(|colour| !taken.contains(colour)).unwrap_or(own % PALETTE.len());
            taken.insert(colours[at]);
        }
        colours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_keeps_its_colour_whatever_stands_beside_it() {
        let colours = Colours::of(["wae_gan", "vimae_n", "vae[objective.beta=2]", "vae[objective.beta=1]", "beta_h_vae", "vimae_n"]);
        assert_eq!(colours.of_plot(&["vae", "beta_h_vae", "vimae_n", "wae_gan"]), [0, 1, 2, 3]);
        assert_eq!(colours.of_plot(&["wae_gan", "vimae_n"]), [3, 2]);
        assert_eq!(colours.of_plot(&["vae[objective.beta=1]", "vae[objective.beta=2]"]), [4, 5]);
        // The curve of a decoder beside the line of its method.
        assert_eq!(colours.of_plot(&["vae", "vae"]), [0, 1]);
    }

    #[test]
    fn the_methods_of_a_plot_differ_while_there_are_colours() {
        let names: Vec<String> = (0..25).map(|i| format!("m{i:02}")).collect();
        let colours = Colours::of(names.iter().map(String::as_str));
        assert_eq!(colours.of_plot(&["m11", "m01", "m21", "m02"]), [3, 1, 4, 2]);
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let of_all = colours.of_plot(&all);
        assert_eq!(of_all[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(of_all[10..], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4]);
    }
}
