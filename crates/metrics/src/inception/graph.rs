//! The layers of the network and how they follow one another, for any engine that computes them.
//!
//! Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015, with torchvision's names.

use vimae_core::Result;
use vimae_ops::inference::Window;

/// One convolution: its name and shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) channels: usize,
    pub(crate) outputs: usize,
    pub(crate) kernel: (usize, usize),
    pub(crate) stride: usize,
    /// Rows above and below, columns left and right.
    pub(crate) padding: (usize, usize),
}

/// What computes the layers. A `Joint` is several results side by side along the channels.
pub(super) trait Engine {
    type Map;
    type Joint;
    /// A joint of `channels` channels of `side` rows and columns.
    fn joint(&self, like: &Self::Map, side: usize, channels: usize) -> Self::Joint;
    fn join(&self, joint: Self::Joint) -> Result<Self::Map>;
    fn conv(&self, name: &str, x: &Self::Map) -> Result<Self::Map>;
    fn conv_into(&self, name: &str, x: &Self::Map, joint: &mut Self::Joint) -> Result<()>;
    fn max_pool(&self, x: &Self::Map, window: Window) -> Result<Self::Map>;
    fn max_pool_into(&self, x: &Self::Map, window: Window, joint: &mut Self::Joint) -> Result<()>;
    fn average_pool(&self, x: &Self::Map, window: Window) -> Result<Self::Map>;
}

const SAME: Window = Window { kernel: 3, stride: 1, padding: 1 };
const HALVE: Window = Window { kernel: 3, stride: 2, padding: 0 };

/// Every block after the stem: its name, channels in, and what is particular to it.
enum Block {
    /// 35 x 35; channels of the pooled branch.
    A(usize),
    /// 35 to 17.
    B,
    /// 17 x 17; channels of the 7-tap convolutions.
    C(usize),
    /// 17 to 8.
    D,
    /// 8 x 8; whether the pooled branch takes the mean, or (the reference's oddity) the largest.
    E { mean: bool },
}

const BLOCKS: [(&str, usize, Block); 11] = [
    ("Mixed_5b", 192, Block::A(32)),
    ("Mixed_5c", 256, Block::A(64)),
    ("Mixed_5d", 288, Block::A(64)),
    ("Mixed_6a", 288, Block::B),
    ("Mixed_6b", 768, Block::C(128)),
    ("Mixed_6c", 768, Block::C(160)),
    ("Mixed_6d", 768, Block::C(160)),
    ("Mixed_6e", 768, Block::C(192)),
    ("Mixed_7a", 768, Block::D),
    ("Mixed_7b", 1280, Block::E { mean: true }),
    ("Mixed_7c", 2048, Block::E { mean: false }),
];

/// Every convolution.
pub(super) fn specs() -> Vec<Spec> {
    let mut specs = Vec::new();
    let mut add = |name: String, channels, outputs, kernel, stride, padding| {
        specs.push(Spec { name, channels, outputs, kernel, stride, padding });
    };
    let (point, three, row, column) = ((1, 1), (3, 3), (1, 7), (7, 1));
    add("Conv2d_1a_3x3".into(), 3, 32, three, 2, (0, 0));
    add("Conv2d_2a_3x3".into(), 32, 32, three, 1, (0, 0));
    add("Conv2d_2b_3x3".into(), 32, 64, three, 1, (1, 1));
    add("Conv2d_3b_1x1".into(), 64, 80, point, 1, (0, 0));
    add("Conv2d_4a_3x3".into(), 80, 192, three, 1, (0, 0));
    for (block, channels, kind) in BLOCKS {
        let mut add = |end: &str, channels, outputs, kernel: (usize, usize), stride| {
            // Stride 1 keeps the size, stride 2 takes no padding.
            let padding = if stride == 1 { (kernel.0 / 2, kernel.1 / 2) } else { (0, 0) };
            add(format!("{block}.{end}"), channels, outputs, kernel, stride, padding);
        };
        match kind {
            Block::A(pooled) => {
                add("branch1x1", channels, 64, point, 1);
                add("branch5x5_1", channels, 48, point, 1);
                add("branch5x5_2", 48, 64, (5, 5), 1);
                add("branch3x3dbl_1", channels, 64, point, 1);
                add("branch3x3dbl_2", 64, 96, three, 1);
                add("branch3x3dbl_3", 96, 96, three, 1);
                add("branch_pool", channels, pooled, point, 1);
            }
            Block::B => {
                add("branch3x3", channels, 384, three, 2);
                add("branch3x3dbl_1", channels, 64, point, 1);
                add("branch3x3dbl_2", 64, 96, three, 1);
                add("branch3x3dbl_3", 96, 96, three, 2);
            }
            Block::C(inner) => {
                add("branch1x1", channels, 192, point, 1);
                add("branch7x7_1", channels, inner, point, 1);
                add("branch7x7_2", inner, inner, row, 1);
                add("branch7x7_3", inner, 192, column, 1);
                add("branch7x7dbl_1", channels, inner, point, 1);
                add("branch7x7dbl_2", inner, inner, column, 1);
                add("branch7x7dbl_3", inner, inner, row, 1);
                add("branch7x7dbl_4", inner, inner, column, 1);
                add("branch7x7dbl_5", inner, 192, row, 1);
                add("branch_pool", channels, 192, point, 1);
            }
            Block::D => {
                add("branch3x3_1", channels, 192, point, 1);
                add("branch3x3_2", 192, 320, three, 2);
                add("branch7x7x3_1", channels, 192, point, 1);
                add("branch7x7x3_2", 192, 192, row, 1);
                add("branch7x7x3_3", 192, 192, column, 1);
                add("branch7x7x3_4", 192, 192, three, 2);
            }
            Block::E { .. } => {
                add("branch1x1", channels, 320, point, 1);
                add("branch3x3_1", channels, 384, point, 1);
                add("branch3x3_2a", 384, 384, (1, 3), 1);
                add("branch3x3_2b", 384, 384, (3, 1), 1);
                add("branch3x3dbl_1", channels, 448, point, 1);
                add("branch3x3dbl_2", 448, 384, three, 1);
                add("branch3x3dbl_3a", 384, 384, (1, 3), 1);
                add("branch3x3dbl_3b", 384, 384, (3, 1), 1);
                add("branch_pool", channels, 192, point, 1);
            }
        }
    }
    specs
}

/// The last block's result, 8 x 8 with 2048 channels, from images of 299 x 299.
pub(super) fn run<E: Engine>(engine: &E, images: &E::Map) -> Result<E::Map> {
    let x = engine.conv("Conv2d_1a_3x3", images)?;
    let x = engine.conv("Conv2d_2a_3x3", &x)?;
    let x = engine.conv("Conv2d_2b_3x3", &x)?;
    let x = engine.max_pool(&x, HALVE)?;
    let x = engine.conv("Conv2d_3b_1x1", &x)?;
    let x = engine.conv("Conv2d_4a_3x3", &x)?;
    let mut x = engine.max_pool(&x, HALVE)?;
    for (block, channels, kind) in BLOCKS {
        x = run_block(engine, block, channels, &kind, &x)?;
    }
    Ok(x)
}

fn run_block<E: Engine>(engine: &E, block: &str, channels: usize, kind: &Block, x: &E::Map) -> Result<E::Map> {
    let conv = |end: &str, x: &E::Map| engine.conv(&format!("{block}.{end}"), x);
    let into = |end: &str, x: &E::Map, joint: &mut E::Joint| engine.conv_into(&format!("{block}.{end}"), x, joint);
    let mut joint;
    match kind {
        Block::A(pooled) => {
            joint = engine.joint(x, 35, 64 + 64 + 96 + pooled);
            into("branch1x1", x, &mut joint)?;
            into("branch5x5_2", &conv("branch5x5_1", x)?, &mut joint)?;
            let double = conv("branch3x3dbl_2", &conv("branch3x3dbl_1", x)?)?;
            into("branch3x3dbl_3", &double, &mut joint)?;
            into("branch_pool", &engine.average_pool(x, SAME)?, &mut joint)?;
        }
        Block::B => {
            joint = engine.joint(x, 17, 384 + 96 + channels);
            into("branch3x3", x, &mut joint)?;
            let double = conv("branch3x3dbl_2", &conv("branch3x3dbl_1", x)?)?;
            into("branch3x3dbl_3", &double, &mut joint)?;
            engine.max_pool_into(x, HALVE, &mut joint)?;
        }
        Block::C(_) => {
            joint = engine.joint(x, 17, 4 * 192);
            into("branch1x1", x, &mut joint)?;
            into("branch7x7_3", &conv("branch7x7_2", &conv("branch7x7_1", x)?)?, &mut joint)?;
            let mut double = conv("branch7x7dbl_1", x)?;
            for step in ["branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4"] {
                double = conv(step, &double)?;
            }
            into("branch7x7dbl_5", &double, &mut joint)?;
            into("branch_pool", &engine.average_pool(x, SAME)?, &mut joint)?;
        }
        Block::D => {
            joint = engine.joint(x, 8, 320 + 192 + channels);
            into("branch3x3_2", &conv("branch3x3_1", x)?, &mut joint)?;
            let seven = conv("branch7x7x3_3", &conv("branch7x7x3_2", &conv("branch7x7x3_1", x)?)?)?;
            into("branch7x7x3_4", &seven, &mut joint)?;
            engine.max_pool_into(x, HALVE, &mut joint)?;
        }
        Block::E { mean } => {
            joint = engine.joint(x, 8, 320 + 4 * 384 + 192);
            into("branch1x1", x, &mut joint)?;
            let three = conv("branch3x3_1", x)?;
            into("branch3x3_2a", &three, &mut joint)?;
            into("branch3x3_2b", &three, &mut joint)?;
            let double = conv("branch3x3dbl_2", &conv("branch3x3dbl_1", x)?)?;
            into("branch3x3dbl_3a", &double, &mut joint)?;
            into("branch3x3dbl_3b", &double, &mut joint)?;
            let pooled = if *mean { engine.average_pool(x, SAME)? } else { engine.max_pool(x, SAME)? };
            into("branch_pool", &pooled, &mut joint)?;
        }
    }
    engine.join(joint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_has_94_convolutions_and_22_million_weights() {
        let specs = specs();
        assert_eq!(specs.len(), 94);
        let weights: usize = specs.iter().map(|s| s.channels * s.outputs * s.kernel.0 * s.kernel.1).sum();
        assert_eq!(weights, 21_751_136);
    }
}
