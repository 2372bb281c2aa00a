//! Files that were left out where results were kept do not read as damage.

use std::fs;

use vimae_report::page;

use crate::made_up::{MadeUp, results};

/// The files of the runs of the first experiment that are kept without weights: of these methods, and without files of these endings.
fn keep(made_up: &mut MadeUp, methods: &[&str], without: &[&str]) {
    for run in made_up.experiments[0].runs.iter_mut().filter(|run| methods.contains(&run.record.spec.method.as_str())) {
        run.has_weights = false;
        let names = run.record.figures.iter().map(|figure| figure.file.as_str()).chain([run.record.log.as_str()]);
        for name in names.filter(|name| without.iter().any(|ending| name.ends_with(ending))) {
            // One of them is missing from the beginning.
            fs::remove_file(run.folder.join(name)).ok();
        }
    }
}

#[test]
fn what_was_not_kept_is_said_once_and_an_experiment_with_images_is_open() {
    const ALL: [&str; 5] = ["vae", "beta_h_vae", "beta_a_vae", "vimae_n", "vimae_l"];
    let folder = tempfile::tempdir().unwrap();
    let html = |methods: &[&str], without: &[&str]| {
        let mut made_up = results(folder.path(), 1).unwrap();
        keep(&mut made_up, methods, without);
        page(&made_up.input()).unwrap()
    };
    let is_open = |html: &str, place: usize| html.contains(&format!(" id=\"images-{place}\" open>"));
    let whole = html(&[], &[]);
    assert!(is_open(&whole, 1) && !is_open(&whole, 2) && !whole.contains("not kept"));
    assert!(whole.contains("samples.png: the file is missing"));

    let kept = html(&ALL, &[".png"]);
    assert_eq!(kept.matches("<p class=\"quiet\">Images were not kept with these runs.</p>").count(), 1);
    assert!(!kept.contains("the file is missing") && !is_open(&kept, 1) && is_open(&kept, 2));
    // What was kept is shown.
    assert!(kept.contains("Codes on their principal components") && kept.contains("Curves of training"));

    assert!(html(&ALL[..1], &[".png"]).contains("Images were not kept with the run of VAE."));
    assert!(html(&ALL[..2], &[".png", ".jsonl"]).contains("Images and logs were not kept with the runs of VAE, βH-VAE."));
    // With its weights a run should have its files.
    let mut damaged = results(folder.path(), 1).unwrap();
    keep(&mut damaged, &ALL, &[".png"]);
    damaged.experiments[0].runs.iter_mut().for_each(|run| run.has_weights = true);
    let html = page(&damaged.input()).unwrap();
    assert!(html.contains("reconstructions.png: the file is missing") && !html.contains("not kept"));
}
