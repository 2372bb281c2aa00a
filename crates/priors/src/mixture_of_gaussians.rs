//! A mixture of Gaussians whose components stand apart in the first dimensions, for codes that should cluster.
//!
//! K equal components; their means lie on a ring or a grid in the first two dimensions (on a line, where there is but
//! one), or along all axes. `spread` is the part of the variance that lies between the components, in the dimension
//! where it is largest; within a component every dimension has what is left, so that each dimension of the
//! mixture has the same variance as a whole, and dimensions without means are plain normal.
//!
//! H = ln K - E H(component | z) + sum_j (1 + ln 2 pi w_j) / 2, w_j the variances within; the middle term is
//! estimated from 2^14 draws of a fixed stream (one dimension: integrated), to better than 0.01 nats. The rate is by
//! quadrature in one dimension, and from draws of the code in more.

use std::f64::consts::TAU;

use candle_core::{Device, Tensor};
use vimae_core::{Code, Density, Entry, PartRequest, Prior, Purpose, Result, Streams, Univariate, numerics::ScaledSum, settings::Schema};

use crate::{
    BuildPrior,
    matching::{Match, Scale},
    mixture::Mixture,
    mixture_line::MixtureLine,
    quadrature::{MOST_NODES, gaussian_mean},
};

pub(crate) const ENTRY: Entry<BuildPrior> = Entry {
    name: "mixture_of_gaussians",
    summary: "an equal mixture of Gaussians on a ring, a grid or the axes, of unit variance by default",
    source: "Makhzani et al., Adversarial Autoencoders, 2015, section 2.3 and figure 4",
    settings: Schema::of::<Components>,
    build: |settings, request| Ok(Box::new(MixtureOfGaussians::of(settings.read()?, request)?)),
};

vimae_core::settings! {
    /// The components and their places.
    struct Components {
        /// components K
        components: usize = 10, from 1, to 1000;
        /// means on a circle or a square grid in the first two dimensions, or at plus and minus 1, 2 ... steps on each axis in turn
        layout: Layout = Layout::Ring;
        /// share of the variance that lies between the components, in the dimension where it is largest
        spread: f64 = 0.9, from 0.0, to 0.999;
        #[serde(flatten)]
        scale: Scale = Scale::default();
    }
}

vimae_core::settings! {
    enum Layout { Ring, Grid, Axes }
}

const NAME: &str = "mixture_of_gaussians";
/// Draws behind an entropy.
const DRAWS: usize = 1 << 14;

/// The mixture with its means, `K` rows of `d`, and its variances within, `d`.
#[derive(Debug, Clone)]
pub struct MixtureOfGaussians {
    mixture: Mixture,
    means: Vec<Vec<f64>>,
    within: Vec<f64>,
    entropy: f64,
    line: Option<MixtureLine>,
}

impl MixtureOfGaussians {
    fn of(settings: Components, request: &PartRequest) -> Result<Self> {
        let (Components { components, layout, spread, scale }, size) = (settings, request.code);
        let mut means = places(layout, components, size);
        let between = centre(&mut means);
        let largest = between.iter().copied().fold(0.0, f64::max);
        let factor = if largest > 0.0 { spread / largest } else { 0.0 };
        let mut within: Vec<f64> = between.iter().map(|b| 1.0 - factor * b).collect();
        means.iter_mut().flatten().for_each(|m| *m *= factor.sqrt());

        // All of it at unit variance; now the size that is asked for.
        let unit_entropy = entropy(&means, &within)?;
        let narrowest = within.iter().copied().fold(1.0, f64::min).sqrt();
        let scale = match scale.into() {
            Match::Scale(scale) => scale / narrowest,
            other => other.scale(1.0, unit_entropy / size as f64),
        };
        means.iter_mut().flatten().for_each(|m| *m *= scale);
        within.iter_mut().for_each(|w| *w *= scale * scale);

        let table = Tensor::from_vec(means.concat(), (components, size), &Device::Cpu)?;
        let log_vars = Tensor::from_vec(within.iter().map(|w| w.ln()).collect::<Vec<_>>(), (1, size), &Device::Cpu)?;
        let mixture = Mixture::new(NAME, table, log_vars.repeat((components, 1))?)?;
        let line = (size == 1).then(|| MixtureLine { means: means.concat(), std: within[0].sqrt() });
        Ok(Self { mixture, means, within, entropy: unit_entropy + size as f64 * scale.ln(), line })
    }

    /// The means of the components, K rows of d.
    pub fn means(&self) -> &[Vec<f64>] {
        &self.means
    }

    /// The distribution of dimension `index` alone, where there is one.
    pub fn dimension(&self, index: usize) -> Option<impl Univariate + use<>> {
        let means = self.means.iter().map(|m| m.get(index).copied()).collect::<Option<_>>()?;
        Some(MixtureLine { means, std: self.within.get(index)?.sqrt() })
    }
}

/// Means before they are centred and scaled.
fn places(layout: Layout, components: usize, size: usize) -> Vec<Vec<f64>> {
    let side = (components as f64).sqrt().ceil() as usize;
    let place = |k: usize| {
        let mut mean = vec![0.0; size];
        match (layout, mean.as_mut_slice()) {
            (Layout::Axes, mean) => {
                let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
                mean[k / 2 % size] = sign * (1 + k / 2 / size) as f64;
            }
            (_, [x]) => *x = k as f64,
            (Layout::Grid, [x, y, ..]) => (*x, *y) = ((k % side) as f64, (k / side) as f64),
            (_, [x, y, ..]) => (*y, *x) = (TAU * k as f64 / components as f64).sin_cos(),
            (_, []) => {}
        }
        mean
    };
    (0..components).map(place).collect()
}

/// Moves the means about zero; their variance in each dimension.
fn centre(means: &mut [Vec<f64>]) -> Vec<f64> {
    let (count, size) = (means.len() as f64, means.first().map_or(0, Vec::len));
    let variance = |j: usize| {
        let mean = means.iter().map(|m| m[j]).sum::<f64>() / count;
        means.iter_mut().for_each(|m| m[j] -= mean);
        let variance = means.iter().map(|m| m[j] * m[j]).sum::<f64>() / count;
        // The sines of a circle add up to zero but for rounding.
        if variance < 1e-20 { 0.0 } else { variance }
    };
    (0..size).map(variance).collect()
}

/// Differential entropy in nats.
fn entropy(means: &[Vec<f64>], within: &[f64]) -> Result<f64> {
    let gaussian: f64 = within.iter().map(|w| 0.5 * (1.0 + (TAU * w).ln())).sum();
    if means.len() == 1 {
        return Ok(gaussian);
    }
    if let [only] = within {
        return Ok(MixtureLine { means: means.concat(), std: only.sqrt() }.entropy());
    }
    // Draws in units of the widths within; dimensions without means say nothing of the component.
    let apart: Vec<usize> = (0..within.len()).filter(|j| means.iter().any(|m| m[*j] != 0.0)).collect();
    let scaled: Vec<Vec<f64>> = means.iter().map(|m| apart.iter().map(|j| m[*j] / within[*j].sqrt()).collect()).collect();
    let noise = Streams::new(0).normal(Purpose::Evaluation, 0, DRAWS * apart.len());
    let unsure = |(i, noise): (usize, &[f32])| {
        let own = &scaled[i % scaled.len()];
        let z: Vec<f64> = own.iter().zip(noise).map(|(m, e)| m + f64::from(*e)).collect();
        let exponents = scaled.iter().map(|m| -0.5 * m.iter().zip(&z).map(|(m, z)| (m - z).powi(2)).sum::<f64>());
        let exponents: Vec<f64> = exponents.collect();
        let ScaledSum { largest, scaled } = ScaledSum::of(exponents.iter().copied());
        // -sum r ln r with r = exp(e - largest) / scaled
        exponents.iter().map(|e| (e - largest).exp() / scaled * (scaled.ln() + largest - e)).sum::<f64>()
    };
    let unsure = if apart.is_empty() {
        (means.len() as f64).ln()
    } else {
        noise.chunks_exact(apart.len()).enumerate().map(unsure).sum::<f64>() / DRAWS as f64
    };
    Ok((means.len() as f64).ln() - unsure + gaussian)
}

impl Prior for MixtureOfGaussians {
    fn name(&self) -> &str {
        NAME
    }

    fn draw(&self, streams: &Streams, purpose: Purpose, step: u64, count: usize, size: usize) -> Result<Vec<f32>> {
        self.mixture.draw(streams, purpose, step, count, size)
    }

    fn log_density(&self, codes: &Tensor) -> Result<Tensor> {
        self.mixture.log_density(codes)
    }

    fn rate(&self, code: &Code) -> Result<Tensor> {
        if self.line.is_none() {
            return self.mixture.rate(code);
        }
        let log_var = code.log_variance("rate")?;
        let density = |z: &Tensor| -> Result<Tensor> { Ok(self.mixture.log_density(&z.flatten_all()?.unsqueeze(1)?)?.reshape(z.shape())?) };
        let cross = gaussian_mean(&code.mean, &(log_var * 0.5)?.exp()?, MOST_NODES, density)?;
        Ok((log_var.affine(-0.5, -0.5 * (1.0 + TAU.ln()))? - cross)?.squeeze(1)?)
    }

    fn rate_at(&self, code: &Code, z: &Tensor) -> Result<Tensor> {
        self.mixture.rate_at(code, z)
    }

    fn marginal(&self) -> Option<&dyn Univariate> {
        self.line.as_ref().map(|line| line as &dyn Univariate)
    }

    fn density(&self) -> Result<Option<Density>> {
        self.mixture.density()
    }

    fn entropy(&self, size: usize) -> Option<f64> {
        (size == self.within.len()).then_some(self.entropy)
    }
}
