//! Units beside what they are of.

use vimae_report::page;

use crate::made_up::results;

#[test]
fn reconstructions_say_their_factor_and_tolerances_of_percentages_are_in_points() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = results(folder.path(), 2).unwrap();
    let (before, protocol) = ("0.05 x sum of squared errors", "reconstruction(code=mean,scale=0.05)");
    for row in made_up.paper.0.values_mut().flat_map(|target| &mut target.rows).filter(|row| row.metric == "reconstruction") {
        row.protocols = vec![protocol.into()];
    }
    for row in &mut made_up.summary {
        if row.protocol == before {
            (row.protocol, row.unit) = (protocol.into(), "squared error".into());
        } else if row.unit == "%" {
            row.unit = "percent".into();
        }
    }
    let html = page(&made_up.input()).unwrap();
    for expected in [
        ", 0.05 x squared error</small>",
        "Reconstruction (0.05 x squared error)",
        "tolerance ± 0.1 (0.05 x squared error)",
        "tolerance ± 0.05 percentage points",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
}
