//! COCO keypoint annotations, as pycocotools, CVAT, Label Studio, FiftyOne, detectron2 and mmpose read them.
//!
//! One document holds any number of inputs: `videos` (id, name, size, SHA-256, timebase), `images` (every frame, people or
//! not, with `video_id`, `frame_id`, `pts`, `time_s`), `annotations` (a person in a frame) and the one category `person`, whose
//! skeleton counts from 1. Numbers of pictures are those in their names where the label file says so, as in COCO's own
//! files; all other ids count from 1. A frame's `file_name` is [`frame_file`]'s.
//!
//! A keypoint is `x, y, 2` where [`Sure`] says so and `0, 0, 0`, not labeled, everywhere else: networks do not tell the
//! hidden from the unlikely, so no keypoint is `1`. `bbox` is `[x, y, width, height]`, `area` that of the box, `score` the box's
//! and `keypoint_scores` the 17 before the threshold. A person whose box has no inside or is not finite is left out, because
//! readers refuse the whole file over one.
//!
//! `images` are written as they come and `annotations` wait in a temporary file, about 900 bytes a person.

use super::document::{Array, Later, json};
use super::{Exporter, Sure, broken, frame_file, is_somewhere};
use crate::error::LabelsError;
use serde::{Serialize, Serializer};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;
use swingpose_core::provenance::{Input, Provenance};
use swingpose_core::skeleton::{KEYPOINT_COUNT, KEYPOINT_NAMES, LIMBS};
use swingpose_core::{BoundingBox, FrameLabels, FramePx, Keypoint, PersonLabel};

/// The id of the category.
const PERSON: u32 = 1;
/// COCO's "labeled and visible".
const VISIBLE: f32 = 2.0;

/// Writes one document of annotations to a stream.
#[derive(Debug)]
pub struct CocoWriter<W> {
    images: Array<W>,
    annotations: Array<Later>,
    sure: Sure,
    videos: Vec<Video>,
    input: Option<Input>,
    names: BTreeSet<String>,
    image_ids: ImageIds,
    annotation: u64,
}

impl<W: Write> CocoWriter<W> {
    /// Writes to `stream`, in small pieces: buffer it.
    ///
    /// # Errors
    /// [`LabelsError::Stream`], also where there is no temporary file to be had.
    pub fn new(mut stream: W, sure: Sure) -> Result<Self, LabelsError> {
        stream.write_all(b"{\"images\":[").map_err(broken)?;
        Ok(Self {
            images: Array::new(stream),
            annotations: Array::new(Later::new()?),
            sure,
            videos: Vec::new(),
            input: None,
            names: BTreeSet::new(),
            image_ids: ImageIds { given: BTreeSet::new(), next: 1 },
            annotation: 0,
        })
    }

    fn write_person(&mut self, image_id: u64, person: &PersonLabel) -> Result<(), LabelsError> {
        if !person.bounding_box.is_proper() {
            return Ok(());
        }
        self.annotation += 1;
        self.annotations.push(&Annotation::new(self.annotation, image_id, person, self.sure))
    }
}

impl<W: Write> Exporter for CocoWriter<W> {
    fn begin(&mut self, provenance: &Provenance) -> Result<(), LabelsError> {
        let input = &provenance.input;
        let name = frame_file(input, swingpose_core::FrameIndex(0));
        if !self.names.insert(name) {
            return Err(LabelsError::SharedName { name: input.name.clone() });
        }
        self.videos.push(Video::new(self.videos.len() + 1, input));
        self.input = Some(input.clone());
        Ok(())
    }

    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        let Some(input) = &self.input else { return Ok(()) };
        let id = self.image_ids.take(input)?;
        let (width, height) = input.size;
        self.images.push(&Image {
            id,
            file_name: frame_file(input, labels.frame),
            width,
            height,
            video_id: self.videos.len(),
            frame_id: labels.frame.0,
            pts: labels.pts,
            time_s: labels.time_s,
        })?;
        labels.people.iter().try_for_each(|person| self.write_person(id, person))
    }

    fn finish(self: Box<Self>) -> Result<(), LabelsError> {
        let mut stream = self.images.into_stream();
        stream.write_all(b"\n],\n\"annotations\":[").map_err(broken)?;
        self.annotations.into_stream().pour(&mut stream)?;
        stream.write_all(b"\n],\n\"categories\":").map_err(broken)?;
        json(&mut stream, &json!([category()]))?;
        stream.write_all(b",\n\"videos\":").map_err(broken)?;
        json(&mut stream, &self.videos)?;
        stream.write_all(b",\n\"info\":").map_err(broken)?;
        let description = format!("keypoints scoring under {} are not labeled", self.sure.0);
        json(&mut stream, &json!({"description": description, "contributor": "swingpose"}))?;
        // pycocotools itself asks for none, but readers of whole data sets do.
        stream.write_all(b",\n\"licenses\":[]}\n").and_then(|()| stream.flush()).map_err(broken)
    }
}

/// Which numbers images have: their own, or the next free one.
#[derive(Debug)]
struct ImageIds {
    given: BTreeSet<u64>,
    next: u64,
}

impl ImageIds {
    fn take(&mut self, input: &Input) -> Result<u64, LabelsError> {
        if let Some(id) = input.image_id {
            let is_free = id >= self.next && self.given.insert(id);
            return if is_free { Ok(id) } else { Err(LabelsError::SharedName { name: input.name.clone() }) };
        }
        while self.given.contains(&self.next) {
            self.next += 1;
        }
        self.next += 1;
        Ok(self.next - 1)
    }
}

fn category() -> serde_json::Value {
    // Keypoints are counted from 1 in a COCO skeleton, and CVAT refuses a 0.
    let skeleton = LIMBS.map(|limb| limb.map(|keypoint| keypoint + 1));
    json!({"id": PERSON, "name": "person", "supercategory": "person", "keypoints": KEYPOINT_NAMES, "skeleton": skeleton})
}

#[derive(Debug, Serialize)]
struct Video {
    id: usize,
    name: String,
    width: u32,
    height: u32,
    sha256: String,
    timebase: [u32; 2],
}

impl Video {
    fn new(id: usize, input: &Input) -> Self {
        let (width, height) = input.size;
        let timebase = [input.timebase.num, input.timebase.den];
        Self { id, name: input.name.clone(), width, height, sha256: input.sha256.clone(), timebase }
    }
}

#[derive(Serialize)]
struct Image {
    id: u64,
    file_name: String,
    width: u32,
    height: u32,
    video_id: usize,
    frame_id: u64,
    pts: i64,
    time_s: f64,
}

#[derive(Serialize)]
struct Annotation {
    id: u64,
    image_id: u64,
    category_id: u32,
    iscrowd: u32,
    bbox: [f32; 4],
    area: f32,
    // There is no outline, and importers ask for the key all the same.
    segmentation: [f32; 0],
    num_keypoints: usize,
    keypoints: Vec<Number>,
    score: f32,
    keypoint_scores: [f32; KEYPOINT_COUNT],
    #[serde(skip_serializing_if = "Option::is_none")]
    track_id: Option<u32>,
}

impl Annotation {
    fn new(id: u64, image_id: u64, person: &PersonLabel, sure: Sure) -> Self {
        let PersonLabel { bounding_box, keypoints, box_score, track, .. } = person;
        Self {
            id,
            image_id,
            category_id: PERSON,
            iscrowd: 0,
            bbox: xywh(*bounding_box),
            area: bounding_box.area(),
            segmentation: [],
            num_keypoints: keypoints.iter().filter(|keypoint| sure.of(keypoint)).count(),
            keypoints: keypoints.iter().flat_map(|keypoint| triplet(keypoint, sure)).collect(),
            score: *box_score,
            keypoint_scores: keypoints.map(|keypoint| if is_somewhere(&keypoint) { keypoint.score } else { 0.0 }),
            track_id: *track,
        }
    }
}

fn xywh(corners: BoundingBox<FramePx>) -> [f32; 4] {
    [corners.x1, corners.y1, corners.width(), corners.height()]
}

fn triplet(keypoint: &Keypoint, sure: Sure) -> [Number; 3] {
    let numbers = if sure.of(keypoint) { [keypoint.point.x, keypoint.point.y, VISIBLE] } else { [0.0; 3] };
    numbers.map(Number)
}

/// A float that is written as an integer where it is one: visibilities, which some readers compare as such.
#[derive(Clone, Copy)]
struct Number(f32);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = self.0 as i32;
        if whole as f32 == self.0 && whole.abs() < 1 << 24 {
            serializer.serialize_i32(whole)
        } else {
            serializer.serialize_f32(self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{frame, provenance};
    use serde_json::Value;

    fn export(inputs: &[(Input, Vec<FrameLabels>)]) -> Result<Value, LabelsError> {
        let mut bytes = Vec::new();
        let mut writer = Box::new(CocoWriter::new(&mut bytes, Sure::default())?);
        for (input, frames) in inputs {
            writer.begin(&Provenance { input: input.clone(), ..provenance() })?;
            frames.iter().try_for_each(|frame| writer.write(frame))?;
        }
        writer.finish()?;
        Ok(serde_json::from_slice(&bytes).unwrap())
    }

    fn input(name: &str) -> Input {
        Input { name: name.to_owned(), ..provenance().input }
    }

    fn picture(name: &str, image_id: Option<u64>) -> Input {
        Input { codec: "jpeg".to_owned(), frames: 1, image_id, ..input(name) }
    }

    fn column(found: &Value, list: &str, key: &str) -> Vec<Value> {
        found[list].as_array().unwrap().iter().map(|entry| entry[key].clone()).collect()
    }

    #[test]
    fn several_videos_share_a_document_and_no_id() {
        let videos = [
            (input("a.mov"), vec![frame(0, 2), frame(1, 0)]),
            (input("b.mov"), vec![frame(0, 1)]),
            (picture("000000000139.jpg", Some(139)), vec![frame(0, 1)]),
            (picture("still.jpg", None), vec![frame(0, 0)]),
        ];
        let found = export(&videos).unwrap();
        assert_eq!(column(&found, "images", "id"), [1, 2, 3, 139, 4]);
        assert_eq!(column(&found, "images", "video_id"), [1, 1, 2, 3, 4]);
        let names = column(&found, "images", "file_name");
        let expected =
            ["a/frame_000000.jpg", "a/frame_000001.jpg", "b/frame_000000.jpg", "000000000139.jpg", "still.jpg"];
        assert_eq!(names, expected);
        assert_eq!(column(&found, "annotations", "id"), [1, 2, 3, 4]);
        assert_eq!(column(&found, "annotations", "image_id"), [1, 1, 3, 139]);
        assert_eq!(column(&found, "videos", "name"), ["a.mov", "b.mov", "000000000139.jpg", "still.jpg"]);
    }

    #[test]
    fn inputs_that_importers_could_not_tell_apart_are_refused() {
        for [one, other] in [
            [input("a.mov"), input("a.mp4")],
            [picture("1.jpg", None), picture("1.jpg", None)],
            [picture("a_0.jpg", Some(7)), picture("b_0.jpg", Some(7))],
        ] {
            let inputs = [(one, vec![frame(0, 0)]), (other, vec![frame(0, 0)])];
            assert!(matches!(export(&inputs), Err(LabelsError::SharedName { .. })));
        }
    }

    #[test]
    fn sure_keypoints_are_visible_and_the_rest_is_not_labeled() {
        let mut labels = frame(0, 1);
        labels.people[0].keypoints[0].score = 0.29;
        labels.people[0].keypoints[2].point.x = f32::NAN;
        let expected = labels.people[0].clone();
        let found = export(&[(input("a.mov"), vec![labels])]).unwrap();
        let annotation = &found["annotations"][0];
        assert_eq!(annotation["num_keypoints"], 15);
        assert_eq!(annotation["bbox"], json!([10.5, 20.0, 99.75, 200.0]));
        let triplets = annotation["keypoints"].as_array().unwrap().chunks_exact(3);
        for (k, triplet) in triplets.enumerate() {
            if k == 0 || k == 2 {
                assert_eq!(triplet, [json!(0), json!(0), json!(0)]);
            } else {
                let point = expected.keypoints[k].point;
                let numbers = [&triplet[0], &triplet[1]].map(|number| number.as_f64().unwrap() as f32);
                assert_eq!((numbers, &triplet[2]), ([point.x, point.y], &json!(2)));
            }
        }
    }

    #[test]
    fn a_box_without_an_inside_is_left_out() {
        let mut labels = frame(0, 3);
        labels.people[0].bounding_box = BoundingBox::new(5.0, 5.0, 5.0, 9.0);
        labels.people[1].bounding_box = BoundingBox::new(f32::NAN, 0.0, 1.0, 1.0);
        let found = export(&[(input("a.mov"), vec![labels])]).unwrap();
        assert_eq!(column(&found, "annotations", "id"), [1]);
    }

    #[test]
    fn the_skeleton_counts_from_1() {
        let category = &export(&[]).unwrap()["categories"][0];
        assert_eq!((&category["skeleton"][0], &category["keypoints"][15]), (&json!([16, 14]), &json!("left_ankle")));
    }
}
