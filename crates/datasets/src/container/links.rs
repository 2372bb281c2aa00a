//! Links within an archive: a member under the name of a link is the member that the link leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::{budget::safe, visit::Visit};
use crate::{Error, Result};

/// So many links may lead to one another, as in Linux.
const CHAIN: usize = 40;

/// A link under a name that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    name: String,
    /// A member's name, from the root of the archive.
    target: String,
}

impl Link {
    /// A link from `name`; a symbolic one's target counts from the folder of `name`, any other's from the root.
    ///
    /// # Errors
    /// [`Error::Damaged`] where it leads out of the archive.
    pub(super) fn new(name: String, target: &str, symbolic: bool, file: &str) -> Result<Self> {
        let outside = || Error::damaged(file, format!("holds a link that leads out of it: {name:?} to {target:?}"));
        if !symbolic {
            return Ok(Self { target: safe(target, file)?, name });
        }
        let target = target.replace('\\', "/");
        if target.starts_with('/') || target.contains('\0') {
            return Err(outside());
        }
        let mut parts: Vec<&str> = name.split('/').collect();
        parts.pop();
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop().ok_or_else(outside)?),
                part => parts.push(part),
            }
        }
        Ok(Self { target: safe(&parts.join("/"), file)?, name })
    }
}

/// Calls `visit` for each link, with the content of the member at its end, or [`Error::Damaged`] where the archive does
/// not hold it. `read` reads members once more.
///
/// # Errors
/// Those of `read` and `visit`.
pub(super) fn follow(
    links: &[Link],
    file: &str,
    visit: &mut Visit,
    read: impl FnOnce(&dyn Fn(&str) -> bool, &mut Visit) -> Result<()>,
) -> Result<()> {
    let next: BTreeMap<&str, &str> = links.iter().map(|l| (l.name.as_str(), l.target.as_str())).collect();
    let mut leading: BTreeMap<&str, Vec<&Link>> = BTreeMap::new();
    for link in links {
        let mut end = link.target.as_str();
        for _ in 0..CHAIN {
            end = next.get(end).copied().unwrap_or(end);
        }
        leading.entry(end).or_default().push(link);
    }
    let mut missing: BTreeSet<String> = leading.keys().map(|&end| end.to_owned()).collect();
    read(&|name| leading.contains_key(name) && !next.contains_key(name), &mut |name, bytes| {
        missing.remove(&name);
        for link in leading.get(name.as_str()).into_iter().flatten() {
            visit(
                link.name.clone(),
                bytes.as_ref().map(Vec::clone).map_err(|error| Error::damaged(format!("{file}!{}", link.name), error)),
            )?;
        }
        Ok(())
    })?;
    for link in missing.iter().filter_map(|end| leading.get(end.as_str())).flatten() {
        let problem = format!("a link to {}, which is no file of the archive", link.target);
        visit(link.name.clone(), Err(Error::damaged(format!("{file}!{}", link.name), problem)))?;
    }
    Ok(())
}
