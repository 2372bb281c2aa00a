//! Single operations at the shapes of the paper's networks, batches of 100, both ways.
//!
//! `cargo bench -p vimae-ops` measures the CPU (`RAYON_NUM_THREADS` threads); with `--features cudnn` and
//! `VIMAE_BENCH_DEVICE=cuda` a GPU, `VIMAE_BENCH_TF32=1` with TF32. An argument picks by name, as
//! `cargo bench -p vimae-ops -- mnist/encoder1`. `candle` beside `forward` and `backward` is the same by
//! candle's own operations. A forward pass ends when the device is done; a backward pass starts from the
//! sum of the result and gives the gradients of input and parameters.

#![expect(clippy::panic, reason = "a benchmark that cannot go on has nobody to report to")]

use candle_core::{DType, Device, Result, Tensor, Var};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use std::hint::black_box;
use std::time::Duration;
use vimae_ops::{self as ops, Adam, AdamConfig, Direction};

#[global_allocator]
static ALLOCATOR: ops::LineAllocator = ops::LineAllocator;

const BATCH: usize = 100;

/// A layer: network and place, channels in and out, size of the input, kernel, stride, direction.
type Layer = (&'static str, usize, usize, usize, usize, usize, Direction);

const LAYERS: [Layer; 12] = [
    ("mnist/encoder0", 1, 16, 28, 4, 2, Direction::Convolve),
    ("mnist/encoder1", 16, 32, 14, 4, 2, Direction::Convolve),
    ("mnist/encoder2", 32, 64, 7, 4, 2, Direction::Convolve),
    ("mnist/encoder3", 64, 128, 4, 4, 2, Direction::Convolve),
    ("mnist/decoder0", 128, 64, 7, 4, 2, Direction::Transpose),
    ("mnist/decoder1", 64, 32, 14, 4, 2, Direction::Transpose),
    ("mnist/out", 32, 1, 28, 4, 1, Direction::Transpose),
    ("celeba/encoder0", 3, 16, 64, 5, 2, Direction::Convolve),
    ("celeba/encoder1", 16, 32, 32, 5, 2, Direction::Convolve),
    ("celeba/encoder2", 32, 64, 16, 5, 2, Direction::Convolve),
    ("celeba/decoder2", 32, 16, 32, 5, 2, Direction::Transpose),
    ("celeba/out", 16, 3, 64, 5, 1, Direction::Transpose),
];

fn device() -> Result<Device> {
    ops::allow_tf32(std::env::var("VIMAE_BENCH_TF32").is_ok_and(|v| v == "1"));
    match std::env::var("VIMAE_BENCH_DEVICE").as_deref() {
        Ok("cuda") => Device::new_cuda(0),
        _ => Ok(Device::Cpu),
    }
}

fn values(shape: &[usize], scale: f64, device: &Device) -> Result<Var> {
    let wave = |i: usize| ((((i * 7919) % 104_729) as f64 / 104_729.0 - 0.5) * 2.0 * scale) as f32;
    Var::from_tensor(&Tensor::from_vec((0..shape.iter().product()).map(wave).collect::<Vec<_>>(), shape, device)?)
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group
}

/// Times `f`, and the gradients of the sum of its result, under two names.
fn both_ways(group: &mut BenchmarkGroup<'_, WallTime>, names: [&str; 2], device: &Device, f: impl Fn() -> ops::Result<Tensor>) {
    let done = |what: &str, result: Result<()>| {
        if let Err(error) = result.and_then(|()| device.synchronize()) {
            panic!("{what}: {error}");
        }
    };
    group.bench_function(names[0], |b| {
        b.iter(|| done(names[0], f().map(|y| drop(black_box(y))).map_err(candle_core::Error::from)));
    });
    let loss = f().map_err(candle_core::Error::from).and_then(|y| y.sum_all());
    group.bench_function(names[1], |b| {
        b.iter(|| match &loss {
            Ok(loss) => done(names[1], loss.backward().map(|g| drop(black_box(g)))),
            Err(error) => panic!("{}: {error}", names[1]),
        });
    });
}

fn convolutions(criterion: &mut Criterion) {
    let run = |criterion: &mut Criterion| -> Result<()> {
        let device = &device()?;
        for (name, from, to, size, kernel, stride, direction) in LAYERS {
            let down = direction == Direction::Convolve;
            let x = values(&[BATCH, from, size, size], 1.0, device)?;
            let w = values(&if down { [to, from, kernel, kernel] } else { [from, to, kernel, kernel] }, 0.1, device)?;
            let b = values(&[to], 0.1, device)?;
            let mut group = group(criterion, name);
            let small = if down { size.div_ceil(stride) } else { size };
            // Multiplications and additions of the forward pass.
            group.throughput(Throughput::Elements((2 * BATCH * small * small * kernel * kernel * from * to) as u64));
            both_ways(&mut group, ["forward", "backward"], device, || match direction {
                Direction::Convolve => ops::conv2d_same(&x, &w, Some(&b), stride),
                Direction::Transpose => ops::conv_transpose2d_same(&x, &w, Some(&b), stride),
            });
            both_ways(&mut group, ["candle forward", "candle backward"], device, || candle_layer(&x, &w, &b, stride, down));
        }
        Ok(())
    };
    if let Err(error) = run(criterion) {
        panic!("convolutions: {error}");
    }
}

/// The same layer by candle's own operations.
fn candle_layer(x: &Tensor, w: &Tensor, b: &Tensor, stride: usize, down: bool) -> ops::Result<Tensor> {
    let (size, kernel) = (x.dim(2)?, w.dim(2)?);
    let y = if down {
        let total = (size.div_ceil(stride) - 1) * stride + kernel - size;
        let x = x.pad_with_zeros(2, total / 2, total - total / 2)?.pad_with_zeros(3, total / 2, total - total / 2)?;
        x.conv2d(w, 0, stride, 1, 1)?
    } else {
        let before = (kernel - stride) / 2;
        let y = x.conv_transpose2d(w, 0, 0, stride, 1)?;
        y.narrow(2, before, size * stride)?.narrow(3, before, size * stride)?
    };
    Ok(y.broadcast_add(&b.reshape((1, (), 1, 1))?)?)
}

fn others(criterion: &mut Criterion) {
    let run = |criterion: &mut Criterion| -> Result<()> {
        let device = &device()?;
        for (name, c, size) in [("batch_norm_relu/16x14", 16, 14), ("batch_norm_relu/32x28", 32, 28), ("batch_norm_relu/16x32", 16, 32)] {
            let x = values(&[BATCH, c, size, size], 1.0, device)?;
            let (gamma, beta) = (values(&[c], 1.0, device)?, values(&[c], 1.0, device)?);
            let mut group = group(criterion, name);
            group.throughput(Throughput::Elements(x.elem_count() as u64));
            both_ways(&mut group, ["forward", "backward"], device, || Ok(ops::batch_norm_relu_train(&x, &gamma, &beta, 1e-5)?.0));
        }
        for (name, from, to) in [("linear/code8", 512, 8), ("linear/from8", 8, 6272), ("linear/hidden", 256, 256)] {
            let (x, w, b) = (values(&[BATCH, from], 1.0, device)?, values(&[to, from], 0.1, device)?, values(&[to], 0.1, device)?);
            let mut group = group(criterion, name);
            group.throughput(Throughput::Elements((2 * BATCH * from * to) as u64));
            both_ways(&mut group, ["forward", "backward"], device, || ops::linear(&x, &w, Some(&b)));
        }
        let (a, b) = (values(&[BATCH, 3, 64, 64], 1.0, device)?, values(&[BATCH, 3, 64, 64], 0.9, device)?);
        both_ways(&mut group(criterion, "squared_error_sum"), ["forward", "backward"], device, || ops::squared_error_sum(&a, &b));
        adam(criterion, device)
    };
    if let Err(error) = run(criterion) {
        panic!("{error}");
    }
}

/// A step over as many parameters as the paper's CelebA network of width 16 has, about.
fn adam(criterion: &mut Criterion, device: &Device) -> Result<()> {
    let shapes: [&[usize]; 6] = [&[32, 16, 5, 5], &[64, 32, 5, 5], &[128, 64, 5, 5], &[64, 2048], &[8192, 64], &[128, 64, 5, 5]];
    let parameters = (0..).zip(shapes).map(|(i, s)| Ok((format!("p{i}"), values(s, 1.0, device)?))).collect::<Result<Vec<_>>>()?;
    let mut loss = Tensor::zeros((), DType::F32, device)?;
    for (_, var) in &parameters {
        loss = (loss + var.sqr()?.sum_all()?)?;
    }
    let gradients = loss.backward()?;
    let elements: usize = parameters.iter().map(|(_, v)| v.elem_count()).sum();
    let mut adam = Adam::named(parameters, AdamConfig::default()).map_err(candle_core::Error::from)?;
    let mut group = group(criterion, "adam");
    group.throughput(Throughput::Elements(elements as u64));
    group.bench_function("step", |b| {
        b.iter(|| {
            if let Err(error) = adam.step(&gradients).map_err(candle_core::Error::from).and_then(|()| device.synchronize()) {
                panic!("adam: {error}");
            }
        });
    });
    Ok(())
}

criterion_group!(benches, convolutions, others);
criterion_main!(benches);
