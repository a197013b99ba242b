//! `swingpose bench`: how fast this machine labels, stage by stage and as a whole, beside the rate of a large matrix product in the
//! same process, and beside another program's figures if one is named.

mod networks;
mod peer;
mod table;
mod whole;

use crate::exit::Exit;
use crate::io::Io;
use crate::weights::Folder;
use anyhow::{Context, ensure};
use clap::ValueEnum;
use networks::Chosen;
use peer::Peer;
use serde::Serialize;
use serde_json::json;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use swingpose::{Boxes, DeviceChoice, LabelOptions, Labeler, Precision, program};
use swingpose_core::provenance::DeviceInfo;

/// Measure how fast this machine labels.
///
/// detect and pose time the networks alone, over and over on the same batch, and what is around them; decode reads a video
/// and does nothing with its frames; e2e labels it, to a folder that is deleted afterwards. Figures are medians of 5 runs of
/// at least 0.2 s; decode and e2e run once. `of ceiling` is the share of the rate of a large matrix product, measured first.
///
/// Exit code: 0 measured; 2 could not start.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// What to measure [default: all; decode and e2e need --video].
    #[arg(value_name = "decode|detect|pose|e2e", hide_possible_values = true)]
    what: Vec<What>,

    /// The video for decode and e2e.
    #[arg(long, value_name = "FILE")]
    video: Option<PathBuf>,

    /// Label this many copies of the video in e2e, several at once on a GPU.
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    files: NonZeroUsize,

    /// The detector: a name (rtmdet-m, rtmdet-tiny, ...), a converted .safetensors file, or none.
    #[arg(long, value_name = "NAME|FILE|none", default_value = "rtmdet-m")]
    detector: String,

    /// The pose network: a name (vitpose-h, ...) or a converted .safetensors file.
    #[arg(long, value_name = "NAME|FILE", default_value = "vitpose-h")]
    pose: String,

    /// Take made-up numbers for the weights of these networks, which are as fast as trained ones: the detector finds people
    /// everywhere, of whom one a frame is estimated.
    #[arg(long)]
    made_up: bool,

    #[command(flatten)]
    weights: Folder,

    /// What to run on: auto, cpu or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,

    /// The networks' arithmetic: fp32, fp16 or bf16 [default: the device's best].
    #[arg(long)]
    precision: Option<Precision>,

    /// Frames, and crops, that go through a network together [default: 32 on a GPU, 1 on a CPU].
    #[arg(long, value_name = "N")]
    batch: Option<NonZeroUsize>,

    /// Run this command too, and print its figures beside these. It writes JSON lines: {"what": "vitpose-h", "ms": 18.9} for a
    /// batch of the row of that name, {"what": "e2e", "fps": 700} for frames a second.
    #[arg(long, value_name = "COMMAND")]
    peer: Option<String>,

    /// Print what was measured as JSON.
    #[arg(long)]
    json: bool,
}

/// A part of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Decode,
    Detect,
    Pose,
    E2e,
}

impl What {
    const ALL: [Self; 4] = [Self::Decode, Self::Detect, Self::Pose, Self::E2e];

    const fn needs_video(self) -> bool {
        matches!(self, Self::Decode | Self::E2e)
    }
}

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
struct Row {
    what: String,
    /// Milliseconds a batch; `None` for what has none.
    ms: Option<f64>,
    /// Frames or crops a second.
    fps: f64,
    tflops: Option<f64>,
    /// Of the ceiling.
    share: Option<f64>,
    /// The other program's milliseconds a batch, or its frames a second where the row has no batches.
    peer: Option<f64>,
    /// How many times faster than that this is.
    times_the_peer: Option<f64>,
    /// What else is to be known.
    note: Option<String>,
}

/// What was measured.
struct Measured {
    device: DeviceInfo,
    batch: usize,
    networks: String,
    /// Side of the matrices and 10¹² operations a second.
    ceiling: (usize, f64),
    rows: Vec<Row>,
    peer: Option<String>,
}

/// Measures what `args` ask for.
///
/// # Errors
/// Without weights, video or device, and whatever a stage fails with.
pub(crate) fn run(args: &BenchArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let wanted = args.wanted()?;
    let peer = args.peer.as_deref().map(|command| Peer::run(command, io)).transpose()?;
    let measured = measure(args, &wanted, peer.as_ref(), io)?;
    let printed = if args.json { io.print_whole(measured.json()) } else { io.print_whole(table::Table(&measured)) };
    printed.context("cannot write what was measured")?;
    Ok(Exit::Done)
}

impl BenchArgs {
    fn wanted(&self) -> anyhow::Result<Vec<What>> {
        if self.what.is_empty() {
            return Ok(What::ALL.into_iter().filter(|what| self.video.is_some() || !what.needs_video()).collect());
        }
        ensure!(
            self.video.is_some() || !self.what.iter().any(|what| what.needs_video()),
            "decode and e2e need a video: name one with --video"
        );
        Ok(What::ALL.into_iter().filter(|what| self.what.contains(what)).collect())
    }

    fn labeler(&self, chosen: &Chosen) -> anyhow::Result<Labeler> {
        let boxes = chosen.detector.clone().map_or(Boxes::WholeFrame, Boxes::Detected);
        let max_people = if chosen.made_up() { Some(NonZeroUsize::MIN) } else { None };
        let builder = Labeler::builder(&chosen.pose)
            .boxes(boxes)
            .device(self.device.clone())
            .precision(self.precision)
            .options(LabelOptions { max_people, ..LabelOptions::default() });
        let builder = match self.batch {
            Some(batch) => builder.batch(batch),
            None => builder,
        };
        Ok(builder.build()?)
    }
}

fn measure(args: &BenchArgs, wanted: &[What], peer: Option<&Peer>, io: &mut Io<'_>) -> anyhow::Result<Measured> {
    let chosen = Chosen::new(args)?;
    let labeler = args.labeler(&chosen)?;
    io.say(format_args!("measuring on {}, in {}", labeler.device().name, labeler.device().precision));
    let ceiling = labeler.time_ceiling()?;
    let mut rows = Vec::new();
    for what in wanted {
        rows.extend(match (what, &args.video) {
            (What::Detect, _) => labeler.time_detector()?.into_iter().map(Row::from).collect(),
            (What::Pose, _) => labeler.time_pose()?.into_iter().map(Row::from).collect(),
            (What::Decode, Some(video)) => vec![whole::decoding(&labeler, video)?],
            (What::E2e, Some(video)) => vec![whole::labeling(&labeler, video, args.files)?],
            (What::Decode | What::E2e, None) => Vec::new(),
        });
    }
    for row in &mut rows {
        row.share = row.tflops.map(|tflops| tflops / ceiling.tflops);
        if let Some(peer) = peer {
            peer.stand_beside(row);
        }
    }
    Ok(Measured {
        device: labeler.device().clone(),
        batch: labeler.batch(),
        networks: chosen.told(),
        ceiling: (ceiling.side, ceiling.tflops),
        rows,
        peer: peer.and_then(Peer::name),
    })
}

impl From<swingpose::Timed> for Row {
    fn from(timed: swingpose::Timed) -> Self {
        Self {
            ms: Some(timed.ms),
            tflops: timed.flops.map(|flops| flops / timed.ms / 1e9),
            ..Self::rate(timed.what, timed.batch as f64 / timed.ms * 1e3)
        }
    }
}

impl Row {
    fn rate(what: impl Into<String>, fps: f64) -> Self {
        let (ms, tflops, share, peer, times_the_peer) = (None, None, None, None, None);
        Self { what: what.into(), ms, fps, tflops, share, peer, times_the_peer, note: None }
    }
}

impl Measured {
    fn json(&self) -> serde_json::Value {
        let (side, tflops) = self.ceiling;
        json!({
            "program": program(),
            "device": self.device,
            "batch": self.batch,
            "networks": self.networks,
            "ceiling": { "product": side, "tflops": tflops },
            "rows": self.rows,
            "peer": self.peer,
        })
    }
}
