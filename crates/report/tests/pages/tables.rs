//! What tables of the page say: verdicts, p values, and what stands below them.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use vimae_report::page;
use vimae_spec::Decision;

use crate::made_up::results;

/// The text between two others, the first of each.
fn between<'a>(html: &'a str, start: &str, end: &str) -> &'a str {
    html.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map(|(inner, _)| inner).unwrap()
}

#[test]
fn the_p_beside_a_claim_is_that_which_decided() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 5).unwrap();
    let mut row = |decision: Decision| {
        let claim = &mut made_up.comparisons.claims[0];
        (claim.decision, claim.p_holm, claim.p_against_holm) = (decision, Some(1.0), Some(0.0003));
        let html = page(&made_up.input()).unwrap();
        between(&html, "<tr id=\"claim-", "</tr>").to_owned()
    };
    let fails = row(Decision::Fails);
    assert!(fails.contains("data-value=\"0.0003\">&lt; 0.001<small>for a rival</small>") && !fails.contains("1.000"), "{fails}");
    let undecided = row(Decision::Undecided);
    assert!(undecided.contains("data-value=\"1\">1.000</td>") && !undecided.contains("for a rival"), "{undecided}");
}
