//! A Gaussian head whose log-variance is kept in bounds, and near zero by a penalty:
//! `log_var = clip(head(x), floor, ceiling)`, loss `+ l1 E sum_j |log_var_j|`.
//!
//! A divergence on samples of q(z) alone does not keep an encoder's variance from collapsing: the floor and the penalty
//! do (Rubenstein et al. 2018). Beyond the bounds the log-variance has no gradient.

use candle_core::{D, Tensor};
use vimae_core::{Code, EncoderNoise, Entry, Error, Head, Result, settings::Schema};

use super::BuildNoise;

/// The catalogue entry.
pub const ENTRY: Entry<BuildNoise> = Entry {
    name: "gaussian_head_bounded",
    summary: "A Gaussian head whose log-variance has bounds and an L1 penalty",
    source: "Rubenstein, Schoelkopf & Tolstikhin, Learning Disentangled Representations with Wasserstein Auto-Encoders, 2018",
    settings: Schema::of::<BoundedHead>,
    build: |settings| Ok(Box::new(settings.read::<BoundedHead>()?.checked()?)),
};

vimae_core::settings! {
    /// `clip(log_var, floor, ceiling)`.
    pub struct BoundedHead {
        /// smallest log-variance, ln of squared code units
        floor: f64 = -10.0, from -60.0, to 20.0;
        /// largest log-variance; above the floor
        ceiling: f64 = 4.0, from -60.0, to 20.0;
        /// weight of the sum over dimensions of |log-variance|, mean over the batch
        l1: f64 = 0.0, from 0.0, to 1e6;
    }
}

impl BoundedHead {
    fn checked(self) -> Result<Self> {
        let Self { floor, ceiling, .. } = self;
        if floor >= ceiling {
            return Err(Error::Setting {
                kind: "noise",
                name: ENTRY.name.into(),
                key: "ceiling".into(),
                given: ceiling.to_string(),
                allowed: format!("above the floor, {floor}"),
            });
        }
        Ok(self)
    }
}

impl EncoderNoise for BoundedHead {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn network_head(&self) -> Head {
        Head::Gaussian
    }

    fn shape(&self, code: Code) -> Result<Code> {
        let log_var = code.log_var.map(|log_var| log_var.clamp(self.floor, self.ceiling)).transpose()?;
        Ok(Code { mean: code.mean, log_var })
    }

    fn penalty(&self, code: &Code) -> Result<Option<Tensor>> {
        match &code.log_var {
            Some(log_var) if self.l1 > 0.0 => Ok(Some((log_var.abs()?.sum(D::Minus1)?.mean_all()? * self.l1)?)),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use serde_json::json;

    use crate::noise::NOISES;

    use super::*;

    fn noise(settings: serde_json::Value) -> Box<dyn EncoderNoise> {
        NOISES.build(ENTRY.name, settings.as_object().unwrap()).unwrap()
    }

    #[test]
    fn the_bounds_hold_and_the_penalty_is_the_l1_norm() {
        let head = |values: &[f64]| Code {
            mean: Tensor::zeros((1, values.len()), candle_core::DType::F64, &Device::Cpu).unwrap(),
            log_var: Some(Tensor::new(values, &Device::Cpu).unwrap().unsqueeze(0).unwrap()),
        };
        let noise = noise(json!({ "floor": -3, "ceiling": 1, "l1": 0.5 }));
        let code = noise.shape(head(&[-9.0, -2.0, 5.0])).unwrap();
        assert_eq!(code.log_var.as_ref().unwrap().to_vec2::<f64>().unwrap(), [[-3.0, -2.0, 1.0]]);
        assert_eq!(noise.penalty(&code).unwrap().unwrap().to_scalar::<f64>().unwrap(), 3.0);
    }

    #[test]
    fn bounds_that_cross_are_refused_by_name() {
        let built = NOISES.build(ENTRY.name, json!({ "floor": 2, "ceiling": 1 }).as_object().unwrap());
        assert!(matches!(built, Err(Error::Setting { key, given, .. }) if key == "ceiling" && given == "1"));
    }
}
