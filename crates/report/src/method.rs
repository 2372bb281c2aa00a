//! How methods are ordered and called where people read.

/// The paper's methods in its order, as they are named in files, as the paper writes them, and in full.
const PAPER: [(&str, &str, &str); 6] = [
    ("vae", "VAE", "variational autoencoder"),
    ("beta_h_vae", "βH-VAE", "beta-VAE after Higgins et al."),
    ("beta_a_vae", "βA-VAE", "beta-VAE after Alemi et al."),
    ("vimae", "VIMAE", "Variational InfoMax AutoEncoder"),
    ("vimae_n", "VIMAE-n", "Variational InfoMax AutoEncoder with a normal prior"),
    ("vimae_l", "VIMAE-l", "Variational InfoMax AutoEncoder with a logistic prior"),
];

/// Other objectives, as they are written where people read.
const OTHERS: [(&str, &str); 9] = [
    ("denoising_ae", "Denoising AE"),
    ("info_vae", "InfoVAE"),
    ("iwae", "IWAE"),
    ("plain_ae", "Plain AE"),
    ("rae", "RAE"),
    ("rate_target_vae", "Rate-target VAE"),
    ("tc_vae", "TC-VAE"),
    ("uncertainty_ae", "Uncertainty AE"),
    ("wae_gan", "WAE-GAN"),
];

/// The paper's name of an objective in full.
pub fn in_full(objective: &str) -> Option<&'static str> {
    PAPER.iter().find(|(known, ..)| *known == objective).map(|(.., name)| *name)
}

/// Sorts the paper's methods first, in its order, then all others by name.
pub(crate) fn rank(method: &str) -> (usize, &str) {
    let (name, _) = split(method);
    (PAPER.iter().position(|(known, ..)| *known == name).unwrap_or(PAPER.len()), method)
}

/// The name as the paper writes it, with the grid point if there is one, less the sections of its settings; other
/// methods keep their name.
pub fn label(method: &str) -> String {
    let (name, point) = split(method);
    let mut written = PAPER.iter().map(|(known, label, _)| (*known, *label)).chain(OTHERS);
    let label = written.find(|(known, _)| *known == name).map_or(name, |(_, label)| label);
    let Some(point) = point.strip_prefix('[') else { return label.into() };
    let setting = |setting: &str| {
        let (path, value) = setting.split_once('=').unwrap_or((setting, ""));
        let name = path.rsplit('.').next().unwrap_or(path);
        if value.is_empty() { setting.to_owned() } else { format!("{name}={value}") }
    };
    format!("{label}[{}", point.split(',').map(setting).collect::<Vec<_>>().join(", "))
}

/// Text with the paper's methods as the paper writes them.
pub(crate) fn labelled(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut parts: Vec<String> = Vec::new();
    for part in text.split_inclusive(|c| !word(c)) {
        let name = part.trim_end_matches(|c| !word(c));
        parts.push(if name.contains('_') || name == "vae" { part.replacen(name, &label(name), 1) } else { part.to_owned() });
    }
    parts.concat()
}

/// The names without repeats, in order.
pub(crate) fn sorted<'a>(methods: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut methods: Vec<&str> = methods.into_iter().collect();
    methods.sort_unstable_by_key(|method| rank(method));
    methods.dedup();
    methods
}

/// The names without repeats, in the order of their first.
pub(crate) fn distinct<'a>(methods: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for method in methods {
        if !found.contains(&method) {
            found.push(method);
        }
    }
    found
}

/// The method whose grid a method is a point of; the method itself where it is none.
pub(crate) fn without_point(method: &str) -> &str {
    split(method).0
}

/// The method's name and its point of the grid: `vae` and `[model.code=2]`.
fn split(method: &str) -> (&str, &str) {
    method.split_at(method.find('[').unwrap_or(method.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_s_methods_come_first() {
        let methods = ["wae_gan", "vimae_l", "a[x=1]", "beta_a_vae", "vae[model.code=2]", "vae", "vimae_n", "beta_h_vae", "vae"];
        let expected = ["vae", "vae[model.code=2]", "beta_h_vae", "beta_a_vae", "vimae_n", "vimae_l", "a[x=1]", "wae_gan"];
        assert_eq!(sorted(methods), expected);
        assert_eq!(label("vae[model.code=2]"), "VAE[code=2]");
        assert_eq!(label("vae[objective.beta=0.2,model.code=2]"), "VAE[beta=0.2, code=2]");
        assert_eq!(label("odd[x"), "odd[x");
        assert_eq!(["info_vae", "rae[model.code=2]", "my_vae"].map(label), ["InfoVAE", "RAE[code=2]", "my_vae"]);
        assert_eq!(labelled("+1 from beta_a_vae, the vae; wae_gan"), "+1 from βA-VAE, the VAE; WAE-GAN");
    }
}
