//! `swingpose overlay`: labels drawn over the pictures they are of, for a person to look at.
//!
//! `place` says which video a label file is of and where its picture goes, `choice` which frames are drawn, `picture` makes
//! the picture of them. `label --overlay` does the same right after labeling, through [`after_labeling`].

mod choice;
pub(crate) mod picture;
pub(crate) mod place;

use crate::exit::Exit;
use crate::io::Io;
use crate::progress::plural;
use anyhow::Context;
use choice::{Choice, MOST};
pub(crate) use place::find_video;
use std::path::{Path, PathBuf};
use swingpose::ScoreThreshold;
use swingpose_labels::{Labels, read};
use swingpose_overlay::Style;

/// Draw labels over their video or picture, to look at.
///
/// A video gives a contact sheet: frames evenly spread over it, each with its people's boxes, limbs and keypoints. A
/// picture gives a picture. Left limbs are orange, right ones blue.
///
/// Exit code: 0 all drawn; 1 finished, but some label files were not drawn (each named on standard error); 2 could not
/// start; 130 interrupted.
#[derive(Debug, clap::Args)]
pub(crate) struct OverlayArgs {
    /// Label files, as `swingpose label` writes them.
    #[arg(required = true, value_name = "LABELS")]
    labels: Vec<PathBuf>,

    /// The video or picture that was labeled, or the folder that holds it; it is recognised by its SHA-256 [default: the
    /// file of that name beside the labels, or here].
    #[arg(long, value_name = "PATH")]
    video: Option<PathBuf>,

    /// Write to this .jpg or .png file, or into this folder [default: `x.overlay.jpg` beside `x.poses.parquet`].
    #[arg(long, value_name = "FILE|DIR")]
    out: Option<PathBuf>,

    /// Draw these frames, counted from 0: one alone in its full size, several on a sheet.
    #[arg(long = "frame", visible_alias = "frames", value_name = "N[,N...]", value_delimiter = ',')]
    frames: Vec<u64>,

    /// Draw this many frames, evenly spread [default: 6, or 8 of a video higher than wide].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST), conflicts_with = "frames")]
    count: Option<u32>,

    /// Leave out keypoints that score less than this, from 0 to 1.
    #[arg(long, value_name = "X", default_value = "0.3")]
    keypoint_threshold: ScoreThreshold,
}

/// Draws what `args` ask for.
///
/// # Errors
/// A place for the pictures that cannot be; a label file that cannot be drawn is told and counted instead.
pub(crate) fn run(args: &OverlayArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let choice = Choice::new(&args.frames, args.count)?;
    let targets = place::targets(&args.labels, args.out.as_deref(), choice.only())?;
    let style = Style { keypoint_threshold: args.keypoint_threshold.get(), ..Style::default() };
    let mut failed = 0;
    for (labels, target) in args.labels.iter().zip(&targets) {
        if io.is_interrupted() {
            return Ok(Exit::Interrupted);
        }
        match overlay(labels, args.video.as_deref(), target, &choice, style) {
            Ok(frames) => {
                let frames = format_args!("{frames} {}", plural(frames, "frame", "frames"));
                io.say(format_args!("{}: {frames} -> {}", labels.display(), target.display()));
            }
            Err(error) => {
                failed += 1;
                io.say(format_args!("error: {}: not drawn: {error:#}", labels.display()));
            }
        }
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::SomeFailed })
}

/// Draws one label file into `target` and says how many frames are on it.
fn overlay(path: &Path, given: Option<&Path>, target: &Path, choice: &Choice, style: Style) -> anyhow::Result<u64> {
    let labels = read(path)?;
    let video = place::find_video(path, &labels.provenance.input, given)?;
    draw(labels, &video, target, choice, style)
}

fn draw(labels: Labels, video: &Path, target: &Path, choice: &Choice, style: Style) -> anyhow::Result<u64> {
    place::spare(target, video)?;
    let Labels { provenance, frames } = labels;
    let chosen = choice.of(&provenance.input, frames)?;
    let picture = picture::of(&chosen, video, &provenance, style)?;
    picture::write(&picture, target)?;
    Ok(chosen.len() as u64)
}

/// Draws the label file `labels`, which was just made of `video`, and says where.
///
/// # Errors
/// Whatever keeps it from being drawn; the labels stand.
pub(crate) fn after_labeling(labels: &Path, video: &Path) -> anyhow::Result<PathBuf> {
    let choice = Choice::default();
    let target = place::beside(labels, None)?;
    draw(read(labels)?, video, &target, &choice, Style::default()).context("its overlay was not drawn")?;
    Ok(target)
}
