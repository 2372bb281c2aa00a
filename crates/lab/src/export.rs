//! The results of a reproduction in other forms.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use vimae_core::catalogue::unknown_name;
use vimae_report::Export;
use vimae_spec::{Cell, Paper, SummaryRow};

pub use vimae_report::Format;

use crate::{Error, Layout, Result};

/// What to export.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The folder of a reproduction.
    pub folder: PathBuf,
    /// The paper's numbers.
    pub paper: Paper,
    /// Tables, figures or experiments; all where empty.
    pub targets: Vec<String>,
    /// The form.
    pub format: Format,
    /// Whether tables hold what the paper has no row for.
    pub all: bool,
}

/// The tables that `results.json` and `summary.json` of a reproduction hold.
///
/// # Errors
/// Where these are absent or damaged, and for a target without values.
pub fn export(request: &ExportRequest) -> Result<String> {
    let layout = Layout::new(&request.folder);
    let cells: Vec<Cell> = read(&layout.results())?;
    let summary: Vec<SummaryRow> = read(&layout.summary())?;
    let mut known: Vec<&str> = summary.iter().map(|row| row.target.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    if let Some(target) = request.targets.iter().find(|target| !known.contains(&target.as_str())) {
        return Err(unknown_name("target", target, known).into());
    }
    Ok(Export { cells: &cells, summary: &summary, paper: &request.paper, targets: &request.targets, all: request.all }.to(request.format))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let fault = |problem: String| Error::Record { path: path.into(), problem };
    let text = std::fs::read(path).map_err(|e| fault(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| fault(e.to_string()))
}
