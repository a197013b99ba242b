//! What made a label file: the input, the weights, the program, the device and every option that could change a number.
//!
//! Filled by `pipeline`, stored by `labels` as the file's metadata, so that labels can be made again and checked.
//! Nothing here depends on the clock, the host's name or the path: the same work gives the same bytes.

use crate::frame::Timebase;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that a label file says of its making.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The program.
    pub program: Program,
    /// The video or picture.
    pub input: Input,
    /// The detector's weights; `None` where no detector ran.
    pub detector: Option<Weights>,
    /// The pose network's weights.
    pub pose: Weights,
    /// What it ran on.
    pub device: DeviceInfo,
    /// Every option that could change a number, by its command-line name, defaults included.
    pub options: BTreeMap<String, String>,
}

/// The program that made the labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from; `None` where it was built outside a checkout.
    pub commit: Option<String>,
}

/// The video or picture that was labeled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The file's name, without its folder.
    pub name: String,
    /// The picture's number in a COCO data set, where its name is one by [`coco_image_id`]; `None` for a video, and in
    /// label files from before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<u64>,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// The file's size in bytes.
    pub bytes: u64,
    /// Width and height of the upright picture.
    pub size: (u32, u32),
    /// The codec's name.
    pub codec: String,
    /// Clockwise turn that made the picture upright: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    /// What a tick of `pts` is.
    pub timebase: Timebase,
    /// Frames in the label file.
    pub frames: u64,
    /// Frames that could not be decoded, counted.
    pub lost_frames: u64,
    /// The matrix that took YCbCr to RGB, by its H.273 name.
    pub matrix: String,
    /// `limited` or `full`.
    pub range: String,
    /// Bits a sample.
    pub bit_depth: u8,
}

/// One network's weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// The architecture, for example `rtmdet-m` or `vitpose-h`.
    pub architecture: String,
    /// SHA-256 of the converted file, lower-case hex.
    pub sha256: String,
    /// SHA-256 of the checkpoint it was converted from, where the file says.
    pub source_sha256: Option<String>,
    /// Whether these are the small demonstration weights, which are not for real labels.
    pub demo: bool,
}

/// What the networks ran on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// `cpu` or `cuda`.
    pub kind: String,
    /// The model's name.
    pub name: String,
    /// The driver's version; `None` on a CPU.
    pub driver: Option<String>,
    /// The arithmetic: `fp32`, `fp16` or `bf16`.
    pub precision: String,
}

/// The number that a picture of this file name has in a COCO data set: `000000397133.jpg` and, as in the releases of
/// 2014, `COCO_val2014_000000397133.jpg` are number 397133. `None` for any other name.
#[must_use]
pub fn coco_image_id(name: &str) -> Option<u64> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let digits = match stem.strip_prefix("COCO_") {
        Some(rest) => rest.rsplit_once('_')?.1,
        None => stem,
    };
    // `parse` alone would take a sign.
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_coco_hold_the_number() {
        for (name, id) in [
            ("000000397133.jpg", Some(397_133)),
            ("COCO_val2014_000000397133.jpg", Some(397_133)),
            ("42.png", Some(42)),
            ("0", Some(0)),
            ("frame_000042.png", None),
            ("COCO_397133.jpg", None),
            ("+42.png", None),
            (".png", None),
            ("99999999999999999999999.jpg", None),
            ("397133.crop.jpg", None),
        ] {
            assert_eq!(coco_image_id(name), id, "{name}");
        }
    }
}
