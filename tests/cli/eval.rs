//! `swingpose eval`: pictures labeled by `label` and judged by annotations; what is refused.

use crate::program::{Outcome, label_into, labels, media, swingpose};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use swingpose_cli::Exit;
use tempfile::TempDir;

const PICTURE: &str = "basketball1.png";

/// A folder of pictures with COCO's names, their labels, and annotations that agree with the labels.
struct Case {
    folder: TempDir,
}

impl Case {
    fn new() -> Self {
        let case = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(case.path("pictures")).unwrap();
        for name in ["000000000042.png", "other.png"] {
            fs::copy(media(PICTURE), case.path("pictures").join(name)).unwrap();
        }
        let mut line = label_into(&case.path("labels"), &[&case.path("pictures")]);
        line.extend(["--mode", "fast"].map(Into::into));
        fs::create_dir(case.path("labels")).unwrap();
        let outcome = swingpose(line);
        assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
        case.write(&case.agreeing());
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn label_file(&self, stem: &str) -> PathBuf {
        self.path("labels").join(format!("{stem}.poses.parquet"))
    }

    /// Picture 42 by another name than the label file's, picture 7 by its own; in each, who was labeled.
    fn agreeing(&self) -> Value {
        let annotation = |id: u32, image: u32, stem: &str| {
            let (_, frames) = labels(&self.label_file(stem));
            let person = &frames[0].people[0];
            let keypoints: Vec<f32> = person.keypoints.iter().flat_map(|k| [k.point.x, k.point.y, 2.0]).collect();
            json!({"id": id, "image_id": image, "category_id": 1, "bbox": [0, 0, 640, 480], "area": 307_200, "iscrowd": 0,
                   "num_keypoints": 17, "keypoints": keypoints})
        };
        json!({
            "images": [
                {"id": 42, "file_name": "000000000042.jpg", "width": 640, "height": 480},
                {"id": 7, "file_name": "train/other.png", "width": 640, "height": 480},
            ],
            "annotations": [annotation(1, 42, "000000000042"), annotation(2, 7, "other")],
            "categories": [{"id": 1, "name": "person"}],
        })
    }

    fn write(&self, annotations: &Value) {
        fs::write(self.path("annotations.json"), annotations.to_string()).unwrap();
    }

    fn eval(&self, labels: &Path, options: &[&str]) -> Outcome {
        let mut line: Vec<OsString> = vec!["eval".into(), labels.into(), "--coco".into()];
        line.push(self.path("annotations.json").into());
        line.extend(options.iter().map(Into::into));
        swingpose(line)
    }
}

#[test]
fn labels_of_a_folder_of_pictures_find_their_annotations() {
    let case = Case::new();
    let number = |stem: &str| labels(&case.label_file(stem)).0.input.image_id;
    assert_eq!((number("000000000042"), number("other")), (Some(42), None));
    let outcome = case.eval(&case.path("labels"), &["--json"]);
    assert_eq!((outcome.exit, outcome.err.as_str()), (Exit::Done, ""));
    let told: Value = serde_json::from_str(&outcome.out).unwrap();
    let evaluation = &told["evaluation"];
    assert_eq!((&evaluation["images"], &evaluation["detections"]), (&2.into(), &2.into()));
    for task in ["boxes", "keypoints"] {
        let ap = evaluation[task]["ap"].as_f64().unwrap();
        assert!((ap - 1.0).abs() < 1e-9, "{task}: {ap}");
    }
    assert_eq!((&evaluation["boxes"]["ap_small"], &told["other_size"]), (&(-1.0).into(), &json!([])));
}

#[test]
fn the_table_fits_a_terminal() {
    let case = Case::new();
    let outcome = case.eval(&case.path("labels"), &[]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert!(outcome.out.lines().all(|line| line.chars().count() <= 80), "{}", outcome.out);
    let first = outcome.out.lines().find(|line| line.starts_with("IoU or OKS")).unwrap();
    assert_eq!(first.matches("1.0000").count(), 4, "{first}");
}

#[test]
fn a_picture_without_labels_is_refused_unless_it_is_to_be_left_out() {
    let case = Case::new();
    let one = case.label_file("other");
    let refused = case.eval(&one, &[]);
    assert_eq!((refused.exit, refused.exit.code()), (Exit::CouldNotStart, 2));
    assert!(refused.err.contains("000000000042.jpg") && refused.err.contains("--labeled-only"), "{}", refused.err);
    let left_out = case.eval(&one, &["--labeled-only"]);
    assert_eq!(left_out.exit, Exit::Done, "{}", left_out.err);
    assert!(left_out.out.contains("pictures 1, people annotated 1"), "{}", left_out.out);
}

#[test]
fn labels_that_do_not_fit_are_refused_by_name() {
    let case = Case::new();
    let mut annotations = case.agreeing();
    annotations["images"][1]["file_name"] = json!("another.png");
    case.write(&annotations);
    let unknown = case.eval(&case.path("labels"), &[]);
    assert_eq!(unknown.exit, Exit::CouldNotStart);
    assert!(unknown.err.contains("other.poses.parquet") && unknown.err.contains("other.png"), "{}", unknown.err);

    let category = case.eval(&case.path("labels"), &["--category", "golfer"]);
    assert_eq!(category.exit, Exit::CouldNotStart);
    assert!(category.err.contains("only person"), "{}", category.err);

    let empty = case.eval(&case.path("pictures"), &[]);
    assert!(empty.exit == Exit::CouldNotStart && empty.err.contains(".poses.parquet"), "{}", empty.err);
}

#[test]
fn one_bad_file_is_refused_by_name() {
    let case = Case::new();
    let bad = case.label_file("other");
    fs::write(&bad, b"PAR1").unwrap();
    let outcome = case.eval(&case.path("labels"), &["--labeled-only"]);
    assert_eq!(outcome.exit, Exit::CouldNotStart);
    assert!(outcome.err.contains(&bad.display().to_string()) && outcome.out.is_empty(), "{}", outcome.err);
}

#[test]
fn what_may_be_wrong_is_said() {
    let case = Case::new();
    let mut annotations = case.agreeing();
    annotations["images"][1]["width"] = json!(480);
    for annotation in annotations["annotations"].as_array_mut().unwrap() {
        annotation.as_object_mut().unwrap().remove("keypoints");
    }
    case.write(&annotations);
    let outcome = case.eval(&case.path("labels"), &[]);
    assert_eq!(outcome.exit, Exit::Done);
    assert!(outcome.err.contains("another size") && outcome.err.contains("boxes alone"), "{}", outcome.err);
}
