//! Methods against headline metrics: a row a method.

use super::{latex, markdown};
use crate::{
    headline_table::{HeadlineTable, HeadlineValue},
    number::{Column, NONE},
};

/// The names of the rows, with their data sets where these differ.
fn names(table: &HeadlineTable) -> Vec<String> {
    let several = table.several_datasets();
    table.rows.iter().map(|row| if several { format!("{}, {}", row.method, row.dataset) } else { row.method.clone() }).collect()
}

/// What its values are, and what stands as a note beside them.
fn legend(table: &HeadlineTable) -> String {
    [table.legend(false)].into_iter().chain(table.of_notes()).collect::<Vec<_>>().join(" ")
}

/// Each column's title with the protocols of its values.
fn protocols(table: &HeadlineTable) -> impl Iterator<Item = (String, String)> {
    table.columns.iter().map(|column| (column.title(), column.protocols.join(" or ")))
}

/// The table in Markdown, below its heading.
pub(super) fn as_markdown(table: &HeadlineTable, heading: &str) -> String {
    let mut text = format!("### {}\n\n", markdown::escaped(heading));
    let headings = table.columns.iter().map(|column| column.heading());
    text += &markdown::line(["Method".to_owned()].into_iter().chain(headings));
    text += &markdown::line(["---".to_owned()].into_iter().chain(table.columns.iter().map(|_| "---:".to_owned())));
    let forms = table.forms();
    for (row, name) in table.rows.iter().zip(names(table)) {
        let value = |(value, form): (&HeadlineValue, &Column)| {
            let text = shown(value, |number| form.show(Some(number)), "±").unwrap_or_else(|| NONE.into());
            let doubt = if value.mean.is_some() && !value.doubts.is_empty() { " ?" } else { "" };
            if value.best { format!("**{text}**{doubt}") } else { text + doubt }
        };
        text += &markdown::line([markdown::escaped(&name)].into_iter().chain(row.values.iter().zip(&forms).map(value)));
    }
    let protocols = protocols(table).map(|(title, protocol)| format!("{}: `{protocol}`", markdown::escaped(&title)));
    text + &format!("\n{}\n\nProtocols: {}.\n", markdown::escaped(&legend(table)), protocols.collect::<Vec<_>>().join("; "))
}

/// The table in LaTeX with `booktabs`.
pub(super) fn as_latex(table: &HeadlineTable, heading: &str, label: &str) -> String {
    let mut lines = vec![
        "% Needs \\usepackage{booktabs}.".to_owned(),
        "\\begin{table}".into(),
        "  \\centering".into(),
        format!("  \\caption{{{}. {}}}", latex::escaped(heading.trim_end_matches('.')), latex::escaped(&legend(table))),
        format!("  \\label{{tab:{}}}", latex::label(label)),
        format!("  \\begin{{tabular}}{{l{}}}", "r".repeat(table.columns.len())),
        "    \\toprule".into(),
    ];
    lines.extend(protocols(table).map(|(title, protocol)| format!("    % {title}: {}", protocol.replace('\n', " "))));
    lines.extend([
        latex::line(["Method".to_owned()].into_iter().chain(table.columns.iter().map(|column| latex::escaped(&column.heading())))),
        "    \\midrule".into(),
    ]);
    let forms = table.forms();
    for (row, name) in table.rows.iter().zip(names(table)) {
        let value = |(value, form): (&HeadlineValue, &Column)| match shown(value, |number| latex::number(number, *form), "\\pm") {
            Some(text) => {
                let doubt = if value.doubts.is_empty() { "" } else { "\\,?" };
                if value.best { format!("$\\mathbf{{{text}}}${doubt}") } else { format!("${text}${doubt}") }
            }
            None => "--".into(),
        };
        lines.push(latex::line([latex::escaped(&name)].into_iter().chain(row.values.iter().zip(&forms).map(value))));
    }
    lines.extend(["    \\bottomrule".into(), "  \\end{tabular}".into(), "\\end{table}".into(), String::new()]);
    lines.join("\n")
}

/// Mean and standard deviation, of a count the most that it can be, and of how many seeds where not of all.
fn shown(value: &HeadlineValue, number: impl Fn(f64) -> String, plus_minus: &str) -> Option<String> {
    let mean = number(value.mean?);
    let text = HeadlineTable::deviation(value).map_or(mean.clone(), |deviation| format!("{mean} {plus_minus} {}", number(deviation)));
    let of: Vec<String> = HeadlineTable::of_most(value).into_iter().chain(HeadlineTable::of_seeds(value)).collect();
    Some(match of.join(" ") {
        of if of.is_empty() => text,
        of if plus_minus.starts_with('\\') => format!("{text}\\ \\mbox{{{of}}}"),
        of => format!("{text} {of}"),
    })
}
