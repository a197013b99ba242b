//! Which network a checkpoint or a weights file holds, and whether its tensors are all there: [`Network`].

use super::{Architecture, CheckpointError, Hints, TensorSource, WeightsFile};
use crate::rtmdet::RtmDetConfig;
use crate::vitpose::VitPoseConfig;
use std::path::Path;

/// A tensor that only networks of a family have, by which a checkpoint is recognised.
const RTMDET_MARK: &str = "bbox_head.rtm_cls.0.weight";
const VITPOSE_MARK: &str = "backbone.patch_embed.projection.weight";

/// A network by its name, its configuration and the tensors it loads.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) family: &'static str,
    pub(super) architecture: String,
    /// The configuration as JSON.
    pub(super) config: String,
    /// Every tensor and its shape.
    pub(super) tensors: Vec<(String, Vec<usize>)>,
}

impl Network {
    /// The network whose tensors `source`, read from `path`, holds.
    pub(super) fn recognise(path: &Path, source: &dyn TensorSource, hints: Hints) -> Result<Self, CheckpointError> {
        if source.shape(RTMDET_MARK).is_some() {
            check_thresholds(&hints)?;
            let share_conv = Some(head_convs_are_shared(source)?);
            return Self::of(path, &RtmDetConfig::infer(source, &Hints { share_conv, ..hints })?);
        }
        if source.shape(VITPOSE_MARK).is_some() {
            return Self::of(path, &VitPoseConfig::infer(source, &hints)?);
        }
        let names = source.names().into_iter().map(str::to_owned).collect();
        Err(CheckpointError::Unrecognised { path: path.to_owned(), names })
    }

    /// The network that a weights file says it holds.
    pub(super) fn recorded(file: &WeightsFile) -> Result<Self, CheckpointError> {
        if file.family() == RtmDetConfig::FAMILY {
            return Self::of(file.path(), &file.config::<RtmDetConfig>()?);
        }
        Self::of(file.path(), &file.config::<VitPoseConfig>()?)
    }

    fn of<A: Architecture>(path: &Path, config: &A) -> Result<Self, CheckpointError> {
        let unwritable = |source| CheckpointError::Config { path: path.to_owned(), source };
        let json = serde_json::to_string(config).map_err(unwritable)?;
        Ok(Self { family: A::FAMILY, architecture: config.name(), config: json, tensors: config.tensors() })
    }

    /// That `source`, read from `path`, has every tensor in its shape.
    pub(super) fn check(&self, path: &Path, source: &dyn TensorSource) -> Result<(), CheckpointError> {
        let absent = |(name, _): &&(String, Vec<usize>)| source.shape(name).is_none();
        let missing: Vec<_> = self.tensors.iter().filter(absent).map(|(name, _)| name.clone()).collect();
        if !missing.is_empty() {
            let (path, architecture) = (path.to_owned(), self.architecture.clone());
            return Err(CheckpointError::Incomplete { path, architecture, missing });
        }
        let misshapen = |(name, expected): &&(String, Vec<usize>)| source.shape(name) != Some(expected);
        match self.tensors.iter().find(misshapen) {
            None => Ok(()),
            Some((key, expected)) => {
                let found = source.shape(key).unwrap_or_default().to_vec();
                Err(CheckpointError::Shape { key: key.clone(), expected: expected.clone(), found })
            }
        }
    }

    /// Numbers in all tensors together.
    pub(super) fn parameters(&self) -> usize {
        self.tensors.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    }
}

/// That somebody states RTMDet's thresholds: they decide which detections there are, and differ between its configs.
fn check_thresholds(hints: &Hints) -> Result<(), CheckpointError> {
    let thresholds = [
        (hints.score_thr.is_some(), "above which score candidates are kept", "--score-thr"),
        (hints.nms_pre.is_some(), "how many candidates a level are kept", "--nms-pre"),
        (hints.iou_threshold.is_some(), "at which overlap NMS drops a box", "--iou-threshold"),
        (hints.max_per_img.is_some(), "how many detections an image are kept", "--max-per-img"),
    ];
    match thresholds.into_iter().find(|(stated, _, _)| !stated) {
        Some((_, what, flag)) => Err(CheckpointError::Undetermined { what, flag }),
        None => Ok(()),
    }
}

/// The level of a name like `bbox_head.cls_convs.1.0.conv.weight`.
pub(super) fn head_conv_level(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("bbox_head.cls_convs.").or_else(|| name.strip_prefix("bbox_head.reg_convs."))?;
    let (level, rest) = rest.split_once('.')?;
    rest.ends_with(".conv.weight").then_some(level)
}

/// Whether RTMDet's head has one set of convolutions for all levels (`share_conv`). A file saved from a GPU may hold a
/// copy a level, so the numbers are compared, not the storages.
fn head_convs_are_shared(source: &dyn TensorSource) -> Result<bool, CheckpointError> {
    for name in source.names() {
        let Some(level) = head_conv_level(name).filter(|level| *level != "0") else { continue };
        let first = name.replacen(&format!("convs.{level}."), "convs.0.", 1);
        let Some(shape) = source.shape(&first).filter(|&shape| source.shape(name) == Some(shape)) else {
            return Ok(false);
        };
        if source.to_vec(name, shape)? != source.to_vec(&first, shape)? {
            return Ok(false);
        }
    }
    Ok(true)
}
