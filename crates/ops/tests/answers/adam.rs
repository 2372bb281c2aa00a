//! Adam against its equations, and exact continuation.

use candle_core::{Device, Tensor, Var};
use vimae_ops::{Adam, AdamConfig, Error};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn parameters() -> candle_core::Result<Vec<(String, Var)>> {
    let a = Var::new(&[[0.5f32, -1., 2.], [0.1, 0., -0.3]], &Device::Cpu)?;
    let b = Var::new(&[1f32, 2.], &Device::Cpu)?;
    Ok(vec![("a".to_owned(), a), ("b".to_owned(), b)])
}

fn loss(vars: &[(String, Var)]) -> candle_core::Result<Tensor> {
    let target = Tensor::new(&[3f32, -4., 0.5], &Device::Cpu)?;
    let a = vars[0].1.broadcast_sub(&target)?.sqr()?.sum_all()?;
    (a + vars[1].1.sqr()?.sqr()?.sum_all()?)? * 0.5
}

fn values(vars: &[(String, Var)]) -> candle_core::Result<Vec<f32>> {
    let mut all = Vec::new();
    for (_, var) in vars {
        all.extend(var.flatten_all()?.to_vec1::<f32>()?);
    }
    Ok(all)
}

#[test]
fn follows_the_equations() -> Outcome {
    for beta1 in [0.5, 0.9] {
        let vars = parameters()?;
        let config = AdamConfig { beta1, ..AdamConfig::default() };
        let mut adam = Adam::named(vars.clone(), config)?;
        let mut p: Vec<f64> = values(&vars)?.into_iter().map(f64::from).collect();
        let (mut m, mut v) = (vec![0.; p.len()], vec![0.; p.len()]);
        for t in 1..=50 {
            let gradients = loss(&vars)?.backward()?;
            let mut g = Vec::new();
            for (_, var) in &vars {
                g.extend(gradients.get(var).ok_or("none")?.flatten_all()?.to_vec1::<f32>()?);
            }
            adam.step(&gradients)?;
            for i in 0..p.len() {
                let g = f64::from(g[i]);
                m[i] = beta1 * m[i] + (1. - beta1) * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                let mean = m[i] / (1. - beta1.powi(t));
                let square = v[i] / (1. - 0.999f64.powi(t));
                p[i] -= 1e-3 * mean / (square.sqrt() + 1e-8);
            }
        }
        for (got, expected) in values(&vars)?.into_iter().zip(p) {
            assert!((f64::from(got) - expected).abs() < 1e-5, "expected {expected}, got {got}");
        }
    }
    Ok(())
}

#[test]
fn continues_bit_for_bit() -> Outcome {
    let config = AdamConfig::default();
    let through = parameters()?;
    let mut adam = Adam::named(through.clone(), config)?;
    let stopped = parameters()?;
    let mut first = Adam::named(stopped.clone(), config)?;
    for _ in 0..20 {
        adam.step(&loss(&through)?.backward()?)?;
        first.step(&loss(&stopped)?.backward()?)?;
    }
    let state = first.state()?;
    let keys: Vec<&str> = state.keys().map(String::as_str).collect();
    assert_eq!(keys, ["adam.m.a", "adam.m.b", "adam.t", "adam.v.a", "adam.v.b"]);
    let mut second = Adam::named(stopped.clone(), config)?;
    second.load_state(&state)?;
    for _ in 0..20 {
        adam.step(&loss(&through)?.backward()?)?;
        second.step(&loss(&stopped)?.backward()?)?;
    }
    let bits = |v: Vec<f32>| v.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    assert_eq!(bits(values(&through)?), bits(values(&stopped)?));
    Ok(())
}

#[test]
fn refuses_what_does_not_fit() -> Outcome {
    let vars = parameters()?;
    let mut adam = Adam::named(vars.clone(), AdamConfig::default())?;
    let before = values(&vars)?;
    let partial = vars[0].1.sum_all()?.backward()?;
    assert!(matches!(adam.step(&partial), Err(Error::MissingGradient { name }) if name == "b"));
    assert_eq!(values(&vars)?, before);

    let mut state = adam.state()?;
    state.remove("adam.v.b");
    assert!(matches!(adam.load_state(&state), Err(Error::MissingState { key }) if key == "adam.v.b"));
    let mut state = adam.state()?;
    state.insert("adam.m.b".to_owned(), Tensor::new(&[1f32], &Device::Cpu)?);
    assert!(matches!(adam.load_state(&state), Err(Error::StateShape { .. })));

    let twice = vec![vars[0].clone(), vars[0].clone()];
    assert!(matches!(Adam::named(twice, AdamConfig::default()), Err(Error::DuplicateParameter { .. })));
    let config = AdamConfig { beta1: 1.0, ..AdamConfig::default() };
    assert!(matches!(Adam::named(vars, config), Err(Error::Parameter { parameter: "beta1", .. })));
    Ok(())
}

#[test]
fn it_is_an_optimiser_of_candle_nn_that_passes_over_what_has_no_gradient() -> Outcome {
    fn steps<O: candle_nn::Optimizer>(vars: &[(String, Var)], mut optimiser: O) -> Outcome {
        for _ in 0..5 {
            optimiser.backward_step(&loss(vars)?)?;
        }
        optimiser.set_learning_rate(0.5);
        assert_eq!(optimiser.learning_rate(), 0.5);
        Ok(())
    }
    let (named, placed) = (parameters()?, parameters()?);
    let mut by_name = Adam::named(named.clone(), AdamConfig::default())?;
    for _ in 0..5 {
        by_name.step(&loss(&named)?.backward()?)?;
    }
    let statistic = Var::new(&[1f32, 2.], &Device::Cpu)?;
    let all = placed.iter().map(|(_, var)| var.clone()).chain([statistic.clone()]).collect();
    steps(&placed, <Adam as candle_nn::Optimizer>::new(all, AdamConfig::default())?)?;
    assert_eq!(values(&named)?, values(&placed)?);
    assert_eq!(statistic.to_vec1::<f32>()?, [1., 2.]);
    Ok(())
}
