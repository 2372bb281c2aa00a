#![doc = include_str!("../README.md")]

mod artefact;
mod catalogue;
mod caution;
mod compare;
mod error;
mod export;
mod fact;
pub mod headline;
mod headline_table;
mod headline_text;
mod image_grid;
mod markdown;
mod method;
mod number;
mod observation;
mod page;
pub mod plot;
mod quantity;
mod rate_distortion;
mod readings;
mod run_view;
mod spread;
mod training;

pub use catalogue::{CatalogueEntry, CatalogueKind, CatalogueRuns, CatalogueSetting, catalogue_markdown, catalogue_page};
pub use error::{Error, Result};
pub use export::{Export, Format};
pub use headline_table::{HeadlineColumn, HeadlineRow, HeadlineTable, HeadlineValue, MeanInterval, SEEDS_OF_AN_INTERVAL};
pub use headline_text::headline_text;
pub use image_grid::{Shape, grid_png, image_png, reconstruction_png};
pub use markdown::markdown_table;
pub use method::{in_full as method_in_full, label as method_label};
pub use number::number;
pub use observation::Observation;
pub use page::{ExperimentView, FailedRun, NotCovered, PageInput, page};
pub use run_view::RunView;
