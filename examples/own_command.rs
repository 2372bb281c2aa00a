//! The whole command line with a network and an objective of your own.
//!
//! `cargo run --release -p examples --bin own_command -- train own_loss --dataset digits --set model.name=one_layer`
//! trains both together; experiments name them as any other, and every other command knows them, too.

use std::process::ExitCode;

use vimae_core::{Entry, Loss, NoSettings, Objective, Pass, Result, settings::Schema};
use vimae_lab::App;
use vimae_models::{BuildModel, Modules};
use vimae_objectives::{BuildObjective, distortion, mmd};
use vimae_ops::{
    LineAllocator,
    nn::{linear, seq_t},
};

// Steps are a twentieth to a tenth faster for it.
#[global_allocator]
static ALLOCATOR: LineAllocator = LineAllocator;

fn main() -> ExitCode {
    App::new().model(ONE_LAYER).objective(OWN_LOSS).run()
}

const ONE_LAYER: Entry<BuildModel> = Entry {
    name: "one_layer",
    summary: "one fully connected layer on either side of the code",
    source: "this example",
    settings: Schema::of::<NoSettings>,
    build: |_, request| {
        let (pixels, code) = (request.image.len(), request.code);
        Ok(Box::new(Modules::new(
            request,
            |vb, outputs| Ok(seq_t().add_fn(|x| x.flatten_from(1)).add(linear(pixels, outputs, vb)?)),
            |vb| Ok(seq_t().add(linear(code, request.outputs(), vb)?).add(request.last_activation())),
        )?))
    },
};

const OWN_LOSS: Entry<BuildObjective> = Entry {
    name: "own_loss",
    summary: "distortion plus a divergence whose weight is a setting",
    source: "this example",
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
