//! `swingpose weights convert`: a `.pth` in, a weights file and a report out.

use super::{Folder, manifest, program, weights_file};
use crate::{Exit, Io};
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use swingpose_models::checkpoint::{Conversion, Hints, Precision, Report, Request, StateDict};

/// The numbers' precision in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Dtype {
    F32,
    F16,
    Bf16,
}

impl From<Dtype> for Precision {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::F32,
            Dtype::F16 => Self::F16,
            Dtype::Bf16 => Self::Bf16,
        }
    }
}

/// Convert a checkpoint of mmdet, mmpose or the ViTPose repository. Nothing in it is run.
///
/// The architecture is read off the tensors' shapes. What shapes cannot tell comes from the config text in the
/// checkpoint; the options below state it where the checkpoint does not, and win where it does.
#[derive(Debug, clap::Args)]
pub(crate) struct ConvertArgs {
    /// A checkpoint (.pth) of mmdet 3.x RTMDet, mmpose 1.x ViTPose, or the ViTPose authors' repository.
    #[arg(value_name = "CHECKPOINT.pth")]
    checkpoint: PathBuf,

    /// Write this file [default: <name>.safetensors in the folder of weights].
    #[arg(long, value_name = "FILE.safetensors")]
    out: Option<PathBuf>,

    #[command(flatten)]
    folder: Folder,

    /// Replace a weights file that is there already.
    #[arg(long)]
    overwrite: bool,

    /// Store numbers in this precision [default: the checkpoint's].
    #[arg(long, value_enum)]
    dtype: Option<Dtype>,

    /// Take `ema_state_dict`. mmengine puts averaged weights in `state_dict` and the others here.
    #[arg(long)]
    ema: bool,

    #[command(flatten)]
    stated: Stated,
}

/// What the checkpoint may not tell.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Stated {
    /// RTMDet: box distances are exponentials (M, L and X: true; Tiny and S: false).
    #[arg(long, value_name = "true|false")]
    exp_on_reg: Option<bool>,

    /// RTMDet: keep candidates that score more than this.
    #[arg(long, value_name = "X")]
    score_thr: Option<f32>,

    /// RTMDet: candidates kept a level before NMS.
    #[arg(long, value_name = "N")]
    nms_pre: Option<usize>,

    /// RTMDet: NMS drops a box that overlaps a better one by more than this.
    #[arg(long, value_name = "X")]
    iou_threshold: Option<f32>,

    /// RTMDet: detections kept an image.
    #[arg(long, value_name = "N")]
    max_per_img: Option<usize>,

    /// ViTPose: attention heads, for a width that was not published.
    #[arg(long, value_name = "N")]
    num_heads: Option<usize>,
}

impl From<&Stated> for Hints {
    fn from(stated: &Stated) -> Self {
        Self {
            exp_on_reg: stated.exp_on_reg,
            score_thr: stated.score_thr,
            nms_pre: stated.nms_pre,
            iou_threshold: stated.iou_threshold,
            max_per_img: stated.max_per_img,
            share_conv: None,
            num_heads: stated.num_heads,
        }
    }
}

pub(super) fn run(args: &ConvertArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let request = Request {
        state_dict: if args.ema { StateDict::Ema } else { StateDict::Model },
        precision: args.dtype.map(Precision::from),
        hints: Hints::from(&args.stated),
        program: program(),
    };
    let conversion = Conversion::new(&args.checkpoint, request)?;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => weights_file(&args.folder.path(), &name(&conversion)?),
    };
    let report = conversion.write(&out, args.overwrite)?;
    io.print(&report)?;
    Ok(Exit::Done)
}

/// Converts a published checkpoint, whose config text tells everything.
pub(super) fn convert_published(checkpoint: &Path, out: &Path) -> anyhow::Result<Report> {
    let conversion = Conversion::new(checkpoint, Request { program: program(), ..Request::default() })?;
    Ok(conversion.write(out, true)?)
}

/// What the weights are called: the published name when it is a published file, else the architecture's.
fn name(conversion: &Conversion) -> anyhow::Result<String> {
    let published = manifest::by_hash(conversion.source_sha256())?;
    Ok(published.map_or_else(|| conversion.architecture().to_owned(), |weights| weights.name))
}
