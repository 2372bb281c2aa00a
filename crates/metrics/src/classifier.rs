//! A small classifier of a data set's own labels as feature network: for images that ImageNet's features say little
//! about, and where nothing may be downloaded.
//!
//! Two convolutions of stride 2 (16 and 32 filters of 4 x 4, SAME, ReLU), a linear layer with ReLU whose 64 values are
//! the features, and a linear layer to the classes. [`Classifier::train`] is a function of the data set alone, the
//! same bits on any number of threads; processors with other vector widths may differ in last digits, and the digest of
//! the weights, part of every protocol's name, then differs too. A user's own network of this shape is read from
//! safetensors: `conv0.weight` `[F, C, k, k]`, `conv1.weight` `[G, F, k, k]`, `feature.weight` `[D, G ceil(H/4) ceil(W/4)]`,
//! `class.weight` `[K, D]`, and a `.bias` for each.
//!
//! A distance by these features says how far generated images are from the data set *as its labels see it*. It must
//! never be compared with an Inception FID, nor with the distance by another classifier.

pub(crate) mod rotations;
mod train;

use std::{collections::BTreeMap, path::Path};

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use vimae_core::{Dataset, Error, EvalCost, ImageShape, Progress, Result};
use vimae_ops::{conv2d_same, linear, linear_relu, relu};

use crate::{
    features::{FeatureNetwork, Outputs, Source},
    inception::weights,
    resize::ImageView,
    training::operation,
};

/// Seconds for each value of an image, on two threads: its training, and the features of thirty thousand images.
const VALUE_SECONDS: f64 = 1.7e-3;
/// Seconds for each pair of a generated and a real image in the distances of its features with their errors, on two threads.
const PAIR_SECONDS: f64 = 6e-8;

/// What distances between `generated` and `real` images by the features of a classifier take.
pub(crate) fn cost(pixels: usize, generated: usize, real: usize) -> EvalCost {
    let cpu_seconds = VALUE_SECONDS * pixels as f64 + PAIR_SECONDS * generated as f64 * real as f64;
    EvalCost { cpu_seconds, ..EvalCost::default() }
}

/// Images that one thread takes through the network together. Fixed, so that batches change nothing.
const GROUP: usize = 32;

/// The network with its weights, on the CPU.
#[derive(Debug, Clone)]
pub struct Classifier {
    weights: BTreeMap<String, Tensor>,
    shape: ImageShape,
    features: usize,
    classes: usize,
    source: Source,
}

impl Classifier {
    /// The network of these weights for images of `shape`, under `name` in protocols.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a weight that is missing, not finite or not of this network, [`Error::Shape`] for shapes
    /// that do not fit together or to the images.
    pub fn new(weights: BTreeMap<String, Tensor>, shape: ImageShape, name: &str) -> Result<Self> {
        const NAMES: [&str; 4] = ["conv0", "conv1", "feature", "class"];
        let known = |name: &String| NAMES.iter().any(|n| *name == format!("{n}.weight") || *name == format!("{n}.bias"));
        if let Some(name) = weights.keys().find(|n| !known(n)) {
            return Err(Error::Parameter { name: name.clone(), problem: "is no weight of a classifier with two convolutions".into() });
        }
        let dims = |name: &str| -> Result<Vec<usize>> {
            let tensor = weights.get(name).ok_or_else(|| Error::Parameter { name: name.into(), problem: "missing".into() })?;
            Ok(tensor.dims().to_vec())
        };
        let (first, second, feature, class) =
            (dims("conv0.weight")?, dims("conv1.weight")?, dims("feature.weight")?, dims("class.weight")?);
        let (&[f, _, k, _], &[g, _, l, _], &[d, _], &[classes, _]) = (&first[..], &second[..], &feature[..], &class[..]) else {
            return Err(Error::shape("conv0.weight", "[F, C, k, k]", &first));
        };
        let flat = g * places(shape);
        let mut checked = BTreeMap::new();
        for (name, expected) in
            [("conv0", vec![f, shape.channels, k, k]), ("conv1", vec![g, f, l, l]), ("feature", vec![d, flat]), ("class", vec![classes, d])]
        {
            let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
            checked.insert(bias.clone(), weights::tensor(&weights, &bias, expected.get(..1).unwrap_or(&[]))?);
            checked.insert(weight.clone(), weights::tensor(&weights, &weight, &expected)?);
        }
        let source = Source::new(format!("{name}.feature"), weights::digest(&checked)?);
        Ok(Self { weights: checked, shape, features: d, classes, source })
    }

    /// The network of a safetensors file, for images of the rows and columns of `shape`, in grayscale or colour as its
    /// weights say.
    ///
    /// # Errors
    /// As [`Classifier::open_for`].
    pub fn open(path: &Path, shape: ImageShape) -> Result<Self> {
        Self::open_for(path, &[shape])
    }

    /// The network of a safetensors file, for images of the rows and columns of the first of `shapes` that its weights fit, in
    /// grayscale or colour as they say.
    ///
    /// # Errors
    /// As [`weights::read`] and [`Classifier::new`]; [`Error::Unsupported`] where the weights fit none of the shapes, and for no shapes.
    pub fn open_for(path: &Path, shapes: &[ImageShape]) -> Result<Self> {
        Self::of_weights(weights::read(path)?.tensors, shapes, path)
    }

    fn of_weights(tensors: BTreeMap<String, Tensor>, shapes: &[ImageShape], path: &Path) -> Result<Self> {
        let size = |name: &str, at: usize| tensors.get(name).and_then(|t| t.dims().get(at)).copied();
        let channels = size("conv0.weight", 1).filter(|c| matches!(c, 1 | 3));
        // Where the two do not go together the weights are of another network: Classifier::new says what is wrong with them.
        let sizes = size("feature.weight", 1).zip(size("conv1.weight", 0));
        let left = sizes.filter(|(columns, filters)| *filters > 0 && *columns > 0 && columns.is_multiple_of(*filters));
        let left = left.map(|(columns, filters)| columns / filters);
        let Some(first) = shapes.first() else {
            let what = format!("the classifier {} without images", path.display());
            return Err(Error::Unsupported { what, reason: "their size says what its weights fit; give some".into() });
        };
        let shape = match left {
            Some(left) => shapes.iter().find(|shape| places(**shape) == left).ok_or_else(|| none_fits(path, shapes, left))?,
            None => first,
        };
        Self::new(tensors, ImageShape { channels: channels.unwrap_or(shape.channels), ..*shape }, "classifier")
    }

    /// Trains the network on the labels of a data set's training split.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for fewer than two classes or images smaller than 4 x 4; whatever the data reports.
    pub fn train(dataset: &dyn Dataset, progress: &dyn Progress) -> Result<Self> {
        let weights = train::train(dataset, progress)?;
        Self::new(weights, dataset.shape()?, &format!("classifier({})", dataset.name()))
    }

    /// The weights, to be saved: [`Classifier::open`] reads them.
    pub fn weights(&self) -> &BTreeMap<String, Tensor> {
        &self.weights
    }

    /// The images that it takes.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Images may have one channel or three; everything else must fit.
    fn refused(&self, image: &ImageView<'_>) -> Error {
        let what = format!("images of {} in the classifier {}", image.shape, self.source);
        Error::Unsupported { what, reason: format!("it was made for {}", self.shape) }
    }

    fn group(&self, images: &[ImageView<'_>]) -> Result<(Vec<f32>, Vec<f32>)> {
        let ImageShape { channels, height, width } = self.shape;
        // Always a whole group: products of a few rows add in another order, and an image must have the features of its
        // copies whatever stands beside it.
        let mut values: Vec<f32> = Vec::with_capacity(GROUP * self.shape.len());
        for image in images {
            let bytes = image.with_channels(channels).ok_or_else(|| self.refused(image))?;
            values.extend(bytes.iter().map(|b| f32::from(*b) / 255.0));
        }
        values.resize(GROUP * self.shape.len(), 0.0);
        let x = Tensor::from_vec(values, (GROUP, channels, height, width), &Device::Cpu)?;
        let (features, logits) = forward(&self.weights, &x)?;
        let rows = |t: &Tensor| -> Result<Vec<f32>> { Ok(t.narrow(0, 0, images.len())?.flatten_all()?.to_vec1()?) };
        Ok((rows(&features)?, rows(&logits)?))
    }
}

/// Rows times columns of what both convolutions leave of an image.
fn places(shape: ImageShape) -> usize {
    let side = |size: usize| size.div_ceil(2).div_ceil(2);
    side(shape.height) * side(shape.width)
}

/// Sizes that are named in an error, each.
const NAMED: usize = 3;

/// The error of weights that fit none of `shapes`: they are of images of which both convolutions leave `left` places.
fn none_fits(path: &Path, shapes: &[ImageShape], left: usize) -> Error {
    let named: Vec<String> = shapes.iter().take(NAMED).map(|shape| format!("{} x {}", shape.height, shape.width)).collect();
    let more = shapes.len().saturating_sub(NAMED);
    let more = match more {
        0 => String::new(),
        1 => " and 1 more size".into(),
        more => format!(" and {more} more sizes"),
    };
    let side = left.isqrt();
    let example = if side * side == left { format!(", {0} x {0} for instance", 4 * side) } else { String::new() };
    Error::Unsupported {
        what: format!("images of {}{more} in the classifier {}", named.join(", "), path.display()),
        reason: format!(
            "its weights are of images of {left} squares of 4 x 4 pixels{example}; bring the images of one set to the size that it was \
             trained on"
        ),
    }
}

impl FeatureNetwork for Classifier {
    fn source(&self) -> &Source {
        &self.source
    }

    fn size(&self) -> usize {
        self.features
    }

    fn channels(&self) -> Option<usize> {
        Some(self.shape.channels)
    }

    fn run(&self, images: &[ImageView<'_>]) -> Result<Outputs> {
        let fits = |p: &ImageView<'_>| (p.shape.height, p.shape.width) == (self.shape.height, self.shape.width);
        if let Some(other) = images.iter().find(|p| !fits(p)) {
            return Err(self.refused(other));
        }
        let groups: Vec<(Vec<f32>, Vec<f32>)> = images.par_chunks(GROUP).map(|g| self.group(g)).collect::<Result<_>>()?;
        let (features, logits): (Vec<_>, Vec<_>) = groups.into_iter().unzip();
        Ok(Outputs { features: features.concat(), logits: Some((self.classes, logits.concat())) })
    }
}

/// Features and logits of images `[N, C, H, W]` in \[0, 1\].
fn forward<T: AsRef<Tensor>>(weights: &BTreeMap<String, T>, x: &Tensor) -> Result<(Tensor, Tensor)> {
    let weight =
        |name: &str| weights.get(name).map(AsRef::as_ref).ok_or_else(|| Error::Parameter { name: name.into(), problem: "missing".into() });
    let mut h = x.to_dtype(DType::F32)?;
    for layer in ["conv0", "conv1"] {
        let (w, b) = (weight(&format!("{layer}.weight"))?, weight(&format!("{layer}.bias"))?);
        h = relu(&conv2d_same(&h, w, Some(b), 2).map_err(operation)?).map_err(operation)?;
    }
    let features = linear_relu(&h.flatten_from(1)?, weight("feature.weight")?, Some(weight("feature.bias")?)).map_err(operation)?;
    let logits = linear(&features, weight("class.weight")?, Some(weight("class.bias")?)).map_err(operation)?;
    Ok((features, logits))
}

#[cfg(test)]
mod tests;
