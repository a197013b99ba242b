//! Exports read by the programs that they are for: `tools/fixtures/read_exports.py` loads them with pycocotools and pandas,
//! where `SWINGPOSE_PYCOCOTOOLS=/path/to/python` names a Python that has both.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]
#![expect(clippy::print_stdout, reason = "says what a skipped test lacks")]

use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use swingpose_core::provenance::Provenance;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel};
use swingpose_labels::export::coco::CocoWriter;
use swingpose_labels::export::csv::CsvWriter;
use swingpose_labels::export::trc::{TrcWriter, Who, YAxis};
use swingpose_labels::export::{Exporter, Sure};
use swingpose_labels::read;

/// A keypoint of each person that is not sure.
const UNSURE: usize = 3;
const RIGHT_WRIST: usize = 10;

/// A provenance of this name; the rest is that of the golden file.
fn provenance(name: &str) -> Provenance {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/labels/golden.poses.parquet");
    let mut provenance = read(&golden).unwrap().provenance;
    name.clone_into(&mut provenance.input.name);
    provenance
}

fn person(frame: u64, number: u32) -> PersonLabel {
    let at = 10.0 * frame as f32 + 200.0 * number as f32;
    let mut keypoints = std::array::from_fn(|k| Keypoint::from([at + 0.1 * k as f32, at + 1.3 * k as f32, 0.9]));
    keypoints[UNSURE].score = 0.05;
    PersonLabel {
        person: number,
        track: None,
        primary: number == 0,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(at, at, at + 100.7, at + 200.3),
        box_score: 0.8,
        keypoints,
    }
}

/// Three frames, with nobody, one and two people.
fn frames() -> Vec<FrameLabels> {
    let frame = |number: u64| FrameLabels {
        frame: FrameIndex(number),
        pts: number.cast_signed() * 512,
        time_s: number as f64 / 30.0,
        people: (0..number as u32).map(|person_number| person(number, person_number)).collect(),
    };
    (0..3).map(frame).collect()
}

fn write(mut exporter: Box<dyn Exporter>, inputs: &[&str]) {
    for name in inputs {
        exporter.begin(&provenance(name)).unwrap();
        frames().iter().for_each(|frame| exporter.write(frame).unwrap());
    }
    exporter.finish().unwrap();
}

/// What `read_exports.py` says of exports in this folder; `None`, said, where no Python is named that could run it.
fn what_python_reads(folder: &Path) -> Option<Value> {
    let Some(python) = std::env::var_os("SWINGPOSE_PYCOCOTOOLS") else {
        println!("skipped: SWINGPOSE_PYCOCOTOOLS names no Python that has pycocotools and pandas");
        return None;
    };
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/fixtures/read_exports.py");
    let [coco, csv, trc]: [PathBuf; 3] = ["coco.json", "labels.csv", "markers.trc"].map(|name| folder.join(name));
    let file = |path: &Path| File::create(path).unwrap();
    write(Box::new(CocoWriter::new(file(&coco), Sure::default()).unwrap()), &["a.mov", "b, c.mov"]);
    write(Box::new(CsvWriter::new(file(&csv))), &["a.mov", "b, c.mov"]);
    write(Box::new(TrcWriter::new(file(&trc), Who::Primary, YAxis::Down, Sure::default()).unwrap()), &["a.mov"]);
    let read = Command::new(python).arg(program).args([coco, csv, trc]).stderr(Stdio::inherit()).output().unwrap();
    assert!(read.status.success(), "{}", read.status);
    Some(serde_json::from_slice(&read.stdout).unwrap())
}

fn floats(numbers: &Value) -> Vec<f32> {
    numbers.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn right_wrist(person: &PersonLabel) -> [f32; 3] {
    person.keypoints[RIGHT_WRIST].into()
}

#[test]
fn pycocotools_and_pandas_read_what_was_exported() {
    let folder = tempfile::tempdir().unwrap();
    let Some(found) = what_python_reads(folder.path()) else { return };
    let people: Vec<PersonLabel> = frames().into_iter().flat_map(|frame| frame.people).collect();

    let pictures = found["coco"]["pictures"].as_array().unwrap();
    let names: Vec<_> = pictures.iter().map(|picture| picture["file_name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names[2], names[3]), (6, "a/frame_000002.jpg", "b, c/frame_000000.jpg"));
    assert_eq!(found["coco"]["predictions"], 2 * people.len());
    let annotations: Vec<_> = pictures.iter().flat_map(|picture| picture["people"].as_array().unwrap()).collect();
    for (annotation, person) in annotations.iter().zip(people.iter().chain(&people)) {
        let corners = person.bounding_box;
        assert_eq!(floats(&annotation["box"]), [corners.x1, corners.y1, corners.width(), corners.height()]);
        let keypoints = floats(&annotation["keypoints"]);
        assert_eq!(keypoints[3 * UNSURE..3 * UNSURE + 3], [0.0; 3]);
        let [x, y, _] = right_wrist(person);
        assert_eq!(keypoints[3 * RIGHT_WRIST..3 * RIGHT_WRIST + 3], [x, y, 2.0]);
    }

    let csv = &found["csv"];
    assert_eq!((&csv["rows"], &csv["primary"], &csv["is_boolean"]), (&json!(8), &json!(4), &json!(true)));
    assert_eq!(csv["frames"], json!({"a.mov": 3, "b, c.mov": 3}));
    for (row, person) in csv["right_wrist"].as_array().unwrap().iter().zip(people.iter().chain(&people)) {
        assert_eq!(floats(row), right_wrist(person));
    }

    let trc = &found["trc"];
    assert_eq!((&trc["shape"], &trc["time"][1]), (&json!([3, 53]), &json!(1.0 / 30.0)));
    assert_eq!(trc["right_wrist"][0], json!([null, null, null]));
    let [x, y, _] = right_wrist(&person(2, 0));
    assert_eq!(floats(&trc["right_wrist"][2]), [x, y, 0.0]);
}
