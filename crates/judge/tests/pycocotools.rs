//! `coco::evaluate` against pycocotools: what `tools/fixtures/coco_eval.py` made of small data sets by seed.
//!
//! The recorded sets are in `tests/fixtures/coco`. Where the environment names a Python that has pycocotools,
//! `SWINGPOSE_PYCOCOTOOLS=/path/to/python`, as many more are made on the spot; `SWINGPOSE_COCO_SETS` says how many.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]
#![expect(clippy::print_stdout, reason = "how near they are is a figure of tests/README.md")]

use serde::Deserialize;
use serde_json::Value;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use swingpose_core::{BoundingBox, Keypoint, Origin, PersonLabel};
use swingpose_judge::coco::{Detection, PoseScore, Truth, evaluate};

/// How far a number may be from pycocotools'.
const TOLERANCE: f64 = 1e-9;
/// How many sets are made where nobody says.
const SETS: u64 = 600;
/// The seeds of the recorded sets end before this one.
const FIRST_NEW_SEED: u64 = 1000;

#[derive(Deserialize)]
struct Set {
    seed: u64,
    kind: String,
    annotations: Value,
    people: Vec<Person>,
    stats: Stats,
}

#[derive(Deserialize)]
struct Person {
    image_id: i64,
    #[serde(rename = "box")]
    corners: BoundingBox<swingpose_core::FramePx>,
    box_score: f32,
    keypoints: [Keypoint; 17],
}

#[derive(Deserialize)]
struct Stats {
    boxes: [f64; 12],
    keypoints: [f64; 10],
    keypoints_by_box_score: [f64; 10],
}

impl Person {
    fn detection(&self, pose_score: PoseScore) -> Detection {
        let label = PersonLabel {
            person: 0,
            track: None,
            primary: false,
            origin: Origin::Detected,
            bounding_box: self.corners,
            box_score: self.box_score,
            keypoints: self.keypoints,
        };
        Detection::new(self.image_id, &label, pose_score)
    }
}

/// The largest difference from pycocotools in the set that `line` holds.
fn difference(line: &str) -> f64 {
    let set: Set = serde_json::from_str(line).unwrap();
    let truth = Truth::parse(set.annotations.to_string().as_bytes(), "person").unwrap();
    let evaluation = |pose_score| {
        let detections: Vec<_> = set.people.iter().map(|person| person.detection(pose_score)).collect();
        evaluate(&truth, &detections, None)
    };
    let (rescored, plain) = (evaluation(PoseScore::default()), evaluation(PoseScore::Box));
    // A set without any person has no keypoints either; pycocotools says -1 to every question then.
    let poses =
        |evaluation: swingpose_judge::coco::Evaluation| evaluation.keypoints.map_or([-1.0; 10], |k| k.to_array());
    let found = [&rescored.boxes.to_array()[..], &poses(rescored), &poses(plain)].concat();
    let expected = [&set.stats.boxes[..], &set.stats.keypoints, &set.stats.keypoints_by_box_score].concat();
    let differences = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
    let largest = differences.fold(0.0, f64::max);
    assert!(largest <= TOLERANCE, "seed {}, {}: {found:?}, pycocotools {expected:?}", set.seed, set.kind);
    largest
}

fn tell(lines: &str) {
    let differences: Vec<f64> = lines.lines().map(difference).collect();
    let largest = differences.iter().copied().fold(0.0, f64::max);
    println!("{} sets, largest difference from pycocotools {largest:.1e}", differences.len());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What `coco_eval.py` prints; `None`, said, where no Python is named that could run it.
fn made(arguments: &[String]) -> Option<String> {
    let Some(python) = env::var_os("SWINGPOSE_PYCOCOTOOLS") else {
        println!("skipped: SWINGPOSE_PYCOCOTOOLS names no Python that has pycocotools");
        return None;
    };
    let program = root().join("tools/fixtures/coco_eval.py");
    let made = Command::new(python).arg(program).args(arguments).stderr(Stdio::inherit()).output().unwrap();
    assert!(made.status.success(), "{}", made.status);
    Some(String::from_utf8(made.stdout).unwrap())
}

#[test]
fn recorded_sets_come_out_as_pycocotools_had_them() {
    let lines = std::fs::read_to_string(root().join("tests/fixtures/coco/sets.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 8);
    tell(&lines);
}

#[test]
fn new_sets_come_out_as_pycocotools_has_them() {
    let sets = env::var("SWINGPOSE_COCO_SETS").map_or(SETS, |sets| sets.parse().unwrap());
    let seeds = [FIRST_NEW_SEED, FIRST_NEW_SEED + sets].map(|seed| seed.to_string());
    let Some(lines) = made(&seeds) else { return };
    assert_eq!(lines.lines().count() as u64, sets);
    tell(&lines);
}

#[test]
fn a_set_of_5000_pictures_comes_out_as_pycocotools_has_it() {
    let Some(line) = made(&["--pictures", "5000", "17"].map(str::to_owned)) else { return };
    tell(&line);
}
