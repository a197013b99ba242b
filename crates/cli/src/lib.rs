//! The `swingpose` command as a library: [`run`] takes the arguments and the streams, so tests call it in process.
//!
//! `args` is what was typed, `settings` what it means; then one file a command. Every command is a function
//! `run(arguments, &mut Io) -> anyhow::Result<Exit>`: an error means that it could not start, is printed here with its
//! causes, and becomes exit code 2.

mod args;
mod bench;
mod compare;
mod doctor;
mod eval;
mod exit;
mod export;
mod inspect;
mod io;
mod label;
mod networks;
mod overlay;
mod progress;
mod qc;
mod settings;
mod smooth;
mod summary;
mod verify;
mod weights;

pub use exit::Exit;
pub use io::Io;

use args::{Args, Command};
use clap::Parser;
use std::ffi::OsString;

/// Runs the command line `args` (the program's name first) and says how it ended.
pub fn run(args: impl IntoIterator<Item = OsString>, io: &mut Io<'_>) -> Exit {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(refusal) => return explain(&refusal, io),
    };
    let outcome = match &args.command {
        Command::Label(args) => label::run(args, io),
        Command::Weights { command } => weights::run(command, io),
        Command::Export(args) => export::run(args, io),
        Command::Smooth(args) => smooth::run(args, io),
        Command::Compare(args) => compare::run(args, io),
        Command::Eval(args) => eval::run(args, io),
        Command::Overlay(args) => overlay::run(args, io),
        Command::Bench(args) => bench::run(args, io),
        Command::Qc(args) => qc::run(args, io),
        Command::Inspect(args) => inspect::run(args, io),
        Command::Verify(args) => verify::run(args, io),
        Command::Doctor(args) => doctor::run(args, io),
    };
    outcome.unwrap_or_else(|error| {
        io.say(format_args!("error: {error:#}"));
        Exit::CouldNotStart
    })
}

/// Prints what clap has to say: `--help` and `--version` are data, a refusal is words.
fn explain(refusal: &clap::Error, io: &mut Io<'_>) -> Exit {
    let text = refusal.render();
    if refusal.use_stderr() {
        io.say(text.to_string().trim_end());
        return Exit::CouldNotStart;
    }
    match io.print(text.to_string().trim_end()) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::CouldNotStart,
    }
}
