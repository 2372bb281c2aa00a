//! # Weights that mattered stay
//! Online elastic weight consolidation on encoder and decoder. After task k - 1 the importance of weight i is
//! F_i = gamma F_i' + E (dL / dw_i)^2, with F' that of the tasks before and L the loss of an image of task k - 1; the
//! expectation is estimated from images of that task. In task k the loss gains (strength / 2) sum_i F_i (w_i - w_i*)^2,
//! with w* the weights after task k - 1. Strength 1 is the scale at which F is the Fisher information of one image and all
//! tasks have as many images.
//!
//! Parameters of a prior or a critic are free. Kept: w* and F, twice the size of a network, however many tasks there are.

use std::collections::BTreeMap;

use candle_core::Tensor;
use vimae_checkpoint::{load_weights, save_weights};
use vimae_core::{Entry, Pass, settings::Schema};

use crate::{BuildStrategy, Error, Kept, Memory, Past, Result, Strategy, importance};

pub(crate) const ENTRY: Entry<BuildStrategy> = Entry {
    name: "elastic",
    summary: "weights that mattered to earlier tasks are held where they were: online EWC",
    source: "Kirkpatrick et al., Overcoming catastrophic forgetting in neural networks, 2017; online: Schwarz et al., Progress and Compress, 2018",
    settings: Schema::of::<Elastic>,
    build: |settings| Ok(Box::new(settings.read::<Elastic>()?)),
};

vimae_core::settings! {
    /// The springs.
    struct Elastic {
        /// weight of the penalty
        strength: f64 = 1.0, from 0.0, to 1e9;
        /// share of earlier importance that is kept with each task
        gamma: f64 = 1.0, from 0.0, to 1.0;
        /// steps that importance is estimated from
        estimate_steps: u64 = 50, from 1, to 1_000_000;
    }
}

/// The file of the importances in the directory of a task.
const FILE: &str = "importance.safetensors";

impl Strategy for Elastic {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn recall(&self, past: &Past<'_>) -> Result<Box<dyn Memory>> {
        let file = past.directory.join(FILE);
        let importance = match load_weights(&file) {
            Ok((kept, _)) => kept,
            Err(_) => {
                let made = self.made(past)?;
                save_weights(&file, &made)?;
                made
            }
        };
        let mut springs = Vec::new();
        for (name, var) in past.line.model.parameters().weights() {
            let stiffness = importance.get(&name).ok_or_else(|| Error::Lacks {
                strategy: ENTRY.name.into(),
                reason: format!("{} has no importance of {name}; remove it, and it is made again", file.display()),
            })?;
            springs.push((name, stiffness.to_device(past.device)?, var.as_tensor().copy()?.detach()));
        }
        Ok(Box::new(Springs { strength: self.strength, springs }))
    }
}

impl Elastic {
    /// Importances after the last of the tasks.
    fn made(&self, past: &Past<'_>) -> Result<BTreeMap<String, Tensor>> {
        let Some(last) = past.tasks.last() else { return Ok(BTreeMap::new()) };
        let mut all = importance(past.line, last, (past.batch, self.estimate_steps), past.streams, past.device)?;
        // There is none before the first task.
        if past.tasks.len() > 1 {
            let (before, _) = load_weights(&past.before.join(FILE))?;
            for (name, value) in &mut all {
                if let Some(earlier) = before.get(name) {
                    *value = (&*value + (earlier.to_device(past.device)? * self.gamma)?)?;
                }
            }
        }
        Ok(all)
    }
}

struct Springs {
    strength: f64,
    /// Name, importance and place of rest of every weight.
    springs: Vec<(String, Tensor, Tensor)>,
}

impl Memory for Springs {
    fn penalty(&self, pass: &Pass<'_>, _: usize) -> vimae_core::Result<Option<(&'static str, Tensor)>> {
        let mut sum: Option<Tensor> = None;
        for (name, stiffness, rest) in &self.springs {
            let var = pass.parameters.get(name).ok_or_else(|| vimae_core::Error::Parameter {
                name: name.clone(),
                problem: "the network lacks a weight that it had in the task before".into(),
            })?;
            let term = ((var.as_tensor() - rest)?.sqr()? * stiffness)?.sum_all()?;
            sum = Some(sum.map_or(Ok(term.clone()), |sum| sum + term)?);
        }
        Ok(sum.map(|sum| sum * (self.strength / 2.0)).transpose()?.map(|sum| ("elastic", sum)))
    }

    fn kept(&self) -> Kept {
        let bytes = |tensor: &Tensor| (tensor.elem_count() * tensor.dtype().size_in_bytes()) as u64;
        Kept { images: 0, bytes: self.springs.iter().map(|(_, stiffness, rest)| bytes(stiffness) + bytes(rest)).sum() }
    }
}
