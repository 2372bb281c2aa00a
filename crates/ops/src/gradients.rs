//! The backward pass without candle's first additions.
//!
//! candle adds every gradient to a tensor of zeros first. For a parameter, which most graphs use once, that is a zeroed tensor and an
//! addition for nothing: three times the parameter's memory, and a few percent of a narrow network's step.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, TensorId};
use std::cell::RefCell;
use std::collections::HashSet;

/// A backward pass that is under way on this thread.
struct Pass {
    nodes: HashSet<TensorId>,
    gradients: Vec<(Tensor, Tensor)>,
}

thread_local! {
    /// The last one is the innermost: while a pass waits for other threads, this one may take up another pass.
    static PASSES: RefCell<Vec<Pass>> = const { RefCell::new(Vec::new()) };
}

/// The gradients of the scalar `loss`, as [`Tensor::backward`] gives them, for less time and memory: those of variables that
/// [`conv_stack_train`](crate::conv_stack_train) and [`linear`](crate::linear) take on the CPU are handed over as they are.
/// Where three terms or more meet in one variable, they may be added in another order. An operation whose own backward pass runs
/// another one over the same nodes has to call this function, too.
///
/// # Errors
/// Returns an error where an operation of the graph has no gradient or fails.
pub fn backward(loss: &Tensor) -> Result<GradStore> {
    let nodes = loss.sorted_nodes().into_iter().map(Tensor::id).collect();
    PASSES.with_borrow_mut(|passes| passes.push(Pass { nodes, gradients: Vec::new() }));
    let ended = Ended;
    let gradients = loss.backward();
    let handed = PASSES.with_borrow_mut(|passes| passes.last_mut().map(|pass| std::mem::take(&mut pass.gradients)));
    drop(ended);
    let mut gradients = gradients?;
    for (variable, gradient) in handed.into_iter().flatten() {
        let sum = match gradients.remove(&variable) {
            Some(other) => (other + gradient)?,
            None => gradient,
        };
        gradients.insert(&variable, sum);
    }
    Ok(gradients)
}

/// Ends the innermost pass, also where it panics.
struct Ended;

impl Drop for Ended {
    fn drop(&mut self) {
        PASSES.with_borrow_mut(Vec::pop);
    }
}

/// What an operation that gave `node` returns to candle as the gradient of `parameter`: nothing where the pass at hand takes it.
/// A pass takes only what is of its own graph: another one may run in its middle.
pub(crate) fn hand_over(node: &Tensor, parameter: &Tensor, gradient: Tensor) -> Option<Tensor> {
    PASSES.with_borrow_mut(|passes| match passes.last_mut() {
        Some(pass) if parameter.is_variable() && pass.nodes.contains(&node.id()) => {
            pass.gradients.push((parameter.clone(), gradient));
            None
        }
        _ => Some(gradient),
    })
}

#[cfg(test)]
mod tests {
    use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Var};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::{Direction, Finish, StackLayer, conv_stack_train, linear};

    fn var(shape: &[usize], seed: usize) -> Var {
        let values: Vec<f32> = (0..shape.iter().product()).map(|i: usize| ((i * 37 + seed * 11) % 101) as f32 / 50.0 - 1.0).collect();
        Var::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn elements(gradients: &GradStore, var: &Var) -> Vec<f32> {
        gradients.get(var).expect("a gradient").flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_gradients_are_candles() {
        let (x, w, b) = (var(&[4, 72], 1), var(&[3, 72], 2), var(&[3], 3));
        let (kernel, bias, gamma, beta) = (var(&[8, 2, 4, 4], 4), var(&[8], 5), var(&[8], 6), var(&[8], 7));
        let loss = || {
            let finish = Finish::BatchNormRelu { gamma: &gamma, beta: &beta };
            let layer = StackLayer { weight: &kernel, bias: &bias, stride: 2, direction: Direction::Convolve, finish };
            let images = |x: &Tensor| x.reshape((4, 2, 6, 6));
            let once = conv_stack_train(&images(&x).unwrap(), &[layer], 1e-5).unwrap().0;
            let twice = conv_stack_train(&(images(&x).unwrap() * 0.5).unwrap(), &[layer], 1e-5).unwrap().0;
            // A penalty of one weight goes through candle alone, and a weight that is computed is no variable.
            let flat = (once + twice).unwrap().flatten_from(1).unwrap();
            let y = linear(&flat, &(w.as_tensor() * 2.0).unwrap(), Some(&b)).unwrap();
            let z = linear(&flat, &w, None).unwrap();
            let penalty = (kernel.sqr().unwrap().sum_all().unwrap() + w.sqr().unwrap().sum_all().unwrap()).unwrap();
            (((y * z).unwrap().sum_all().unwrap()) + penalty).unwrap()
        };
        let (ours, candles) = (backward(&loss()).unwrap(), loss().backward().unwrap());
        for var in [&x, &w, &b, &kernel, &bias, &gamma, &beta] {
            let (ours, candles) = (elements(&ours, var), elements(&candles, var));
            assert!(candles.iter().any(|v| *v != 0.0) || var.dims() == [8], "{var:?}");
            assert!(ours.iter().zip(&candles).all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + b.abs())), "{var:?}");
        }
        assert!(PASSES.with_borrow(Vec::is_empty));
    }

    /// Runs a backward pass of its own in the middle of another.
    struct Interrupt {
        other: Tensor,
        found: Arc<Mutex<Option<GradStore>>>,
    }

    impl CustomOp1 for Interrupt {
        fn name(&self) -> &'static str {
            "interrupt"
        }
        fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
            Ok((x.clone(), layout.shape().clone()))
        }
        fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
            *self.found.lock().unwrap() = Some(self.other.backward()?);
            Ok(Some(gradient.clone()))
        }
    }

    #[test]
    fn a_pass_in_the_middle_of_another_keeps_its_gradients() {
        let (x, w, other_w) = (var(&[2, 4], 1), var(&[3, 4], 2), var(&[3, 4], 3));
        let found = Arc::new(Mutex::new(None));
        let other = linear(&x, &other_w, None).unwrap().sum_all().unwrap();
        let interrupt = Interrupt { other, found: Arc::clone(&found) };
        let loss = linear(&x.apply_op1(interrupt).unwrap(), &w, None).unwrap().sum_all().unwrap();
        let gradients = backward(&loss).unwrap();
        assert!(gradients.get(&w).is_some() && gradients.get(&other_w).is_none());
        let found = found.lock().unwrap().take().expect("the other pass");
        assert!(found.get(&other_w).is_some() && found.get(&w).is_none());
    }
}
