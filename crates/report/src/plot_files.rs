//! The plots of a page as files of their own, for a paper.

use std::collections::BTreeSet;

use crate::plot::as_file;

/// The longest name without its number: file systems take 255 bytes.
const LONGEST: usize = 120;

/// A plot of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlotFile {
    /// The words of its title, and a number where another plot has the same: a file's name without its ending.
    pub name: String,
    /// A whole SVG document.
    pub svg: String,
}

/// The plots of a page that [`page`](crate::page()) made, in its order, each once.
pub fn plots_of(page: &str) -> Vec<PlotFile> {
    let (mut taken, mut found) = (BTreeSet::new(), Vec::<PlotFile>::new());
    for part in page.split("<svg ").skip(1) {
        let Some((inside, _)) = part.split_once("</svg>") else { continue };
        let svg = as_file(&format!("<svg {inside}</svg>\n"));
        if found.iter().all(|plot| plot.svg != svg) {
            found.push(PlotFile { name: free(&mut taken, &words(inside)), svg });
        }
    }
    found
}

/// The words of a plot's title, letters and digits alone.
fn words(plot: &str) -> String {
    let title = plot.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map_or("plot", |(title, _)| title);
    let title = ["&amp;", "&lt;", "&gt;", "&quot;"].into_iter().fold(title.to_owned(), |title, escaped| title.replace(escaped, " "));
    let parts = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let mut name = parts.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    // Whole characters: all of them are ASCII.
    name.truncate(LONGEST);
    if name.is_empty() { "plot".to_owned() } else { name }
}

/// The name itself, or with the first number that no other has.
fn free(taken: &mut BTreeSet<String>, name: &str) -> String {
    let numbered = |n: usize| if n == 1 { name.to_owned() } else { format!("{name}-{n}") };
    let free = (1..).map(numbered).find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Curves, Line};

    #[test]
    fn every_plot_of_a_page_is_a_file_under_its_title() {
        let plot = |title: &str, top: f64| {
            let lines = [Line { name: "VAE".into(), colour: 0, points: vec![(0.0, 0.0), (1.0, top)] }];
            Curves { title, x: "step", y: "loss", lines: &lines }.svg().unwrap()
        };
        let (one, other) = (plot("A & b: <rate>, 50 % λ", 1.0), plot("Loss", 2.0));
        let page = format!("<p>text</p>{one}<p>more</p>{other}{}{other}", plot("loss", 3.0));
        let found = plots_of(&page);
        assert_eq!(found.iter().map(|plot| plot.name.as_str()).collect::<Vec<_>>(), ["a-b-rate-50", "loss", "loss-2"]);
        for PlotFile { svg, .. } in &found {
            // On the page it takes size, colour and font from there.
            assert!(
                svg.starts_with("<svg width=\"450\" height=\"250\" font-family=\"sans-serif\" viewBox=\"0 0 1350 750\" xmlns="),
                "{svg}"
            );
            assert!(svg.contains("fill=\"#000000\"") && !svg.contains("currentColor") && !svg.contains("max-width"), "{svg}");
            assert!(svg.ends_with("</svg>\n"), "{svg}");
        }
        assert!(plots_of("<p>none</p>").is_empty());
    }
}
