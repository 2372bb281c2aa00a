//! Which class was taken for which, as shaded tables.

use maud::{Markup, html};
use vimae_spec::{Confusion, Slice};

/// Classes of a table at most.
const MOST_CLASSES: usize = 20;

/// Tables of the main protocol, which comes first: on clean images, and under each corruption at its strongest.
pub(super) fn tables(confusions: &[Confusion]) -> Markup {
    let main = confusions.first().map(|first| &first.protocol);
    let of_main = || confusions.iter().filter(|c| Some(&c.protocol) == main);
    let shown = || of_main().filter(|shown| of_main().all(|other| !is_weaker(shown.slice.as_ref(), other.slice.as_ref())));
    html! {
        p.quiet { @if let Some(main) = main { code { (main) } ": " } "rows are true classes, columns predicted ones, in percent of the row." }
        @for confusion in shown() {
            h4 { code { (confusion.metric) } }
            @if confusion.classes.len() > MOST_CLASSES {
                p.missing { (confusion.classes.len()) " classes are too many for a table; all counts are in the run's folder." }
            } @else { (table(confusion)) }
        }
    }
}

/// Whether both are of one corruption, the first at less strength.
fn is_weaker(of: Option<&Slice>, than: Option<&Slice>) -> bool {
    match (of, than) {
        (Some(Slice::Corruption { name, strength }), Some(Slice::Corruption { name: other, strength: stronger })) => {
            name == other && strength < stronger
        }
        _ => false,
    }
}

fn table(confusion: &Confusion) -> Markup {
    let numbered = || confusion.classes.iter().map(u32::to_string).collect();
    let classes: Vec<String> = if confusion.names.is_empty() { numbered() } else { confusion.names.clone() };
    html! { div.scroll { table {
        thead { tr { th {} @for class in &classes { th.number { (class) } } } }
        tbody { @for (class, row) in classes.iter().zip(&confusion.counts) {
            @let all: u64 = row.iter().sum();
            tr {
                th scope="row" { (class) }
                @for count in row {
                    @let share = if all > 0 { *count as f64 / all as f64 } else { 0.0 };
                    td.number style={ "background: color-mix(in srgb, currentColor " (format!("{:.0}", 40.0 * share)) "%, transparent)" } {
                        (format!("{:.0}", 100.0 * share))
                    }
                }
            }
        } }
    } } }
}
