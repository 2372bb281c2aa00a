//! The headline table for a terminal.

use crate::{
    headline_table::{HeadlineRow, HeadlineTable, HeadlineValue},
    number::Column,
};

/// The table as text, with what its values are below it; where it has no value, why, and empty where nothing was asked for. Columns that
/// do not fit into lines of `wide` characters go below, with the methods once more.
pub fn headline_text(table: &HeadlineTable, wide: usize) -> String {
    if table.columns.is_empty() {
        return table.of_absent().map(|line| line + "\n").collect();
    }
    let names = names(table);
    let columns: Vec<Vec<String>> = table
        .columns
        .iter()
        .zip(table.forms())
        .enumerate()
        .map(|(place, (column, form))| {
            let at = |row: &HeadlineRow| row.values.get(place).cloned().unwrap_or_default();
            let widest = table.rows.iter().map(|row| mark(&at(row)).len()).max().unwrap_or(0);
            let values = table.rows.iter().map(|row| shown(&at(row), form, widest));
            [column.heading()].into_iter().chain(values).collect()
        })
        .collect();
    let mut blocks: Vec<Vec<&[String]>> = Vec::new();
    let mut taken = wide;
    for column in &columns {
        let more = 2 + width(column);
        if taken + more > wide || blocks.is_empty() {
            blocks.push(vec![&names]);
            taken = width(&names);
        }
        taken += more;
        if let Some(block) = blocks.last_mut() {
            block.push(column);
        }
    }
    let mut text: String = blocks.iter().map(|block| lines(block) + "\n").collect();
    text += &legend(table);
    text
}

fn names(table: &HeadlineTable) -> Vec<String> {
    let several = table.several_datasets();
    let name = |row: &HeadlineRow| if several { format!("{}, {}", row.method, row.dataset) } else { row.method.clone() };
    ["Method".to_owned()].into_iter().chain(table.rows.iter().map(name)).collect()
}

/// A value; `widest`: characters of the longest mark in its column, so that all numbers end alike.
fn shown(value: &HeadlineValue, form: Column, widest: usize) -> String {
    let deviation = HeadlineTable::deviation(value).map_or_else(String::new, |deviation| format!(" ± {}", form.show(Some(deviation))));
    let of: String = HeadlineTable::of_most(value).into_iter().chain(HeadlineTable::of_seeds(value)).map(|of| format!(" {of}")).collect();
    format!("{}{deviation}{of}{:<widest$}", form.show(value.mean), mark(value))
}

/// What stands behind a value: whether it is the best of its column, and whether it should not be relied on.
fn mark(value: &HeadlineValue) -> &'static str {
    match (value.best, value.doubts.is_empty()) {
        (true, true) => " *",
        (true, false) => " *?",
        (false, true) => "",
        (false, false) => " ?",
    }
}

fn legend(table: &HeadlineTable) -> String {
    let values = || table.rows.iter().flat_map(|row| &row.values);
    let bold = values().any(|value| value.best);
    let seeds = table.rows.iter().map(|row| row.seeds).max().unwrap_or(0);
    let mut text = match seeds {
        0..=2 => table.of_seeds_in_all(false),
        n => format!("Mean ± standard deviation over {n} seeds."),
    };
    if let Some(fewer) = table.of_fewer_seeds() {
        text += &format!(" {fewer}");
    }
    if bold {
        text += "\n*: best; the 95 % interval of its difference from every other method, seed by seed, has one sign.";
    }
    if let Some(doubts) = table.of_doubts() {
        text += &format!(" {doubts}");
    }
    for caution in table.of_collapse().into_iter().chain(table.of_unsettled()).chain(table.of_small_codes()) {
        text += &format!("\n{caution}");
    }
    for other_images in table.of_other_images() {
        text += &format!("\n{other_images}");
    }
    for mixed in table.of_protocols() {
        text += &format!("\n{mixed}");
    }
    for line in table.of_notes().into_iter().chain(table.of_absent()) {
        text += &format!("\n{line}");
    }
    text + "\n"
}

/// Columns side by side: the first to the left, numbers to the right.
fn lines(columns: &[&[String]]) -> String {
    let widths: Vec<usize> = columns.iter().map(|column| width(column)).collect();
    let height = columns.iter().map(|column| column.len()).max().unwrap_or(0);
    let line = |row: usize| {
        let cells = columns.iter().zip(&widths).enumerate().map(|(place, (column, width))| {
            let cell = column.get(row).map_or("", String::as_str);
            if place == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    (0..height).map(line).collect()
}

fn width(column: &[String]) -> usize {
    column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use vimae_spec::{Direction, Measurement};

    use super::*;
    use crate::observation::Observation;

    #[test]
    fn numbers_stand_below_one_another_and_wide_tables_go_on_below() {
        let value = |entry: &str, metric: &str, protocol: &str, value: f64| {
            Measurement::new(entry, metric, protocol.into(), "1").valued(value, None).better(Direction::Lower)
        };
        let of = |shift: f64| {
            [
                value("reconstruction", "reconstruction", "reconstruction(code=mean)", 1.0 + shift),
                value("mmd", "mmd", "mmd.imq.u(N=10)", 0.25 - shift / 10.0),
                value("rate", "rate", "rate.gaussian", 100.0 * shift),
            ]
        };
        let made: Vec<(&str, u64, Measurement)> = [("vae", 0.5), ("a_long_name", 0.125)]
            .into_iter()
            .flat_map(|(method, shift)| (0..2).flat_map(move |seed| of(shift + seed as f64 / 8.0).map(|one| (method, seed, one))))
            .collect();
        let observations = made.iter().map(|(method, seed, measurement)| Observation {
            method,
            dataset: "digits",
            data: "",
            seed: *seed,
            code: None,
            unsettled: None,
            measurement,
        });
        let mut table = HeadlineTable::of(observations, |_| None);
        let expected = "\
Method       Reconstruction ↓            MMD ↓      Rate ↓
VAE             1.562 ± 0.088  0.1938 ± 0.0088  56.2 ± 8.8
a_long_name     1.188 ± 0.088  0.2313 ± 0.0088  18.8 ± 8.8

Mean ± standard deviation over 2 seeds, too few to mark anything as best.
";
        assert_eq!(headline_text(&table, 100), expected);
        assert_eq!([60, 46, 39].map(|wide| headline_text(&table, wide).matches("Method ").count()), [1, 2, 3]);
        table.rows[1].values[0].best = true;
        table.rows[0].method = "x".repeat(80);
        let text = headline_text(&table, 100);
        assert!(
            text.contains("*: best; the 95 % interval of its difference from every other method, seed by seed, has one sign."),
            "{text}"
        );
        assert!(text.contains("1.188 ± 0.088 *\n") && text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert_eq!(text.matches("Method ").count(), 3, "{text}");
        let mut nothing = HeadlineTable { columns: Vec::new(), rows: Vec::new(), absent: Vec::new() };
        assert_eq!(headline_text(&nothing, 100), "");
        nothing.absent.push(("Accuracy".into(), "5 labels for 10 classes".into()));
        assert_eq!(headline_text(&nothing, 100), "Accuracy has no value: 5 labels for 10 classes.\n");
    }
}
