//! FID, KID, precision and recall of two tensors of features.
//!
//! `cargo run --release -p examples --bin fid_of_tensors` makes up both: Gaussians whose means are 0.5 apart in each of 16
//! dimensions. Their Frechet distance is 16 * 0.25 = 4, and a little more at 2 000 rows.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use anyhow::Result;
use candle_core::Device;
use vimae_metrics::{frechet_distance, kid, precision_recall};
use vimae_priors::{Prior, normal};

fn main() -> Result<()> {
    let real = normal::prior().sample((2_000, 16), 1, &Device::Cpu)?;
    let generated = (normal::prior().sample((2_000, 16), 2, &Device::Cpu)? + 0.5)?;
    let (fid, kid, shares) = (frechet_distance(&real, &generated)?, kid(&real, &generated)?, precision_recall(&real, &generated, 3)?);
    println!("FID {:.3}: {:.3} by the means, {:.3} by the covariances", fid.value, fid.mean_term, fid.covariance_term);
    println!("KID {:.4} +- {:.4}", kid.value, kid.standard_error);
    println!("precision {:.3}, recall {:.3}", shares.precision, shares.recall);
    Ok(())
}
