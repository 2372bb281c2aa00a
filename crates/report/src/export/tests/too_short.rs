//! Trainings too short for the running statistics of batch norm.

use super::*;

/// The seeds of the VAE of [`own`] after 15 steps.
fn fifteen_steps() -> BTreeMap<String, u64> {
    ["vae0", "vae1"].map(|run| (run.to_owned(), 15)).into()
}

fn rate(nats: f64) -> Measurement {
    Measurement::new("rate", "rate", "rate.elbo".into(), "nats").valued(nats, None)
}

/// What is said of codes without information, of runs that settled and of such that did not.
fn told(export: Export<'_>) -> [String; 2] {
    let short = fifteen_steps();
    [export, Export { unsettled: &short, ..export }].map(|export| export.to(Format::Latex))
}

const TOO_FEW: &str = "VAE was trained for 15 steps, too few for the running statistics of batch norm";

#[test]
fn an_experiment_of_one_s_own_says_so_in_place_of_a_collapse() {
    let (mut cells, summary) = own();
    for cell in cells.iter_mut().filter(|cell| cell.method == "vae" && cell.measurement.entry == "energy") {
        cell.measurement = rate(0.01);
    }
    let paper = paper();
    let [settled, short] = told(Export { cells: &cells, summary: &summary, ..nothing(&paper, false) });
    assert!(settled.contains("VAE has collapsed") && !settled.contains("batch norm"), "{settled}");
    assert!(short.contains(TOO_FEW) && !short.contains("collapsed"), "{short}");
}

#[test]
fn a_table_of_the_paper_says_so_in_place_of_a_collapse() {
    let cells: Vec<Cell> = own().0.into_iter().map(|cell| Cell { target: "table3".into(), model: String::new(), ..cell }).collect();
    let of_rate = |method: &str, nats: f64| SummaryRow { entry: "rate".into(), ..row(method, "rate", "rate.elbo", nats, None) };
    let summary = [row("vae", "mmd", "mmd", 0.5, Some(0.01)), of_rate("vae", 0.01), of_rate("beta|x", 9.0)];
    let paper = paper();
    let [settled, short] = told(Export { cells: &cells, summary: &summary, ..nothing(&paper, true) });
    assert!(settled.contains("VAE has collapsed: its codes"), "{settled}");
    assert!(short.contains(TOO_FEW) && !short.contains("collapsed"), "{short}");
    // What carries much is not doubted for its few steps.
    let good = [of_rate("vae", 9.0)];
    assert!(!told(Export { cells: &cells, summary: &good, ..nothing(&paper, true) })[1].contains("steps"));
}
