//! `swingpose verify`: labels some frames of a label file again, and compares.
//!
//! `remake` finds the video and the weights by the hashes that the file names and loads them as they were used then;
//! `closeness` says how near the new labels have to come.

mod closeness;
mod remake;

use crate::exit::Exit;
use crate::io::Io;
use crate::overlay::find_video;
use crate::weights::Folder;
use anyhow::{Context, ensure};
use closeness::Verdict;
use remake::labeler;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use swingpose::{DeviceChoice, FrameRange, Labeler, Primary, program};
use swingpose_core::FrameLabels;
use swingpose_core::provenance::Provenance;
use swingpose_labels::{Labels, label_files, read};

/// Check label files: that they are as they were written, and that the program makes the same labels again.
///
/// The video and the weights are found by the SHA-256 that the file names. Frames evenly spread over the file are labeled again:
/// on the same device by the same program every bit must be the same, elsewhere keypoints must be as near as the arithmetic
/// allows. Tracks, and the primary person by `--primary motion`, come of the frames before and are not checked.
///
/// Exit code: 0 all pass; 1 some do not, or what they were made of is not here (each named on standard error); 2 could not
/// start; 130 interrupted.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Label files, or folders of them.
    #[arg(required = true, value_name = "LABELS")]
    labels: Vec<PathBuf>,

    /// Label so many frames of each file again.
    #[arg(long, value_name = "N", default_value = "16")]
    sample: NonZeroU64,

    /// The video or picture that was labeled, or the folder that holds it [default: the file of that name beside the
    /// labels, or here].
    #[arg(long, value_name = "PATH")]
    video: Option<PathBuf>,

    #[command(flatten)]
    weights: Folder,

    /// The file of boxes, where the labels were made with --boxes.
    #[arg(long, value_name = "FILE")]
    boxes: Option<PathBuf>,

    /// What to run on: auto, cpu or cuda:N [default: the kind of device that made the labels].
    #[arg(long)]
    device: Option<DeviceChoice>,

    /// Print what was found as JSON.
    #[arg(long)]
    json: bool,
}

/// Verifies what `args` name.
///
/// # Errors
/// Folders without label files, and output that cannot be written.
pub(crate) fn run(args: &VerifyArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let (mut exit, mut told) = (Exit::Done, Vec::new());
    for path in label_files(&args.labels)? {
        if io.is_interrupted() {
            return Ok(Exit::Interrupted);
        }
        let verdict = verify(&path, args);
        let passed = verdict.as_ref().is_ok_and(Verdict::passes);
        let said = verdict.map_or_else(|error| format!("{error:#}"), |verdict| verdict.to_string());
        if !args.json && passed {
            io.print(format_args!("ok      {}: {said}", path.display())).context("cannot write what was found")?;
        }
        if !passed {
            exit = Exit::SomeFailed;
            io.say(format_args!("failed  {}: {said}", path.display()));
        }
        told.push(json!({ "labels": path.display().to_string(), "passes": passed, "said": said }));
    }
    if args.json {
        io.print_whole(Value::Array(told)).context("cannot write what was found")?;
    }
    Ok(exit)
}

fn verify(path: &Path, args: &VerifyArgs) -> anyhow::Result<Verdict> {
    let (made, sample) = sample(path, args.sample)?;
    let video = find_video(path, &made.input, args.video.as_deref())?;
    let labeler = labeler(&made, &args.weights.path(), args.boxes.as_deref(), args.device.clone())?;
    let again =
        sample.iter().map(|labels| label_again(&labeler, &video, labels)).collect::<anyhow::Result<Vec<_>>>()?;
    let again: Vec<_> = sample.iter().zip(again).map(|(labels, again)| with_history(again, labels, &made)).collect();
    let exact = *labeler.device() == made.device && program() == made.program;
    Ok(if exact { Verdict::exact(&sample, &again) } else { Verdict::near(sample, again, &made, labeler.device())? })
}

/// What made the labels of the file `path`, all of which are read, and those of `count` frames evenly spread over it.
fn sample(path: &Path, count: NonZeroU64) -> anyhow::Result<(Provenance, Vec<FrameLabels>)> {
    let Labels { provenance, frames } = read(path)?;
    let places = places(provenance.input.frames, count.get());
    let mut sample = Vec::new();
    for (place, labels) in (0..).zip(frames) {
        let labels = labels?;
        if places.contains(&place) {
            sample.push(labels);
        }
    }
    ensure!(!sample.is_empty(), "it holds no frame");
    Ok((provenance, sample))
}

/// `count` places among `frames`, the first and the last among them.
fn places(frames: u64, count: u64) -> BTreeSet<u64> {
    let (last, steps) = (frames.saturating_sub(1), count.min(frames).saturating_sub(1).max(1));
    (0..count.min(frames)).map(|step| last * step / steps).collect()
}

fn label_again(labeler: &Labeler, video: &Path, labels: &FrameLabels) -> anyhow::Result<FrameLabels> {
    let frame = labels.frame.0;
    let only = FrameRange::new(frame, frame.checked_add(1)).context("its frames have numbers that no video has")?;
    let mut labeling = labeler.label_frames(video, only)?;
    labeling.next().with_context(|| format!("frame {frame} cannot be decoded any more"))?.map_err(Into::into)
}

/// The labels of one frame made `again`, with what the frames before it tell taken from the file.
fn with_history(mut again: FrameLabels, labels: &FrameLabels, made: &Provenance) -> FrameLabels {
    let by_motion = made.options.get("primary").is_some_and(|rule| rule == Primary::Motion.as_str());
    for (person, told) in again.people.iter_mut().zip(&labels.people) {
        person.track = told.track;
        person.primary = if by_motion { told.primary } else { person.primary };
    }
    again
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_evenly_spread_from_the_first_frame_to_the_last() {
        let places = |frames, count| places(frames, count).into_iter().collect::<Vec<_>>();
        assert_eq!(places(101, 5), [0, 25, 50, 75, 100]);
        assert_eq!(places(3, 16), [0, 1, 2]);
        assert_eq!(places(9, 1), [0]);
        assert_eq!(places(0, 4), [0; 0]);
    }
}
