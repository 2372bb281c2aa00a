//! Which class was taken for which, as shaded tables.

use maud::{Markup, html};
use vimae_spec::{Confusion, Slice};

/// Classes of a table at most.
const MOST_CLASSES: usize = 20;
/// Characters of a cell at least: those of 100.
const CELL: usize = 3;
/// What corruptions are called, as the paper calls them; others have their own name.
const CORRUPTIONS: [(&str, &str); 2] = [("gaussian", "Gaussian noise"), ("mask", "Mask")];

/// Tables of the main protocol, which comes first: on clean images, and under each corruption at its strongest.
pub(super) fn tables(confusions: &[Confusion]) -> Markup {
    let main = confusions.first().map(|first| &first.protocol);
    let of_main = || confusions.iter().filter(|c| Some(&c.protocol) == main);
    let shown = || of_main().filter(|shown| of_main().all(|other| !is_weaker(shown.slice.as_ref(), other.slice.as_ref())));
    html! {
        p.quiet { @if let Some(main) = main { code { (main) } ": " } "rows are true classes, columns predicted ones, in percent of the row." }
        @for confusion in shown() {
            h4 { (title(confusion.slice.as_ref())) }
            @if confusion.classes.len() > MOST_CLASSES {
                p.missing { (confusion.classes.len()) " classes are too many for a table; all counts are in the run's folder." }
            } @else { (table(confusion)) }
        }
    }
}

/// What became of the images of a table.
fn title(slice: Option<&Slice>) -> String {
    match slice {
        None => "Clean".into(),
        Some(Slice::Corruption { name, strength }) => {
            let known = CORRUPTIONS.iter().find(|(known, _)| known == name);
            format!("{} {strength}", known.map_or(name.as_str(), |(_, title)| *title))
        }
        Some(other) => other.to_string(),
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
    let widest = classes.iter().map(|class| class.chars().count()).fold(CELL, usize::max);
    html! { div.scroll { table.confusion {
        thead { tr { th {} @for class in &classes { th style={ "min-width: " (widest) "ch" } { (class) } } } }
        tbody { @for (class, row) in classes.iter().zip(&confusion.counts) {
            @let all: u64 = row.iter().sum();
            tr {
                th scope="row" { (class) }
                @for count in row {
                    @let share = if all > 0 { *count as f64 / all as f64 } else { 0.0 };
                    td style={ "background: color-mix(in srgb, currentColor " (format!("{:.0}", 40.0 * share)) "%, transparent)" } {
                        (format!("{:.0}", 100.0 * share))
                    }
                }
            }
        } }
    } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion(corruption: Option<(&str, f64)>, names: &[&str]) -> Confusion {
        let slice = corruption.map(|(name, strength)| Slice::Corruption { name: name.into(), strength });
        let names = names.iter().map(ToString::to_string).collect();
        let (protocol, metric) = ("knn".into(), "accuracy.gaussian_0_4".into());
        Confusion { protocol, metric, slice, classes: vec![0, 1], names, counts: vec![vec![3, 1], vec![0, 4]] }
    }

    #[test]
    fn tables_are_named_in_words_and_their_columns_are_alike() {
        let all = [None, Some(("gaussian", 0.2)), Some(("gaussian", 0.4)), Some(("mask", 0.5)), Some(("rotation", 30.0))];
        let html = tables(&all.map(|corruption| confusion(corruption, &[]))).into_string();
        let titles: Vec<&str> = html.split("<h4>").skip(1).filter_map(|part| part.split("</h4>").next()).collect();
        assert_eq!(titles, ["Clean", "Gaussian noise 0.4", "Mask 0.5", "rotation 30"]);
        assert_eq!(html.matches("<table class=\"confusion\">").count(), 4);
        assert_eq!(html.matches("<th style=\"min-width: 3ch\">").count(), 8);
        assert!(!html.contains("accuracy.") && !html.contains("class=\"number\""), "{html}");
        let named = tables(&[confusion(None, &["cat", "automobile"])]).into_string();
        assert!(named.contains("<th style=\"min-width: 10ch\">cat</th><th style=\"min-width: 10ch\">automobile</th>"), "{named}");
    }
}
