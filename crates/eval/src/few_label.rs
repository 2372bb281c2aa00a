//! Few-label protocols: how well codes tell classes apart when few of them have labels.
//!
//! Codes are standardised with mean and deviation of the labelled and the unlabelled codes together. A protocol that
//! learns from labelled codes alone (`svm.inductive`, `knn`, `probe`) is, under `noise=test`, fitted once, to the scale
//! of the clean test codes, and classifies the test codes of every condition. The transductive machines are fitted anew
//! under every condition: their pool is the first `pool` test codes of that condition, whose labels they never see, and
//! the scale is that of the labelled codes and the pool; accuracy is over all test codes. Under `noise=both` the
//! labelled images are corrupted as the test images are, and everything is fitted anew under every condition.

use ndarray::{Array2, ArrayView2, s};
use vimae_spec::{Classifier, CodeName, Evaluation, KernelName, MaskFill, NoiseOn};
use vimae_svm::{Kernel, Machines, Standardiser, Svm, TransductiveSvm, cross_validate};

use crate::{Result, neighbours::Neighbours, probe::Probe};

/// Voters of the nearest-neighbour protocol.
const VOTERS: usize = 10;
/// Folds of cross-validation.
const FOLDS: usize = 5;

/// One way to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FewLabel {
    /// What learns.
    pub classifier: Classifier,
    /// The kernel of support vector machines.
    pub kernel: KernelName,
    /// Labelled codes.
    pub labels: usize,
    /// Classes of each draw, where the classes are drawn too.
    pub unseen: Option<usize>,
    /// The pool of the transductive machines at most.
    pub pool: usize,
    /// Which images are corrupted.
    pub noise: NoiseOn,
    /// What masks leave.
    pub fill: MaskFill,
    /// Which code stands for a image.
    pub code: CodeName,
    /// Whether C and gamma are chosen by cross-validation on the labelled codes.
    pub tune: bool,
}

/// Codes and labels of one draw.
#[derive(Debug)]
pub struct Sets {
    /// Labelled codes `[n, d]`: clean ones, and under `noise=both` those of every condition.
    pub known: Vec<Array2<f64>>,
    /// Their labels.
    pub labels: Vec<u32>,
    /// The codes to classify, `[m, d]`, under every condition, the first of clean images.
    pub asked: Vec<Array2<f64>>,
}

impl FewLabel {
    /// All that an evaluation asks for, the main one first; `labels` and `unseen` are those of its draws.
    pub fn all(evaluation: &Evaluation, labels: usize, unseen: Option<usize>, sampled: bool) -> Vec<Self> {
        let mut all = Vec::new();
        let fills = || evaluation.masks.iter().flat_map(|fill| evaluation.noise.iter().map(move |noise| (*fill, *noise)));
        for &code in evaluation.codes.iter().filter(|code| sampled || **code == CodeName::Mean) {
            for (fill, noise) in fills() {
                for &classifier in &evaluation.classifiers {
                    let machines = matches!(classifier, Classifier::Svm | Classifier::Tsvm);
                    let kernels = if machines { evaluation.kernels.as_slice() } else { &[KernelName::Linear] };
                    let tune = evaluation.tune && machines;
                    let one = |&kernel| Self { classifier, kernel, labels, unseen, pool: evaluation.pool, noise, fill, code, tune };
                    all.extend(kernels.iter().map(one));
                }
            }
        }
        all
    }

    /// The protocol's name in records, for `asked` codes to classify.
    pub fn protocol(&self, asked: usize) -> String {
        let kernel = match self.kernel {
            KernelName::Rbf => "rbf",
            KernelName::Linear => "linear",
        };
        let unseen = self.unseen.map_or_else(String::new, |classes| format!(",unseen={classes}"));
        let labels = format!("labels={}{unseen}", self.labels);
        let start = match self.classifier {
            Classifier::Svm => format!("svm.inductive(kernel={kernel},{labels}"),
            Classifier::Tsvm => format!("svm.transductive(kernel={kernel},{labels},pool={}", self.pool.min(asked)),
            Classifier::Knn => format!("knn(k={VOTERS},{labels}"),
            Classifier::Probe => format!("probe.logistic({labels}"),
        };
        let noise = match self.noise {
            NoiseOn::Test => "test",
            NoiseOn::Both => "both",
        };
        let fill = if self.fill == MaskFill::Grey { ",mask=grey" } else { "" };
        let code = match self.code {
            CodeName::Mean => "mean",
            CodeName::Sample => "sample",
        };
        let tuned = if self.tune { format!(",tuned={FOLDS}-fold-on-labels") } else { String::new() };
        format!("{start},noise={noise}{fill},code={code}{tuned})")
    }

    /// The class of every code to classify under every condition.
    ///
    /// # Errors
    /// [`crate::Error::Svm`] for labels and codes that give no classifier.
    pub fn classify(&self, sets: &Sets) -> Result<Vec<Vec<u32>>> {
        let Some((clean, known)) = sets.asked.first().zip(sets.known.first()) else { return Ok(Vec::new()) };
        if self.noise == NoiseOn::Test && self.classifier != Classifier::Tsvm {
            let scale = Standardiser::fit(&[known.view(), clean.view()]);
            let fitted = self.fit(scale.apply(known.view()).view(), &sets.labels, None)?;
            return sets.asked.iter().map(|asked| fitted.classify(scale.apply(asked.view()).view())).collect();
        }
        let under = |(condition, asked): (usize, &Array2<f64>)| {
            let known = sets.known.get(condition).filter(|_| self.noise == NoiseOn::Both).unwrap_or(known);
            // The pool of the transductive machines is all that they see of the test codes.
            let limit = if self.classifier == Classifier::Tsvm { self.pool } else { usize::MAX };
            let seen = asked.slice(s![..limit.min(asked.nrows()), ..]);
            let scale = Standardiser::fit(&[known.view(), seen]);
            let fitted = self.fit(scale.apply(known.view()).view(), &sets.labels, Some(scale.apply(seen).view()))?;
            fitted.classify(scale.apply(asked.view()).view())
        };
        sets.asked.iter().enumerate().map(under).collect()
    }

    fn fit(&self, known: ArrayView2<'_, f64>, labels: &[u32], pool: Option<ArrayView2<'_, f64>>) -> Result<Fitted> {
        let kernel = match self.kernel {
            KernelName::Rbf => Kernel::Rbf { gamma: 1.0 / known.ncols().max(1) as f64 },
            KernelName::Linear => Kernel::Linear,
        };
        let svm = || match self.tune {
            true => Ok(cross_validate(known, labels, FOLDS, &Svm::grid(kernel, known.ncols()))?.svm),
            false => Ok(Svm::new(kernel)),
        };
        Ok(match (self.classifier, pool) {
            (Classifier::Tsvm, Some(pool)) => Fitted::Machines(TransductiveSvm::new(svm()?).train(known, labels, pool)?.machines),
            (Classifier::Svm | Classifier::Tsvm, _) => {
                Fitted::Machines(vimae_svm::Result::<Svm>::and_then(svm(), |svm| svm.train(known, labels))?)
            }
            (Classifier::Knn, _) => Fitted::Neighbours(Neighbours::new(VOTERS, known, labels)),
            (Classifier::Probe, _) => Fitted::Probe(Probe::fit(known, labels)),
        })
    }
}

/// A classifier that has learnt.
enum Fitted {
    Machines(Machines),
    Neighbours(Neighbours),
    Probe(Probe),
}

impl Fitted {
    fn classify(&self, codes: ArrayView2<'_, f64>) -> Result<Vec<u32>> {
        Ok(match self {
            Self::Machines(machines) => machines.classify(codes)?,
            Self::Neighbours(neighbours) => neighbours.classify(codes),
            Self::Probe(probe) => probe.classify(codes),
        })
    }
}

#[cfg(test)]
mod tests {
    use vimae_core::{Purpose, Streams};

    use super::*;

    /// Three clusters at the corners of a triangle, a third dimension that never moves.
    fn clusters(seed: u64, count: usize, apart: f64) -> (Array2<f64>, Vec<u32>) {
        let noise = Streams::new(seed).normal(Purpose::Evaluation, 0, 2 * count);
        let labels: Vec<u32> = (0..count).map(|i| (i % 3) as u32).collect();
        let codes = Array2::from_shape_fn((count, 3), |(i, j)| match j {
            2 => 7.0,
            _ => f64::from(noise[2 * i + j]) + if labels[i] as usize == j + 1 { apart } else { 0.0 },
        });
        (codes, labels)
    }

    fn right(predicted: &[u32], truth: &[u32]) -> f64 {
        predicted.iter().zip(truth).filter(|(p, t)| p == t).count() as f64 / truth.len() as f64
    }

    fn everything() -> Evaluation {
        Evaluation {
            classifiers: vec![Classifier::Svm, Classifier::Tsvm, Classifier::Knn, Classifier::Probe],
            kernels: vec![KernelName::Rbf, KernelName::Linear],
            noise: vec![NoiseOn::Test, NoiseOn::Both],
            codes: vec![CodeName::Mean, CodeName::Sample],
            ..Evaluation::default()
        }
    }

    fn all() -> Vec<FewLabel> {
        FewLabel::all(&everything(), 30, None, false)
    }

    #[test]
    fn every_protocol_has_a_name_of_its_own_that_says_what_is_done() {
        let names: Vec<String> = all().iter().map(|p| p.protocol(450)).collect();
        let expected = [
            "svm.inductive(kernel=rbf,labels=30,noise=test,code=mean)",
            "svm.inductive(kernel=linear,labels=30,noise=test,code=mean)",
            "svm.transductive(kernel=rbf,labels=30,pool=450,noise=test,code=mean)",
            "svm.transductive(kernel=linear,labels=30,pool=450,noise=test,code=mean)",
            "knn(k=10,labels=30,noise=test,code=mean)",
            "probe.logistic(labels=30,noise=test,code=mean)",
        ];
        assert_eq!((&names[..6], names.len()), (&expected.map(String::from)[..], 12));
        assert!(names[6..].iter().all(|name| name.contains("noise=both")));
        let tuned = FewLabel::all(&Evaluation { tune: true, ..everything() }, 300, Some(5), true);
        assert_eq!(tuned.len(), 24);
        assert_eq!(tuned[0].protocol(9), "svm.inductive(kernel=rbf,labels=300,unseen=5,noise=test,code=mean,tuned=5-fold-on-labels)");
        let grey = FewLabel::all(&Evaluation { masks: vec![MaskFill::Black, MaskFill::Grey], ..Evaluation::default() }, 30, None, false);
        assert_eq!(
            grey.iter().map(|p| p.protocol(9)).collect::<Vec<_>>(),
            [
                "svm.inductive(kernel=rbf,labels=30,noise=test,code=mean)",
                "svm.inductive(kernel=rbf,labels=30,noise=test,mask=grey,code=mean)",
            ]
        );
        assert_eq!(tuned[4].protocol(9), "knn(k=10,labels=300,unseen=5,noise=test,code=mean)");
    }

    #[test]
    fn clusters_are_found_from_few_labels_and_lost_when_codes_change_places() {
        let (known, labels) = clusters(1, 30, 300.0);
        let (clean, truth) = clusters(2, 90, 300.0);
        let moved = 300.0 - &clean;
        for protocol in all() {
            let sets =
                Sets { known: vec![known.clone(), 300.0 - &known], labels: labels.clone(), asked: vec![clean.clone(), moved.clone()] };
            let predicted = protocol.classify(&sets).unwrap();
            assert!(right(&predicted[0], &truth) > 0.95, "{protocol:?}");
            let then = right(&predicted[1], &truth);
            match (protocol.noise, protocol.classifier) {
                // Labelled codes that are turned round too keep everything as it was.
                (NoiseOn::Both, _) => assert!(then > 0.95, "{protocol:?}: {then}"),
                (NoiseOn::Test, Classifier::Tsvm) => {}
                (NoiseOn::Test, _) => assert!(then < 0.4, "{protocol:?}: {then}"),
            }
        }
    }

    #[test]
    fn tuning_and_small_pools_keep_working_and_too_few_labels_for_it_are_an_error() {
        let (known, labels) = clusters(3, 60, 4.0);
        let (asked, truth) = clusters(4, 90, 4.0);
        for protocol in FewLabel::all(&Evaluation { tune: true, pool: 20, ..everything() }, 60, None, false) {
            let sets = |known: &Array2<f64>, labels: &[u32]| Sets {
                known: vec![known.clone()],
                labels: labels.to_vec(),
                asked: vec![asked.clone()],
            };
            let predicted = protocol.classify(&sets(&known, &labels)).unwrap();
            assert!(right(&predicted[0], &truth) > 0.9, "{protocol:?}");
            let few = protocol.classify(&sets(&known.slice(s![..6, ..]).to_owned(), &labels[..6]));
            assert_eq!(few.is_err(), protocol.tune, "{protocol:?}");
        }
    }
}
