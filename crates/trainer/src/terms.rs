//! The terms of a loss while they are still on the device.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};

use crate::{Error, LogLine, Result, Stepped};

/// The loss of a step, its terms, and statistics of the log-variance, on the device that computed them.
pub(crate) struct Terms {
    step: u64,
    per_epoch: u64,
    names: Vec<&'static str>,
    /// `[terms + 1]` with the loss last, so that one transfer brings all of them.
    values: Tensor,
    /// Smallest and mean log-variance of each dimension, `[d]`, on the last step of an epoch.
    log_var: Option<[Tensor; 2]>,
    /// The loss of the divergence's critic.
    pub(crate) critic: Option<Tensor>,
}

impl Terms {
    pub(crate) fn of(stepped: &Stepped, step: u64, per_epoch: u64) -> Result<Self> {
        let loss = &stepped.loss;
        let single = |value: &Tensor| value.detach().to_dtype(DType::F64)?.reshape(1);
        let values = loss.terms.iter().map(|(_, value)| value).chain([&loss.total]).map(single);
        let values = Tensor::cat(&values.collect::<candle_core::Result<Vec<_>>>()?, 0)?;
        let log_var = match stepped.code.log_var.as_ref().filter(|_| (step + 1).is_multiple_of(per_epoch)) {
            Some(log_var) => Some([log_var.detach().min(0)?, log_var.detach().mean(0)?]),
            None => None,
        };
        Ok(Self { step, per_epoch, names: loss.terms.iter().map(|(name, _)| *name).collect(), values, log_var, critic: None })
    }

    /// Reads the terms and refuses those that are not finite. `kept` is the step of the last checkpoint.
    pub(crate) fn read(&self, kept: u64) -> Result<LogLine> {
        let &Self { step, per_epoch, ref names, ref values, ref log_var, ref critic } = self;
        let diverged = |term: &str, value: f64| Error::Diverged { step: step + 1, term: term.into(), value, kept };
        let values = values.to_vec1::<f64>()?;
        if let Some((at, &value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(diverged(names.get(at).copied().unwrap_or("loss"), value));
        }
        let loss = values.last().copied().unwrap_or(f64::NAN);
        let mut terms: BTreeMap<_, _> = names.iter().map(|name| (*name).to_owned()).zip(values).collect();
        if let Some(critic) = critic {
            let value = critic.to_dtype(DType::F64)?.to_scalar::<f64>()?;
            if !value.is_finite() {
                return Err(diverged("critic", value));
            }
            terms.insert("critic".into(), value);
        }
        let (log_var_min, log_var_mean) = match log_var {
            Some([least, mean]) => (Some(values_of(least)?), Some(values_of(mean)?)),
            None => (None, None),
        };
        Ok(LogLine { step: step + 1, epoch: step / per_epoch + 1, loss, log_var_min, log_var_mean, terms })
    }
}

fn values_of(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.to_dtype(DType::F64)?.to_vec1()?)
}
