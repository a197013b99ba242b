//! What was found in a frame: people, each with a box and 17 keypoints, in pixels of the upright frame.
//!
//! Made by `pipeline`, written and read by `labels`. A frame with nobody has no people: nobody is ever invented.

use crate::frame::FrameIndex;
use crate::geometry::{BoundingBox, FramePx, Point};
use crate::skeleton::KEYPOINT_COUNT;
use serde::{Deserialize, Serialize};

/// A keypoint and how sure the network is of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "[f32; 3]", from = "[f32; 3]")]
pub struct Keypoint {
    /// Where, in the upright frame.
    pub point: Point<FramePx>,
    /// The heatmap's maximum: about 0..1 on trained weights, but it can pass 1 or fall below 0.
    pub score: f32,
}

impl From<Keypoint> for [f32; 3] {
    fn from(keypoint: Keypoint) -> Self {
        [keypoint.point.x, keypoint.point.y, keypoint.score]
    }
}

impl From<[f32; 3]> for Keypoint {
    fn from([x, y, score]: [f32; 3]) -> Self {
        Self { point: Point::new(x, y), score }
    }
}

/// Where a person's box came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The detector found it in this very frame.
    Detected,
    /// Carried over from the last keypoints, in a frame that the detector skipped.
    Carried,
    /// Read from the file of boxes that the user gave.
    Given,
    /// No detector: the whole frame is the box.
    WholeFrame,
    /// Nobody was found here: box and keypoints were drawn between the frames around, by smoothing.
    Interpolated,
}

impl Origin {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 5] = [Self::Detected, Self::Carried, Self::Given, Self::WholeFrame, Self::Interpolated];

    /// The word that label files use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Carried => "carried",
            Self::Given => "given",
            Self::WholeFrame => "whole_frame",
            Self::Interpolated => "interpolated",
        }
    }
}

/// One person in one frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonLabel {
    /// The person's number within the frame, from 0, best box first.
    pub person: u32,
    /// The identity over time, where tracking ran.
    pub track: Option<u32>,
    /// Whether this is the person the video is about.
    pub primary: bool,
    /// Where the box came from.
    pub origin: Origin,
    /// The box that was cropped (before the crop's padding).
    #[serde(rename = "box")]
    pub bounding_box: BoundingBox<FramePx>,
    /// The detector's score; for a carried, given or whole-frame box, the score it came with, or 1.
    pub box_score: f32,
    /// The keypoints, in COCO's order.
    pub keypoints: [Keypoint; KEYPOINT_COUNT],
}

/// Everything found in one frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameLabels {
    /// The frame's number in display order.
    pub frame: FrameIndex,
    /// Its presentation time, in ticks of the video's timebase.
    pub pts: i64,
    /// The same in seconds.
    pub time_s: f64,
    /// The people in it; empty where nobody is.
    pub people: Vec<PersonLabel>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_line_that_the_design_shows() {
        let person = PersonLabel {
            person: 0,
            track: None,
            primary: true,
            origin: Origin::Detected,
            bounding_box: BoundingBox::new(1.0, 2.0, 3.0, 4.5),
            box_score: 0.5,
            keypoints: [Keypoint::from([7.0, 8.0, 0.25]); KEYPOINT_COUNT],
        };
        let labels = FrameLabels { frame: FrameIndex(3), pts: 512, time_s: 0.5, people: vec![person] };
        let json = serde_json::to_string(&labels).unwrap();
        assert!(json.starts_with(concat!(
            r#"{"frame":3,"pts":512,"time_s":0.5,"people":[{"person":0,"track":null,"primary":true,"#,
            r#""origin":"detected","box":[1.0,2.0,3.0,4.5],"box_score":0.5,"keypoints":[[7.0,8.0,0.25],"#
        )));
        assert_eq!(serde_json::from_str::<FrameLabels>(&json).unwrap(), labels);
    }

    #[test]
    fn an_origin_is_spelled_alike_in_json_and_in_tables() {
        for origin in Origin::ALL {
            assert_eq!(serde_json::to_value(origin).unwrap(), origin.as_str());
        }
    }
}
