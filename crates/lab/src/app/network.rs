//! What a build without the network hands on to one that has it.

use std::{
    env, io,
    process::{Command, ExitCode},
};

use anyhow::{Result, anyhow};

use super::standard_streams::once;
use crate::{Error, hub};

/// The command that builds the program with the network, if need be, and calls it; its arguments follow.
pub type WithNetwork = fn() -> Command;

/// Calls the program again, with the arguments of this call, where it failed for want of the network alone.
///
/// # Errors
/// The error itself, where it is another, or where there is no such program.
pub(super) fn hand_on(error: anyhow::Error, program: Option<WithNetwork>) -> Result<ExitCode> {
    let Some(program) = program.filter(|_| wants_network(&error)) else { return Err(error) };
    let mut command = program();
    command.args(env::args_os().skip(1));
    call(&mut command).map_err(|failed| anyhow!("{}: cannot start {}: {failed}", once(&error), command.get_program().display()))
}

fn wants_network(error: &anyhow::Error) -> bool {
    let of_hub = |error: &hub::Error| matches!(error, hub::Error::NoNetwork { .. });
    match error.downcast_ref::<Error>() {
        Some(Error::Hub(error)) => of_hub(error),
        Some(Error::NoNetwork { .. }) => true,
        Some(_) => false,
        None => error.downcast_ref().is_some_and(of_hub),
    }
}

/// In place of this process, so that signals and the exit code are those of the other one.
#[cfg(unix)]
fn call(command: &mut Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn call(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanting() -> anyhow::Error {
        hub::Error::NoNetwork { file: "o/n/f".into() }.into()
    }

    #[test]
    fn only_the_want_of_the_network_is_handed_on() {
        assert!(wants_network(&wanting()));
        assert!(wants_network(&Error::Hub(hub::Error::NoNetwork { file: "o/n/f".into() }).into()));
        assert!(wants_network(&Error::NoNetwork { file: "weights".into(), problem: "not here".into() }.into()));
        assert!(!wants_network(&hub::Error::Offline { file: "o/n/f".into() }.into()));
        assert!(!wants_network(&anyhow!("another error")));
    }

    #[test]
    fn without_a_program_to_hand_on_to_the_error_says_what_is_missing() {
        let missing = || Command::new("/nowhere/cargo");
        for error in [hand_on(wanting(), None).unwrap_err(), hand_on(wanting(), Some(missing)).unwrap_err()] {
            let said = error.to_string();
            assert!(said.contains("o/n/f is not on this machine") && said.contains("feature `network`"), "{said}");
        }
        assert!(hand_on(wanting(), Some(missing)).unwrap_err().to_string().contains("cannot start /nowhere/cargo"));
    }
}
