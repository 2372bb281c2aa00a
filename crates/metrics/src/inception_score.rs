//! Inception Score: how sure a classifier is of each image, and how many classes it sees over all.
//!
//! exp(E KL(p(y|x) || p(y))) (Salimans et al., "Improved Techniques for Training GANs", 2016). Unit: classes; higher is
//! better; between 1 and the number of classes. It sees no reference images at all: one image of each class, repeated,
//! has the highest score. It is biased by the number of images, and for data unlike the classifier's (digits, faces)
//! it means little. Compare only values of the same classifier, number of images and splits.

use vimae_core::{Error, Result};

use crate::features::Logits;

/// A score over splits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InceptionScore {
    /// The mean over splits.
    pub value: f64,
    /// The standard deviation over splits: not a standard error. None where there are no more splits than `ddof`.
    pub deviation: Option<f64>,
}

/// How a score is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Splits {
    /// Equal parts of the images in their order, to one image; ten in the original code.
    pub count: usize,
    /// What the deviation divides by is `count - ddof`: 0 in the original code and `torch-fidelity`, 1 in `torchmetrics`.
    pub ddof: usize,
}

impl Default for Splits {
    fn default() -> Self {
        Self { count: 10, ddof: 0 }
    }
}

/// The score of the images in their order.
///
/// Other tools shuffle first, which gives another score: as far from this one as two shuffles are from one another.
///
/// # Errors
/// [`Error::Unsupported`] for no splits or fewer images than splits.
pub fn inception_score(logits: &Logits, Splits { count: splits, ddof }: Splits) -> Result<InceptionScore> {
    let count = logits.values.len() / logits.classes.max(1);
    if splits == 0 || count < splits {
        let what = format!("Inception Score of {count} images in {splits} parts");
        return Err(Error::Unsupported { what, reason: "each part needs an image".into() });
    }
    let scores: Vec<f64> = (0..splits)
        .map(|part| {
            let (start, end) = (part * count / splits, (part + 1) * count / splits);
            score(&logits.values[start * logits.classes..end * logits.classes], logits.classes)
        })
        .collect();
    let value = scores.iter().sum::<f64>() / splits as f64;
    let squares: f64 = scores.iter().map(|s| (s - value).powi(2)).sum();
    let deviation = splits.checked_sub(ddof).filter(|n| *n > 0).map(|n| (squares / n as f64).sqrt());
    Ok(InceptionScore { value, deviation })
}

fn score(logits: &[f32], classes: usize) -> f64 {
    let count = (logits.len() / classes) as f64;
    let mut marginal = vec![0.0; classes];
    // The mean over images of sum p ln p; KL against the marginal follows from its own.
    let mut own = 0.0;
    for row in logits.chunks_exact(classes) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f64> = row.iter().map(|v| f64::from(v - largest).exp()).collect();
        let sum: f64 = powers.iter().sum();
        for ((total, power), logit) in marginal.iter_mut().zip(&powers).zip(row) {
            let p = power / sum;
            *total += p / count;
            own += p * (f64::from(logit - largest) - sum.ln()) / count;
        }
    }
    let entropy: f64 = marginal.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum();
    (own - entropy).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(count: usize) -> Splits {
        Splits { count, ..Splits::default() }
    }

    #[test]
    fn sure_and_varied_images_score_the_number_of_classes() {
        let logits = |rows: &[[f32; 3]]| Logits { classes: 3, values: rows.concat() };
        let sure = logits(&[[50.0, 0.0, 0.0], [0.0, 50.0, 0.0], [0.0, 0.0, 50.0]]);
        assert!((inception_score(&sure, parts(1)).unwrap().value - 3.0).abs() < 1e-9);
        let alike = logits(&[[1.0, 2.0, 0.0]; 6]);
        assert!((inception_score(&alike, parts(2)).unwrap().value - 1.0).abs() < 1e-12);
        // Two classes with 0.9 and 0.1: exp(ln 2 - H(0.9)).
        let l = 9.0_f32.ln();
        let two = Logits { classes: 2, values: vec![l, 0.0, 0.0, l] };
        let entropy = -(0.9 * 0.9_f64.ln() + 0.1 * 0.1_f64.ln());
        assert!((inception_score(&two, parts(1)).unwrap().value - (2_f64.ln() - entropy).exp()).abs() < 1e-6);
        assert!(inception_score(&two, parts(3)).is_err() && inception_score(&two, parts(0)).is_err());
    }
}
