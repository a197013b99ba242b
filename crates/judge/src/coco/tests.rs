//! Small sets counted by hand, annotations and label files that do not fit, and what must hold of any set. That larger sets
//! come out as pycocotools has them is `tests/pycocotools.rs`.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::slice::from_ref;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel};
use swingpose_labels::{Ending, LabelSink, LabelWriter, read};
use tempfile::TempDir;

/// A set of pictures with these ids and file names, and annotations of people: picture, left edge, crowd or not.
fn set(images: &[(i64, &str)], people: &[(i64, f64, bool)]) -> Value {
    let images: Vec<_> =
        images.iter().map(|(id, name)| json!({"id": id, "file_name": name, "width": 640, "height": 480})).collect();
    let annotations: Vec<_> = (1..)
        .zip(people)
        .map(|(id, &(image, x, crowd)): (u32, _)| {
            json!({
                "id": id, "image_id": image, "category_id": 1, "iscrowd": u8::from(crowd),
                "bbox": [x, 0, 100, 200], "area": 12000,
                "num_keypoints": if crowd { 0 } else { 17 },
                "keypoints": (0..17).flat_map(|k| [x + 5.0 * f64::from(k), 10.0 * f64::from(k), if crowd { 0.0 } else { 2.0 }]).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]})
}

fn truth(set: &Value) -> Truth {
    Truth::parse(set.to_string().as_bytes(), "person").unwrap()
}

fn refusal(set: &Value) -> AnnotationsError {
    Truth::parse(set.to_string().as_bytes(), "person").unwrap_err()
}

/// A person whose box is that of [`set`], and whose keypoints too.
fn person(x: f32, score: f32) -> PersonLabel {
    PersonLabel {
        person: 0,
        track: None,
        primary: true,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(x, 0.0, x + 100.0, 200.0),
        box_score: score,
        keypoints: std::array::from_fn(|k| Keypoint::from([x + 5.0 * k as f32, 10.0 * k as f32, 0.5])),
    }
}

fn detection(image: i64, x: f32, score: f32) -> Detection {
    Detection::new(image, &person(x, score), PoseScore::default())
}

#[test]
fn a_false_alarm_between_two_finds_costs_half_the_precision_beyond_it() {
    let truth = truth(&set(&[(1, "1.jpg")], &[(1, 0.0, false), (1, 300.0, false)]));
    let found = evaluate(&truth, &[detection(1, 0.0, 0.9), detection(1, 150.0, 0.8), detection(1, 300.0, 0.7)], None);
    // Up to a recall of a half, 51 of the 101, precision is 1; beyond, 2 of 3.
    let ap = (51.0 + 50.0 * (2.0 / 3.0)) / 101.0;
    let keypoints = found.keypoints.unwrap();
    for (found, expected) in [(found.boxes.ap, ap), (keypoints.ap, ap), (found.boxes.ar_1, 0.5), (keypoints.ar, 1.0)] {
        assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
    }
    assert_eq!((found.images, found.annotated, found.detections), (1, 2, 3));
    assert_eq!((found.boxes.ap_small, found.boxes.ar_medium), (-1.0, -1.0), "12,000 square pixels are large");
}

#[test]
fn what_lies_in_a_crowd_counts_neither_for_nor_against() {
    let truth = truth(&set(&[(1, "1.jpg")], &[(1, 0.0, false), (1, 300.0, true)]));
    let mut inside = detection(1, 310.0, 0.95);
    inside.bbox = [310.0, 10.0, 20.0, 20.0];
    let found = evaluate(&truth, &[inside.clone(), inside, detection(1, 0.0, 0.5)], None);
    assert!((found.boxes.ap - 1.0).abs() < 1e-12 && (found.keypoints.unwrap().ap - 1.0).abs() < 1e-12, "{found:?}");
}

#[test]
fn only_chosen_pictures_are_evaluated() {
    let truth = truth(&set(&[(1, "1.jpg"), (2, "2.jpg")], &[(1, 0.0, false), (2, 0.0, false)]));
    let detections = [detection(1, 0.0, 0.9), detection(7, 0.0, 0.9)];
    assert_eq!(evaluate(&truth, &detections, None).boxes.ar_100, 0.5);
    let chosen = evaluate(&truth, &detections, Some(&BTreeSet::from([1])));
    assert_eq!((chosen.images, chosen.detections, chosen.boxes.ar_100), (1, 1, 1.0));
}

#[test]
fn people_who_are_not_made_of_numbers_are_left_out_and_counted() {
    let truth = truth(&set(&[(1, "1.jpg")], &[(1, 0.0, false)]));
    let mut without_pose = person(0.0, 0.9);
    without_pose.keypoints[4].point.x = f32::NAN;
    let without_box = PersonLabel { box_score: f32::INFINITY, ..person(0.0, 0.9) };
    let found = |person| evaluate(&truth, &[Detection::new(1, person, PoseScore::default())], None);
    let (pose, boxed) = (found(&without_pose), found(&without_box));
    assert_eq!((pose.not_finite, pose.boxes.ar_100, pose.keypoints.unwrap().ar), (1, 1.0, 0.0));
    assert_eq!((boxed.not_finite, boxed.boxes.ar_100, boxed.keypoints.unwrap().ar), (1, 0.0, 0.0));
}

#[test]
fn a_set_without_keypoints_is_evaluated_for_boxes() {
    let mut set = set(&[(1, "1.jpg")], &[(1, 0.0, false)]);
    for field in ["keypoints", "num_keypoints"] {
        set["annotations"][0].as_object_mut().unwrap().remove(field);
    }
    let found = evaluate(&truth(&set), &[detection(1, 0.0, 0.9)], None);
    assert_eq!((found.boxes.ar_100, found.keypoints), (1.0, None));
}

#[test]
fn poses_are_ordered_as_mmpose_orders_them() {
    let mut person = person(0.0, 0.5);
    person.keypoints.iter_mut().for_each(|keypoint| keypoint.score = 0.125);
    assert_eq!(Detection::new(1, &person, PoseScore::default()).pose_score, 0.0, "no keypoint is above 0.2");
    (person.keypoints[3].score, person.keypoints[4].score) = (0.25, 0.75);
    assert_eq!(Detection::new(1, &person, PoseScore::default()).pose_score, 0.25);
    assert_eq!(Detection::new(1, &person, PoseScore::BoxAndKeypoints(0.5)).pose_score, 0.375);
    assert_eq!(Detection::new(1, &person, PoseScore::Box).pose_score, 0.5);
}

#[test]
fn annotations_that_cannot_be_used_are_refused_by_name() {
    let good = || set(&[(1, "1.jpg")], &[(1, 0.0, false), (1, 300.0, false)]);
    type Spoil = fn(&mut Value);
    let cases: [(Spoil, &str); 7] = [
        (|set| set["categories"][0]["name"] = json!("dog"), "only dog"),
        (|set| set["annotations"][1]["id"] = json!(1), "two annotations have the id 1"),
        (|set| set["images"] = json!([{"id": 1}, {"id": 1}]), "two pictures have the id 1"),
        (|set| set["annotations"][1]["area"] = json!(null), "annotation 2 has no `area`"),
        (|set| set["annotations"][1]["keypoints"] = json!(null), "annotation 2 has no `keypoints`"),
        (|set| set["annotations"][1]["keypoints"] = json!([1, 2, 3]), "3 numbers"),
        (|set| set["annotations"] = json!(null), "not the annotations"),
    ];
    for (spoil, said) in cases {
        let mut set = good();
        spoil(&mut set);
        let error = refusal(&set).to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_is_of_another_category_or_of_no_picture_is_passed_over() {
    let mut set = set(&[(1, "1.jpg")], &[(1, 0.0, false), (1, 300.0, false), (5, 0.0, false)]);
    set["annotations"][1] = json!({"id": 1, "image_id": 1, "category_id": 2});
    assert_eq!(evaluate(&truth(&set), &[], None).annotated, 1);
}

/// Writes the label file of a picture called `input` into `folder`, with one person in it.
fn label(folder: &TempDir, input: &str, image_id: Option<u64>, frames: u64) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/labels/golden.poses.parquet");
    let mut made = read(&golden).unwrap().provenance;
    (made.input.name, made.input.image_id, made.input.size) = (input.to_owned(), image_id, (640, 480));
    let files = fs::read_dir(folder).unwrap().count();
    let path = folder.path().join(format!("{files}.poses.parquet"));
    let mut writer = LabelWriter::create(&path, &made).unwrap();
    for number in 0..frames {
        let people = vec![person(0.0, 0.9)];
        writer.write(&FrameLabels { frame: FrameIndex(number), pts: 0, time_s: 0.0, people }).unwrap();
    }
    writer.finish(Ending::default()).unwrap();
    path
}

fn predictions(files: &[PathBuf], truth: &Truth) -> Result<Predictions, CocoError> {
    Predictions::read(files, truth, PoseScore::default())
}

#[test]
fn a_label_file_finds_its_picture_by_name_and_then_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let truth = truth(&set(&[(8, "val/000000000007.jpg"), (9, "9.jpg"), (20, "b.jpg")], &[]));
    // The name wins over the number in it.
    let named = label(&folder, "000000000007.jpg", Some(7), 1);
    let numbered = label(&folder, "000000000009.png", Some(9), 1);
    let found = predictions(&[named, numbered], &truth).unwrap();
    assert_eq!(found.detections.iter().map(|d| d.image_id).collect::<Vec<_>>(), [8, 9]);
    assert_eq!((found.labeled.len(), found.other_size.len()), (2, 0));
    let error = found.check_all_labeled(&truth).unwrap_err();
    assert!(matches!(&error, CocoError::Unlabeled { missing: 1, images: 3, first } if first == "b.jpg"), "{error}");
}

#[test]
fn label_files_that_do_not_fit_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let truth = truth(&set(&[(1, "a/x.jpg"), (2, "b/x.jpg"), (3, "3.jpg")], &[]));
    let refused = |files: &[PathBuf]| predictions(files, &truth).unwrap_err();
    let (ambiguous, unknown) = (label(&folder, "x.jpg", None, 1), label(&folder, "y.jpg", Some(77), 1));
    let (video, three) = (label(&folder, "clip.mp4", None, 2), label(&folder, "3.jpg", Some(3), 1));
    let again = label(&folder, "3.png", Some(3), 1);
    assert!(matches!(refused(from_ref(&ambiguous)), CocoError::AmbiguousPicture { path, .. } if path == ambiguous));
    assert!(matches!(refused(from_ref(&unknown)), CocoError::UnknownPicture { path, .. } if path == unknown));
    assert!(matches!(refused(from_ref(&video)), CocoError::NotAPicture { path, frames: 2, .. } if path == video));
    let twice = refused(&[three.clone(), again.clone()]);
    assert!(
        matches!(twice, CocoError::LabeledTwice { first, second, image_id: 3 } if (&first, &second) == (&three, &again))
    );
}

#[test]
fn a_picture_of_another_size_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = set(&[(3, "3.jpg")], &[]);
    set["images"][0]["width"] = json!(480);
    let file = label(&folder, "3.jpg", Some(3), 1);
    assert_eq!(predictions(from_ref(&file), &truth(&set)).unwrap().other_size, [file]);
}

#[test]
fn files_are_evaluated_whole_or_as_far_as_they_are_labeled() {
    let folder = tempfile::tempdir().unwrap();
    let annotations = folder.path().join("annotations.json");
    let two = set(&[(1, "1.jpg"), (2, "2.jpg")], &[(1, 0.0, false), (2, 0.0, false)]);
    fs::write(&annotations, two.to_string()).unwrap();
    let one = [label(&folder, "1.jpg", Some(1), 1)];
    let whole = evaluate_files(&annotations, &one, &EvalOptions::default());
    assert!(matches!(whole, Err(CocoError::Unlabeled { .. })));
    let options = EvalOptions { labeled_only: true, ..EvalOptions::default() };
    let (found, _) = evaluate_files(&annotations, &one, &options).unwrap();
    assert_eq!((found.images, found.boxes.ar_100), (1, 1.0));
    let missing = evaluate_files(&folder.path().join("none.json"), &one, &options);
    assert!(matches!(missing, Err(CocoError::Read { .. })));
}

proptest! {
    #[test]
    fn the_order_of_files_and_annotations_does_not_matter(
        people in proptest::collection::vec((0_i64..3, 0.0_f64..500.0), 1..9),
        found in proptest::collection::vec((0_i64..3, 0.0_f32..500.0), 0..12),
    ) {
        let images = [(0, "0.jpg"), (1, "1.jpg"), (2, "2.jpg")];
        let annotated: Vec<_> = people.iter().map(|&(image, x)| (image, x, false)).collect();
        // No two of the same score, which would be ordered by their place.
        let detections: Vec<_> =
            (1..).zip(&found).map(|(n, &(image, x)): (u16, _)| detection(image, x, f32::from(n) / 16.0)).collect();
        let mut turned = set(&images, &annotated);
        for list in ["images", "annotations"] {
            turned[list].as_array_mut().unwrap().reverse();
        }
        let reversed: Vec<_> = detections.iter().rev().cloned().collect();
        let there = evaluate(&truth(&set(&images, &annotated)), &detections, None);
        prop_assert_eq!(there, evaluate(&truth(&turned), &reversed, None));
    }
}
