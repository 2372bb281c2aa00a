//! How the network is used: from the environment variables that all Hugging Face programs share.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// A secret: shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token.
    pub fn new(secret: impl Into<String>) -> Self {
        // A line end behind it, as files and shells leave them, is not part of it.
        Self(secret.into().trim().to_owned())
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// How the network is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The Hub, `https://huggingface.co` (`HF_ENDPOINT`).
    pub endpoint: String,
    /// The Hub cache (`HF_HUB_CACHE`, or `hub` in `HF_HOME`, or in `~/.cache/huggingface`).
    pub cache: PathBuf,
    /// The secret for private and gated files (`HF_TOKEN`, `HF_TOKEN_PATH`, or `HF_HOME/token`).
    pub token: Option<Token>,
    /// Whether the network is forbidden (`HF_HUB_OFFLINE`).
    pub offline: bool,
    /// How many failures in a row, without a byte between them, are one too many.
    pub attempts: u32,
    /// The wait after the first failure; it doubles with each, up to 30 s.
    pub first_wait: Duration,
    /// The longest wait that a server may ask for.
    pub longest_wait: Duration,
}

impl Options {
    /// The options that the environment asks for.
    pub fn from_env() -> Self {
        Self::from_vars(|name| env::var(name).ok().filter(|v| !v.is_empty()))
    }

    /// Options for the Hub at `endpoint` with the cache at `cache`, without a token.
    pub fn new(endpoint: impl Into<String>, cache: impl AsRef<Path>) -> Self {
        Self {
            endpoint: endpoint.into().trim_end_matches('/').to_owned(),
            cache: cache.as_ref().into(),
            token: None,
            offline: false,
            attempts: 6,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(300),
        }
    }

    fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let cached = || var("XDG_CACHE_HOME").map(|d| Path::new(&d).join("huggingface"));
        let home = var("HF_HOME").map(PathBuf::from).or_else(cached);
        let home = home.unwrap_or_else(|| Path::new(&var("HOME").unwrap_or_default()).join(".cache/huggingface"));
        let file = |path: PathBuf| fs::read_to_string(path).ok().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        let implicit = || var("HF_TOKEN_PATH").map(PathBuf::from).and_then(file).or_else(|| file(home.join("token")));
        let token = if var("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some() { None } else { var("HF_TOKEN").or_else(implicit) };
        let cache = var("HF_HUB_CACHE").map_or_else(|| home.join("hub"), PathBuf::from);
        let yes = |v: String| matches!(v.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE");
        Self {
            token: token.map(Token::new).filter(|token| !token.secret().is_empty()),
            offline: var("HF_HUB_OFFLINE").is_some_and(yes),
            ..Self::new(var("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".into()), cache)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(vars: &'static [(&str, &str)]) -> Options {
        Options::from_vars(|name| vars.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_variables_of_hugging_face_are_honoured() {
        let options = with(&[("HF_HOME", "/h"), ("HF_ENDPOINT", "http://mirror/"), ("HF_HUB_OFFLINE", "1"), ("HF_TOKEN", "hf_secret")]);
        assert_eq!((options.endpoint.as_str(), options.cache.as_path(), options.offline), ("http://mirror", Path::new("/h/hub"), true));
        assert_eq!(options.token.as_ref().unwrap().secret(), "hf_secret");
        assert!(!format!("{options:?}").contains("secret"));
        let options = with(&[("HOME", "/u"), ("HF_HUB_OFFLINE", "0"), ("HF_TOKEN", "x"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]);
        assert_eq!((options.cache.as_path(), options.offline, options.token), (Path::new("/u/.cache/huggingface/hub"), false, None));
    }
}
