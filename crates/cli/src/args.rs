//! What may be typed: the commands and their options. What they mean together is `settings`.

use crate::bench::BenchArgs;
use crate::compare::CompareArgs;
use crate::doctor::DoctorArgs;
use crate::eval::EvalArgs;
use crate::export::ExportArgs;
use crate::inspect::InspectArgs;
use crate::overlay::OverlayArgs;
use crate::qc::QcArgs;
use crate::smooth::SmoothArgs;
use crate::verify::VerifyArgs;
use crate::weights::{Folder, WeightsCommand};
use clap::{Parser, Subcommand};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;
use swingpose::{DeviceChoice, FrameRange, Mode, Precision, Primary, ScoreThreshold};

/// Label people in sport video: a box and 17 COCO keypoints a person and frame.
#[derive(Debug, Parser)]
#[command(name = "swingpose", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

// A command's help is the text of its arguments: a text here would hide all but their first line.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Label(LabelArgs),
    /// Convert, list, fetch and check the networks' weights.
    Weights {
        #[command(subcommand)]
        command: WeightsCommand,
    },
    Export(ExportArgs),
    Smooth(SmoothArgs),
    /// Compare two label files of one video: who is missed, who is extra, how far keypoints have moved.
    Compare(CompareArgs),
    /// Evaluate labels of pictures against COCO annotations: box and keypoint AP and AR.
    Eval(EvalArgs),
    Overlay(OverlayArgs),
    Bench(BenchArgs),
    Qc(QcArgs),
    Inspect(InspectArgs),
    Verify(VerifyArgs),
    Doctor(DoctorArgs),
}

/// Label videos and pictures: finds the people of every frame and writes their keypoints.
///
/// Labels go to `<name of the input>.poses.parquet`. While an input is being labeled, and after the run was stopped or killed,
/// what is labeled of it lies in `<name of the input>.poses.partial`; the same command goes on from there, and the label
/// file is the same as if it had never stopped. One process at a time labels an input: another one leaves it alone, and
/// counts it as failed.
///
/// Exit code: 0 all labeled; 1 finished, but some inputs failed (each named on standard error), or their --overlay; 2
/// could not start; 130 interrupted.
#[derive(Debug, clap::Args)]
pub(crate) struct LabelArgs {
    /// Videos, pictures, folders (searched for both) or globs.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,

    /// Write the label files into this folder [default: beside each input].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// How careful to be: hifi (RTMDet-M on every frame, and --flip), turbo (RTMDet-M on every frame) or fast (no
    /// detector: the whole frame is one person's box). --detector and --flip win over the mode.
    #[arg(long, default_value_t, value_name = "hifi|turbo|fast")]
    pub(crate) mode: Mode,

    /// The detector: a name (rtmdet-m, rtmdet-tiny, ...), a converted .safetensors file, or none.
    #[arg(long, value_name = "NAME|FILE|none", conflicts_with = "boxes")]
    pub(crate) detector: Option<String>,

    /// The pose network: a name (vitpose-h, vitpose-l, vitpose-b, vitpose-s, demo) or a converted .safetensors file
    /// [default: vitpose-h].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) pose: Option<String>,

    /// What to run on: auto, cpu, cuda, cuda:0,1 or cuda:all.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    pub(crate) device: DeviceChoice,

    /// The networks' arithmetic: fp32, fp16 or bf16 [default: the device's best].
    #[arg(long)]
    pub(crate) precision: Option<Precision>,

    /// Average the keypoints over the picture and its mirror image; twice the work of the pose network.
    #[arg(long)]
    pub(crate) flip: bool,

    /// Run the detector on every Nth frame; in between, a box follows the person's last keypoints.
    #[arg(long, value_name = "N", conflicts_with = "boxes")]
    pub(crate) detect_every: Option<NonZeroU32>,

    /// Take the people's boxes from this file instead of a detector: JSON lines as `export --to jsonl` writes them
    /// (only frame, people and box are read), or CSV with the columns frame,x1,y1,x2,y2[,score]. Frames without a box
    /// have no people. One input only.
    #[arg(long, value_name = "FILE")]
    pub(crate) boxes: Option<PathBuf>,

    /// Label only these frames, counted from 0; B itself is left out. `A..` and `..B` are open.
    #[arg(long, value_name = "A..B")]
    pub(crate) frames: Option<FrameRange>,

    /// Keep detected people who score more than this, from 0 to 1 [default: 0.3].
    #[arg(long, value_name = "X", conflicts_with = "boxes")]
    pub(crate) score_threshold: Option<ScoreThreshold>,

    /// Keep at most this many people a frame, best boxes first.
    #[arg(long, value_name = "N")]
    pub(crate) max_people: Option<NonZeroUsize>,

    /// Mark this person of each frame as the one the video is about: `largest`, the largest box; `central`, the box nearest to
    /// the picture's centre; `motion`, the person followed whose wrists have gone furthest in the last second, measured in
    /// body sizes.
    #[arg(long, value_name = "RULE", default_value = "largest")]
    pub(crate) primary: Primary,

    #[command(flatten)]
    pub(crate) weights: Folder,

    /// Draw a picture of each input's labels too, `x.overlay.jpg` beside `x.poses.parquet`; see `swingpose overlay`.
    #[arg(long)]
    pub(crate) overlay: bool,

    /// Make labels again where a label file exists, and anew where they were begun otherwise. Without it, an input whose
    /// label file came from the same input, weights, options, program and device is left as it is, and any other counts
    /// as failed.
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Put labels on the disk for good after every so many seconds of video: as much is labeled again after a kill. The
    /// labels do not depend on it.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) segment: Duration,

    /// Use this many threads [default: one a core]. The labels do not depend on it.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Print the summary as JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the summary as JSON into this file: every input with what came of it.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let refusal = || format!("`{text}` is no number of seconds");
    let seconds: f64 = text.parse().map_err(|_not_a_number| refusal())?;
    Duration::try_from_secs_f64(seconds).map_err(|_negative_or_endless| refusal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn label(words: &[&str]) -> Result<LabelArgs, clap::Error> {
        let line = ["swingpose", "label"].iter().chain(words);
        Args::try_parse_from(line).map(|args| match args.command {
            Command::Label(args) => args,
            other => panic!("parsed {other:?}"),
        })
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn without_options_the_mode_is_turbo_on_any_device() {
        let args = label(&["clip.mp4"]).unwrap();
        assert_eq!((args.mode, args.device), (Mode::Turbo, DeviceChoice::Auto));
        assert!(!args.flip && !args.json && !args.overwrite);
    }

    #[test]
    fn an_input_is_needed() {
        assert!(label(&[]).is_err());
    }

    #[test]
    fn boxes_and_the_options_of_a_detector_exclude_each_other() {
        for option in [["--detector", "rtmdet-m"], ["--detect-every", "5"], ["--score-threshold", "0.5"]] {
            let words = ["clip.mp4", "--boxes", "boxes.csv", option[0], option[1]];
            assert!(label(&words).is_err(), "{option:?}");
        }
    }

    #[test]
    fn a_segment_is_five_seconds_or_what_is_said() {
        assert_eq!(label(&["clip.mp4"]).unwrap().segment, swingpose::DEFAULT_SEGMENT);
        assert_eq!(label(&["clip.mp4", "--segment", "0.25"]).unwrap().segment, Duration::from_millis(250));
        for length in ["-1", "nan", "inf", "5s"] {
            assert!(label(&["clip.mp4", &format!("--segment={length}")]).is_err(), "{length}");
        }
    }

    #[test]
    fn zero_is_no_step_and_no_number_of_people() {
        assert!(label(&["clip.mp4", "--detect-every", "0"]).is_err());
        assert!(label(&["clip.mp4", "--max-people", "0"]).is_err());
    }
}
