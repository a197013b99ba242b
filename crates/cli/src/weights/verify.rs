//! `swingpose weights verify`: every byte of every weights file against what was recorded when it was written.

use super::{manifest, weights_and_demo_files};
use crate::{Exit, Io};
use anyhow::bail;
use std::path::Path;
use swingpose_models::checkpoint::{TensorSource, WeightsFile};

pub(super) fn run(folder: &Path, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let files = weights_and_demo_files(folder);
    if files.is_empty() {
        bail!("{}: no weights there; get some with `swingpose weights pull vitpose-h`", folder.display());
    }
    let mut exit = Exit::Done;
    for path in files {
        match verified(&path) {
            Ok(line) => io.print(format_args!("ok      {}: {line}", path.display()))?,
            Err(refusal) => {
                exit = Exit::SomeFailed;
                io.print(format_args!("failed  {refusal:#}"))?;
            }
        }
    }
    Ok(exit)
}

/// What there is to say of a file that is whole.
fn verified(path: &Path) -> anyhow::Result<String> {
    let file = WeightsFile::open(path)?;
    let parameters = file.verify()?;
    let origin = match manifest::by_hash(file.source_sha256())? {
        Some(published) => format!("the published {}", published.name),
        None => format!("{}, which is not a published file", file.source_name()),
    };
    let (architecture, tensors) = (file.architecture(), file.names().len());
    Ok(format!("{architecture}, {tensors} tensors, {parameters} parameters, all finite; from {origin}"))
}
