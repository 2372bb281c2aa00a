//! Methods in pairs, on the same seeds.

use std::collections::BTreeMap;

use maud::{Markup, html};
use vimae_spec::{Comparisons, PairedComparison, unit_of_difference};

use super::words::parted;
use crate::{
    compare::rank,
    method,
    number::{Column, NONE, plural, probability},
    spread::half,
};

/// Differences between methods, folded by target in the order of the page, each below its heading; empty where nothing was compared.
pub(super) fn section(comparisons: Option<&Comparisons>, heading: impl Fn(&str) -> String) -> Markup {
    let Some(comparisons) = comparisons.filter(|c| !c.pairs.is_empty()) else { return html! {} };
    let mut targets: BTreeMap<(usize, u64, &str), Vec<&PairedComparison>> = BTreeMap::new();
    for pair in &comparisons.pairs {
        targets.entry(rank(&pair.target)).or_default().push(pair);
    }
    let most = comparisons.pairs.iter().map(|pair| pair.n).max().unwrap_or(0);
    html! {
        h3 { "Methods in pairs" }
        p {
            "First method minus second on the seeds that both have, " (plural(most, "seed")) " at most. "
            @if most < 2 { "With one seed there is a difference and no test of it: " code { "comparisons.json" } " beside this page has the differences." }
            @else { "p of the paired t test and of the sign-flip permutation test, both two-sided and corrected by Holm over the pairs of a metric and protocol. Before correction no permutation p of " (most) " seeds is below " (least(most)) "; it is left out where it cannot come to 0.05. Intervals are not corrected: of many pairs, some exclude zero by chance." }
        }
        @for ((_, _, target), pairs) in targets.iter().filter(|_| most > 1) { details {
            summary { (heading(target)) ": " (plural(pairs.len(), "pair")) }
            div.scroll { table.sortable {
                thead { tr {
                    th { "Data" } th { "Metric" } th { "Protocol" } th { "Methods" } th.number { "Difference" } th.number { "95 % interval" }
                    th { "Unit" } th.number { "p (t)" } th.number { "p (permutation)" } th.number { "n" }
                } }
                tbody { @for pair in pairs { (row(pair)) } }
            } }
        } }
    }
}

fn row(pair: &PairedComparison) -> Markup {
    let column = Column::of_means([(pair.difference, pair.interval.map(half))]);
    html! { tr {
        td { (pair.dataset) } td { (parted(&pair.metric)) } td.protocol { (parted(&pair.protocol.to_string())) }
        th scope="row" { (method::label(&pair.method)) " \u{2212} " (method::label(&pair.other)) }
        td.number data-value=(pair.difference) { (column.signed(Some(pair.difference))) }
        td.number { @match pair.interval {
            Some([low, high]) => { (column.signed(Some(low))) " \u{2026} " (column.signed(Some(high))) }
            None => { (NONE) }
        } }
        td { (unit_of_difference(&pair.protocol, &pair.unit).unwrap_or("")) }
        td.number data-value=[pair.p_t_holm] { (shown(pair.p_t_holm)) }
        td.number data-value=[pair.p_permutation_holm] { (shown(pair.p_permutation_holm)) }
        td.number { (pair.n) }
    } }
}

fn shown(p: Option<f64>) -> String {
    p.map_or_else(|| NONE.into(), probability)
}

/// The least p of a two-sided sign-flip test.
fn least(seeds: usize) -> String {
    let floor = 2.0_f64.powi(1 - i32::try_from(seeds).unwrap_or(i32::MAX));
    if floor < 1e-4 { format!("{floor:.0e}") } else { format!("{floor:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::heading;

    fn pair(n: usize) -> PairedComparison {
        PairedComparison {
            target: "table3".into(),
            dataset: "mnist".into(),
            paper_dataset: None,
            metric: "rate".into(),
            protocol: "rate.<x>".into(),
            unit: "nats".into(),
            direction: vimae_spec::Direction::Neither,
            method: "vae".into(),
            other: "vimae_n".into(),
            n,
            difference: -1.5,
            interval: (n > 1).then_some([-2.0, -1.0]),
            t: None,
            p_t: None,
            p_t_holm: (n > 1).then_some(0.01),
            p_permutation: None,
            p_permutation_floor: None,
            p_permutation_holm: (n > 1).then_some(0.00001),
            exact: true,
        }
    }

    fn of_pair(n: usize) -> String {
        section(Some(&Comparisons { pairs: vec![pair(n)], ..Comparisons::default() }), heading).into_string()
    }

    #[test]
    fn a_pair_shows_its_difference_interval_tests_and_number() {
        let html = of_pair(5);
        for expected in ["−1.50", ">0.010<", ">&lt; 0.001<", "rate.<wbr>&lt;x&gt;", "below 0.0625", "5 seeds at most"] {
            assert!(html.contains(expected), "{expected}: {html}");
        }
        assert!(html.contains(">5</td>"), "{html}");
    }

    #[test]
    fn one_seed_has_no_test_and_no_pairs_no_section() {
        assert!(of_pair(1).contains("no test of it"));
        assert_eq!(section(None, heading).into_string(), "");
        assert_eq!(section(Some(&Comparisons::default()), heading).into_string(), "");
    }
}
