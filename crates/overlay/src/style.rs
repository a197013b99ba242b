//! What a drawing looks like: colours, and what is left out.

use image::Rgb;
use swingpose_core::PersonLabel;
use swingpose_core::skeleton::KEYPOINT_NAMES;

/// Keypoints and limbs of the person's own left side.
pub const LEFT: Rgb<u8> = Rgb([255, 140, 30]);
/// Keypoints and limbs of the person's own right side.
pub const RIGHT: Rgb<u8> = Rgb([45, 150, 255]);
/// The nose, and limbs from one side to the other.
pub const MIDDLE: Rgb<u8> = Rgb([255, 255, 255]);

/// What lies under every line and letter, so that it can be told from any background.
pub(crate) const DARK: Rgb<u8> = Rgb([14, 16, 20]);

/// Boxes. None looks like a side.
const BOXES: [Rgb<u8>; 6] = [
    Rgb([190, 242, 80]),
    Rgb([244, 114, 182]),
    Rgb([94, 234, 212]),
    Rgb([196, 160, 255]),
    Rgb([253, 224, 71]),
    Rgb([252, 120, 110]),
];

/// What to draw, and what to leave out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Keypoints that score less are left out, and the limbs they end.
    pub keypoint_threshold: f32,
    /// Whether the frame's number and time stand in the lower left corner.
    pub caption: bool,
}

impl Default for Style {
    /// Keypoints from a score of 0.3, as mmpose draws them, and a caption.
    fn default() -> Self {
        Self { keypoint_threshold: 0.3, caption: true }
    }
}

/// The colour of a person's box: the track's own, so that a person keeps it from frame to frame. A number within the frame
/// is no identity; without a track, the primary person has one colour and all others another.
pub(crate) fn box_colour(person: &PersonLabel) -> Rgb<u8> {
    let colour = person.track.unwrap_or(u32::from(!person.primary));
    BOXES[colour as usize % BOXES.len()]
}

/// The colour of a keypoint.
pub(crate) fn side(keypoint: usize) -> Rgb<u8> {
    match KEYPOINT_NAMES[keypoint].split_once('_') {
        Some(("left", _)) => LEFT,
        Some(("right", _)) => RIGHT,
        _ => MIDDLE,
    }
}

/// The colour of a limb between two keypoints.
pub(crate) fn limb([a, b]: [usize; 2]) -> Rgb<u8> {
    if side(a) == side(b) { side(a) } else { MIDDLE }
}
