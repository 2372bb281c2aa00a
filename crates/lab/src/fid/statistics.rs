//! Mean and covariance of features in a file: what pytorch-fid and clean-fid publish for a data set, and read.
//!
//! A `.npz` with `mu` `[d]` and `sigma` `[d, d]` in single or double precision. It says neither how many images there
//! were nor what made the features. Files that are written here say so beside it, in arrays that those programs pass
//! over: `count`, and `origin`, JSON in UTF-8.

use std::path::Path;

use serde::{Deserialize, Serialize};
use vimae_datasets::npz::{self, Values};
use vimae_metrics::{
    features::{Features, Source},
    gaussian::Gaussian,
};

use crate::{Error, Result};

/// The most features of a file: a covariance of 128 MB. Inception has 2048.
const MOST: usize = 4096;
/// The most that two halves of a covariance may differ, as a share of the two variances.
const ASYMMETRY: f64 = 1e-3;

/// Mean and covariance, and what is known of them.
#[derive(Debug, Clone)]
pub(super) struct Statistics {
    pub(super) gaussian: Gaussian,
    pub(super) size: usize,
    /// How many images, where the file says so.
    pub(super) count: Option<usize>,
    /// Of what and by what, where the file says so.
    pub(super) origin: Option<Origin>,
    /// SHA-256, in hex, of the numbers.
    pub(super) sha256: String,
}

/// What made statistics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    features: String,
    features_sha256: String,
    pub(super) images_sha256: String,
}

impl Origin {
    pub(super) fn source(&self) -> Source {
        Source::new(self.features.clone(), self.features_sha256.clone())
    }
}

impl Statistics {
    /// Whether the file at `path` is one of statistics.
    pub(super) fn is_at(path: &Path) -> bool {
        let holds = |names: Vec<(String, Vec<usize>)>| ["mu", "sigma"].iter().all(|wanted| names.iter().any(|(name, _)| name == wanted));
        is_npz(path) && path.is_file() && npz::names(path).is_ok_and(holds)
    }

    /// Refuses a name that [`is_at`](Self::is_at) would pass over, before there is anything to save.
    ///
    /// # Errors
    /// [`Error::Output`] for another ending than `.npz`.
    pub(super) fn check_name(path: &Path) -> Result<()> {
        if is_npz(path) {
            return Ok(());
        }
        Err(Error::Output { path: path.into(), problem: "--save-statistics takes a file that ends in .npz".into() })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Data`] where it cannot be read; [`Error::Images`] for numbers that are no mean and covariance.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let wrong = |problem: String| Error::Images { place: path.display().to_string(), problem };
        let read = |name: &str, most: usize| npz::read(path, name, most);
        let missing = |name: &str| wrong(format!("holds no array {name}"));
        let mu = read("mu", MOST)?.ok_or_else(|| missing("mu"))?;
        let sigma = read("sigma", MOST * MOST)?.ok_or_else(|| missing("sigma"))?;
        let size = mu.values.len();
        if mu.shape != [size] || sigma.shape != [size, size] {
            return Err(wrong(format!("mu {:?} and sigma {:?} are no mean [d] and covariance [d, d]", mu.shape, sigma.shape)));
        }
        let variance = |i: usize| sigma.values.get(i * size + i).copied().unwrap_or_default();
        if let Some(i) = (0..size).find(|&i| variance(i) < 0.0) {
            return Err(wrong(format!("sigma is no covariance: the variance of feature {i} is {}", variance(i))));
        }
        for (i, row) in sigma.values.chunks_exact(size.max(1)).enumerate() {
            for (j, value) in row.iter().enumerate().take(i) {
                let other = sigma.values.get(j * size + i).copied().unwrap_or_default();
                if (value - other).abs() > ASYMMETRY * (variance(i) * variance(j)).sqrt() {
                    return Err(wrong(format!("sigma is no covariance: {value} at [{i}, {j}] and {other} at [{j}, {i}]")));
                }
            }
        }
        let sha256 = digest(&mu.values, &sigma.values);
        let count = read("count", 1)?.and_then(|n| n.values.first().copied()).filter(|n| *n >= 2.0).map(|n| n as usize);
        let text = read("origin", 1 << 16)?.map(|n| n.values.iter().map(|v| *v as u8).collect::<Vec<u8>>());
        let origin = text.and_then(|text| serde_json::from_slice(&text).ok());
        let gaussian = Gaussian::new(count.unwrap_or(0), mu.values, &sigma.values).map_err(|e| wrong(e.to_string()))?;
        Ok(Self { gaussian, size, count, origin, sha256 })
    }

    /// The content of a file of these features' statistics.
    ///
    /// # Errors
    /// [`Error::Core`] for fewer than two images.
    pub(super) fn file(features: &Features) -> Result<Vec<u8>> {
        let (gaussian, size) = (Gaussian::of(features)?, features.size());
        let sigma: Vec<f64> = (0..size * size).map(|at| gaussian.covariance(at / size, at % size)).collect();
        let origin = Origin {
            features: features.source().network().into(),
            features_sha256: features.source().sha256().into(),
            images_sha256: features.images_sha256().into(),
        };
        let origin = serde_json::to_vec(&origin).map_err(|e| vimae_core::Error::Data(format!("the origin of statistics: {e}")))?;
        Ok(npz::to_npz(&[
            ("mu", &[size], Values::Floats(gaussian.mean())),
            ("sigma", &[size, size], Values::Floats(&sigma)),
            ("count", &[], Values::Whole(&[i64::try_from(features.count()).unwrap_or(i64::MAX)])),
            ("origin", &[origin.len()], Values::Bytes(&origin)),
        ])?)
    }
}

fn is_npz(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("npz"))
}

fn digest(mu: &[f64], sigma: &[f64]) -> String {
    let bytes: Vec<u8> = mu.iter().chain(sigma).flat_map(|v| v.to_le_bytes()).collect();
    vimae_spec::sha256_hex(&bytes)
}

#[cfg(test)]
mod tests;
