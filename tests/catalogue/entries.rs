//! Names, descriptions and settings.

use std::collections::BTreeSet;

use vimae_core::{Key, Settings};

/// Name, summary, source and settings of every entry, by kind.
fn all() -> Vec<(&'static str, &'static str, &'static str, &'static str, &'static [Key])> {
    macro_rules! entries {
        ($($catalogue:expr),*) => {
            [$($catalogue.entries.iter().map(|e| ($catalogue.kind, e.name, e.summary, e.source, e.keys)).collect::<Vec<_>>()),*].concat()
        };
    }
    entries!(
        vimae_datasets::DATASETS,
        vimae_models::MODELS,
        vimae_priors::PRIORS,
        vimae_objectives::OBJECTIVES,
        vimae_objectives::divergence::DIVERGENCES,
        vimae_objectives::noise::NOISES,
        vimae_metrics::METRICS,
        vimae_metrics::accuracy::classifiers::CLASSIFIERS,
        vimae_corruptions::CORRUPTIONS
    )
}

fn is_snake_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn names_are_snake_case_unique_and_in_order() {
    let all = all();
    assert!(all.len() > 15, "only {} entries", all.len());
    for (kind, name, ..) in &all {
        assert!(is_snake_case(name), "{kind} {name}");
    }
    for pair in all.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        assert!(pair[0].1 < pair[1].1, "{} {} stands before {}", pair[0].0, pair[0].1, pair[1].1);
    }
}

#[test]
fn every_entry_says_what_it_is_and_where_it_comes_from() {
    for (kind, name, summary, source, keys) in all() {
        assert!(!summary.is_empty() && !summary.ends_with('.') && !source.is_empty(), "{kind} {name}");
        let names: BTreeSet<_> = keys.iter().map(|k| k.name).collect();
        assert_eq!(names.len(), keys.len(), "{kind} {name}: a setting is declared twice");
        for key in keys {
            assert!(is_snake_case(key.name) && !key.about.is_empty(), "{kind} {name}.{}", key.name);
        }
    }
}

#[test]
fn defaults_are_in_range_and_nothing_else_is_taken() {
    for (kind, name, .., keys) in all() {
        Settings::check(kind, name, keys, &Default::default()).unwrap();
        for key in keys {
            for wrong in [serde_json::json!("no such choice"), serde_json::json!(-1e300), serde_json::json!(null)] {
                let given = [(key.name.to_owned(), wrong)].into_iter().collect();
                let message = Settings::check(kind, name, keys, &given).unwrap_err().to_string();
                assert!(message.contains(name) && message.contains(key.name) && message.contains("must be"), "{message}");
            }
        }
        let unknown = [("no_such_setting".to_owned(), 1.into())].into_iter().collect();
        assert!(Settings::check(kind, name, keys, &unknown).unwrap_err().to_string().contains("no_such_setting"));
    }
}
