//! Times one whole training step of the paper's network made of this crate's operations.
//!
//! `cargo run --release -p vimae-ops --example train_step -- mnist 16 [steps] [layers|first]`
//!
//! Input noise is left out (it is not this crate's); the divergence is a multi-scale IMQ MMD from
//! candle's own operations. `layers` goes layer by layer instead of by stacks, `first` with the
//! activations channels first.
#![expect(clippy::print_stdout, reason = "an example prints")]

use candle_core::{DType, Device, Result, Tensor, Var};
use std::time::Instant;
use vimae_ops::{self as ops, Adam, AdamConfig, Direction, Finish, StackLayer, channels_last as last};

#[global_allocator]
static ALLOCATOR: ops::LineAllocator = ops::LineAllocator;

struct Spec {
    channels: usize,
    size: usize,
    kernel: usize,
    code: usize,
    doublings: usize,
    symmetric: bool,
}

struct Network {
    spec: Spec,
    width: usize,
    first: bool,
    parameters: Vec<(String, Var)>,
}

fn values(shape: &[usize], scale: f64) -> Result<Tensor> {
    let len = shape.iter().product::<usize>();
    let wave = |i: usize| (((i * 7919) % 104_729) as f32 / 104_729.0 - 0.5) * 2.0 * scale as f32;
    Tensor::from_vec((0..len).map(wave).collect::<Vec<_>>(), shape, &Device::Cpu)
}

impl Network {
    fn new(spec: Spec, width: usize, first: bool) -> Result<Self> {
        let mut net = Self { spec, width, first, parameters: Vec::new() };
        let (k, code) = (net.spec.kernel, net.spec.code);
        let mut c = net.spec.channels;
        for i in 0..4 {
            let o = width << i;
            net.layer(&format!("encoder{i}"), &[o, c, k, k], o, c * k * k, true)?;
            c = o;
        }
        let flat = c * net.spec.size.div_ceil(16).pow(2);
        net.layer("mean", &[code, flat], code, flat, false)?;
        let base = net.spec.size >> net.spec.doublings;
        let wide = c * base * base;
        net.layer("fc", &[wide, code], wide, code, false)?;
        for i in 0..net.spec.doublings {
            net.layer(&format!("decoder{i}"), &[c, c / 2, k, k], c / 2, c * k * k / 4, true)?;
            c /= 2;
        }
        let o = net.spec.channels;
        net.layer("out", &[c, o, k, k], o, c * k * k, false)?;
        Ok(net)
    }

    fn layer(&mut self, name: &str, shape: &[usize], o: usize, fan: usize, norm: bool) -> Result<()> {
        let mut add = |part: &str, t: Tensor| -> Result<()> {
            self.parameters.push((format!("{name}.{part}"), Var::from_tensor(&t)?));
            Ok(())
        };
        add("w", values(shape, (3.0 / fan as f64).sqrt())?)?;
        add("b", values(&[o], 0.01)?)?;
        if norm {
            add("gamma", Tensor::ones(o, DType::F32, &Device::Cpu)?)?;
            add("beta", Tensor::zeros(o, DType::F32, &Device::Cpu)?)?;
        }
        Ok(())
    }

    fn forward(&self, x: &Tensor) -> ops::Result<(Tensor, Tensor)> {
        let mut p = self.parameters.iter().map(|(_, v)| v.as_tensor());
        let mut next = || p.next().ok_or_else(|| candle_core::Error::msg("too few parameters"));
        let norm = |h: &Tensor, gamma: &Tensor, beta: &Tensor| -> ops::Result<Tensor> {
            Ok(if self.first {
                ops::batch_norm_relu_train(h, gamma, beta, 1e-5)?.0
            } else {
                last::batch_norm_relu_train(h, gamma, beta, 1e-5)?.0
            })
        };
        let up = |h: &Tensor, w: &Tensor, b: &Tensor, stride| {
            if self.first { ops::conv_transpose2d_same(h, w, Some(b), stride) } else { last::conv_transpose2d_same(h, w, Some(b), stride) }
        };
        let mut h = if self.first { x.clone() } else { x.permute((0, 2, 3, 1))? };
        for _ in 0..4 {
            let (w, b) = (next()?, next()?);
            h = if self.first { ops::conv2d_same(&h, w, Some(b), 2)? } else { last::conv2d_same(&h, w, Some(b), 2)? };
            h = norm(&h, next()?, next()?)?;
        }
        let z = ops::linear(&h.flatten_from(1)?, next()?, Some(next()?))?;
        let base = self.spec.size >> self.spec.doublings;
        let n = x.dim(0)?;
        h = ops::linear_relu(&z, next()?, Some(next()?))?;
        h = if self.first { h.reshape((n, self.width * 8, base, base))? } else { h.reshape((n, base, base, self.width * 8))? };
        for _ in 0..self.spec.doublings {
            h = up(&h, next()?, next()?, 2)?;
            h = norm(&h, next()?, next()?)?;
        }
        h = up(&h, next()?, next()?, 1)?;
        h = if self.spec.symmetric { ops::tanh(&h)? } else { ops::sigmoid(&h)? };
        Ok((z, if self.first { h } else { h.permute((0, 3, 1, 2))? }))
    }
}

impl Network {
    fn forward_stacks(&self, x: &Tensor) -> ops::Result<(Tensor, Tensor)> {
        let tensors: Vec<&Tensor> = self.parameters.iter().map(|(_, v)| v.as_tensor()).collect();
        let stack = |p: &[&Tensor], direction, last: Option<Finish<'_>>, x: &Tensor| -> ops::Result<Tensor> {
            let mut layers: Vec<StackLayer<'_>> = p
                .chunks_exact(4)
                .map(|p| StackLayer {
                    weight: p[0],
                    bias: p[1],
                    stride: 2,
                    direction,
                    finish: Finish::BatchNormRelu { gamma: p[2], beta: p[3] },
                })
                .collect();
            if let Some(finish) = last {
                let rest = p.chunks_exact(4).remainder();
                layers.push(StackLayer { weight: rest[0], bias: rest[1], stride: 1, direction, finish });
            }
            Ok(ops::conv_stack_train(x, &layers, 1e-5)?.0)
        };
        let h = stack(&tensors[..16], Direction::Convolve, None, x)?;
        let z = ops::linear(&h.flatten_from(1)?, tensors[16], Some(tensors[17]))?;
        let base = self.spec.size >> self.spec.doublings;
        let h = ops::linear_relu(&z, tensors[18], Some(tensors[19]))?.reshape((x.dim(0)?, self.width * 8, base, base))?;
        let finish = if self.spec.symmetric { Finish::Tanh } else { Finish::Sigmoid };
        Ok((z, stack(&tensors[20..], Direction::Transpose, Some(finish), &h)?))
    }
}

fn mmd(q: &Tensor, p: &Tensor) -> Result<Tensor> {
    let (n, d) = q.dims2()?;
    let distances = |a: &Tensor, b: &Tensor| {
        let squares = a.sqr()?.sum_keepdim(1)?.broadcast_add(&b.sqr()?.sum(1)?)?;
        squares - (a.matmul(&b.t()?)? * 2.0)?
    };
    let (qq, pp, qp) = (distances(q, q)?, distances(p, p)?, distances(q, p)?);
    let mut total = Tensor::zeros((), DType::F32, q.device())?;
    for scale in [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0] {
        let c = 2.0 * d as f64 * scale;
        let kernel = |d: &Tensor| (d + c)?.recip()?.sum_all()? * c;
        let within = ((kernel(&qq)? + kernel(&pp)?)? - 2.0 * n as f64)?;
        let pairs = (n * (n - 1)) as f64;
        total = ((total + (within / pairs)?)? - (kernel(&qp)? * (2.0 / (n * n) as f64))?)?;
    }
    Ok(total)
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    ops::keep_freed_memory();
    let spec = match args.get(1).map(String::as_str) {
        Some("cifar10") => Spec { channels: 3, size: 32, kernel: 5, code: 64, doublings: 3, symmetric: true },
        Some("celeba") => Spec { channels: 3, size: 64, kernel: 5, code: 64, doublings: 3, symmetric: true },
        _ => Spec { channels: 1, size: 28, kernel: 4, code: 8, doublings: 2, symmetric: false },
    };
    let width = args.get(2).map_or(Ok(16), |w| w.parse())?;
    let steps: usize = args.get(3).map_or(Ok(20), |s| s.parse())?;
    let first = args.iter().any(|a| a == "first");
    let layers = first || args.iter().any(|a| a == "layers");
    let x = values(&[100, spec.channels, spec.size, spec.size], 1.0)?;
    let prior = values(&[100, spec.code], 1.7)?;
    let net = Network::new(spec, width, first)?;
    let mut adam = Adam::named(net.parameters.clone(), AdamConfig::default())?;
    let mut times = Vec::new();
    let mut parts = Vec::new();
    for _ in 0..steps + 2 {
        let start = Instant::now();
        let (z, y) = if layers { net.forward(&x)? } else { net.forward_stacks(&x)? };
        let error = ops::squared_error_sum(&y.contiguous()?, &x)?.mean_all()?;
        let loss = ((error * 0.05)? + (mmd(&z, &prior)? * 10.0)?)?;
        let forward = start.elapsed();
        let gradients = ops::backward(&loss)?;
        let backward = start.elapsed();
        adam.step(&gradients)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        parts.push((forward.as_secs_f64() * 1e3, (backward - forward).as_secs_f64() * 1e3));
    }
    let mut times = times.split_off(2);
    times.sort_by(f64::total_cmp);
    let (f, b) = parts[parts.len() - 1];
    println!("median {:.1} ms, least {:.1} ms; the last: forward {f:.1}, backward {b:.1}", times[times.len() / 2], times[0]);
    Ok(())
}
