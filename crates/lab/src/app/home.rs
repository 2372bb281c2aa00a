//! Paths of the command line that begin with `~`: a shell leaves it as it is behind `=`.

use std::{
    any::TypeId,
    path::{Path, PathBuf},
};

use clap::{
    Arg, Command,
    builder::{PathBufValueParser, TypedValueParser},
};

/// The command line whose paths may begin with `~`, the home directory: `--out=~/runs` made a directory of that name.
pub(super) fn known(command: Command) -> Command {
    let command = command.mut_args(|arg: Arg| {
        let is_path = arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
        if is_path { arg.value_parser(PathBufValueParser::new().map(|path| whole(path, std::env::home_dir().as_deref()))) } else { arg }
    });
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, sub| command.mut_subcommand(sub, known))
}

fn whole(path: PathBuf, home: Option<&Path>) -> PathBuf {
    let Some(home) = home else { return path };
    match path.strip_prefix("~") {
        Ok(rest) if rest.as_os_str().is_empty() => home.into(),
        Ok(rest) => home.join(rest),
        Err(_) => path,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::{Cli, Nothing};
    use super::*;

    #[test]
    fn a_path_may_begin_at_home_behind_an_equals_sign() {
        let given = |words: &[&str]| {
            let matches = known(Cli::<Nothing>::command()).try_get_matches_from(words.iter().copied()).unwrap();
            let (_, own) = matches.subcommand().unwrap();
            own.get_one::<PathBuf>("out").unwrap().clone()
        };
        let at_home = |rest: &str| std::env::home_dir().map_or_else(|| Path::new("~").join(rest), |home| home.join(rest));
        assert_eq!(given(&["c", "train", "vae", "--out=~/runs"]), at_home("runs"));
        assert_eq!(given(&["c", "sample", "RUN", "--out=~/a/x.npz"]), at_home("a/x.npz"));
        assert_eq!(given(&["c", "sample", "RUN", "--out", "x.npz"]), Path::new("x.npz"));
    }

    #[test]
    fn only_the_first_part_is_home() {
        let found = ["~/runs", "~", "./~/runs", "~me/runs", "/a/~", "runs"].map(|text| whole(text.into(), Some(Path::new("/u"))));
        assert_eq!(found, ["/u/runs", "/u", "./~/runs", "~me/runs", "/a/~", "runs"].map(PathBuf::from));
        assert_eq!(whole("~/runs".into(), None), Path::new("~/runs"));
    }
}
