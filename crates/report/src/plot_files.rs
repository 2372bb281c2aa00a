//! The plots of a page as files of their own, for a paper.

use std::collections::BTreeSet;

use crate::plot::as_file;

/// The longest name without its number: file systems take 255 bytes.
const LONGEST: usize = 120;

/// Where a plot on a page says how its file is called.
const NAME: &str = "data-file=\"";

/// A plot of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlotFile {
    /// What it shows of what, and a number where another plot has the same words: a file's name without its ending. Training again
    /// does not change it.
    pub name: String,
    /// A whole SVG document.
    pub svg: String,
}

/// The plots of a page that [`page`](crate::page()) made, in its order, each once.
pub fn plots_of(page: &str) -> Vec<PlotFile> {
    let (mut taken, mut found) = (BTreeSet::new(), Vec::<PlotFile>::new());
    for part in page.split("<svg ").skip(1) {
        let Some((inside, _)) = part.split_once("</svg>") else { continue };
        let (name, inside) = match inside.strip_prefix(NAME).and_then(|rest| rest.split_once("\" ")) {
            Some((name, rest)) => (name.to_owned(), rest),
            None => (words(title(inside)), inside),
        };
        let svg = as_file(&format!("<svg {inside}</svg>\n"));
        if found.iter().all(|plot| plot.svg != svg) {
            found.push(PlotFile { name: free(&mut taken, &name), svg });
        }
    }
    found
}

/// The plot with a name for its file, where its title has measured numbers or a path of this machine. The end of a long name is cut.
pub(crate) fn named(plot: &str, name: &str) -> String {
    plot.replacen("<svg ", &format!("<svg {NAME}{}\" ", words(name)), 1)
}

fn title(plot: &str) -> &str {
    plot.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map_or("plot", |(title, _)| title)
}

/// The words of a text, letters and digits alone, as many as there is room for.
fn words(text: &str) -> String {
    let text = ["&amp;", "&lt;", "&gt;", "&quot;"].into_iter().fold(text.to_owned(), |text, escaped| text.replace(escaped, " "));
    let mut name = String::new();
    for part in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()) {
        if !name.is_empty() && name.len() + 1 + part.len() > LONGEST {
            break;
        }
        name += if name.is_empty() { "" } else { "-" };
        name += &part.to_ascii_lowercase();
    }
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
    use crate::plot::{Curves, Line, Scale};

    #[test]
    fn every_plot_of_a_page_is_a_file_under_its_title() {
        let plot = |title: &str, top: f64| {
            let lines = [Line { name: "VAE".into(), colour: 0, points: vec![(0.0, 0.0), (1.0, top)] }];
            Curves { title, x: "step", y: "loss", scales: [Scale::Whole, Scale::Wide], lines: &lines }.svg().unwrap()
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
        // A name of its own goes before the title, and is no part of the file.
        let own = plots_of(&(named(&one, "codes vae") + &named(&other, "codes vae")));
        assert_eq!(own.iter().map(|plot| plot.name.as_str()).collect::<Vec<_>>(), ["codes-vae", "codes-vae-2"]);
        assert_eq!(own[0].svg, found[0].svg);
    }

    #[test]
    fn a_name_ends_with_a_whole_word() {
        let long = words(&"three ".repeat(30));
        assert!(long.len() <= LONGEST && long.ends_with("-three"), "{long}");
        assert_eq!((words(&"x".repeat(200)).len(), words("%")), (LONGEST, "plot".to_owned()));
    }
}
