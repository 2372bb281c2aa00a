//! The variables of the environment as huggingface_hub reads them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Reads variables by name. An empty one counts as absent.
pub(crate) struct Environment<F>(pub(crate) F);

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    fn var(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// `HF_HOME`, or `huggingface` in `XDG_CACHE_HOME`, or in `~/.cache`.
    fn home(&self) -> PathBuf {
        let cache = || self.var("XDG_CACHE_HOME").unwrap_or_else(|| "~/.cache".into());
        self.path(self.var("HF_HOME").unwrap_or_else(|| format!("{}/huggingface", cache())))
    }

    /// The Hub cache: `HF_HUB_CACHE`, its older name `HUGGINGFACE_HUB_CACHE`, or `hub` in the home.
    pub(crate) fn cache(&self) -> PathBuf {
        let named = self.var("HF_HUB_CACHE").or_else(|| self.var("HUGGINGFACE_HUB_CACHE"));
        named.map_or_else(|| self.home().join("hub"), |path| self.path(path))
    }

    /// The token: `HF_TOKEN`, its older name `HUGGING_FACE_HUB_TOKEN`, or what the file of `HF_TOKEN_PATH` holds, `token` in
    /// the home where that is not set. None of them where `HF_HUB_DISABLE_IMPLICIT_TOKEN` says so.
    pub(crate) fn token(&self) -> Option<String> {
        if self.is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            return None;
        }
        // Line ends in a token would end the header that carries it.
        let clean = |text: String| Some(text.replace(['\r', '\n'], "").trim().to_owned()).filter(|text| !text.is_empty());
        let file = || self.var("HF_TOKEN_PATH").map_or_else(|| self.home().join("token"), |path| self.path(path));
        let named = || self.var("HF_TOKEN").or_else(|| self.var("HUGGING_FACE_HUB_TOKEN")).and_then(clean);
        named().or_else(|| fs::read_to_string(file()).ok().and_then(clean))
    }

    /// Whether `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE` forbids the network.
    pub(crate) fn offline(&self) -> bool {
        if self.var("HF_HUB_OFFLINE").is_some() { self.is_true("HF_HUB_OFFLINE") } else { self.is_true("TRANSFORMERS_OFFLINE") }
    }

    /// The Hub: `HF_ENDPOINT`, or the public one.
    pub(crate) fn endpoint(&self) -> String {
        self.var("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".into())
    }

    fn is_true(&self, name: &str) -> bool {
        self.var(name).is_some_and(|value| matches!(value.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE"))
    }

    /// A path with `~`, `$NAME` and `${NAME}` in it.
    fn path(&self, text: String) -> PathBuf {
        PathBuf::from(self.variables(&self.user(text)))
    }

    /// `~` and `~NAME` at the front as directories; as they are where there is no such user.
    fn user(&self, text: String) -> String {
        let Some(rest) = text.strip_prefix('~') else { return text };
        let (name, below) = rest.split_once('/').map_or((rest, ""), |(name, _)| (name, &rest[name.len()..]));
        // Without HOME, Python asks for the user's own entry; so does this.
        let own = || self.var("HOME").or_else(|| std::env::home_dir()?.into_os_string().into_string().ok());
        let home = if name.is_empty() { own() } else { home_of(name, Path::new("/etc/passwd")) };
        home.map_or_else(|| text.clone(), |home| format!("{}{below}", home.trim_end_matches('/')))
    }

    /// `$NAME` and `${NAME}` as their values; as they are where they have none.
    fn variables(&self, text: &str) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            expanded += before;
            let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let plain = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
            let (name, written, left) = match braced {
                Some((name, left)) => (name, name.len() + 2, left),
                None => (&after[..plain], plain, &after[plain..]),
            };
            match (self.0)(name).filter(|_| !name.is_empty()) {
                Some(value) => expanded += &value,
                None => expanded.extend(["$", &after[..written]]),
            }
            rest = left;
        }
        expanded + rest
    }
}

/// The home directory of a user by the file of users.
fn home_of(name: &str, users: &Path) -> Option<String> {
    let users = fs::read_to_string(users).ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(5).map(str::to_owned).filter(|home| !home.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(vars: &'static [(&str, &str)]) -> Environment<impl Fn(&str) -> Option<String>> {
        Environment(|name: &str| vars.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_cache_is_where_hugging_face_programs_put_it() {
        for (vars, cache) in [
            (&[("HOME", "/u")][..], "/u/.cache/huggingface/hub"),
            (&[("HOME", "/u"), ("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub"),
            (&[("HOME", "/u"), ("XDG_CACHE_HOME", "$HOME/x")], "/u/x/huggingface/hub"),
            (&[("HOME", "/u"), ("HF_HOME", "~/hf"), ("XDG_CACHE_HOME", "/x")], "/u/hf/hub"),
            (&[("HOME", "/u"), ("HF_HOME", "~")], "/u/hub"),
            (&[("HOME", "/u"), ("HF_HOME", "")], "/u/.cache/huggingface/hub"),
            (&[("HF_HOME", "$SCRATCH/hf"), ("SCRATCH", "/s")], "/s/hf/hub"),
            (&[("HF_HOME", "${SCRATCH}x/$OTHER"), ("SCRATCH", "/s")], "/sx/$OTHER/hub"),
            (&[("HF_HOME", "/a$b/${c")], "/a$b/${c/hub"),
            (&[("HF_HOME", "~nobody-of-this-name/hf")], "~nobody-of-this-name/hf/hub"),
            (&[("HF_HOME", "/h"), ("HUGGINGFACE_HUB_CACHE", "/old")], "/old"),
            (&[("HOME", "/u"), ("HF_HUB_CACHE", "~/c"), ("HUGGINGFACE_HUB_CACHE", "/old")], "/u/c"),
        ] {
            assert_eq!(with(vars).cache(), Path::new(cache), "{vars:?}");
        }
    }

    #[test]
    fn a_user_is_looked_up_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("passwd");
        fs::write(&users, "root:x:0:0::/root-of-all:/bin/sh\nme:x:1:1::/homes/me:\nyou:x:2:2:::\n").unwrap();
        assert_eq!(home_of("me", &users).as_deref(), Some("/homes/me"));
        assert_eq!((home_of("you", &users), home_of("m", &users)), (None, None));
    }

    #[test]
    fn values_that_mean_no_are_no() {
        for (vars, offline) in [
            (&[][..], false),
            (&[("HF_HUB_OFFLINE", "1")], true),
            (&[("HF_HUB_OFFLINE", "on")], true),
            (&[("HF_HUB_OFFLINE", "2")], false),
            (&[("TRANSFORMERS_OFFLINE", "Yes")], true),
            (&[("TRANSFORMERS_OFFLINE", "0")], false),
            (&[("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")], false),
            (&[("HF_HUB_OFFLINE", ""), ("TRANSFORMERS_OFFLINE", "1")], true),
        ] {
            assert_eq!(with(vars).offline(), offline, "{vars:?}");
        }
    }

    #[test]
    fn the_token_comes_from_the_variable_or_the_file() {
        for (vars, token) in [
            (&[("HF_TOKEN", " hf_a\r\n")][..], Some("hf_a")),
            (&[("HF_TOKEN", "hf_a"), ("HUGGING_FACE_HUB_TOKEN", "hf_b")], Some("hf_a")),
            (&[("HUGGING_FACE_HUB_TOKEN", "hf_b")], Some("hf_b")),
            (&[("HF_TOKEN", "hf_a"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0")], Some("hf_a")),
            (&[("HF_TOKEN", "hf_a"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "true")], None),
            (&[("HF_HOME", "/nowhere")], None),
        ] {
            assert_eq!(with(vars).token().as_deref(), token, "{vars:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tok"), "hf_c\n").unwrap();
        let home = folder.path().display().to_string();
        let vars = move |name: &str| match name {
            "HOME" => Some(home.clone()),
            "HF_TOKEN_PATH" => Some("~/tok".into()),
            _ => None,
        };
        assert_eq!(Environment(vars).token().as_deref(), Some("hf_c"));
    }

    #[test]
    fn the_python_library_reads_the_same() {
        let python = vimae_testing::need!(vimae_testing::python(&["huggingface_hub"]));
        let program = "import json; from huggingface_hub import constants as c, get_token; \
                       print(json.dumps([c.HF_HUB_CACHE, c.ENDPOINT, bool(c.HF_HUB_OFFLINE), \
                       None if c.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()]))";
        for more in [
            &[][..],
            &[("HF_HOME", "~/hf"), ("HF_TOKEN", "hf_a")],
            &[("HF_HOME", "$SCRATCH/hf"), ("SCRATCH", "/s"), ("HUGGING_FACE_HUB_TOKEN", " hf_b\n")],
            &[("HF_HUB_CACHE", "~/c/${SCRATCH}/$NONE"), ("SCRATCH", "s"), ("HUGGINGFACE_HUB_CACHE", "/old")],
            &[("HUGGINGFACE_HUB_CACHE", "/old"), ("XDG_CACHE_HOME", "/x")],
            &[("XDG_CACHE_HOME", "~/x"), ("HF_HUB_OFFLINE", "no"), ("TRANSFORMERS_OFFLINE", "1")],
            &[("TRANSFORMERS_OFFLINE", "yes"), ("HF_ENDPOINT", "http://mirror")],
            &[("HF_TOKEN", "hf_a"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "on")],
            &[("HF_TOKEN", "hf_a"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0")],
        ] {
            let vars: Vec<(&str, &str)> = [("HOME", "/nowhere")].into_iter().chain(more.iter().copied()).collect();
            let mut command = std::process::Command::new(&python);
            command.args(["-c", program]).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
            let output = command.envs(vars.iter().copied()).output().unwrap();
            let theirs: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
            let ours = Environment(|name: &str| vars.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()));
            let ours = serde_json::json!([ours.cache(), ours.endpoint(), ours.offline(), ours.token()]);
            assert_eq!(ours, theirs, "{more:?}");
        }
    }
}
