//! Where code is, as a card links it.

use crate::{Error, Result};

/// What an address may hold beside letters and digits: nothing that a card's Markdown reads, and no `@` of a user's name.
const MARKS: &[u8] = b"-._~/:%+";

/// Gives `given` where a card can link it: an address that people open, without the name or password of a user.
///
/// # Errors
/// [`Error::Address`].
pub fn code_address(given: &str) -> Result<&str> {
    let Some(rest) = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://")) else {
        return Err(Error::Address { problem: "it does not begin with https:// or http://" });
    };
    if rest.is_empty() || rest.starts_with('/') {
        return Err(Error::Address { problem: "it names no host" });
    }
    match rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || MARKS.contains(&byte)) {
        true => Ok(given),
        false => Err(Error::Address { problem: "it holds more than letters, digits and - . _ ~ / : % +" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_everybody_can_open() {
        for right in ["https://example.org/me/vimae", "http://localhost:3000/a_b-c.d~e%20f"] {
            assert_eq!(code_address(right).unwrap(), right);
        }
        let wrong = [
            "",
            "me/vimae",
            "git@example.org:me/vimae",
            "https://",
            "https:///me",
            "https://me:hf_secret@example.org/vimae",
            "https://a/b)c",
        ];
        for wrong in wrong {
            let error = code_address(wrong).unwrap_err();
            assert!(matches!(error, Error::Address { .. }) && !error.to_string().contains("hf_secret"), "{wrong}: {error}");
        }
    }
}
