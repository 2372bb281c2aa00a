//! exp, ln(1 + x) and tanh in `f32` without branches or calls, so that loops over them become vectors; the
//! polynomials are those of Moshier's Cephes library (expf, logf, tanhf).

/// e^x within two units in the last place; 0 below -87.3, infinity above 88.7, NaN of NaN.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, the first exact in few bits.
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    let clamped = x.clamp(-87.3, 88.3);
    // Rounds to the nearest whole number: adding 1.5 * 2^23 leaves no bits for a fraction.
    const ROUND: f32 = 12_582_912.0;
    let n = (clamped * LOG2_E + ROUND) - ROUND;
    let r = clamped - n * HIGH - n * LOW;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 0.166_666_65;
    let p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    // 2^n by its bits; n lies in -126..=127 after the clamp.
    let scaled = y * f32::from_bits(((n as i32 + 127) << 23) as u32);
    if x < -87.3 {
        0.0
    } else if x > 88.3 {
        if x > 88.722_83 { f32::INFINITY } else { scaled * ((x - 88.3) + 1.0) }
    } else {
        scaled
    }
}

/// ln(1 + x) of 0 to 1 within two units in the last place.
#[inline(always)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    // 1 + x above sqrt 2 is halved, so that the polynomial is asked for -0.25 to 0.42 alone.
    let halved = x > std::f32::consts::SQRT_2 - 1.0;
    let z = if halved { 0.5 * (x - 1.0) } else { x };
    let p = 7.037_684e-2;
    let p = p * z - 0.115_146_1;
    let p = p * z + 0.116_769_99;
    let p = p * z - 0.124_201_41;
    let p = p * z + 0.142_493_23;
    let p = p * z - 0.166_680_58;
    let p = p * z + 0.200_007_14;
    let p = p * z - 0.249_999_94;
    let p = p * z + 0.333_333_3;
    let y = p * z * z * z - 0.5 * z * z + z;
    if halved { y + std::f32::consts::LN_2 } else { y }
}

/// tanh x within three units in the last place.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let far = 1.0 - 2.0 / (exp(2.0 * size) + 1.0);
    let far = if x < 0.0 { -far } else { far };
    let z = x * x;
    let p = -5.704_988_7e-3;
    let p = p * z + 2.063_909e-2;
    let p = p * z - 5.373_971_6e-2;
    let p = p * z + 0.133_314_42;
    let p = p * z - 0.333_332_8;
    let near = p * z * x + x;
    if size < 0.625 { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_the_exact_values() {
        for i in -200_000..200_000 {
            let x = i as f32 * 4.3e-4;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 2.5e-7 * exact, "exp({x}) = {}", exp(x));
            let exact = f64::from(x).tanh();
            assert!((f64::from(tanh(x)) - exact).abs() <= 3e-7 * exact.abs(), "tanh({x})");
        }
        for i in 0..=100_000 {
            let x = i as f32 * 1e-5;
            let exact = f64::from(x).ln_1p();
            assert!((f64::from(ln_1p(x)) - exact).abs() <= 2.5e-7 * exact, "ln_1p({x})");
        }
        assert_eq!((exp(-1000.0), exp(1000.0), exp(0.0)), (0.0, f32::INFINITY, 1.0));
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && ln_1p(f32::NAN).is_nan());
        assert_eq!((tanh(0.0), tanh(50.0), tanh(f32::NEG_INFINITY)), (0.0, 1.0, -1.0));
    }
}
