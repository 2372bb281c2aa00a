#![doc = include_str!("../README.md")]

// The macro `settings!` names this crate by its own name.
extern crate self as vimae_core;

pub mod catalogue;
mod code;
pub mod corruption;
pub mod data;
pub mod density;
pub mod divergence;
pub mod encoder_noise;
mod error;
pub mod evidence;
pub mod likelihood;
pub mod metric;
pub mod model;
pub mod numerics;
pub mod objective;
pub mod parameters;
pub mod part;
pub mod perceptron;
pub mod prior;
pub mod progress;
pub mod random;
pub mod run_context;
pub mod sampler;
pub mod settings;
pub mod subset;
mod with_likelihood;
mod with_noise;
mod work;

pub use catalogue::{Catalogue, Entry};
pub use code::{Code, Head};
pub use corruption::Corruption;
pub use data::{Batch, Batches, Dataset, Group, ImageSet, ImageShape, PixelRange, Redraw, Split, Values};
pub use density::{Density, Factors, Flow};
pub use divergence::Divergence;
pub use encoder_noise::EncoderNoise;
pub use error::{Error, Result};
pub use evidence::{Evidence, HeldOut, Input, MetricFiles, NoiseScale};
pub use likelihood::{Likelihood, Output, Support};
pub use metric::{EvalCost, Findings, Metric, Workload};
pub use model::{AutoEncoder, Decoder, Encoder, Mode};
pub use objective::{Loss, Objective, Pass, RateRule};
pub use parameters::{Init, Parameters};
pub use part::PartRequest;
pub use perceptron::Perceptron;
pub use prior::{Prior, Univariate};
pub use progress::{Event, Progress, Silent};
pub use random::{Purpose, Streams};
pub use run_context::RunContext;
pub use sampler::Sampler;
pub use settings::{NoSettings, Settings};
pub use vimae_spec::repository;
pub use with_likelihood::WithLikelihood;
pub use with_noise::WithNoise;
pub use work::Work;

// Chooses the AVX-512 kernels of candle's matrix products, at run time, for every crate above.
use gemm as _;
