//! Names, descriptions and settings.

use vimae_core::{
    Error, Settings,
    settings::{Domain, Schema},
};

/// Name, summary, source and settings of every entry, by kind.
fn all() -> Vec<(&'static str, &'static str, &'static str, &'static str, Schema)> {
    macro_rules! entries {
        ($($catalogue:expr),*) => {
            [$($catalogue.entries().into_iter().map(|e| ($catalogue.kind, e.name, e.summary, e.source, (e.settings)())).collect::<Vec<_>>()),*].concat()
        };
    }
    entries!(
        vimae_datasets::DATASETS,
        vimae_models::MODELS,
        vimae_priors::PRIORS,
        vimae_priors::sampler::SAMPLERS,
        vimae_objectives::OBJECTIVES,
        vimae_objectives::divergence::DIVERGENCES,
        vimae_objectives::likelihood::LIKELIHOODS,
        vimae_objectives::noise::NOISES,
        vimae_continual::STREAMS,
        vimae_continual::STRATEGIES,
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
    for (kind, name, summary, source, schema) in all() {
        assert!(!summary.is_empty() && !summary.ends_with('.') && !source.is_empty(), "{kind} {name}");
        for setting in schema.settings() {
            assert!(is_snake_case(&setting.name) && !setting.about.is_empty(), "{kind} {name}.{}", setting.name);
            assert_ne!(setting.domain, Domain::Any, "{kind} {name}.{} takes anything", setting.name);
            assert!(setting.domain.admits(&setting.default), "{kind} {name}.{}: its default is {}", setting.name, setting.default);
        }
    }
}

#[test]
fn defaults_are_in_range_and_nothing_else_is_taken() {
    for (kind, name, .., schema) in all() {
        Settings::check(kind, name, &schema, &Default::default()).unwrap();
        for key in schema.settings() {
            for wrong in [serde_json::json!("no such choice"), serde_json::json!(-1e300), serde_json::json!(null)] {
                let given = [(key.name.clone(), wrong)].into_iter().collect();
                let error = Settings::check(kind, name, &schema, &given).unwrap_err();
                let named = matches!(&error, Error::Setting { name: entry, key: setting, .. } if entry == name && *setting == key.name);
                assert!(named, "{error}");
            }
        }
        let unknown = [("no_such_setting".to_owned(), 1.into())].into_iter().collect();
        assert!(matches!(Settings::check(kind, name, &schema, &unknown), Err(Error::UnknownKey { key, .. }) if key == "no_such_setting"));
    }
}
