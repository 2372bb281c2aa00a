//! The words of servers, and what may be repeated of them.

/// What it means that an answer is a web page.
pub(crate) const NO_HUB: &str =
    "the answer is a web page: this is no Hub; look at HF_ENDPOINT, and whether a login page of the network stands between";

/// `text` without the queries of addresses in it: signed addresses are as good as a password while they last.
pub(crate) fn without_queries(text: &str) -> String {
    let words = text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\'' | ','));
    let clean = words.map(|word| match word.find("://").and_then(|at| word.get(at..)?.find('?').map(|q| at + q)) {
        Some(query) => {
            let end = word.chars().next_back().filter(|c| c.is_whitespace() || matches!(c, ')' | '"' | '\'' | ','));
            format!("{}{}", word.get(..query).unwrap_or_default(), end.map(String::from).unwrap_or_default())
        }
        None => word.to_owned(),
    });
    clean.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_cut_off_addresses() {
        let text = "error for url (https://cdn.example/x?Signature=abc&Key=1): timed out, why?";
        assert_eq!(without_queries(text), "error for url (https://cdn.example/x): timed out, why?");
    }
}
