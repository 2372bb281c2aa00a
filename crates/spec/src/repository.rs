//! The rule for the name of a repository on the Hugging Face Hub: the same wherever one is told from a path.

/// The most characters of an owner or a name.
const LONGEST: usize = 96;

/// Owner and name of the repository that `given` names, `OWNER/NAME`.
///
/// # Errors
/// What is wrong with it, in words that go behind it: "has no owner".
pub fn repository(given: &str) -> Result<(&str, &str), &'static str> {
    let (owner, name) = given.split_once('/').ok_or("has no owner")?;
    for part in [owner, name] {
        if part.is_empty() {
            return Err("lacks its owner or its name");
        }
        if part.contains('/') {
            return Err("has more than one /");
        }
        if part.chars().count() > LONGEST {
            return Err("has more than 96 characters in its owner or name");
        }
        if !part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
            return Err("has a character that is not allowed");
        }
        if part.starts_with(['.', '-']) || part.ends_with(['.', '-']) {
            return Err("begins or ends with . or -");
        }
        if part.contains("--") || part.contains("..") {
            return Err("holds -- or ..");
        }
    }
    if name.ends_with(".git") || name.ends_with(".ipynb") {
        return Err("ends with .git or .ipynb");
    }
    Ok((owner, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_hubs_rules() {
        assert_eq!(repository("some-lab/VIMAE_n.digits-2"), Ok(("some-lab", "VIMAE_n.digits-2")));
        let long = format!("o/{}", "x".repeat(97));
        for (wrong, why) in [
            ("", "has no owner"),
            ("name", "has no owner"),
            ("/name", "lacks its owner or its name"),
            ("owner/", "lacks its owner or its name"),
            ("a/b/c", "has more than one /"),
            ("https://huggingface.co/o/x", "has a character that is not allowed"),
            ("o/na me", "has a character that is not allowed"),
            ("o/näme", "has a character that is not allowed"),
            ("o/x?y", "has a character that is not allowed"),
            ("o/-x", "begins or ends with . or -"),
            ("o/x-", "begins or ends with . or -"),
            (".o/x", "begins or ends with . or -"),
            ("../x", "begins or ends with . or -"),
            ("o/..", "begins or ends with . or -"),
            ("o/a--b", "holds -- or .."),
            ("o/a..b", "holds -- or .."),
            ("o/x.git", "ends with .git or .ipynb"),
            (long.as_str(), "has more than 96 characters in its owner or name"),
        ] {
            assert_eq!(repository(wrong), Err(why), "{wrong}");
        }
    }
}
