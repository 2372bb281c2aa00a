//! `--data-dir` of the commands that read data.

use std::path::PathBuf;

use clap::Args;

use super::place::Place;
use crate::{Result, Sources};

/// Where a command looks for data sets first.
#[derive(Debug, Clone, Args)]
pub struct DataDir {
    /// Directory to look for data sets in first, before the Hub cache and datasets/cache. By default that of VIMAE_DATA_DIR.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
}

impl DataDir {
    /// As [`Place::sources`], of the folder named.
    ///
    /// # Errors
    /// [`NoDataDir`](crate::Error::NoDataDir) where a folder is named and is none.
    pub fn sources(&self, place: &Place) -> Result<Sources> {
        place.sources_there(self.data_dir.clone())
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::super::{Cli, Nothing};
    use super::*;
    use crate::Error;

    #[test]
    fn a_directory_that_is_named_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { command: "c".into(), root: folder.path().into(), timed_step: None };
        let sources = |name: &str| DataDir { data_dir: Some(folder.path().join(name)) }.sources(&place);
        std::fs::write(folder.path().join("file"), "").unwrap();
        for name in ["nowhere", "file"] {
            let error = sources(name).unwrap_err();
            assert!(matches!(error, Error::NoDataDir { given: "--data-dir", .. }) && error.to_string().contains(name), "{error}");
        }
        assert_eq!(sources("").unwrap().data_dir, Some(folder.path().join("")));
    }

    /// The subcommand behind these words.
    fn at<'a>(command: &'a Command, words: &str) -> &'a Command {
        words.split(' ').fold(command, |command, word| command.find_subcommand(word).unwrap())
    }

    #[test]
    fn commands_that_read_data_say_the_same_of_it_and_keep_their_own_words() {
        let whole = Cli::<Nothing>::command();
        for words in ["reproduce", "train", "eval", "verify", "fid", "encode", "spec check", "spec expand", "hub push"] {
            let command = at(&whole, words);
            let option = command.get_arguments().find(|option| option.get_long() == Some("data-dir")).unwrap();
            let help = option.get_help().unwrap().to_string();
            assert!(help.starts_with("Directory to look for data sets in first") && help.ends_with("VIMAE_DATA_DIR"), "{words}: {help}");
            let about = command.get_about().unwrap().to_string();
            assert!(!about.contains("looks for data sets first"), "{words}: {about}");
        }
    }
}
