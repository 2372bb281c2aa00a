//! Few-label protocols: how well codes tell classes apart when few of them have labels.
//!
//! Codes are standardised with mean and deviation of the labelled and the unlabelled codes together. A protocol that
//! learns from labelled codes alone (`svm.inductive`, `knn`, `probe`) is, under `noise=test`, fitted once, to the scale
//! of the clean test codes, and classifies the test codes of every condition. The transductive machines are fitted anew
//! under every condition: their pool is `pool` test codes of that condition, drawn once for all, whose labels they never see, and
//! the scale is that of the labelled codes and the pool; accuracy is over all test codes. Under `noise=both` the
//! labelled images are corrupted as the test images are, and everything is fitted anew under every condition.

use ndarray::{Array2, ArrayView2, Axis};
use vimae_core::{Error, Result, subset::drawn};
use vimae_spec::{CodeName, Evaluation, MaskFill, NoiseOn, Protocol};
use vimae_svm::Standardiser;

use super::{
    classifiers::{CLASSIFIERS, Classifier},
    conditions,
};

/// One way to measure.
pub struct FewLabel {
    /// What learns.
    pub classifier: Box<dyn Classifier>,
    /// Labelled codes.
    pub labels: usize,
    /// Classes of each draw, where the classes are drawn too.
    pub unseen: Option<usize>,
    /// Which images are corrupted.
    pub noise: NoiseOn,
    /// What masks leave.
    pub fill: MaskFill,
    /// Whether corrupted images are clipped to the range of the pixels.
    pub clip: bool,
    /// Which code stands for an image.
    pub code: CodeName,
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
    /// All that an evaluation asks for, the main one first; `labels` and `unseen` are those of its draws, `sampled` says
    /// whether codes have a variance.
    ///
    /// # Errors
    /// For a classifier that does not exist.
    pub fn all(evaluation: &Evaluation, labels: usize, unseen: Option<usize>, sampled: bool) -> Result<Vec<Self>> {
        let clip = evaluation.clip;
        let mut all = Vec::new();
        let fills = conditions::fills(evaluation);
        let forms = || fills.iter().flat_map(|fill| evaluation.noise.iter().map(move |noise| (*fill, *noise)));
        for &code in evaluation.codes.iter().filter(|code| sampled || **code == CodeName::Mean) {
            for (fill, noise) in forms() {
                for name in &evaluation.classifiers {
                    let variants = (CLASSIFIERS.find(name)?.build)(evaluation);
                    all.extend(variants.into_iter().map(|classifier| Self { classifier, labels, unseen, noise, fill, clip, code }));
                }
            }
        }
        Ok(all)
    }

    /// The protocol's name in records, for `asked` codes to classify.
    pub fn protocol(&self, asked: usize) -> Protocol {
        let mut protocol = self.classifier.protocol().with("labels", self.labels);
        if let Some(classes) = self.unseen {
            protocol = protocol.with("unseen", classes);
        }
        if let Some(pool) = self.classifier.pool() {
            protocol = protocol.with("pool", pool.min(asked));
        }
        let noise = match self.noise {
            NoiseOn::Test => "test",
            NoiseOn::Both => "both",
        };
        protocol = protocol.with("noise", noise);
        if self.clip {
            protocol = protocol.with("clip", "range");
        }
        if self.fill == MaskFill::Grey {
            protocol = protocol.with("mask", "grey");
        }
        let code = match self.code {
            CodeName::Mean => "mean",
            CodeName::Sample => "sample",
        };
        protocol = protocol.with("code", code);
        match self.classifier.tuned() {
            Some(how) => protocol.with("tuned", how),
            None => protocol,
        }
    }

    /// The class of every code to classify under every condition.
    ///
    /// # Errors
    /// [`vimae_core::Error::Unsupported`] for labels and codes that give no classifier.
    pub fn classify(&self, sets: &Sets) -> Result<Vec<Vec<u32>>> {
        let Some((clean, known)) = sets.asked.first().zip(sets.known.first()) else { return Ok(Vec::new()) };
        let pool = self.classifier.pool();
        if self.noise == NoiseOn::Test && pool.is_none() {
            let scale = Standardiser::fit(&[known.view(), clean.view()]);
            let fitted = self.classifier.fit(scaled(&scale, known.view())?.view(), &sets.labels, None)?;
            return sets.asked.iter().map(|asked| fitted.classify(scaled(&scale, asked.view())?.view())).collect();
        }
        let under = |(condition, asked): (usize, &Array2<f64>)| {
            let known = sets.known.get(condition).filter(|_| self.noise == NoiseOn::Both).unwrap_or(known);
            // The pool of the transductive machines is all that they see of the test codes.
            let seen = asked.select(Axis(0), &drawn(asked.nrows(), pool.unwrap_or(usize::MAX)));
            let scale = Standardiser::fit(&[known.view(), seen.view()]);
            let unlabelled = scaled(&scale, seen.view())?;
            let fitted = self.classifier.fit(scaled(&scale, known.view())?.view(), &sets.labels, pool.map(|_| unlabelled.view()))?;
            fitted.classify(scaled(&scale, asked.view())?.view())
        };
        sets.asked.iter().enumerate().map(under).collect()
    }
}

/// Codes in the scale of others.
fn scaled(scale: &Standardiser, codes: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    scale.apply(codes).map_err(|error| Error::Unsupported { what: "accuracy from few labels".into(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use ndarray::s;
    use vimae_core::{Purpose, Streams};
    use vimae_spec::KernelName;

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

    const CLASSIFIER_ORDER: [&str; 4] = ["svm", "tsvm", "knn", "probe"];

    fn everything() -> Evaluation {
        Evaluation {
            classifiers: CLASSIFIER_ORDER.map(String::from).to_vec(),
            kernels: vec![KernelName::Rbf, KernelName::Linear],
            noise: vec![NoiseOn::Test, NoiseOn::Both],
            codes: vec![CodeName::Mean, CodeName::Sample],
            ..Evaluation::default()
        }
    }

    fn all() -> Vec<FewLabel> {
        FewLabel::all(&everything(), 30, None, false).unwrap()
    }

    #[test]
    fn every_protocol_has_a_name_of_its_own_that_says_what_is_done() {
        let names: Vec<String> = all().iter().map(|p| p.protocol(450).to_string()).collect();
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
        let tuned = FewLabel::all(&Evaluation { tune: true, ..everything() }, 300, Some(5), true).unwrap();
        assert_eq!(tuned.len(), 24);
        assert_eq!(tuned[0].protocol(9), "svm.inductive(kernel=rbf,labels=300,unseen=5,noise=test,code=mean,tuned=5-fold-on-labels)");
        let grey =
            FewLabel::all(&Evaluation { masks: vec![MaskFill::Black, MaskFill::Grey], ..Evaluation::default() }, 30, None, false).unwrap();
        assert_eq!(
            grey.iter().map(|p| p.protocol(9).to_string()).collect::<Vec<_>>(),
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
            assert!(right(&predicted[0], &truth) > 0.95, "{}", protocol.protocol(90));
            let then = right(&predicted[1], &truth);
            match (protocol.noise, protocol.classifier.pool()) {
                // Labelled codes that are turned round too keep everything as it was.
                (NoiseOn::Both, _) => assert!(then > 0.95, "{}: {then}", protocol.protocol(90)),
                (NoiseOn::Test, Some(_)) => {}
                (NoiseOn::Test, None) => assert!(then < 0.4, "{}: {then}", protocol.protocol(90)),
            }
        }
    }

    #[test]
    fn tuning_and_small_pools_keep_working_and_too_few_labels_for_it_are_an_error() {
        let (known, labels) = clusters(3, 60, 4.0);
        let (asked, truth) = clusters(4, 90, 4.0);
        for protocol in FewLabel::all(&Evaluation { tune: true, pool: 20, ..everything() }, 60, None, false).unwrap() {
            let sets = |known: &Array2<f64>, labels: &[u32]| Sets {
                known: vec![known.clone()],
                labels: labels.to_vec(),
                asked: vec![asked.clone()],
            };
            let predicted = protocol.classify(&sets(&known, &labels)).unwrap();
            assert!(right(&predicted[0], &truth) > 0.9, "{}", protocol.protocol(90));
            let few = protocol.classify(&sets(&known.slice(s![..6, ..]).to_owned(), &labels[..6]));
            assert_eq!(few.is_err(), protocol.classifier.tuned().is_some(), "{}", protocol.protocol(90));
        }
    }
}
