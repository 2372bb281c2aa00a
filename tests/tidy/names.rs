//! What something is comes from its type or its entry, never from the text of a name, protocol or note.

/// Text that is made for people or keys, whose parts nobody may ask for.
const TEXTS: [&str; 9] = ["entry", "kind", "method", "metric", "note", "protocol", "reason", "term", "unit"];
/// Things of a catalogue, whose `name` is a key and no more.
const THINGS: [&str; 13] = [
    "dataset",
    "divergence",
    "encoder",
    "entry",
    "measurement",
    "metric",
    "model",
    "network",
    "noise",
    "objective",
    "part",
    "posterior",
    "prior",
];
/// Methods that look for a part of a text.
const QUESTIONS: [&str; 5] = ["contains", "ends_with", "starts_with", "strip_prefix", "strip_suffix"];
/// Methods that give the same text in another form.
const SAME: [&str; 12] = [
    "as_deref",
    "as_ref",
    "as_str",
    "clone",
    "cloned",
    "display",
    "iter",
    "to_ascii_lowercase",
    "to_lowercase",
    "to_owned",
    "to_string",
    "trim",
];

/// The questions of a source file that ask a name, protocol or note what something is: line and question.
fn questions(source: &str) -> Vec<(usize, String)> {
    // Tests may look at what is shown.
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for question in QUESTIONS {
        let call = format!(".{question}(\"");
        for (at, _) in code.match_indices(&call) {
            let line = code[..at].matches('\n').count();
            let starts_at = code[..at].rfind('\n').map_or(0, |newline| newline + 1);
            if code[starts_at..].trim_start().starts_with("//") {
                continue;
            }
            let literal = code[at + call.len()..].split('"').next().unwrap_or_default();
            let path = receiver(&code[..at]);
            if asks(&path, question, literal) {
                found.push((line + 1, format!("{}.{question}(\"{literal}\")", path.join("."))));
            }
        }
    }
    found.sort();
    found
}

/// The path that a method is called on, of which `before` is the text before the dot: identifiers, calls without arguments
/// of theirs, over several lines where the chain is.
fn receiver(before: &str) -> Vec<String> {
    let mut path = Vec::new();
    let mut rest = before.trim_end();
    loop {
        rest = rest.trim_end_matches('?');
        if rest.ends_with([')', ']']) {
            let Some(open) = opening(rest) else { break };
            rest = &rest[..open];
        }
        let start =
            rest.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + rest[at..].chars().next().map_or(1, char::len_utf8));
        let identifier = &rest[start..];
        if identifier.is_empty() {
            break;
        }
        path.push(identifier.to_owned());
        match rest[..start].trim_end().strip_suffix('.') {
            Some(left) => rest = left.trim_end(),
            None => break,
        }
    }
    path.reverse();
    path
}

/// Where the bracket opens that `text` ends with.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' | ']' => depth += 1,
            '(' | '[' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Whether a call on `path` asks a text of a catalogue what it is.
fn asks(path: &[String], question: &str, literal: &str) -> bool {
    let mut path: Vec<&str> = path.iter().map(String::as_str).filter(|part| !SAME.contains(part)).collect();
    let Some(last) = path.pop() else { return false };
    // `metrics[0]` and `metric_name` are of the kind as well.
    let is = |word: &str, of: &[&str]| of.iter().any(|text| word == *text || word.strip_suffix('s') == Some(*text));
    let word = last.strip_suffix("_name").unwrap_or(last);
    if is(word, &TEXTS) || (word != last && is(word, &THINGS)) {
        return true;
    }
    if last != "name" {
        return false;
    }
    // The name of a thing of a catalogue; else that of a file, column or parameter, which has dots, slashes and endings.
    let owner = path.last().is_some_and(|owner| is(owner, &THINGS));
    let like_a_name = literal.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_=(,".contains(c));
    owner || (path.is_empty() && like_a_name && !literal.is_empty() && question != "ends_with" && question != "strip_suffix")
}

/// The questions of every file below the crates' and the command line's code, with their places.
fn all_questions(root: &std::path::Path, sources: &[std::path::PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for path in sources {
        let name = path.strip_prefix(root)?.display().to_string();
        let tests = name.starts_with("tests/") || name.contains("/tests/") || name.ends_with("tests.rs") || !name.contains("/src/");
        if !tests {
            all.extend(questions(&std::fs::read_to_string(path)?).into_iter().map(|(line, question)| format!("{name}:{line}: {question}")));
        }
    }
    Ok(all)
}

#[test]
fn no_code_asks_a_name_a_protocol_or_a_note_what_something_is() -> anyhow::Result<()> {
    let sources = crate::sources()?;
    anyhow::ensure!(sources.len() > 50, "only {} files", sources.len());
    let asked = all_questions(&vimae_tests::root(), &sources)?;
    assert!(asked.is_empty(), "take it from the type or the entry:\n{}", asked.join("\n"));
    Ok(())
}

#[test]
fn questions_to_names_are_found_and_others_are_not() {
    let of = |code: &str| questions(code).into_iter().map(|(_, question)| question).collect::<Vec<_>>();
    for asked in [
        r#"m.metric.starts_with("accuracy.")"#,
        r#"others.iter().any(|m| m.protocol.contains("features="))"#,
        r#"note.is_some_and(|note| note.contains("held-out"))"#,
        r#"divergence.name().starts_with("mmd")"#,
        r#"spec.dataset.name.starts_with("folder:")"#,
        r#"m.protocol().to_string().ends_with(")")"#,
        "row\n    .protocol\n    .as_str()\n    .strip_prefix(\"svm.\")",
        r#"metrics[0].contains("nll")"#,
        r#"|name| name.starts_with("noise")"#,
        r#"metric_name.contains("ais")"#,
    ] {
        assert_eq!(of(asked).len(), 1, "{asked}");
    }
    for other in [
        r#"name.ends_with(".zip")"#,
        r#"name.starts_with("decoder.")"#,
        r#"name.starts_with("__MACOSX")"#,
        r#"name.ends_with("running_var")"#,
        r#"text.contains("rate")"#,
        r#"name.strip_prefix("cuda:")"#,
        r#"file_name(path).starts_with("events")"#,
        r#"path.name().ends_with(".pt")"#,
        r#"// note.contains("x")"#,
        "#[cfg(test)]\nmod tests { fn f() { note.contains(\"x\") } }",
    ] {
        assert_eq!(of(other), Vec::<String>::new(), "{other}");
    }
    assert_eq!(questions("a\nb\nnote.contains(\"x\")"), [(3, "note.contains(\"x\")".to_owned())]);
}
