//! The command line of vimae: parses, calls `vimae-lab`, prints.

mod bar;
mod bench;
mod cancel;
mod catalogue;
mod check;
mod data;
mod eval;
mod export;
mod fid;
mod hub;
mod new;
mod outputs;
mod progress;
mod report;
mod reproduce;
mod runs;
mod spec;
mod standard_streams;
mod status;
mod stop;
mod train;
mod verify;
mod worker;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use standard_streams::{Messages, print};

/// Train, compare, measure and publish autoencoders, and reproduce The Variational InfoMax AutoEncoder.
///
/// Results go to standard output, progress and messages to standard error. RUST_LOG=debug shows more of the latter.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Reproduce(reproduce::Arguments),
    Train(train::Arguments),
    Status(status::Arguments),
    Report(report::Arguments),
    Cancel(cancel::Arguments),
    Eval(eval::Arguments),
    Verify(verify::Arguments),
    Spec(spec::Arguments),
    Runs(runs::Arguments),
    Sample(outputs::Sample),
    Encode(outputs::Encode),
    Reconstruct(outputs::Reconstruct),
    Traverse(outputs::Traverse),
    Interpolate(outputs::Interpolate),
    Export(export::Arguments),
    Data(data::Arguments),
    Fid(fid::Arguments),
    Hub(hub::Arguments),
    Bench(bench::Arguments),
    Catalogue(catalogue::Arguments),
    New(new::Arguments),
    Check(check::Arguments),
    #[command(hide = true)]
    Worker(worker::Arguments),
}

const EXAMPLES: &str = "\
Begin with:
  cargo xtask reproduce                   the paper in small, about nine minutes on two cores
  cargo xtask train mine.toml             an experiment of your own
  cargo xtask catalogue                   a page of everything that an experiment can choose
  cargo xtask COMMAND --help              options and examples of a command

Documents: README.md, docs/experiments.md, docs/protocols.md, docs/clusters.md, docs/publishing.md";

fn main() -> ExitCode {
    // Before any other thread has allocated.
    vimae_ops::keep_freed_memory();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Libraries that print requests with their headers, and so the token, are heard of errors alone.
    let quiet = ["h2", "hpack", "hyper", "hyper_util", "reqwest", "hf_hub", "xet", "xet_client", "xet_data", "xet_runtime"];
    let filter = quiet.iter().filter_map(|name| format!("{name}=error").parse().ok()).fold(filter, EnvFilter::add_directive);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Messages(std::io::stderr()))
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .with_target(false)
        .init();
    let result = match Cli::parse().command {
        Command::Reproduce(arguments) => reproduce::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Cancel(arguments) => cancel::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Spec(arguments) => spec::run(&arguments),
        Command::Runs(arguments) => runs::run(&arguments),
        Command::Sample(arguments) => outputs::sample(&arguments),
        Command::Encode(arguments) => outputs::encode(&arguments),
        Command::Reconstruct(arguments) => outputs::reconstruct(&arguments),
        Command::Traverse(arguments) => outputs::traverse(&arguments),
        Command::Interpolate(arguments) => outputs::interpolate(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Data(arguments) => data::run(&arguments),
        Command::Fid(arguments) => fid::run(&arguments),
        Command::Hub(arguments) => hub::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Catalogue(arguments) => catalogue::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Worker(arguments) => worker::run(&arguments),
    };
    standard_streams::code(result.unwrap_or_else(|error| {
        tracing::error!("{}", standard_streams::once(&error));
        ExitCode::FAILURE
    }))
}

/// The checkout that this command was built from; where that is not on this machine, the directory that the command lies
/// in, if `experiments` lies beside it.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checkout = here.parent().unwrap_or(here);
    let packed = || std::env::current_exe().ok()?.parent().filter(|beside| beside.join("experiments").is_dir()).map(Path::to_path_buf);
    if checkout.join("experiments").is_dir() { checkout.into() } else { packed().unwrap_or_else(|| checkout.into()) }
}

/// The folder of a reproduction: the one named, or that of the quick profile.
fn reproduction(named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| root().join("runs/quick"), Path::to_path_buf)
}

/// Where data sets are looked for: the folder named, or that of VIMAE_DATA_DIR, the Hub's cache, the project's own cache.
fn sources(data_dir: Option<PathBuf>) -> vimae_lab::Sources {
    let data_dir = data_dir.or_else(|| std::env::var_os("VIMAE_DATA_DIR").map(PathBuf::from));
    vimae_lab::Sources {
        data_dir,
        hub_cache: Some(vimae_lab::HubOptions::from_env().cache),
        cache_dir: Some(root().join("datasets/cache")),
        skip_broken: false,
    }
}
