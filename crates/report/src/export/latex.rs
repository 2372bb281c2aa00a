//! Tables for LaTeX with `booktabs`.

use super::table::{Ours, Table};
use crate::number::{Column, probability, unsigned_zero};

/// A floating table; what a reader must know stands in its caption.
pub(super) fn text(table: &Table) -> String {
    let mut lines = vec![
        "% Needs \\usepackage{booktabs}.".to_owned(),
        "\\begin{table}".into(),
        "  \\centering".into(),
        format!("  \\caption{{{}}}", caption(table)),
        format!("  \\label{{tab:{}}}", label(&table.name)),
        format!("  \\begin{{tabular}}{{ll{}}}", "r".repeat(table.methods.len())),
        "    \\toprule".into(),
        line(["Quantity".to_owned(), String::new()].into_iter().chain(table.methods.iter().map(|method| escaped(method)))),
        "    \\midrule".into(),
    ];
    for row in &table.rows {
        // Where quantities share a name, their protocols tell them apart.
        let label = match table.rows.iter().filter(|other| other.label == row.label).count() {
            1 => escaped(&row.label),
            _ => format!("{}, {}", escaped(&row.label), escaped(&row.protocol)),
        };
        let protocol =
            if row.protocol.is_empty() { "    % not measured".to_owned() } else { format!("    % {}", row.protocol.replace('\n', " ")) };
        lines.push(protocol);
        lines.push(line([label, "ours".into()].into_iter().chain(row.ours.iter().map(ours))));
        if row.paper.iter().any(Option::is_some) {
            let mark = if row.recovered { "paper$^\\dagger$" } else { "paper" };
            let values = row.paper.iter().map(|value| value.map_or_else(|| "--".into(), |v| format!("${v}$")));
            lines.push(line([String::new(), mark.to_owned()].into_iter().chain(values)));
        }
    }
    lines.extend(["    \\bottomrule".into(), "  \\end{tabular}".into(), "\\end{table}".into(), String::new()]);
    lines.join("\n")
}

fn caption(table: &Table) -> String {
    let mut caption = escaped(table.heading.trim_end_matches('.'));
    if !table.title.is_empty() {
        caption += &format!(". {}", escaped(&table.title));
    }
    for note in table.notes() {
        caption += &format!(". {}", escaped(note.trim_end_matches('.')));
    }
    caption + "."
}

pub(super) fn line(cells: impl Iterator<Item = String>) -> String {
    format!("    {} \\\\", cells.collect::<Vec<_>>().join(" & "))
}

fn ours(value: &Option<Ours>) -> String {
    let Some(Ours { mean, spread, best, doubtful, column }) = value else { return "--".into() };
    let show = |value: f64| number(value, *column);
    let text = show(*mean) + &spread.map_or_else(String::new, |spread| spread.text(["\\pm", "\\mbox{ to }"], show));
    let doubt = if *doubtful { "\\,?" } else { "" };
    if *best { format!("$\\mathbf{{{text}}}${doubt}") } else { format!("${text}${doubt}") }
}

/// A number in mathematics.
pub(super) fn number(value: f64, column: Column) -> String {
    match column {
        _ if !value.is_finite() => "\\mathrm{not\\ finite}".into(),
        Column::Fixed(digits) => unsigned_zero(format!("{value:.digits$}")),
        Column::Scientific => {
            let text = unsigned_zero(format!("{value:.3e}"));
            let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
            format!("{digits} \\times 10^{{{power}}}")
        }
        Column::Probability => probability(value),
    }
}

/// What `\label` takes.
pub(super) fn label(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Characters that the fonts of plain LaTeX lack, by their commands of mathematics.
const MATHEMATICS: [(char, &str); 43] = [
    ('α', "\\alpha"),
    ('β', "\\beta"),
    ('γ', "\\gamma"),
    ('δ', "\\delta"),
    ('ε', "\\varepsilon"),
    ('ζ', "\\zeta"),
    ('η', "\\eta"),
    ('θ', "\\theta"),
    ('ι', "\\iota"),
    ('κ', "\\kappa"),
    ('λ', "\\lambda"),
    ('μ', "\\mu"),
    ('ν', "\\nu"),
    ('ξ', "\\xi"),
    ('π', "\\pi"),
    ('ρ', "\\rho"),
    ('σ', "\\sigma"),
    ('τ', "\\tau"),
    ('υ', "\\upsilon"),
    ('φ', "\\varphi"),
    ('χ', "\\chi"),
    ('ψ', "\\psi"),
    ('ω', "\\omega"),
    ('Γ', "\\Gamma"),
    ('Δ', "\\Delta"),
    ('Θ', "\\Theta"),
    ('Λ', "\\Lambda"),
    ('Ξ', "\\Xi"),
    ('Π', "\\Pi"),
    ('Σ', "\\Sigma"),
    ('Φ', "\\Phi"),
    ('Ψ', "\\Psi"),
    ('Ω', "\\Omega"),
    ('−', "-"),
    ('±', "\\pm"),
    ('×', "\\times"),
    ('†', "\\dagger"),
    ('‡', "\\ddagger"),
    ('↑', "\\uparrow"),
    ('↓', "\\downarrow"),
    ('≤', "\\leq"),
    ('≥', "\\geq"),
    ('∞', "\\infty"),
];

/// Text in which no character is a command.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '\\' => escaped += "\\textbackslash{}",
            '~' => escaped += "\\textasciitilde{}",
            '^' => escaped += "\\textasciicircum{}",
            '<' => escaped += "\\textless{}",
            '>' => escaped += "\\textgreater{}",
            '|' => escaped += "\\textbar{}",
            // \textquotedbl does not exist in LaTeX's default encoding. Behind a space or a bracket a quotation begins.
            '"' if before.is_whitespace() || matches!(before, '(' | '[' | '{' | '=') => escaped += "``",
            '"' => escaped += "''",
            '{' | '}' | '$' | '&' | '#' | '_' | '%' => escaped.extend(['\\', c]),
            _ => match MATHEMATICS.iter().find(|(known, _)| *known == c) {
                Some((_, command)) => escaped += &format!("${command}$"),
                None => escaped.push(c),
            },
        }
        before = c;
    }
    escaped
}
