//! The results of a reproduction in other forms.

use std::path::PathBuf;

use vimae_core::catalogue::unknown_name;
use vimae_report::Export;
use vimae_spec::{Cell, Paper, SummaryRow};

pub use vimae_report::Format;

use crate::{Layout, Result, stored::read};

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
