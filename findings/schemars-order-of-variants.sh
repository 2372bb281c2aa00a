#!/bin/bash
# schemars 1.2.3: an enum of plain variants, some with a doc comment and some without, loses the order of its variants in the schema:
# those without one come first, together in one "enum", each documented one after them as a "const" of its own. With all or none of
# them documented the order stays. A reader that takes the first for the default, or shows them in order, shows another order than the code.
# Seen: One (documented), Two, Three (documented), Four -> two, four, one, three.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs cargo and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
cargo init -q --vcs none --name probe p 2> /dev/null && (cd p && cargo add -q schemars@=1.2.3 serde_json@1) || exit 2
cat > p/src/main.rs <<'R'
use schemars::{JsonSchema, schema_for};

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[allow(dead_code)]
enum Mixed {
    /// documented
    One,
    Two,
    /// documented
    Three,
    Four,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[allow(dead_code)]
enum Plain {
    One,
    Two,
    Three,
    Four,
}

fn words(value: &serde_json::Value) -> Vec<String> {
    match (value.get("enum"), value.get("const"), value.get("oneOf")) {
        (Some(all), _, _) => all.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect(),
        (_, Some(one), _) => vec![one.as_str().unwrap().to_owned()],
        (_, _, Some(parts)) => parts.as_array().unwrap().iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

fn main() {
    let (mixed, plain) = (words(schema_for!(Mixed).as_value()), words(schema_for!(Plain).as_value()));
    println!("schemars 1.2.3, some documented: {}; none documented: {}", mixed.join(", "), plain.join(", "));
    std::process::exit(i32::from(mixed != ["two", "four", "one", "three"] || plain != ["one", "two", "three", "four"]));
}
R
cargo run -q --manifest-path p/Cargo.toml
