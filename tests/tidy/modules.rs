//! The files of a crate form no cycle: what one file uses never comes back to it. What a crate's root makes
//! public counts as used from where it comes; the root itself does not count.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    str::FromStr,
};

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use vimae_tests::root;

/// The crates without a cycle. Another joins when its last cycle is gone; those of `datasets` go through `image.rs`.
const ACYCLIC: [&str; 15] = [
    "checkpoint",
    "continual",
    "core",
    "corruptions",
    "eval",
    "hub",
    "lab",
    "models",
    "objectives",
    "ops",
    "priors",
    "report",
    "spec",
    "svm",
    "trainer",
];

/// A module by its names from the root of the crate; the root has none.
type Module = Vec<String>;

/// What each file of `source` uses of the others.
fn uses(source: &Path) -> Result<BTreeMap<Module, BTreeSet<Module>>> {
    let mut files = Vec::new();
    super::walk(source, &mut files)?;
    let mut texts = BTreeMap::new();
    for file in files {
        let relative = file.strip_prefix(source)?.with_extension("");
        let mut module: Module = relative.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        module.pop_if(|last| last == "mod" || last == "lib" || last == "main");
        texts.insert(module, std::fs::read_to_string(file)?);
    }
    let known: BTreeSet<Module> = texts.keys().cloned().collect();
    let mut paths = BTreeMap::new();
    for (module, text) in texts {
        let tokens = TokenStream::from_str(&text).map_err(|e| anyhow!("{}: {e}", module.join("::")))?;
        let mut found = Vec::new();
        collect(tokens, 0, &mut found);
        paths.insert(module, found);
    }
    let root = paths.remove(&Module::new()).unwrap_or_default();
    let public = root.into_iter().filter_map(|(_, path)| Some((path.last()?.clone(), path))).collect();
    let arrows = paths.into_iter().map(|(module, paths)| {
        let found = paths.iter().filter_map(|(inline, path)| resolve(&module, *inline, path, &public, &known));
        let found = found.filter(|used| *used != module && !used.is_empty()).collect();
        (module, found)
    });
    Ok(arrows.collect())
}

/// Every path of two names or more, with the number of inline modules around it; the module `tests` is left out.
fn collect(tokens: TokenStream, inline: usize, found: &mut Vec<(usize, Vec<String>)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match (token, tokens.get(at + 1), tokens.get(at + 2)) {
            (TokenTree::Ident(word), Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) if word == "mod" => {
                if name != "tests" {
                    collect(body.stream(), inline + 1, found);
                }
                at += 3;
            }
            (TokenTree::Ident(_), ..) => at = path(&tokens, at, inline, &[], found),
            (TokenTree::Group(group), ..) => {
                collect(group.stream(), inline, found);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Reads the path that starts at `at`, its braces included, and gives where it ends.
fn path(tokens: &[TokenTree], mut at: usize, inline: usize, before: &[String], found: &mut Vec<(usize, Vec<String>)>) -> usize {
    let mut names = before.to_vec();
    let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(name)) => names.push(name.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
                for part in inner.split(comma).filter(|part| !part.is_empty()) {
                    path(part, 0, inline, &names, found);
                }
                return at + 1;
            }
            // A glob, or the generic arguments of a function.
            _ => {
                found.push((inline, names));
                return at;
            }
        }
        at += 1;
        if !(colon(at) && colon(at + 1)) {
            break;
        }
        at += 2;
    }
    if names.len() > 1 {
        found.push((inline, names));
    }
    at
}

/// The file that a path names, seen from `module`; none for what is not of this crate. `public` has the paths behind the
/// names that the root makes public.
fn resolve(
    module: &Module,
    inline: usize,
    path: &[String],
    public: &BTreeMap<String, Vec<String>>,
    known: &BTreeSet<Module>,
) -> Option<Module> {
    let (first, mut rest) = path.split_first()?;
    let mut full: Module = match first.as_str() {
        "crate" => {
            let behind = rest.first().and_then(|name| public.get(name)).filter(|_| !known.contains(&rest[..1]));
            rest = behind.map_or(rest, Vec::as_slice);
            Vec::new()
        }
        "self" if inline == 0 => module.clone(),
        "super" => {
            let mut base = module.clone();
            let mut levels = 1;
            while let Some(("super", after)) = rest.split_first().map(|(name, after)| (name.as_str(), after)) {
                (levels, rest) = (levels + 1, after);
            }
            // An inline module's parent is the file itself.
            base.truncate(module.len().checked_sub(levels - inline.min(levels))?);
            base
        }
        child => {
            let mut full = module.clone();
            full.push(child.to_owned());
            if !known.contains(&full) {
                return None;
            }
            full
        }
    };
    full.extend_from_slice(rest);
    while !known.contains(&full) {
        full.pop()?;
    }
    Some(full)
}

/// A cycle that can be reached from `at`, if there is one.
fn cycle(at: &Module, arrows: &BTreeMap<Module, BTreeSet<Module>>, way: &mut Vec<Module>, done: &mut BTreeSet<Module>) -> Option<String> {
    if let Some(start) = way.iter().position(|passed| passed == at) {
        return Some(way[start..].iter().chain([at]).map(|module| module.join("/")).collect::<Vec<_>>().join(" -> "));
    }
    if done.contains(at) {
        return None;
    }
    way.push(at.clone());
    let found = arrows.get(at).into_iter().flatten().find_map(|next| cycle(next, arrows, way, done));
    way.pop();
    done.insert(at.clone());
    found
}

fn first_cycle(source: &Path) -> Result<Option<String>> {
    let arrows = uses(source)?;
    let mut done = BTreeSet::new();
    Ok(arrows.keys().find_map(|module| cycle(module, &arrows, &mut Vec::new(), &mut done)))
}

#[test]
fn files_form_no_cycle() -> Result<()> {
    for name in ACYCLIC {
        let found = first_cycle(&root().join(format!("crates/{name}/src"))).with_context(|| name.to_owned())?;
        assert_eq!(found, None, "crates/{name}/src: files use each other in a circle; move what both need into a file of its own");
    }
    Ok(())
}

#[test]
fn a_cycle_is_found_through_every_kind_of_path() -> Result<()> {
    let parent = "mod b;\npub(crate) fn up() {}\n";
    for (child, circular) in [
        ("use super::up;", true),
        ("use super::*;", true),
        ("use crate::{a::{self, up}};", true),
        ("fn f() { crate::a::up() }", true),
        ("macro_rules! m { () => { $crate::a::up() } }", true),
        ("mod inner { fn f() { super::super::up() } }", true),
        ("mod inner { fn f() { super::g() } }", false),
        ("mod tests { use super::super::up; }", false),
        ("// super::up\nconst C: &str = \"super::up\";", false),
        ("use crate::c;", false),
        ("use crate::Shown;", true),
    ] {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("a"))?;
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("lib.rs", "mod a;\nmod c;\npub use a::Shown;\n")?;
        write("c.rs", "")?;
        write("a.rs", &format!("{parent}use b::f;\n"))?;
        write("a/b.rs", child)?;
        assert_eq!(first_cycle(folder.path())?.is_some(), circular, "{child}");
    }
    Ok(())
}
