//! The whole command line with a network and an objective of one's own: layers of candle-nn, batch norm among them.

use std::process::ExitCode;

use candle_nn::{
    Activation::Relu, BatchNormConfig, Conv2dConfig, ConvTranspose2dConfig, VarBuilder, batch_norm, conv_transpose2d, conv2d, linear,
};
use vimae_core::{Entry, Loss, NoSettings, Objective, Pass, Result, settings::Schema};
use vimae_lab::App;
use vimae_models::{BuildModel, Modules};
use vimae_objectives::{BuildObjective, distortion, mmd};
use vimae_ops::nn::{SequentialT, seq_t};

fn main() -> ExitCode {
    App::new().model(OWN_NETWORK).objective(OWN_LOSS).run()
}

const OWN_NETWORK: Entry<BuildModel> = Entry {
    name: "own_network",
    summary: "one convolution on either side of the code",
    source: "this test",
    settings: Schema::of::<NoSettings>,
    build: |_, request| {
        let (code, last) = (request.code, request.last_activation());
        Ok(Box::new(Modules::new(request, encoder, |vb| Ok(decoder(vb, code)?.add(last)))?))
    },
};

fn encoder(vb: VarBuilder<'_>, outputs: usize) -> candle_core::Result<SequentialT> {
    let quarter = Conv2dConfig { stride: 4, ..Default::default() };
    Ok(seq_t()
        .add(conv2d(1, 4, 4, quarter, vb.pp("conv"))?)
        .add(batch_norm(4, BatchNormConfig::default(), vb.pp("norm"))?)
        .add(Relu)
        .add_fn(|x| x.flatten_from(1))
        .add(linear(4 * 49, outputs, vb.pp("code"))?))
}

fn decoder(vb: VarBuilder<'_>, code: usize) -> candle_core::Result<SequentialT> {
    let fourfold = ConvTranspose2dConfig { stride: 4, ..Default::default() };
    Ok(seq_t().add(linear(code, 4 * 49, vb.pp("code"))?).add(Relu).add_fn(|x| x.reshape(((), 4, 7, 7))).add(conv_transpose2d(
        4,
        1,
        4,
        fourfold,
        vb.pp("conv"),
    )?))
}

const OWN_LOSS: Entry<BuildObjective> = Entry {
    name: "own_loss",
    summary: "distortion plus a divergence whose weight is a setting",
    source: "this test",
    settings: Schema::of::<OwnLoss>,
    build: |settings| Ok(Box::new(settings.read::<OwnLoss>()?)),
};

vimae_core::settings! {
    /// The settings of the objective.
    struct OwnLoss {
        /// weight of the divergence
        lambda: f64 = 10.0, from 0.0, to 1e6;
    }
}

impl Objective for OwnLoss {
    fn name(&self) -> &str {
        OWN_LOSS.name
    }

    fn equation(&self) -> &'static str {
        "D + lambda MMD(q(z), p(z))"
    }

    fn default_noise(&self) -> &'static str {
        "none"
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let (distortion, mmd) = (distortion::of(pass)?, mmd(pass.z, pass.prior_sample)?);
        Ok(Loss { total: (&distortion + (&mmd * self.lambda)?)?, terms: vec![("distortion", distortion), ("mmd", mmd)] })
    }
}
