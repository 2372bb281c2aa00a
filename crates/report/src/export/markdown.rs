//! Tables for Markdown.

use super::table::{Ours, Table};
use crate::{number::NONE, spread::Spread};

/// A heading and a table.
pub(super) fn text(table: &Table) -> String {
    let title = if table.title.is_empty() { String::new() } else { format!(": {}", escaped(&table.title)) };
    let mut text = format!("### {}{title}\n\n", escaped(&table.heading));
    let methods = table.methods.iter().map(|method| escaped(method));
    text += &line(["Quantity".to_owned(), String::new()].into_iter().chain(methods));
    text += &line(["---".to_owned(), "---".into()].into_iter().chain(table.methods.iter().map(|_| "---:".into())));
    for row in &table.rows {
        let label = match row.protocol.as_str() {
            "" => escaped(&row.label),
            protocol => format!("{} `{}`", escaped(&row.label), protocol.replace('|', "\\|")),
        };
        text += &line([label, "ours".into()].into_iter().chain(row.ours.iter().map(ours)));
        if row.paper.iter().any(Option::is_some) {
            let mark = if row.recovered { "paper†" } else { "paper" };
            let values = row.paper.iter().map(|value| value.map_or_else(|| NONE.into(), |v| v.to_string()));
            text += &line([String::new(), mark.to_owned()].into_iter().chain(values));
        }
    }
    let notes = table.notes();
    if !notes.is_empty() {
        text += &format!("\n{}\n", escaped(&notes.join(" ")));
    }
    text
}

pub(super) fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn ours(value: &Option<Ours>) -> String {
    let Some(Ours { mean, spread, best, doubtful, column }) = value else { return NONE.into() };
    let show = |number: f64| column.show(Some(number));
    let text = show(*mean) + &spread.map_or_else(String::new, |spread| spread.text(Spread::PLAIN, show));
    let doubt = if *doubtful { " ?" } else { "" };
    if *best { format!("**{text}**{doubt}") } else { text + doubt }
}

/// Text in which no character has a meaning of its own.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        // GitHub sets what stands between dollars as mathematics.
        if matches!(c, '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '#' | '$') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_escapes_every_special_character() {
        assert_eq!(escaped(r"a\b|*_`[]<>#$x$"), r"a\\b\|\*\_\`\[\]\<\>\#\$x\$");
    }
}
