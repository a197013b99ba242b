//! What a comparison comes to. Everything here can be written by serde; field names are the words of `compare --json`.

use super::CompareOptions;
use crate::spread::{Agreement, Distances};
use serde::Serialize;
use swingpose_core::FrameIndex;

/// How many frames of a [`FrameList`] are named.
const NAMED: usize = 10;

/// Two label files of one video, compared; A is the reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What it was made with.
    pub options: CompareOptions,
    /// Frames, the same in both.
    pub frames: u64,
    /// Who was matched and who was not.
    pub people: People,
    /// How alike matched people are; `None` without any.
    pub oks: Option<Agreement>,
    /// How much matched people's boxes overlap; boxes that are the whole frame are left out, and it is `None` without any.
    pub box_iou: Option<Agreement>,
    /// How far the keypoints of matched people have moved.
    pub keypoints: KeypointReport,
    /// Frames in which a measured keypoint has moved more than the limit.
    pub over_limit: FrameList,
    /// Frames in which somebody is missed or extra.
    pub unmatched: FrameList,
    /// Frames in which a keypoint that A is sure of is nowhere, in A or in B.
    pub not_finite: FrameList,
    /// Up to ten frames in which a keypoint has moved furthest, the worst first.
    pub worst: Vec<WorstFrame>,
}

/// People, counted over all frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct People {
    /// In A.
    pub a: u64,
    /// In B.
    pub b: u64,
    /// In both.
    pub matched: u64,
    /// In A only.
    pub missed: u64,
    /// In B only.
    pub extra: u64,
}

impl People {
    pub(super) const fn add(&mut self, a: usize, b: usize, matched: usize) {
        self.a += a as u64;
        self.b += b as u64;
        self.matched += matched as u64;
        self.missed += (a - matched) as u64;
        self.extra += (b - matched) as u64;
    }
}

/// How far keypoints have moved, at those that A is sure of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeypointReport {
    /// All of them, in pixels; `None` where none was measured.
    pub px: Option<Distances>,
    /// The same in lengths of A's torso, where there is one to measure by.
    pub torsos: Option<Distances>,
    /// Each of the 17.
    pub each: Vec<KeypointDistances>,
    /// How many have moved more than the limit.
    pub over_limit: u64,
    /// Keypoints that A is sure of and B is not. They are measured.
    pub lost: u64,
    /// Keypoints that B is sure of and A is not. They are not measured.
    pub gained: u64,
    /// Keypoints that A is sure of and whose coordinates, in A or in B, are not finite. They are not measured.
    pub not_finite: u64,
    /// Matched people whose torso cannot be measured in A: a shoulder or hip is not sure, or it is shorter than a pixel.
    pub without_torso: u64,
}

/// How far one of the 17 keypoints has moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KeypointDistances {
    /// Which.
    pub keypoint: &'static str,
    /// In pixels; `None` where it was never measured.
    pub px: Option<Distances>,
    /// In lengths of A's torso.
    pub torsos: Option<Distances>,
}

/// Frames with something in common: how many, and the first ten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FrameList {
    /// How many.
    pub count: u64,
    /// The first ten.
    pub first: Vec<FrameIndex>,
}

impl FrameList {
    pub(super) fn push(&mut self, frame: FrameIndex) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(frame);
        }
    }
}

/// A frame, by the keypoint that has moved furthest in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WorstFrame {
    /// Its number.
    pub frame: FrameIndex,
    /// Its time in seconds.
    pub time_s: f64,
    /// How far the keypoint has moved, in pixels.
    pub px: f64,
    /// Which keypoint it is.
    pub keypoint: &'static str,
    /// Whose, in A.
    pub person_a: u32,
    /// Whose, in B.
    pub person_b: u32,
    /// People of A in this frame that B misses.
    pub missed: u64,
    /// People that only B has in this frame.
    pub extra: u64,
}
