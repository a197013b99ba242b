//! `swingpose weights pull`: download a published checkpoint, check it, convert it.

use super::download::{Download, Fetched};
use super::manifest::{self, Published};
use super::{Folder, convert, weights_file};
use crate::{Exit, Io};
use anyhow::Context;
use std::path::Path;

/// Fetch published weights from OpenMMLab, check them and convert them. An interrupted download goes on.
///
/// Weights come from OpenMMLab's own server; their licence and accuracy are in `weights list`.
#[derive(Debug, clap::Args)]
pub(crate) struct PullArgs {
    /// Names as `weights list` gives them.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    folder: Folder,

    /// Keep the checkpoint beside the converted weights.
    #[arg(long)]
    keep: bool,
}

pub(super) fn run(args: &PullArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    // All names are looked up before anything is fetched: a misspelled one is told at once.
    let wanted = args.names.iter().map(|name| manifest::find(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut exit = Exit::Done;
    for weights in wanted {
        match pull(&weights, &args.folder.path(), args.keep, io) {
            Ok(Exit::Done) => {}
            Ok(stopped) => return Ok(stopped),
            Err(refusal) => {
                exit = Exit::SomeFailed;
                io.say(format_args!("error: {}: {refusal:#}", weights.name));
            }
        }
    }
    Ok(exit)
}

/// Fetches and converts one of them into `folder`.
pub(super) fn pull(weights: &Published, folder: &Path, keep: bool, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let converted = weights_file(folder, &weights.name);
    if converted.exists() {
        io.say(format_args!("{}: here already", converted.display()));
        return Ok(Exit::Done);
    }
    let checkpoint = folder.join(weights.file_name());
    if !checkpoint.exists() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let download = Download { url: &weights.url, to: &checkpoint, sha256: &weights.sha256 };
        if download.run(io)? == Fetched::Interrupted {
            return Ok(Exit::Interrupted);
        }
    }
    let report = convert::convert_published(&checkpoint, &converted).with_context(|| {
        format!("{} was fetched but not converted; see `swingpose weights convert --help`", checkpoint.display())
    })?;
    io.print(&report)?;
    if !keep {
        std::fs::remove_file(&checkpoint).with_context(|| checkpoint.display().to_string())?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::super::server::{Answer, Server};
    use super::*;
    use sha2::{Digest, Sha256};
    use std::sync::atomic::AtomicBool;
    use swingpose_models::checkpoint::WeightsFile;

    const CHECKPOINT: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/checkpoints/dialects/mmpose_f32.pth");

    fn published(url: String, sha256: &str) -> Published {
        let [name, about, licence] = ["vitpose-test", "", ""].map(str::to_owned);
        Published { name, about, ap: None, licence, sha256: sha256.to_owned(), url }
    }

    /// Pulls the fixture from a server that sends it once; what is said of it, and the names of the files left behind.
    fn pulled(sha256: &str, keep: bool) -> (anyhow::Result<Exit>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(std::fs::read(CHECKPOINT).unwrap(), vec![Answer::Range]);
        let weights = published(server.url.clone(), sha256);
        let (mut out, mut err, interrupted) = (Vec::new(), Vec::new(), AtomicBool::new(false));
        let mut io = Io { out: &mut out, err: &mut err, err_is_terminal: false, interrupted: &interrupted };
        let mut result = pull(&weights, folder.path(), keep, &mut io);
        if result.is_ok() {
            assert!(WeightsFile::open(&weights_file(folder.path(), "vitpose-test")).unwrap().verify().is_ok());
            // The server answers once: a second pull must not need it.
            result = pull(&weights, folder.path(), keep, &mut io);
        }
        server.requests();
        let names = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        (result, names)
    }

    fn hash() -> String {
        let digest = Sha256::digest(std::fs::read(CHECKPOINT).unwrap());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_pulled_checkpoint_is_converted_and_fetched_only_once() {
        let (result, names) = pulled(&hash()[..8], false);
        assert_eq!(result.unwrap(), Exit::Done);
        assert_eq!(names, ["vitpose-test.safetensors"]);
    }

    #[test]
    fn the_checkpoint_stays_when_it_is_to_be_kept() {
        let (result, names) = pulled(&hash()[..8], true);
        assert_eq!(result.unwrap(), Exit::Done);
        assert_eq!(names, ["file.pth", "vitpose-test.safetensors"]);
    }

    #[test]
    fn a_checkpoint_with_another_hash_leaves_nothing() {
        let (result, names) = pulled("00000000", false);
        assert!(result.is_err());
        assert_eq!(names, [""; 0]);
    }
}
