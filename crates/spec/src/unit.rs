//! Units as readers see them.

use crate::Protocol;

/// The unit of reconstructions: the squared error of an image, by the factor of the WAE code. Curves of training are without it.
pub const SCALED_ERROR: &str = "0.05 x squared error";

/// What records call that unit.
const SQUARED_ERROR: &str = "squared error";

/// The unit of a value by `protocol`, whose record says `unit`; none for a pure number.
pub fn shown_unit<'a>(protocol: &Protocol, unit: &'a str) -> Option<&'a str> {
    match unit {
        "" | "1" => None,
        SQUARED_ERROR if is_scaled(protocol) => Some(SCALED_ERROR),
        unit => Some(unit),
    }
}

/// The same of a difference between two values.
pub fn unit_of_difference<'a>(protocol: &Protocol, unit: &'a str) -> Option<&'a str> {
    match shown_unit(protocol, unit) {
        Some("percent") => Some("percentage points"),
        unit => unit,
    }
}

/// A unit as it stands behind a number in a line of text, with the space between; nothing of a pure number.
pub fn behind_number(unit: Option<&str>) -> String {
    match unit {
        None => String::new(),
        Some(SCALED_ERROR) => format!(" ({SCALED_ERROR})"),
        Some(unit) => format!(" {unit}"),
    }
}

/// Whether the protocol is one of reconstructions, of a decoder's curve, or of what tasks make of either.
fn is_scaled(protocol: &Protocol) -> bool {
    let scaled = |protocol: &Protocol| matches!(protocol.name.as_str(), "reconstruction" | "ais");
    scaled(protocol) || protocol.parameter("of").is_some_and(|of| scaled(&Protocol::from(of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reconstruction_has_its_factor_in_its_unit_and_another_squared_error_has_none() {
        for (protocol, unit, expected) in [
            ("reconstruction(code=mean,scale=0.05)", "squared error", Some("0.05 x squared error")),
            ("ais(sigma=0.1,start=prior,N=50,beta=1.000e0)", "squared error", Some("0.05 x squared error")),
            ("lifelong.average(stream=joint,of=reconstruction(code=mean,scale=0.05))", "squared error", Some("0.05 x squared error")),
            ("of_another_program", "squared error", Some("squared error")),
            ("rate.gaussian", "nats", Some("nats")),
            ("mmd", "1", None),
            ("mmd", "", None),
        ] {
            assert_eq!(shown_unit(&Protocol::from(protocol), unit), expected, "{protocol}");
        }
    }

    #[test]
    fn percents_differ_by_percentage_points() {
        let of = |unit| unit_of_difference(&Protocol::from("knn(k=3)"), unit);
        assert_eq!([of("percent"), of("nats"), of("1")], [Some("percentage points"), Some("nats"), None]);
    }

    #[test]
    fn a_factor_does_not_run_into_the_number_before_it() {
        assert_eq!([Some(SCALED_ERROR), Some("nats"), None].map(behind_number), [" (0.05 x squared error)", " nats", ""]);
    }
}
