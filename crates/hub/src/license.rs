//! Licences by the identifiers that the Hub documents for model cards.

use crate::{Error, Result};

/// Every identifier of the Hub that names its licence by itself. `other`, which needs a name and a link beside it, and
/// `unknown` are left out.
const LICENSES: &[&str] = &[
    "afl-3.0",
    "agpl-3.0",
    "apache-2.0",
    "apple-amlr",
    "apple-ascl",
    "artistic-2.0",
    "bigcode-openrail-m",
    "bigscience-bloom-rail-1.0",
    "bigscience-openrail-m",
    "bsd",
    "bsd-2-clause",
    "bsd-3-clause",
    "bsd-3-clause-clear",
    "bsl-1.0",
    "c-uda",
    "cc",
    "cc-by-2.0",
    "cc-by-2.5",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc-by-nc-2.0",
    "cc-by-nc-3.0",
    "cc-by-nc-4.0",
    "cc-by-nc-nd-3.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0",
    "cc-by-sa-3.0",
    "cc-by-sa-4.0",
    "cc0-1.0",
    "cdla-permissive-1.0",
    "cdla-permissive-2.0",
    "cdla-sharing-1.0",
    "creativeml-openrail-m",
    "ecl-2.0",
    "epl-1.0",
    "epl-2.0",
    "etalab-2.0",
    "eupl-1.1",
    "eupl-1.2",
    "gfdl",
    "gpl",
    "gpl-2.0",
    "gpl-3.0",
    "h-research",
    "intel-research",
    "isc",
    "lgpl",
    "lgpl-2.1",
    "lgpl-3.0",
    "lgpl-lr",
    "lppl-1.3c",
    "mit",
    "mpl-2.0",
    "ms-pl",
    "ncsa",
    "odbl",
    "odc-by",
    "ofl-1.1",
    "openmdw-1.0",
    "openrail",
    "openrail++",
    "osl-3.0",
    "pddl",
    "postgresql",
    "unlicense",
    "wtfpl",
    "zlib",
];

/// How similar an identifier must be to be meant, in millionths.
const SIMILAR: u64 = 700_000;

/// Gives `given` as the Hub spells it.
///
/// # Errors
/// [`Error::License`] for none of the Hub's identifiers.
pub fn license(given: &str) -> Result<&'static str> {
    let wanted = given.trim().to_ascii_lowercase();
    if let Some(found) = LICENSES.iter().find(|l| **l == wanted) {
        return Ok(found);
    }
    let near = |license: &&str| (1e6 * strsim::jaro_winkler(license, &wanted)) as u64;
    let nearest = LICENSES.iter().copied().filter(|license| near(license) > SIMILAR).max_by_key(near);
    Err(Error::License { given: given.into(), nearest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_one_of_the_hubs() {
        assert_eq!(license("MIT").unwrap(), "mit");
        assert_eq!(license("cc-by-nc-4.0").unwrap(), "cc-by-nc-4.0");
        assert!(matches!(license("apache2"), Err(Error::License { nearest: Some("apache-2.0"), .. })));
        for unlike in ["foo", ""] {
            assert!(matches!(license(unlike), Err(Error::License { nearest: None, .. })), "{unlike:?}");
        }
        assert!(license("other").is_err());
    }
}
