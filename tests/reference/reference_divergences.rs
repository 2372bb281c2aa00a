//! The divergences that training minimises against the discrepancies of the reference, with their fused gradients.

use anyhow::Result;
use candle_core::{DType, Tensor};
use serde_json::json;
use vimae_tests::{
    golden::{case, near},
    parts::{divergence_with, part_request},
};

#[test]
fn trained_discrepancies() -> Result<()> {
    for name in ["mmd_0", "mmd_1", "mmd_2"] {
        let case = case(name)?;
        let (q, p) = (case.tensor("q")?, case.tensor("p")?);
        let size = q.dim(1)?;
        let width = case.number("rbf_sigma_squared")? / size as f64;
        for (divergence, settings, key) in
            [("mmd_imq", json!({}), "imq_multiscale"), ("mmd_rbf", json!({ "scale": width }), "rbf_unbiased")]
        {
            for dtype in [DType::F32, DType::F64] {
                let cast = |t: &Tensor| t.to_dtype(dtype);
                let estimate =
                    divergence_with(divergence, settings.clone(), &part_request(size, dtype))?.estimate(&cast(&q)?, &cast(&p)?)?;
                let got = estimate.to_dtype(DType::F64)?.to_scalar::<f64>()?;
                near(&format!("{name} {divergence}"), got, case.number(key)?, case.number("rtol")?, case.number("atol")?)?;
            }
        }
    }
    Ok(())
}
