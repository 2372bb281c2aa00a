//! Tables of everything that can be chosen by name.
//!
//! A crate that offers a family of components declares them with [`catalogue!`](crate::catalogue!):
//! one line an entry, which also declares the entry's module.

use std::sync::{PoisonError, RwLock};

use serde_json::{Map, Value};
use vimae_spec::{other_word, settings::nearest};

use crate::{
    Error, Result, Settings,
    settings::{Schema, Setting},
};

/// One named component: how it is described and built.
#[derive(Debug, Clone, Copy)]
pub struct Entry<B: 'static> {
    /// The name in snake case, the same in files, on the command line and in records.
    pub name: &'static str,
    /// One sentence on what it is.
    pub summary: &'static str,
    /// The equation and paper it comes from.
    pub source: &'static str,
    /// Its settings: [`Schema::of`] the struct that states them.
    pub settings: fn() -> Schema,
    /// Makes one.
    pub build: B,
}

impl<B> Entry<B> {
    /// Its settings with defaults and ranges, in name order.
    pub fn settings(&self) -> Vec<Setting> {
        (self.settings)().settings()
    }
}

/// All components of one kind, in name order: those of this workspace, and those that a program adds at its start.
#[derive(Debug)]
pub struct Catalogue<B: 'static> {
    /// What the entries are: objective, prior ...
    pub kind: &'static str,
    entries: &'static [Entry<B>],
    added: RwLock<Vec<&'static Entry<B>>>,
}

impl<B> Catalogue<B> {
    /// A catalogue of these entries, which are in name order.
    pub const fn new(kind: &'static str, entries: &'static [Entry<B>]) -> Self {
        Self { kind, entries, added: RwLock::new(Vec::new()) }
    }

    /// Adds an entry, for the rest of the process: before anything looks names up, in every process that works on a run.
    ///
    /// # Errors
    /// [`Error::Entry`] for a name that is taken, or not in snake case.
    pub fn add(&self, entry: Entry<B>) -> Result<()> {
        let refused = |problem: &str| Err(Error::Entry { kind: self.kind, name: entry.name.into(), problem: problem.into() });
        let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !entry.name.starts_with(|c: char| c.is_ascii_lowercase()) || !entry.name.chars().all(snake) {
            return refused("a name is in snake case, for instance my_vae");
        }
        let mut added = self.added.write().unwrap_or_else(PoisonError::into_inner);
        if self.entries.iter().chain(added.iter().copied()).any(|known| known.name == entry.name) {
            return refused("the name is taken");
        }
        added.push(Box::leak(Box::new(entry)));
        Ok(())
    }

    /// Whether a program has added the entry of that name.
    pub fn is_added(&self, name: &str) -> bool {
        self.added.read().unwrap_or_else(PoisonError::into_inner).iter().any(|entry| entry.name == name)
    }

    /// Every entry, in name order.
    pub fn entries(&self) -> Vec<&'static Entry<B>> {
        let added = self.added.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = self.entries.iter().chain(added.iter().copied()).collect();
        all.sort_by_key(|entry| entry.name);
        all
    }

    /// The entry of that name.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the names that exist and the nearest of them.
    pub fn find(&self, name: &str) -> Result<&'static Entry<B>> {
        self.entries().into_iter().find(|e| e.name == name).ok_or_else(|| unknown_name(self.kind, name, self.names()))
    }

    /// The entry of that name, and `given` checked, with its defaults for what is left out.
    ///
    /// # Errors
    /// As [`find`](Self::find) and [`Settings::check`].
    pub fn check(&self, name: &str, given: &Map<String, Value>) -> Result<(&'static Entry<B>, Settings)> {
        let entry = self.find(name)?;
        Ok((entry, Settings::check(self.kind, entry.name, &(entry.settings)(), given)?))
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<B> {
        self.entries().into_iter().map(|e| e.name)
    }
}

impl<T> Catalogue<fn(&Settings) -> Result<T>> {
    /// Builds the entry `name`. The settings in `given` replace its defaults.
    ///
    /// # Errors
    /// As [`check`](Self::check), and where the entry itself refuses its settings.
    pub fn build(&self, name: &str, given: &Map<String, Value>) -> Result<T> {
        let (entry, settings) = self.check(name, given)?;
        (entry.build)(&settings)
    }
}

impl<T, R> Catalogue<fn(&Settings, &R) -> Result<T>> {
    /// Builds the entry `name` for what `request` says of the run. The settings in `given` replace its defaults.
    ///
    /// # Errors
    /// As [`check`](Self::check), and where the entry itself refuses its settings or the request.
    pub fn build(&self, name: &str, given: &Map<String, Value>, request: &R) -> Result<T> {
        let (entry, settings) = self.check(name, given)?;
        (entry.build)(&settings, request)
    }
}

/// The error for a name that is none of `available`, with the nearest of them.
pub fn unknown_name<'a>(kind: &'static str, name: &str, available: impl IntoIterator<Item = &'a str>) -> Error {
    let available: Vec<String> = available.into_iter().map(String::from).collect();
    let word = other_word(kind, name).filter(|word| word.ours.iter().all(|ours| available.iter().any(|name| name == ours)));
    let known = word.and_then(|word| word.ours.first().map(|ours| (*ours).to_owned()));
    let nearest = known.or_else(|| nearest(name, &available));
    Error::UnknownName { kind, name: name.into(), nearest, why: word.map_or("", |word| word.why), available }
}

/// Declares modules and a [`Catalogue`] of their `ENTRY` constants, one line an entry.
///
/// ```text
/// vimae_core::catalogue! {
///     /// Every prior.
///     pub static PRIORS: BuildPrior = "prior" in {
///         logistic,
///         normal,
///     }
/// }
/// ```
#[macro_export]
macro_rules! catalogue {
    ($(#[$doc:meta])* $vis:vis static $table:ident: $build:ty = $kind:literal in { $($module:ident),* $(,)? }) => {
        $(pub mod $module;)*
        $(#[$doc])*
        $vis static $table: $crate::Catalogue<$build> = $crate::Catalogue::new($kind, &[$($module::ENTRY),*]);
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_lists_what_exists_and_suggests_the_nearest() {
        let error = unknown_name("prior", "logistc", ["logistic", "normal"]);
        assert_eq!(error.to_string(), "unknown prior \"logistc\" (did you mean \"logistic\"?); there are: logistic, normal");
        assert!(unknown_name("objective", "vea", ["rae", "vae"]).to_string().contains("did you mean \"vae\"?"));
        assert!(!unknown_name("prior", "zzz", ["normal"]).to_string().contains("did you mean"));
    }

    #[test]
    fn an_added_entry_stands_in_name_order_and_has_a_name_of_its_own() {
        const fn entry(name: &'static str) -> Entry<u8> {
            Entry { name, summary: "", source: "", settings: Schema::of::<crate::NoSettings>, build: 1 }
        }
        static PRIORS: Catalogue<u8> = Catalogue::new("prior", &[entry("laplace"), entry("normal")]);
        PRIORS.add(entry("logistic")).unwrap();
        assert_eq!(PRIORS.names().collect::<Vec<_>>(), ["laplace", "logistic", "normal"]);
        assert_eq!(PRIORS.find("logistic").unwrap().build, 1);
        assert!(PRIORS.is_added("logistic") && !PRIORS.is_added("normal"));
        for taken in ["normal", "logistic", "My", ""] {
            assert!(matches!(PRIORS.add(entry(taken)), Err(Error::Entry { kind: "prior", name, .. }) if name == taken));
        }
    }
}
