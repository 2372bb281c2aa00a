//! Whole numbers that options take, and an answer of their own to negative ones.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use clap::{Arg, Command};

/// Reads a whole number of `range`. Any other text is answered with what to write.
pub(super) fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text: &str| {
        let read = text.parse::<T>().ok().filter(|number| range.contains(number));
        read.ok_or_else(|| format!("it must be a whole number from {} to {}", range.start(), range.end()))
    }
}

/// Reads a whole number of `least` or more. Any other text is answered with what to write.
pub(super) fn at_least<T>(least: T) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text: &str| {
        let read = text.parse::<T>().ok().filter(|number| *number >= least);
        read.ok_or_else(|| format!("it must be a whole number, {least} or more"))
    }
}

/// The command line whose options take negative numbers for values, which their parsers answer. By itself it takes `-1` for an option
/// that it does not know, and advises to put `--` before it.
pub(super) fn answered(command: Command) -> Command {
    let command = command.mut_args(|arg: Arg| {
        let takes_a_value = arg.get_action().takes_values() && !arg.is_positional();
        if takes_a_value { arg.allow_negative_numbers(true) } else { arg }
    });
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, sub| command.mut_subcommand(sub, answered))
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use clap::CommandFactory;

    use super::super::{Cli, Nothing};
    use super::*;

    /// The calls of `command`, behind these `words`, that give an option for a whole number a negative one.
    fn negative(command: &Command, words: &[String]) -> Vec<Vec<String>> {
        let counts = |arg: &&Arg| [TypeId::of::<u64>(), TypeId::of::<usize>()].iter().any(|of| arg.get_value_parser().type_id() == *of);
        let of = |option: String| words.iter().cloned().chain([option, "-1".to_owned()]).collect::<Vec<_>>();
        let own = command.get_arguments().filter(counts).filter_map(|arg| Some(of(format!("--{}", arg.get_long()?))));
        let inner = command.get_subcommands().flat_map(|sub| {
            let words: Vec<String> = words.iter().cloned().chain([sub.get_name().to_owned()]).collect();
            negative(sub, &words)
        });
        own.chain(inner).collect()
    }

    fn refused<T: Into<std::ffi::OsString> + Clone>(words: &[T]) -> String {
        answered(Cli::<Nothing>::command()).try_get_matches_from(words.iter().cloned()).unwrap_err().to_string()
    }

    #[test]
    fn every_option_for_a_whole_number_says_so_to_a_negative_one() {
        let calls = negative(&Cli::<Nothing>::command(), &["c".to_owned()]);
        assert!(calls.len() > 15, "{calls:?}");
        for words in calls {
            let said = refused(&words);
            assert!(said.contains("invalid value '-1' for '--") && said.contains("it must be a whole number"), "{words:?}: {said}");
        }
    }

    #[test]
    fn what_begins_with_a_minus_is_answered_with_what_is_right() {
        for (words, expected) in [
            (&["c", "train", "vae", "--seeds", "-1"][..], "'--seeds <N>': it must be a whole number from 1 to 10000"),
            (&["c", "reproduce", "--seeds", "0"], "it must be a whole number from 1 to 10000"),
            (&["c", "reproduce", "--seeds", "2.5"], "it must be a whole number from 1 to 10000"),
            (&["c", "reproduce", "--jobs", "-1"], "it must be a whole number from 0 to 1024"),
            (&["c", "reproduce", "--retries", "-1"], "it must be a whole number, 0 or more"),
            (&["c", "reproduce", "--budget", "-1h"], "a number above 0 with s, m, h or d, such as 2h"),
            (&["c", "interpolate", "RUN", "--pairs", "-1,2"], "invalid value '-1' for '--pairs <N,N,...>': it must be a whole number"),
            (&["c", "fid", "a", "b", "--kid-subsets", "-1x5"], "must be COUNTxSIZE"),
            // Another option is no value.
            (&["c", "reproduce", "--seeds", "--json"], "a value is required for '--seeds <N>'"),
        ] {
            let said = refused(words);
            assert!(said.contains(expected), "{words:?}: {said}");
        }
    }

    #[test]
    fn numbers_in_their_range_are_read() {
        let (from, least) = (whole(1..=3_u64), at_least(2_usize));
        assert_eq!((from("1"), from("3"), least("2"), least("999")), (Ok(1), Ok(3), Ok(2), Ok(999)));
        assert!(["0", "4", "-1", "1.0", ""].iter().all(|text| from(text).is_err()) && least("1").is_err());
    }
}
