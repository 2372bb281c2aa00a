//! What other programs and papers call things that have another name here, so that an error can say which is meant.

/// A word of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// What it names: `key` for one of a file, `setting` for a value that an entry refuses and another takes, else the kind of a
    /// catalogue.
    pub kind: &'static str,
    /// As others write it, in snake case; of a setting `ENTRY.KEY`.
    pub theirs: &'static str,
    /// As it is written here; the more likely first.
    pub ours: &'static [&'static str],
    /// Which of several, and why; or what is different here. Empty where there is nothing to say.
    pub why: &'static str,
}

const fn word(kind: &'static str, theirs: &'static str, ours: &'static [&'static str], why: &'static str) -> Word {
    Word { kind, theirs, ours, why }
}

/// Every word of others that is known.
pub const WORDS: &[Word] = &[
    word("key", "adam_beta1", &["training.beta1"], ""),
    word("key", "adam_beta2", &["training.beta2"], ""),
    word("key", "adam_epsilon", &["training.epsilon"], ""),
    word("key", "adam_eps", &["training.epsilon"], ""),
    word("key", "batch_size", &["training.batch"], ""),
    word("key", "checkpoint_every", &["training.checkpoint_epochs"], "epochs between two checkpoints"),
    word("key", "code_dim", &["model.code"], ""),
    word("key", "code_size", &["model.code"], ""),
    word("key", "data_path", &["dataset.name"], "a path stands behind a colon: folder:PATH"),
    word("key", "hidden_channels", &["model.width"], ""),
    word("key", "hidden_dim", &["model.width"], ""),
    word("key", "hidden_size", &["model.width"], ""),
    word("key", "image_size", &["dataset.size"], ""),
    word("key", "kernel_size", &["model.kernel"], ""),
    word("key", "kl_weight", &["objective.beta"], "the weight of the rate"),
    word("key", "kld_weight", &["objective.beta"], "the weight of the rate"),
    word("key", "latent_dim", &["model.code"], "dimensions of the code"),
    word("key", "latent_dims", &["model.code"], "dimensions of the code"),
    word("key", "latent_size", &["model.code"], "dimensions of the code"),
    word("key", "lr", &["training.learning_rate"], ""),
    word("key", "max_epochs", &["training.epochs"], ""),
    word("key", "n_components", &["prior.components"], ""),
    word("key", "n_epochs", &["training.epochs"], ""),
    word("key", "n_layers", &["model.layers"], ""),
    word("key", "num_components", &["prior.components"], ""),
    word("key", "num_epochs", &["training.epochs"], ""),
    word("key", "num_layers", &["model.layers"], ""),
    word("key", "num_samples", &["objective.samples"], "draws of the code; images for an evaluation are evaluation.prior_samples"),
    word("key", "random_seed", &["seeds"], "seeds are counted from 0: seeds = 3 runs the seeds 0, 1 and 2"),
    word("key", "seed", &["seeds"], "seeds are counted from 0: seeds = 3 runs the seeds 0, 1 and 2"),
    word("key", "z_dim", &["model.code"], "dimensions of the code"),
    word("objective", "ae", &["plain_ae"], ""),
    word("objective", "autoencoder", &["plain_ae"], ""),
    word("objective", "beta_tc_vae", &["tc_vae"], ""),
    word("objective", "beta_tcvae", &["tc_vae"], ""),
    word("objective", "betatc_vae", &["tc_vae"], ""),
    word(
        "objective",
        "beta_vae",
        &["beta_h_vae", "beta_a_vae"],
        "beta_h_vae is that of Higgins et al., with a weight of the rate above one, for codes that disentangle; beta_a_vae is that of Alemi et al., with one below, for codes that carry more",
    ),
    word("objective", "betavae", &["beta_h_vae", "beta_a_vae"], "beta_h_vae has a weight of the rate above one, beta_a_vae one below"),
    word("objective", "dae", &["denoising_ae"], ""),
    word("objective", "elbo", &["vae"], ""),
    word("objective", "factor_vae", &["tc_vae"], "it weighs the total correlation too, without a discriminator"),
    word("objective", "infovae", &["info_vae"], ""),
    word("objective", "mmd_vae", &["info_vae"], "its divergence is a section of its own: [divergence] name = \"mmd_imq\""),
    word("objective", "vimae", &["vimae_n", "vimae_l"], "vimae_n has a normal prior, vimae_l a logistic one"),
    word("objective", "wae", &["vimae_n", "wae_gan"], "vimae_n with noise = { name = \"none\" } is WAE-MMD, wae_gan has a discriminator"),
    word("objective", "wae_mmd", &["vimae_n"], "with noise = { name = \"none\" } it is WAE-MMD: distortion plus lambda times an MMD"),
    word("setting", "beta_a_vae.beta", &["beta_h_vae"], "above one it is beta_h_vae"),
    word("setting", "beta_h_vae.beta", &["beta_a_vae"], "below one it is beta_a_vae"),
    word("sampler", "gmm", &["gaussian_mixture"], ""),
    word("sampler", "mog", &["gaussian_mixture"], ""),
    word("prior", "gaussian", &["normal"], ""),
    word("prior", "gmm", &["mixture_of_gaussians"], ""),
    word("prior", "mog", &["mixture_of_gaussians"], ""),
    word("prior", "standard_normal", &["normal"], ""),
    word("prior", "vampprior", &["vamp"], ""),
    word("model", "cnn", &["wae_conv"], ""),
    word("model", "conv", &["wae_conv"], ""),
    word("model", "convnet", &["wae_conv"], ""),
    word("dataset", "cifar", &["cifar10"], ""),
    word("dataset", "image_folder", &["folder"], "your own images are folder:PATH"),
    word("dataset", "imagefolder", &["folder"], "your own images are folder:PATH"),
    word("noise", "gaussian", &["gaussian_head", "gaussian_fixed"], "gaussian_head learns its size, gaussian_fixed has one"),
    word("likelihood", "bce", &["bernoulli", "continuous_bernoulli"], "bernoulli is for binary images, continuous_bernoulli for gray ones"),
    word(
        "likelihood",
        "binary_cross_entropy",
        &["bernoulli", "continuous_bernoulli"],
        "bernoulli is for binary images, continuous_bernoulli for gray ones",
    ),
    word("likelihood", "discretized_logistic", &["discretised_logistic"], ""),
    word("likelihood", "dmol", &["discretised_logistic_mixture"], ""),
    word("likelihood", "l1", &["laplace"], ""),
    word("likelihood", "mse", &["squared_error", "gaussian"], "gaussian has a scale, and with it a likelihood that compares"),
    word("likelihood", "normal", &["gaussian"], ""),
    word("divergence", "kl", &["adversarial_kl"], "of codes from the prior, by a critic; the rate is a part of the objective"),
    word("divergence", "mmd", &["mmd_imq", "mmd_rbf"], "mmd_imq has the kernel of the paper"),
    word("divergence", "wasserstein", &["sliced_wasserstein"], ""),
    word("metric", "active_units", &["information"], ""),
    word("metric", "elbo", &["iwae"], ""),
    word("metric", "kl", &["rate"], ""),
    word("metric", "mse", &["reconstruction"], ""),
];

/// What a word of others is called here, however it is written: `Beta-VAE`, `latentDim`.
pub fn other_word(kind: &str, given: &str) -> Option<&'static Word> {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>();
    let given = plain(given);
    WORDS.iter().find(|word| word.kind == kind && plain(word.theirs) == given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_however_it_is_written() {
        for given in ["beta_vae", "Beta-VAE", "betaVae"] {
            assert_eq!(other_word("objective", given).unwrap().ours, ["beta_h_vae", "beta_a_vae"]);
        }
        assert_eq!(other_word("key", "latent_dim").unwrap().ours, ["model.code"]);
        assert_eq!(other_word("sampler", "GMM").unwrap().ours, ["gaussian_mixture"]);
        assert!(other_word("likelihood", "BCE").unwrap().why.contains("continuous_bernoulli for gray"));
        assert!(other_word("prior", "beta_vae").is_none() && other_word("key", "epochs").is_none());
    }
}
