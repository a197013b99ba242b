//! A labeler as the one that made a label file: its weights found by their hashes, its options read off the provenance.

use crate::weights::weights_and_demo_files;
use anyhow::{Context, bail, ensure};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use swingpose::{Boxes, DeviceChoice, LabelOptions, Labeler, PipelineError, Precision, digest_file};
use swingpose_core::provenance::{Provenance, Weights};
use swingpose_models::checkpoint::WeightsFile;

/// What the provenance says of boxes that were given, before their file's hash.
const GIVEN: &str = "given sha256:";

/// Loads what made the labels from the folder of weights.
///
/// # Errors
/// Weights or boxes that are not there, options that this program does not know, no such device.
pub(super) fn labeler(
    made: &Provenance,
    folder: &Path,
    boxes: Option<&Path>,
    device: Option<DeviceChoice>,
) -> anyhow::Result<Labeler> {
    let pose = find(&made.pose, folder)?;
    let precision: Precision = made.device.precision.parse()?;
    let by_kind = if made.device.kind == "cpu" { DeviceChoice::Cpu } else { DeviceChoice::Auto };
    let builder = Labeler::builder(pose)
        .boxes(source(made, folder, boxes)?)
        .demo(made.pose.demo)
        .device(device.unwrap_or(by_kind))
        .options(options(made)?);
    match builder.clone().precision(Some(precision)).build() {
        // The CPU takes a GPU's place in its own arithmetic.
        Err(PipelineError::CpuPrecision { .. }) => Ok(builder.build()?),
        built => Ok(built?),
    }
}

/// Where the boxes came from.
fn source(made: &Provenance, folder: &Path, given: Option<&Path>) -> anyhow::Result<Boxes> {
    let told: String = option(made, "boxes")?;
    match (told.as_str(), &made.detector, told.strip_prefix(GIVEN)) {
        ("detected", Some(detector), _) => Ok(Boxes::Detected(find(detector, folder)?)),
        ("whole_frame", ..) => Ok(Boxes::WholeFrame),
        (_, _, Some(sha256)) => {
            let file = given.context("its boxes were given: say with --boxes in which file")?;
            let found = digest_file(file)?.sha256;
            ensure!(found == sha256, "{}: its SHA-256 is {found}, and that of the boxes {sha256}", file.display());
            Ok(Boxes::Given(file.to_owned()))
        }
        _ => bail!("this version of swingpose does not know where its boxes came from ({told})"),
    }
}

/// The file of these weights.
fn find(wanted: &Weights, folder: &Path) -> anyhow::Result<PathBuf> {
    for path in weights_and_demo_files(folder) {
        // A file that is no weights is not the one.
        let is_kind = WeightsFile::open(&path).is_ok_and(|file| file.architecture() == wanted.architecture);
        if is_kind && digest_file(&path)?.sha256 == wanted.sha256 {
            return Ok(path);
        }
    }
    bail!(
        "{} holds no {} with the SHA-256 {}: say with --weights which folder does",
        folder.display(),
        wanted.architecture,
        wanted.sha256
    )
}

fn options(made: &Provenance) -> anyhow::Result<LabelOptions> {
    let defaults = LabelOptions::default();
    let max_people: String = option(made, "max-people")?;
    let detects = made.detector.is_some();
    Ok(LabelOptions {
        flip: option(made, "flip")?,
        frames: option(made, "frames")?,
        // Labels made before there was a choice have the largest box's.
        primary: if made.options.contains_key("primary") { option(made, "primary")? } else { defaults.primary },
        max_people: if max_people == "all" { None } else { Some(option(made, "max-people")?) },
        detect_every: if detects { option(made, "detect-every")? } else { defaults.detect_every },
        score_threshold: if detects { option(made, "score-threshold")? } else { defaults.score_threshold },
    })
}

/// The option `name`, read as it was written.
fn option<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    made: &Provenance,
    name: &str,
) -> anyhow::Result<T> {
    let told = made.options.get(name).with_context(|| format!("it does not say with which --{name} it was made"))?;
    told.parse().with_context(|| format!("this version of swingpose does not know its --{name} {told}"))
}
