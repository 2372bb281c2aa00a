//! The modules of candle-nn against the functions they are made of, and against candle-nn's own.

use candle_core::{DType, Device, Module, ModuleT, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};
use vimae_ops::{
    BatchStatistics,
    Direction::{Convolve, Transpose},
    batch_norm_relu_eval, batch_norm_relu_train, conv_transpose2d_same, conv2d_same,
    nn::{self, ConvStack, Evaluate, Squash, StackConfig, conv_stack, seq_t},
    tanh,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn ramp(shape: &[usize]) -> candle_core::Result<Tensor> {
    let len = shape.iter().product::<usize>();
    let values = (0..len).map(|i| ((i * 37 + i / 3) % 101) as f32 / 50. - 1.).collect::<Vec<_>>();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// Fills variables with values that do not depend on candle's generator.
fn fill(variables: &VarMap) -> Outcome {
    let data = variables.data().lock().map_err(|e| e.to_string())?;
    for (name, var) in data.iter().filter(|(name, _)| !name.contains("running")) {
        var.set(&(ramp(var.dims())? * if name.ends_with("weight") { 0.3 } else { 0.1 })?)?;
    }
    Ok(())
}

fn values(x: &Tensor) -> candle_core::Result<Vec<f32>> {
    x.flatten_all()?.to_vec1()
}

fn close(a: &Tensor, b: &Tensor, tolerance: f32) -> Outcome {
    assert_eq!(a.dims(), b.dims());
    let largest = (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
    assert!(largest <= tolerance, "{largest}");
    Ok(())
}

fn stack(variables: &VarMap) -> candle_core::Result<(ConvStack, ConvStack)> {
    let vb = VarBuilder::from_varmap(variables, DType::F32, &Device::Cpu);
    let layer = |outputs, direction| StackConfig { outputs, kernel: 4, stride: 2, direction };
    let down = conv_stack(1, &[layer(3, Convolve), layer(5, Convolve)], None, vb.pp("down"))?;
    let last = StackConfig { outputs: 1, kernel: 3, stride: 1, direction: Transpose };
    Ok((down, conv_stack(5, &[layer(4, Transpose), layer(3, Transpose)], Some((last, Squash::Tanh)), vb.pp("up"))?))
}

#[test]
fn a_stack_trains_as_its_layers_do_and_its_statistics_are_the_stores() -> Outcome {
    let variables = VarMap::new();
    let (down, up) = stack(&variables)?;
    fill(&variables)?;
    let get = |name: &str| -> Result<Tensor, Box<dyn std::error::Error>> {
        let data = variables.data().lock().map_err(|e| e.to_string())?;
        Ok(data.get(name).ok_or("missing")?.as_tensor().copy()?)
    };
    let x = ramp(&[4, 1, 12, 12])?;
    let (mut y, mut means) = (x.clone(), Vec::new());
    for i in 0..2 {
        let h = conv2d_same(&y, &get(&format!("down.conv{i}.weight"))?, Some(&get(&format!("down.conv{i}.bias"))?), 2)?;
        let (gamma, beta) = (get(&format!("down.bn{i}.weight"))?, get(&format!("down.bn{i}.bias"))?);
        let (z, BatchStatistics { mean, .. }) = batch_norm_relu_train(&h, &gamma, &beta, 1e-5)?;
        means.push((mean * 0.1)?);
        y = z;
    }
    let found = down.forward_t(&x, true)?;
    close(&found, &y, 1e-4)?;
    for (i, mean) in means.iter().enumerate() {
        close(&get(&format!("down.bn{i}.running_mean"))?, mean, 1e-5)?;
    }
    let images = up.forward_t(&found, true)?;
    assert_eq!(images.dims(), [4, 1, 12, 12]);
    let gradients = images.sqr()?.sum_all()?.backward()?;
    let data = variables.data().lock().map_err(|e| e.to_string())?;
    for (name, var) in data.iter().filter(|(name, _)| !name.contains("running")) {
        assert!(gradients.get(var).is_some(), "{name} has no gradient");
    }
    Ok(())
}

#[test]
fn a_stack_evaluates_by_running_statistics_inside_a_sequence() -> Outcome {
    let variables = VarMap::new();
    let (down, _) = stack(&variables)?;
    fill(&variables)?;
    let x = ramp(&[2, 1, 12, 12])?;
    down.forward_t(&x, true)?;
    let sequence = candle_nn::seq().add(Evaluate(down.clone())).add_fn(|x| x.flatten_from(1));
    let (first, both) = (sequence.forward(&x.narrow(0, 0, 1)?)?, sequence.forward(&x)?);
    assert_eq!(values(&first)?, values(&both.narrow(0, 0, 1)?)?);
    let trained = seq_t().add(down.clone()).add_fn(|x| x.flatten_from(1));
    assert_ne!(values(&trained.forward_t(&x, true)?)?, values(&both)?);
    // The gradient reaches the weights in evaluation, too, unless the convolutions are detached.
    let weight = down.convolutions().next().ok_or("a convolution")?.weight();
    assert!(down.forward_t(&x, false)?.sum_all()?.backward()?.get(weight).is_some());
    let detached = down.with_detached_convolutions();
    assert!(detached.forward_t(&x, false)?.sum_all()?.backward()?.get(weight).is_none());
    assert_eq!(values(&detached.forward_t(&x, false)?)?, values(&down.forward_t(&x, false)?)?);
    Ok(())
}

#[test]
fn a_stack_evaluates_to_the_bits_of_its_layers_with_their_gradient() -> Outcome {
    let variables = VarMap::new();
    let (down, up) = stack(&variables)?;
    fill(&variables)?;
    let data = variables.data().lock().map_err(|e| e.to_string())?;
    let get = |name: String| data.get(&name).map(|var| var.as_tensor().clone()).ok_or(name);
    let x = Var::from_tensor(&ramp(&[3, 1, 12, 12])?)?;
    let layers = |mut y: Tensor, part: &str, transposed: bool| -> Result<Tensor, Box<dyn std::error::Error>> {
        for i in 0..2 {
            let (weight, bias) = (get(format!("{part}.conv{i}.weight"))?, get(format!("{part}.conv{i}.bias"))?);
            let h =
                if transposed { conv_transpose2d_same(&y, &weight, Some(&bias), 2)? } else { conv2d_same(&y, &weight, Some(&bias), 2)? };
            let [gamma, beta, mean, var] =
                ["weight", "bias", "running_mean", "running_var"].map(|name| get(format!("{part}.bn{i}.{name}")));
            y = batch_norm_relu_eval(&h, &gamma?, &beta?, &mean?, &var?, 1e-5)?;
        }
        Ok(y)
    };
    let code = layers(x.as_tensor().clone(), "down", false)?;
    let images = layers(code.clone(), "up", true)?;
    let (weight, bias) = (get("up.last.weight".into())?, get("up.last.bias".into())?);
    let images = tanh(&conv_transpose2d_same(&images, &weight, Some(&bias), 1)?)?;
    let found = down.forward_t(&x, false)?;
    assert_eq!(values(&found)?, values(&code)?);
    let found = up.forward_t(&found, false)?;
    assert_eq!(values(&found)?, values(&images)?);
    let (expected, found) = (images.sqr()?.sum_all()?.backward()?, found.sqr()?.sum_all()?.backward()?);
    for of in [x.as_tensor(), &get("down.conv1.weight".into())?, &get("up.conv0.weight".into())?] {
        let (a, b) = (expected.get(of).ok_or("no gradient")?, found.get(of).ok_or("no gradient")?);
        assert_eq!(values(a)?, values(b)?);
    }
    Ok(())
}

#[test]
fn batch_norm_follows_its_batches_and_then_uses_what_it_learnt() -> Outcome {
    let variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let norm = nn::batch_norm_relu(3, vb.pp("bn"))?.with_momentum(0.5);
    let theirs = candle_nn::batch_norm(3, candle_nn::BatchNormConfig { momentum: 0.5, ..Default::default() }, vb.pp("theirs"))?;
    let x = ramp(&[5, 3, 4, 4])?;
    close(&norm.forward_t(&x, true)?, &theirs.forward_t(&x, true)?.relu()?, 1e-5)?;
    let (mean, var) = norm.running();
    close(mean, theirs.running_mean(), 1e-6)?;
    close(var, theirs.running_var(), 1e-6)?;
    close(&norm.forward_t(&x, false)?, &theirs.forward_t(&x, false)?.relu()?, 1e-5)?;
    let (one, zero) = (Tensor::ones(3, DType::F32, &Device::Cpu)?, Tensor::zeros(3, DType::F32, &Device::Cpu)?);
    assert_eq!(values(&norm.forward_t(&x, false)?)?, values(&batch_norm_relu_eval(&x, &one, &zero, mean, var, 1e-5)?)?);
    Ok(())
}

#[test]
fn a_linear_layer_is_candle_nns_on_any_leading_dimensions() -> Outcome {
    let variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let (ours, theirs) = (nn::linear(6, 4, vb.clone())?, candle_nn::linear(6, 4, vb)?);
    for shape in [&[5, 6][..], &[2, 3, 6]] {
        let x = ramp(shape)?;
        close(&ours.forward(&x)?, &theirs.forward(&x)?, 1e-6)?;
        close(&ours.forward_relu(&x)?, &theirs.forward(&x)?.relu()?, 1e-6)?;
    }
    // An error of an operation reaches candle's functions whole.
    let error = ours.forward(&ramp(&[5, 7])?).err().ok_or("no error")?;
    assert!(error.to_string().contains("linear: w must be [O, 7], got [4, 6]"), "{error}");
    Ok(())
}

#[test]
fn a_stack_that_cannot_run_is_refused() -> Outcome {
    let refused = |made: vimae_ops::Result<ConvStack>, name: &str| matches!(made, Err(vimae_ops::Error::Parameter { parameter, .. }) if parameter == name);
    assert!(refused(ConvStack::new(Vec::new(), None), "layers"));
    let vb = VarBuilder::zeros(DType::F32, &Device::Cpu);
    let layer = |epsilon| -> candle_core::Result<_> {
        Ok((nn::conv2d_same(2, 2, 3, 1, vb.clone())?.into(), nn::batch_norm_relu(2, vb.clone())?.with_epsilon(epsilon)))
    };
    assert!(refused(ConvStack::new(vec![layer(1e-5)?, layer(1e-3)?], None), "epsilon"));
    Ok(())
}
