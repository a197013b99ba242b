//! What mmdet and mmpose made of the demo pair, frame by frame.

use std::array;

use serde::Deserialize;
use swingpose_kernels::detect_decode::Detection;
use swingpose_models::checkpoint::WeightsFile;
use swingpose_tests::fixture::{Array, Fixture};

use super::weights;

/// How the flip test's two settings are named in the recording: without it, with it.
pub(super) const FLIP: [&str; 2] = ["plain", "flip"];

/// The recording.
pub(super) struct Recording {
    pub(super) frames: Vec<Frame>,
    /// Of a person's heatmaps every so many'th number was recorded.
    pub(super) stride: usize,
}

/// One frame and what was found in it.
pub(super) struct Frame {
    pub(super) clip: String,
    pub(super) number: u64,
    /// Of the upright frame in BGR.
    pub(super) sha256: String,
    /// Of the detector's input, before normalisation, as planes.
    pub(super) letterbox_sha256: String,
    /// All that mmdet found.
    pub(super) detections: Vec<Detection>,
    /// Those whom mmpose's demonstration programs would keep, best box first.
    pub(super) people: Vec<Person>,
}

/// One person.
pub(super) struct Person {
    pub(super) bounding_box: [f32; 4],
    pub(super) score: f32,
    /// Of the pose network's input, before normalisation, as planes.
    pub(super) crop_sha256: String,
    /// The sampled heatmaps, for each of [`FLIP`].
    pub(super) heatmaps: [Vec<f32>; 2],
    /// x, y and score of each keypoint, for each of [`FLIP`].
    pub(super) keypoints: [Vec<[f32; 3]>; 2],
}

/// The note `recording`.
#[derive(Deserialize)]
struct Note {
    detector_sha256: String,
    pose_sha256: String,
    stride: usize,
    frames: Vec<Row>,
}

/// What was noted of a frame.
#[derive(Deserialize)]
struct Row {
    clip: String,
    frame: u64,
    sha256: String,
    letterbox_sha256: String,
    detections: usize,
    people: usize,
    crop_sha256: Vec<String>,
}

impl Recording {
    /// # Panics
    /// If it was not made with the weights that are in `weights/demo`.
    pub(super) fn open() -> Self {
        let fixture = Fixture::open("demo");
        let note: Note = fixture.json("recording");
        for (name, recorded) in [("rtmdet", &note.detector_sha256), ("vitpose", &note.pose_sha256)] {
            let file = WeightsFile::open(&weights(name)).expect("the demo pair is part of the repository");
            let path = file.path().display();
            assert_eq!(file.source_sha256(), recorded, "{path}: not converted from the checkpoint of the recording");
        }
        Self { frames: frames(&fixture, note.frames), stride: note.stride }
    }
}

fn frames(fixture: &Fixture, rows: Vec<Row>) -> Vec<Frame> {
    let mut detections = scored_boxes(&fixture.f32("detections")).into_iter();
    let mut people = people(fixture).into_iter();
    let frame = |row: Row| Frame {
        clip: row.clip,
        number: row.frame,
        sha256: row.sha256,
        letterbox_sha256: row.letterbox_sha256,
        detections: detections.by_ref().take(row.detections).collect(),
        people: people
            .by_ref()
            .take(row.people)
            .zip(row.crop_sha256)
            .map(|(person, crop_sha256)| Person { crop_sha256, ..person })
            .collect(),
    };
    let frames = rows.into_iter().map(frame).collect();
    assert!(detections.next().is_none() && people.next().is_none(), "everybody is in a frame");
    frames
}

/// Everybody, over all frames in turn, not yet with the sums of their crops, which the frames' rows have.
fn people(fixture: &Fixture) -> Vec<Person> {
    let boxes = scored_boxes(&fixture.f32("people"));
    let heatmaps = FLIP.map(|flip| fixture.f32(&format!("{flip}.heatmaps.sample")));
    let keypoints = FLIP.map(|flip| fixture.f32(&format!("{flip}.keypoints")));
    let person = |(index, Detection { bbox, score, .. }): (usize, Detection)| Person {
        bounding_box: bbox,
        score,
        crop_sha256: String::new(),
        heatmaps: array::from_fn(|flip| row(&heatmaps[flip], index).to_vec()),
        keypoints: array::from_fn(|flip| row(&keypoints[flip], index).as_chunks::<3>().0.to_vec()),
    };
    boxes.into_iter().enumerate().map(person).collect()
}

/// Rows of x1, y1, x2, y2, score.
fn scored_boxes(rows: &Array<f32>) -> Vec<Detection> {
    let detection = |&[x1, y1, x2, y2, score]: &[f32; 5]| Detection { bbox: [x1, y1, x2, y2], score, label: 0 };
    rows.values.as_chunks().0.iter().map(detection).collect()
}

/// What an array holds at one place of its first axis.
fn row(array: &Array<f32>, index: usize) -> &[f32] {
    let length = array.values.len() / array.shape[0];
    &array.values[index * length..(index + 1) * length]
}
