//! mmpose 1.x's predictions, in both dialects that it writes itself.
//!
//! [`Dialect::Inferencer`] is what `MMPoseInferencer` leaves in `pred_out_dir`: of a video
//! `[{"frame_id":0,"instances":[{"keypoints":[[x,y], ...17],"keypoint_scores":[...17],"bbox":[[x1,y1,x2,y2]],"bbox_score":s}]}]`
//! with frames counted from 0, of a picture its instances alone. [`Dialect::TopdownDemo`] is that of
//! `topdown_demo_with_mmdet.py`: `{"meta_info":{...},"instance_info":[...]}` around the same, with frames counted from 1. That
//! a `bbox` is a list of one list is mmpose's own: its `split_instances` makes a tuple of it.
//!
//! `frame_id` is the label file's number, so a file of frames `A..B` keeps them. `meta_info` has what the demo writes of
//! COCO's skeleton, in plain lists, without its colours. What is not finite is `null`.

use super::document::{Array, json};
use super::picture::is_picture;
use super::{Exporter, broken};
use crate::error::LabelsError;
use serde::Serialize;
use serde_json::{Map, Value};
use std::io::Write;
use swingpose_core::provenance::Provenance;
use swingpose_core::skeleton::{FLIP_INDICES, KEYPOINT_COUNT, KEYPOINT_NAMES, LIMBS, OKS_SIGMAS};
use swingpose_core::{BoundingBox, FrameLabels, FramePx, PersonLabel};

/// Which of mmpose's programs the predictions look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `MMPoseInferencer`.
    Inferencer,
    /// `topdown_demo_with_mmdet.py`.
    TopdownDemo,
}

/// Writes one input's predictions to a stream.
#[derive(Debug)]
pub struct MmposeWriter<W> {
    array: Array<W>,
    dialect: Dialect,
    is_picture: bool,
}

impl<W: Write> MmposeWriter<W> {
    /// Writes to `stream`, in small pieces: buffer it.
    pub const fn new(stream: W, dialect: Dialect) -> Self {
        Self { array: Array::new(stream), dialect, is_picture: false }
    }
}

impl<W: Write> Exporter for MmposeWriter<W> {
    fn begin(&mut self, provenance: &Provenance) -> Result<(), LabelsError> {
        self.is_picture = is_picture(&provenance.input);
        if self.dialect == Dialect::TopdownDemo {
            let stream = self.array.stream();
            stream.write_all(b"{\"meta_info\":").map_err(broken)?;
            json(&mut *stream, &MetaInfo::coco())?;
            stream.write_all(b",\n\"instance_info\":").map_err(broken)?;
        }
        self.array.stream().write_all(b"[").map_err(broken)
    }

    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        let instances = labels.people.iter().map(Instance::from);
        if self.is_picture {
            return instances.into_iter().try_for_each(|instance| self.array.push(&instance));
        }
        let first = if self.dialect == Dialect::TopdownDemo { 1 } else { 0 };
        let frame_id = labels.frame.0.saturating_add(first);
        self.array.push(&Frame { frame_id, instances: instances.collect() })
    }

    fn finish(self: Box<Self>) -> Result<(), LabelsError> {
        let end: &[u8] = if self.dialect == Dialect::TopdownDemo { b"\n]}\n" } else { b"\n]\n" };
        let mut stream = self.array.into_stream();
        stream.write_all(end).and_then(|()| stream.flush()).map_err(broken)
    }
}

#[derive(Serialize)]
struct Frame {
    frame_id: u64,
    instances: Vec<Instance>,
}

#[derive(Serialize)]
struct Instance {
    keypoints: [[f32; 2]; KEYPOINT_COUNT],
    keypoint_scores: [f32; KEYPOINT_COUNT],
    bbox: [BoundingBox<FramePx>; 1],
    bbox_score: f32,
}

impl From<&PersonLabel> for Instance {
    fn from(person: &PersonLabel) -> Self {
        Self {
            keypoints: person.keypoints.map(|keypoint| [keypoint.point.x, keypoint.point.y]),
            keypoint_scores: person.keypoints.map(|keypoint| keypoint.score),
            bbox: [person.bounding_box],
            bbox_score: person.box_score,
        }
    }
}

/// What mmpose calls `dataset_meta`.
#[derive(Serialize)]
struct MetaInfo {
    dataset_name: &'static str,
    num_keypoints: usize,
    keypoint_id2name: Map<String, Value>,
    keypoint_name2id: Map<String, Value>,
    flip_indices: [usize; KEYPOINT_COUNT],
    num_skeleton_links: usize,
    skeleton_links: [[usize; 2]; 19],
    sigmas: [f64; KEYPOINT_COUNT],
}

impl MetaInfo {
    fn coco() -> Self {
        let names = || KEYPOINT_NAMES.into_iter().enumerate();
        Self {
            dataset_name: "coco",
            num_keypoints: KEYPOINT_COUNT,
            keypoint_id2name: names().map(|(id, name)| (id.to_string(), name.into())).collect(),
            keypoint_name2id: names().map(|(id, name)| (name.to_owned(), id.into())).collect(),
            flip_indices: FLIP_INDICES,
            num_skeleton_links: LIMBS.len(),
            skeleton_links: LIMBS,
            sigmas: OKS_SIGMAS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{frame, person, provenance};
    use serde_json::json;

    fn exported(dialect: Dialect, codec: &str, frames: &[FrameLabels]) -> Value {
        let mut provenance = provenance();
        (provenance.input.codec, provenance.input.frames) = (codec.to_owned(), frames.len() as u64);
        let mut bytes = Vec::new();
        let mut writer = Box::new(MmposeWriter::new(&mut bytes, dialect));
        writer.begin(&provenance).unwrap();
        frames.iter().for_each(|frame| writer.write(frame).unwrap());
        writer.finish().unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// What mmpose's `split_instances` makes of a person, in its own order of keys.
    fn instance(number: u32) -> Value {
        let label = person(number);
        let points = label.keypoints.map(|k| json!([k.point.x, k.point.y]));
        let scores = label.keypoints.map(|k| json!(k.score));
        let corners: [f32; 4] = label.bounding_box.into();
        json!({"keypoints": points, "keypoint_scores": scores, "bbox": [corners], "bbox_score": 0.9})
    }

    #[test]
    fn a_video_is_a_list_of_frames_from_0_with_nobody_an_empty_list() {
        let found = exported(Dialect::Inferencer, "hevc", &[frame(0, 0), frame(1, 2)]);
        let people = [instance(0), instance(1)];
        assert_eq!(found, json!([{"frame_id": 0, "instances": []}, {"frame_id": 1, "instances": people}]));
    }

    #[test]
    fn a_picture_is_a_list_of_instances() {
        assert_eq!(exported(Dialect::Inferencer, "png", &[frame(0, 2)]), json!([instance(0), instance(1)]));
        assert_eq!(exported(Dialect::Inferencer, "png", &[frame(0, 0)]), json!([]));
    }

    #[test]
    fn the_demo_counts_from_1_beside_the_skeleton() {
        let found = exported(Dialect::TopdownDemo, "hevc", &[frame(0, 1)]);
        assert_eq!(found["instance_info"], json!([{"frame_id": 1, "instances": [instance(0)]}]));
        let meta = &found["meta_info"];
        assert_eq!((&meta["num_keypoints"], &meta["keypoint_id2name"]["9"]), (&json!(17), &json!("left_wrist")));
        assert_eq!(meta["skeleton_links"].as_array().unwrap().len(), 19);
    }

    #[test]
    fn what_is_not_finite_is_null() {
        let mut labels = frame(0, 1);
        labels.people[0].keypoints[3].score = f32::NAN;
        let found = exported(Dialect::Inferencer, "hevc", &[labels]);
        assert_eq!(found[0]["instances"][0]["keypoint_scores"][3], Value::Null);
    }
}
