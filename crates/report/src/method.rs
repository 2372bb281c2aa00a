//! How methods are ordered and called where people read.

/// The paper's methods in its order, as they are named in files and as the paper writes them.
const PAPER: [(&str, &str); 6] = [
    ("vae", "VAE"),
    ("beta_h_vae", "βH-VAE"),
    ("beta_a_vae", "βA-VAE"),
    ("vimae", "VIMAE"),
    ("vimae_n", "VIMAE-n"),
    ("vimae_l", "VIMAE-l"),
];

/// Sorts the paper's methods first, in its order, then all others by name.
pub(crate) fn rank(method: &str) -> (usize, &str) {
    let (name, _) = split(method);
    (PAPER.iter().position(|(known, _)| *known == name).unwrap_or(PAPER.len()), method)
}

/// The name as the paper writes it, with the grid point if there is one; other methods keep their name.
pub(crate) fn label(method: &str) -> String {
    let (name, point) = split(method);
    let label = PAPER.iter().find(|(known, _)| *known == name).map_or(name, |(_, label)| label);
    format!("{label}{point}")
}

/// The names without repeats, in order.
pub(crate) fn sorted<'a>(methods: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut methods: Vec<&str> = methods.into_iter().collect();
    methods.sort_unstable_by_key(|method| rank(method));
    methods.dedup();
    methods
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
        assert_eq!(label("vae[model.code=2]"), "VAE[model.code=2]");
        assert_eq!(label("info_vae"), "info_vae");
    }
}
