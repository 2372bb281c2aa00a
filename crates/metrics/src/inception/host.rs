//! The network on the CPU, a few images at a time on one thread.

use std::collections::BTreeMap;

use vimae_core::{Error, Result};
use vimae_ops::inference::{Conv, Map, Window, average_pool, max_pool};

use super::{Folded, graph};
use crate::{resize::SIDE, training::operation};

/// The convolutions, ready to run.
pub(super) struct Layers {
    convs: BTreeMap<String, Conv>,
}

/// A map that is being filled, and the channels that are.
pub(super) struct Joint {
    map: Map,
    filled: usize,
}

impl Layers {
    pub(super) fn new(folded: &[Folded]) -> Result<Self> {
        // An image's maps are large and short-lived; glibc would give them back to the kernel each time.
        vimae_ops::keep_freed_memory();
        let convs = folded.iter().map(|f| {
            let conv = Conv::new(&f.weight, &f.bias, (f.spec.stride, f.spec.stride), f.spec.padding).map_err(operation)?;
            Ok((f.spec.name.clone(), conv))
        });
        Ok(Self { convs: convs.collect::<Result<_>>()? })
    }

    /// The features of a group of scaled images, each `[299, 299, 3]`, one after another.
    pub(super) fn features(&self, group: &[Vec<f32>]) -> Result<Vec<f32>> {
        let input = Map::new(group.len(), SIDE, SIDE, 3, group.concat()).map_err(operation)?;
        Ok(graph::run(self, &input)?.mean())
    }

    fn find(&self, name: &str) -> Result<&Conv> {
        self.convs.get(name).ok_or_else(|| Error::Parameter { name: name.into(), problem: "missing".into() })
    }

    fn pooled(&self, x: &Map, window: Window) -> Map {
        let side = |size: usize| (size + 2 * window.padding - window.kernel) / window.stride + 1;
        Map::zeros(x.len(), side(x.height()), side(x.width()), x.channels())
    }
}

impl graph::Engine for Layers {
    type Map = Map;
    type Joint = Joint;

    fn joint(&self, like: &Map, side: usize, channels: usize) -> Joint {
        Joint { map: Map::zeros(like.len(), side, side, channels), filled: 0 }
    }

    fn join(&self, joint: Joint) -> Result<Map> {
        Ok(joint.map)
    }

    fn conv(&self, name: &str, x: &Map) -> Result<Map> {
        self.find(name)?.relu(x).map_err(operation)
    }

    fn conv_into(&self, name: &str, x: &Map, joint: &mut Joint) -> Result<()> {
        let conv = self.find(name)?;
        conv.relu_into(x, &mut joint.map, joint.filled).map_err(operation)?;
        joint.filled += conv.outputs();
        Ok(())
    }

    fn max_pool(&self, x: &Map, window: Window) -> Result<Map> {
        let mut out = self.pooled(x, window);
        max_pool(x, window, &mut out, 0).map_err(operation)?;
        Ok(out)
    }

    fn max_pool_into(&self, x: &Map, window: Window, joint: &mut Joint) -> Result<()> {
        max_pool(x, window, &mut joint.map, joint.filled).map_err(operation)?;
        joint.filled += x.channels();
        Ok(())
    }

    fn average_pool(&self, x: &Map, window: Window) -> Result<Map> {
        let mut out = self.pooled(x, window);
        average_pool(x, window, &mut out, 0).map_err(operation)?;
        Ok(out)
    }
}
