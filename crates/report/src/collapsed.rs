//! Which methods have collapsed, by everything that was measured of them and not by what one table shows.

use std::collections::{BTreeMap, BTreeSet};

use vimae_spec::{Cell, SummaryRow};

use crate::{caution, headline::collapsed, method};

/// A data set, a network and a method.
type Place<'a> = [&'a str; 3];

/// The methods whose codes say nothing of the images, each on a data set with a network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collapsed<'a> {
    places: BTreeSet<Place<'a>>,
    /// Of these the ones that were trained too short to tell, with their steps.
    unsettled: BTreeMap<Place<'a>, u64>,
}

impl<'a> Collapsed<'a> {
    /// Those of a summary: a rate that stands under another table is one of the same codes.
    pub(crate) fn of(summary: &'a [SummaryRow]) -> Self {
        let mut all: BTreeMap<Place<'a>, Vec<&SummaryRow>> = BTreeMap::new();
        for row in summary {
            all.entry(place(row)).or_default().push(row);
        }
        let places = all.into_iter().filter(|(_, rows)| collapsed(rows).is_some()).map(|(place, _)| place).collect();
        Self { places, unsettled: BTreeMap::new() }
    }

    /// The same where it is known which trainings were too short: their `steps` by the digest of the specification, of which `cells` say
    /// what it is of.
    pub(crate) fn settled_by<'r>(
        mut self,
        steps: impl IntoIterator<Item = (&'r str, u64)>,
        cells: impl IntoIterator<Item = &'a Cell>,
    ) -> Self {
        let steps: BTreeMap<&str, u64> = steps.into_iter().collect();
        for cell in cells {
            let place: Place<'a> = [cell.dataset.as_str(), &cell.model, &cell.method];
            if let Some(steps) = steps.get(cell.spec_sha256.as_str()).filter(|_| self.places.contains(&place)) {
                self.unsettled.insert(place, *steps);
            }
        }
        self
    }

    pub(crate) fn has(&self, row: &SummaryRow) -> bool {
        self.places.contains(&place(row))
    }

    /// What to tell below a table of these rows, a sentence or two each; `marks` as for [`caution::collapse`].
    pub(crate) fn cautions<'r>(&self, rows: impl IntoIterator<Item = &'r SummaryRow>, marks: bool) -> Vec<String> {
        let shown: Vec<&SummaryRow> = rows.into_iter().filter(|row| row.mean.is_some()).collect();
        let has_mmd = shown.iter().any(|row| row.metric == "mmd");
        let (unsettled, settled): (Vec<&SummaryRow>, Vec<_>) =
            shown.iter().copied().filter(|row| self.has(row)).partition(|row| self.unsettled.contains_key(&place(row)));
        let steps = unsettled.iter().filter_map(|row| self.unsettled.get(&place(row))).max().copied().unwrap_or(0);
        let [settled, unsettled] = [settled, unsettled].map(|rows| names(&rows, &shown));
        let collapse = caution::collapse(settled.iter().map(String::as_str), has_mmd, marks);
        collapse.into_iter().chain(caution::unsettled(unsettled.iter().map(String::as_str), steps, marks)).collect()
    }
}

fn place(row: &SummaryRow) -> Place<'_> {
    [&row.dataset, &row.model, &row.method]
}

/// The methods of `rows` as they are written, with their data sets where the table has values of theirs on others as well.
fn names(rows: &[&SummaryRow], shown: &[&SummaryRow]) -> Vec<String> {
    let of = |rows: &[&SummaryRow], method: &str| -> BTreeSet<String> {
        rows.iter().filter(|row| row.method == method).map(|row| row.dataset.clone()).collect()
    };
    let named = |method: &str| {
        let (label, datasets) = (method::label(method), of(rows, method));
        match datasets == of(shown, method) {
            true => vec![label],
            false => datasets.into_iter().map(|dataset| format!("{label} on {dataset}")).collect(),
        }
    };
    method::distinct(rows.iter().map(|row| row.method.as_str())).into_iter().flat_map(named).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row([dataset, model, method]: [&str; 3], metric: &str, mean: f64) -> SummaryRow {
        let row = json!({
            "target": "t", "dataset": dataset, "model": model, "method": method, "entry": metric, "metric": metric, "protocol": "p",
            "unit": "1", "higher_is_better": null, "mean": mean, "seeds": 3,
        });
        serde_json::from_value(row).unwrap()
    }

    const CONV: [&str; 3] = ["mnist", "wae_conv", "beta_h_vae"];
    const MLP: [&str; 3] = ["mnist", "mlp", "beta_h_vae"];
    const OTHER: [&str; 3] = ["cifar10", "wae_conv", "beta_h_vae"];

    #[test]
    fn a_rate_of_another_table_decides_and_one_of_another_network_does_not() {
        let summary = [row(CONV, "rate", 0.001), row(CONV, "accuracy", 43.0), row(MLP, "rate", 9.0), row(MLP, "mmd", 0.1)];
        let collapsed = Collapsed::of(&summary);
        assert_eq!(summary.each_ref().map(|row| collapsed.has(row)), [true, true, false, false]);
        let alone = "βH-VAE has collapsed: its codes say next to nothing of an image.";
        assert_eq!(collapsed.cautions([&summary[1]], false), [alone]);
        assert_eq!(collapsed.cautions([&summary[2], &summary[3]], false), [""; 0]);
        // What a table has no value of is not shown by it.
        let without = SummaryRow { mean: None, ..summary[1].clone() };
        assert_eq!(collapsed.cautions([&without], false), [""; 0]);
    }

    #[test]
    fn a_method_that_has_collapsed_on_some_of_a_table_s_data_sets_is_named_with_them() {
        let summary = [row(CONV, "rate", 0.001), row(CONV, "mmd", 0.1), row(OTHER, "rate", 9.0), row(OTHER, "mmd", 0.2)];
        let collapsed = Collapsed::of(&summary);
        let cautions = collapsed.cautions([&summary[1], &summary[3]], true);
        assert!(cautions[0].starts_with("βH-VAE on mnist has collapsed: its codes"), "{cautions:?}");
        assert!(cautions[0].ends_with("a small MMD no merit. None of its values is marked as best."), "{cautions:?}");
    }
}
