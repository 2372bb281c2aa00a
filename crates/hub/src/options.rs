//! How the network is used: from the environment variables that all Hugging Face programs share.

use std::{
    env, fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::environment::Environment;

/// A secret: shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token.
    pub fn new(secret: impl Into<String>) -> Self {
        // A line end behind it, as files and shells leave them, is not part of it.
        Self(secret.into().trim().to_owned())
    }

    #[cfg(any(feature = "network", test))]
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
    /// The Hub cache (`HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, or `hub` in `HF_HOME`, or in `~/.cache/huggingface`).
    pub cache: PathBuf,
    /// The secret for private and gated files (`HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, the file `HF_TOKEN_PATH`,
    /// or `HF_HOME/token`), unless `HF_HUB_DISABLE_IMPLICIT_TOKEN`.
    pub token: Option<Token>,
    /// Whether the network is forbidden (`HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`).
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
        Self::from_vars(|name| env::var(name).ok())
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
        let environment = Environment(var);
        Self {
            token: environment.token().map(Token::new),
            offline: environment.offline(),
            ..Self::new(environment.endpoint(), environment.cache())
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
    }
}
