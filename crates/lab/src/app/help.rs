//! Help that names the program as people call it.

use clap::Command;

/// What the texts of this crate call the command.
const WRITTEN: &str = "cargo xtask";

/// The command line named `name`, with that name in its texts.
pub(super) fn called(command: Command, name: &str) -> Command {
    let command = command.display_name(name.to_owned()).bin_name(name.to_owned());
    if name == WRITTEN { command } else { renamed(command, name) }
}

fn renamed(mut command: Command, name: &str) -> Command {
    let other = |text: &clap::builder::StyledStr| text.to_string().replace(WRITTEN, name);
    if let Some(text) = command.get_after_help().map(other) {
        command = command.after_help(text);
    }
    if let Some(text) = command.get_long_about().map(other) {
        command = command.long_about(text);
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, sub| command.mut_subcommand(sub, |sub| renamed(sub, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_subcommand_have_the_name_of_the_program() {
        let inner = Command::new("push").long_about("As `cargo xtask hub push` does.");
        let whole = Command::new("any").after_help("cargo xtask train").subcommand(Command::new("hub").subcommand(inner));
        let text = |command: &Command| {
            let push = command.find_subcommand("hub").and_then(|hub| hub.find_subcommand("push")).unwrap();
            format!("{} {}", command.get_after_help().unwrap(), push.get_long_about().unwrap())
        };
        let (ours, theirs) = (called(whole.clone(), WRITTEN), called(whole, "mine"));
        assert_eq!((ours.get_bin_name(), text(&ours).as_str()), (Some(WRITTEN), "cargo xtask train As `cargo xtask hub push` does."));
        assert_eq!((theirs.get_bin_name(), text(&theirs).as_str()), (Some("mine"), "mine train As `mine hub push` does."));
    }
}
