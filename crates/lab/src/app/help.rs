//! Help that names the program as people call it.

use clap::{Arg, Command, builder::StyledStr};

use crate::command::WRITTEN;

/// The command line named `name`, with that name in its texts.
pub(super) fn called(command: Command, name: &str) -> Command {
    let command = command.display_name(name.to_owned()).bin_name(name.to_owned());
    if name == WRITTEN { command } else { renamed(command, name) }
}

fn renamed(mut command: Command, name: &str) -> Command {
    let other = |text: &StyledStr| text.to_string().replace(WRITTEN, name);
    if let Some(text) = command.get_after_help().map(other) {
        command = command.after_help(text);
    }
    if let Some(text) = command.get_long_about().map(other) {
        command = command.long_about(text);
    }
    command = command.mut_args(|mut arg: Arg| {
        if let Some(text) = arg.get_help().map(other) {
            arg = arg.help(text);
        }
        if let Some(text) = arg.get_long_help().map(other) {
            arg = arg.long_help(text);
        }
        arg
    });
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, sub| command.mut_subcommand(sub, |sub| renamed(sub, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_subcommand_have_the_name_of_the_program() {
        let argument = Arg::new("run").help("Names are those of `cargo xtask runs`.");
        let inner = Command::new("push").long_about("As `cargo xtask hub push` does.").arg(argument);
        let whole = Command::new("any").after_help("cargo xtask train").subcommand(Command::new("hub").subcommand(inner));
        let text = |command: &Command| {
            let push = command.find_subcommand("hub").and_then(|hub| hub.find_subcommand("push")).unwrap();
            let argument = push.get_arguments().next().and_then(Arg::get_help).unwrap();
            format!("{} {} {argument}", command.get_after_help().unwrap(), push.get_long_about().unwrap())
        };
        let (ours, theirs) = (called(whole.clone(), WRITTEN), called(whole, "mine"));
        let written = "cargo xtask train As `cargo xtask hub push` does. Names are those of `cargo xtask runs`.";
        assert_eq!((ours.get_bin_name(), text(&ours).as_str()), (Some(WRITTEN), written));
        assert_eq!((theirs.get_bin_name(), text(&theirs)), (Some("mine"), written.replace(WRITTEN, "mine")));
    }
}
