//! `swingpose weights`: convert the authors' checkpoints, list what is published, fetch it, check what is here.
//!
//! Weights live in one folder as `<name>.safetensors`, and `label` finds them there by name. The networks and the file
//! formats are `swingpose_models::checkpoint`'s; here is what a person types and reads.

mod convert;
mod download;
mod list;
mod manifest;
mod pull;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
mod verify;

use crate::networks::DEMO;
use crate::{Exit, Io};
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// The folder of weights where none is named.
const DEFAULT_FOLDER: &str = "weights";

/// What may be done with weights.
#[derive(Debug, Subcommand)]
pub(crate) enum WeightsCommand {
    Convert(convert::ConvertArgs),
    /// List the published weights: accuracy, licence, origin, and which are here.
    List(Folder),
    Pull(pull::PullArgs),
    /// Check every byte of the weights that are here.
    Verify(Folder),
}

/// Where the weights are.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Folder {
    /// The folder of converted weights [default: ./weights, else the one beside the program].
    #[arg(long, value_name = "DIR")]
    weights: Option<PathBuf>,
}

/// Does what `command` says.
///
/// # Errors
/// When it could not be done.
pub(crate) fn run(command: &WeightsCommand, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match command {
        WeightsCommand::Convert(args) => convert::run(args, io),
        WeightsCommand::List(folder) => list::run(&folder.path(), io),
        WeightsCommand::Pull(args) => pull::run(args, io),
        WeightsCommand::Verify(folder) => verify::run(&folder.path(), io),
    }
}

impl Folder {
    pub(crate) fn path(&self) -> PathBuf {
        let here = PathBuf::from(DEFAULT_FOLDER);
        self.weights.clone().unwrap_or_else(|| if here.is_dir() { here } else { beside_the_program().unwrap_or(here) })
    }
}

/// The default folder beside the running program, if there is one.
fn beside_the_program() -> Option<PathBuf> {
    let folder = std::env::current_exe().ok()?.with_file_name(DEFAULT_FOLDER);
    folder.is_dir().then_some(folder)
}

/// The weights files in `folder`, sorted by name. A folder that is not there holds none.
pub(crate) fn weights_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "safetensors")).collect();
    files.sort();
    files
}

/// The weights files in `folder`, then those of the demonstration pair.
pub(crate) fn weights_and_demo_files(folder: &Path) -> Vec<PathBuf> {
    [folder.to_owned(), folder.join(DEMO)].iter().flat_map(|folder| weights_files(folder)).collect()
}

/// Where the weights called `name` are.
pub(crate) fn weights_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_added_extension("safetensors")
}

/// The program and version, for the metadata of what it writes.
pub(crate) fn program() -> String {
    concat!("swingpose ", env!("CARGO_PKG_VERSION")).to_owned()
}
