//! OpenPose's JSON: a folder a video, `<stem>_json`, with a file a frame, `<stem>_000000000007_keypoints.json`, as its
//! `--write_json` leaves them and Pose2Sim reads them.
//!
//! `{"version":1.3,"people":[{"person_id":[-1],"pose_keypoints_2d":[x,y,score, ...], ...}]}`: pixels, and three zeros for
//! what is not there. `person_id` is the track where there is one. The neck is the middle of the shoulders and the hip's middle
//! that of the hips, with the lower score of the two; big and small toes and heels are always zeros.

use super::document::json;
use super::picture::stem;
use super::{Exporter, is_somewhere};
use crate::error::LabelsError;
use crate::whole_folder::WholeFolder;
use serde::Serialize;
use std::path::PathBuf;
use swingpose_core::provenance::Provenance;
use swingpose_core::{FrameLabels, Keypoint, PersonLabel};

/// Which keypoints in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// OpenPose's own 25, with the neck, the middle of the hips and feet.
    Body25,
    /// OpenPose's earlier 18, with the neck. Pose2Sim calls it COCO.
    Coco18,
    /// COCO's 17 as they are. Pose2Sim calls it `COCO_17`.
    Coco17,
}

/// In the tables below a number is a keypoint of COCO's 17, or one of these.
const NECK: usize = 17;
/// The middle of the hips.
const HIPS: usize = 18;
/// COCO has no such keypoint.
const NONE: usize = 19;

/// From OpenPose's `doc/02_output.md`, "Keypoint Ordering": nose, neck, right arm, left arm, middle of the hips, right leg, left
/// leg, eyes, ears (right first), left foot, right foot.
const BODY_25: [usize; 25] =
    [0, NECK, 6, 8, 10, 5, 7, 9, HIPS, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3, NONE, NONE, NONE, NONE, NONE, NONE];
/// The same without the middle of the hips and the feet.
const COCO_18: [usize; 18] = [0, NECK, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3];
const COCO_17: [usize; 17] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

impl Layout {
    const fn keypoints(self) -> &'static [usize] {
        match self {
            Self::Body25 => &BODY_25,
            Self::Coco18 => &COCO_18,
            Self::Coco17 => &COCO_17,
        }
    }
}

/// Writes folders of JSON into a folder.
#[derive(Debug)]
pub struct OpenposeWriter {
    out: PathBuf,
    layout: Layout,
    folder: Option<WholeFolder>,
    stem: String,
}

impl OpenposeWriter {
    /// Writes into the folder `out`, which need not exist.
    #[must_use]
    pub const fn new(out: PathBuf, layout: Layout) -> Self {
        Self { out, layout, folder: None, stem: String::new() }
    }
}

impl Exporter for OpenposeWriter {
    fn begin(&mut self, provenance: &Provenance) -> Result<(), LabelsError> {
        self.folder.take().map_or(Ok(()), WholeFolder::finish)?;
        stem(&provenance.input).clone_into(&mut self.stem);
        self.folder = Some(WholeFolder::create(&self.out.join(format!("{}_json", self.stem)))?);
        Ok(())
    }

    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let people = labels.people.iter().map(|person| Person::new(person, self.layout)).collect();
        let mut bytes = Vec::new();
        json(&mut bytes, &Frame { version: 1.3, people })?;
        folder.write(&format!("{}_{:012}_keypoints.json", self.stem, labels.frame.0), &bytes)
    }

    fn finish(mut self: Box<Self>) -> Result<(), LabelsError> {
        self.folder.take().map_or(Ok(()), WholeFolder::finish)
    }
}

#[derive(Serialize)]
struct Frame {
    version: f32,
    people: Vec<Person>,
}

/// OpenPose's keys; readers ask for those of faces and hands too.
#[derive(Serialize)]
struct Person {
    person_id: [i64; 1],
    pose_keypoints_2d: Vec<f32>,
    face_keypoints_2d: [f32; 0],
    hand_left_keypoints_2d: [f32; 0],
    hand_right_keypoints_2d: [f32; 0],
    pose_keypoints_3d: [f32; 0],
    face_keypoints_3d: [f32; 0],
    hand_left_keypoints_3d: [f32; 0],
    hand_right_keypoints_3d: [f32; 0],
}

impl Person {
    fn new(person: &PersonLabel, layout: Layout) -> Self {
        Self {
            person_id: [person.track.map_or(-1, i64::from)],
            pose_keypoints_2d: layout.keypoints().iter().flat_map(|keypoint| triplet(*keypoint, person)).collect(),
            face_keypoints_2d: [],
            hand_left_keypoints_2d: [],
            hand_right_keypoints_2d: [],
            pose_keypoints_3d: [],
            face_keypoints_3d: [],
            hand_left_keypoints_3d: [],
            hand_right_keypoints_3d: [],
        }
    }
}

fn triplet(keypoint: usize, person: &PersonLabel) -> [f32; 3] {
    let found = match keypoint {
        NECK => middle(person, 5, 6),
        HIPS => middle(person, 11, 12),
        _ => person.keypoints.get(keypoint).and_then(there),
    };
    found.unwrap_or([0.0; 3])
}

fn middle(person: &PersonLabel, one: usize, other: usize) -> Option<[f32; 3]> {
    let [one, other] = [one, other].map(|keypoint| there(&person.keypoints[keypoint]));
    one.zip(other).map(|(a, b)| [f32::midpoint(a[0], b[0]), f32::midpoint(a[1], b[1]), a[2].min(b[2])])
}

/// `x, y, score`, unless that would say "not there" by a score of 0 or less.
fn there(keypoint: &Keypoint) -> Option<[f32; 3]> {
    (is_somewhere(keypoint) && keypoint.score > 0.0 && keypoint.score.is_finite()).then(|| (*keypoint).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{frame, person, provenance};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn exported(layout: Layout, frames: &[FrameLabels]) -> BTreeMap<String, Value> {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Box::new(OpenposeWriter::new(folder.path().join("out"), layout));
        let mut provenance = provenance();
        provenance.input.name = "cam1.mp4".to_owned();
        writer.begin(&provenance).unwrap();
        frames.iter().for_each(|frame| writer.write(frame).unwrap());
        writer.finish().unwrap();
        let files = std::fs::read_dir(folder.path().join("out/cam1_json")).unwrap().map(|entry| entry.unwrap().path());
        let read = |path: PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(path))).collect()
    }

    fn points(file: &Value) -> Vec<[f32; 3]> {
        let numbers = file["people"][0]["pose_keypoints_2d"].as_array().unwrap();
        let numbers: Vec<f32> = numbers.iter().map(|number| number.as_f64().unwrap() as f32).collect();
        numbers.as_chunks::<3>().0.to_vec()
    }

    #[test]
    fn a_frame_is_a_file_and_nobody_an_empty_list() {
        let files = exported(Layout::Body25, &[frame(0, 0), frame(7, 2)]);
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["cam1_000000000000_keypoints.json", "cam1_000000000007_keypoints.json"]);
        assert_eq!(files[names[0]]["people"], json!([]));
        assert_eq!(files[names[1]]["people"].as_array().unwrap().len(), 2);
        assert_eq!(files[names[1]]["people"][0]["person_id"], json!([-1]));
    }

    #[test]
    fn every_layout_has_each_keypoint_where_its_readers_look() {
        let label = person(0);
        let at = |k: usize| <[f32; 3]>::from(label.keypoints[k]);
        // Pose2Sim's ids of the right wrist, left knee and left ear.
        for (layout, count, [wrist, knee, ear]) in
            [(Layout::Body25, 25, [4, 13, 18]), (Layout::Coco18, 18, [4, 12, 17]), (Layout::Coco17, 17, [10, 13, 3])]
        {
            let files = exported(layout, &[frame(0, 1)]);
            let found = points(files.values().next().unwrap());
            assert_eq!(found.len(), count);
            assert_eq!([found[wrist], found[knee], found[ear]], [at(10), at(13), at(3)]);
        }
    }

    #[test]
    fn neck_and_hips_are_middles_and_feet_are_zeros() {
        let files = exported(Layout::Body25, &[frame(0, 1)]);
        let found = points(files.values().next().unwrap());
        let label = person(0);
        let (left, right) = (label.keypoints[5], label.keypoints[6]);
        assert_eq!(found[1], [(left.point.x + right.point.x) / 2.0, (left.point.y + right.point.y) / 2.0, right.score]);
        assert!(found[8][2] > 0.0 && found[19..].iter().flatten().all(|&number| number == 0.0));
    }

    #[test]
    fn what_is_not_there_is_zeros_and_so_is_a_middle_of_it() {
        let mut labels = frame(0, 1);
        labels.people[0].keypoints[5].point.y = f32::INFINITY;
        labels.people[0].keypoints[0].score = -0.1;
        let files = exported(Layout::Body25, &[labels]);
        let found = points(files.values().next().unwrap());
        assert_eq!([found[0], found[1], found[5]], [[0.0; 3]; 3]);
    }
}
