//! A method has one colour in all plots of a page.

use vimae_report::page;

use crate::made_up::results;

/// The colours of the marks beside a name, one a legend that has it.
fn colours_of(html: &str, name: &str) -> Vec<String> {
    let name = format!(">\n{name}\n</text>");
    let of = |plot: &str| {
        let (before, _) = plot.split_once(&name)?;
        let (_, colour) = before.rsplit_once("fill=\"#")?;
        Some(colour.get(..6)?.to_owned())
    };
    // Rows of values beside the paper's have names and no legend.
    html.split("<svg ").skip(1).filter(|plot| !plot.contains("ours beside the paper's")).filter_map(of).collect()
}

#[test]
fn a_method_has_one_colour_whatever_the_order_of_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 1).unwrap();
    made_up.experiments[0].runs.reverse();
    let html = page(&made_up.input()).unwrap();
    for (name, colour) in [("VAE", "7692FF"), ("βH-VAE", "E96C37"), ("βA-VAE", "B96FAB"), ("VIMAE-n", "C90002"), ("VIMAE-l", "902FFD")] {
        let found = colours_of(&html, name);
        assert!(found.len() >= 4 && found.iter().all(|of_plot| of_plot == colour), "{name}: {found:?}");
    }
}
