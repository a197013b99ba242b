//! `swingpose overlay` and `label --overlay`: which picture is written where, and what is refused.

use crate::program::{Outcome, label_into, media, swingpose, swingpose_interrupted};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use swingpose_cli::Exit;
use tempfile::{TempDir, tempdir};

const VIDEO: &str = "single_cam01.mp4";
const PICTURE: &str = "basketball1.png";
/// Width and height of a sheet of the video's: 4 x 2 frames of 480 x 853.
const SHEET: (u32, u32) = (1970, 1778);

/// A folder with the label file of a video's first frames or of a picture, made without a detector.
fn labeled(input: &str) -> TempDir {
    let folder = tempdir().unwrap();
    let outcome = label(folder.path(), input, &[]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    folder
}

fn label(out: &Path, input: &str, options: &[&str]) -> Outcome {
    let mut line = label_into(out, &[&media(input)]);
    let frames: &[&str] = if input == PICTURE { &[] } else { &["--frames", "..20"] };
    line.extend(["--mode", "fast"].iter().chain(frames).chain(options).map(Into::into));
    swingpose(line)
}

fn label_file(folder: &TempDir, input: &str) -> PathBuf {
    folder.path().join(input).with_extension("poses.parquet")
}

fn overlay(labels: &[PathBuf], options: &[&dyn AsRef<std::ffi::OsStr>]) -> Outcome {
    let labels = labels.iter().map(|path| path.clone().into_os_string());
    let options = options.iter().map(|option| option.as_ref().to_owned());
    swingpose(std::iter::once(OsString::from("overlay")).chain(labels).chain(options))
}

fn size(path: impl AsRef<Path>) -> (u32, u32) {
    image::open(path).unwrap().into_rgb8().dimensions()
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_video_becomes_a_sheet_beside_its_labels() {
    let folder = labeled(VIDEO);
    let outcome = overlay(&[label_file(&folder, VIDEO)], &[&"--video", &media("")]);
    assert_eq!((outcome.exit, outcome.out.as_str()), (Exit::Done, ""), "{}", outcome.err);
    assert!(
        outcome.err.contains(": 8 frames -> ") && outcome.err.contains("single_cam01.overlay.jpg"),
        "{}",
        outcome.err
    );
    assert_eq!(size(folder.path().join("single_cam01.overlay.jpg")), SHEET);
}

#[test]
fn the_same_labels_give_the_same_picture() {
    let folder = labeled(VIDEO);
    let [one, two] = ["one.png", "two.png"].map(|name| folder.path().join(name));
    for target in [&one, &two] {
        let outcome =
            overlay(&[label_file(&folder, VIDEO)], &[&"--video", &media(VIDEO), &"--count", &"2", &"--out", target]);
        assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    }
    assert_eq!(fs::read(one).unwrap(), fs::read(two).unwrap());
}

#[test]
fn a_frame_alone_has_its_full_size_and_several_share_a_sheet() {
    let folder = labeled(VIDEO);
    let labels = [label_file(&folder, VIDEO)];
    let outcome = overlay(&labels, &[&"--video", &media(VIDEO), &"--frame", &"13"]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert_eq!(size(folder.path().join("single_cam01.frame13.overlay.jpg")), (1080, 1920));
    let sheet = folder.path().join("new/three.png");
    fs::create_dir(folder.path().join("new")).unwrap();
    let outcome = overlay(&labels, &[&"--video", &media(VIDEO), &"--frames", &"13,2,19", &"--out", &sheet]);
    assert!(outcome.exit == Exit::Done && outcome.err.contains("3 frames"), "{}", outcome.err);
    assert!(size(&sheet).0 > size(&sheet).1);
}

#[test]
fn a_frame_without_labels_is_named_and_nothing_is_written() {
    let folder = labeled(VIDEO);
    let outcome = overlay(&[label_file(&folder, VIDEO)], &[&"--video", &media(VIDEO), &"--frame", &"3,20"]);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("no labels of frame 20") && outcome.err.contains("20 frames"), "{}", outcome.err);
    assert_eq!(names(&folder), ["single_cam01.poses.parquet"]);
}

#[test]
fn a_picture_becomes_a_picture_found_beside_the_labels() {
    let folder = labeled(PICTURE);
    fs::copy(media(PICTURE), folder.path().join(PICTURE)).unwrap();
    let outcome = overlay(&[label_file(&folder, PICTURE)], &[]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert_eq!(size(folder.path().join("basketball1.overlay.jpg")), (640, 480));
}

#[test]
fn keypoints_below_the_threshold_are_left_out() {
    let folder = labeled(PICTURE);
    let drawn = |threshold: &str| {
        let target = folder.path().join("drawn.png");
        let options: [&dyn AsRef<std::ffi::OsStr>; 6] =
            [&"--video", &media(PICTURE), &"--out", &target, &"--keypoint-threshold", &threshold];
        assert_eq!(overlay(&[label_file(&folder, PICTURE)], &options).exit, Exit::Done);
        fs::read(target).unwrap()
    };
    assert_ne!(drawn("0"), drawn("1"));
}

#[test]
fn another_file_than_the_labeled_one_is_refused() {
    let folder = labeled(PICTURE);
    let labels = [label_file(&folder, PICTURE)];
    let mut bytes = fs::read(media(PICTURE)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let forged = folder.path().join("forged.png");
    fs::write(&forged, bytes).unwrap();
    for (video, difference) in [(media(VIDEO), "bytes"), (forged, "SHA-256")] {
        let outcome = overlay(&labels, &[&"--video", &video]);
        assert_eq!(outcome.exit, Exit::SomeFailed);
        assert!(outcome.err.contains("another file") && outcome.err.contains(difference), "{}", outcome.err);
    }
    assert_eq!(names(&folder), ["basketball1.poses.parquet", "forged.png"]);
}

#[test]
fn a_video_that_is_not_there_is_asked_for() {
    let folder = labeled(PICTURE);
    let outcome = overlay(&[label_file(&folder, PICTURE)], &[]);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("--video") && outcome.err.contains(PICTURE), "{}", outcome.err);
}

#[test]
fn the_labeled_picture_itself_is_never_drawn_over() {
    let folder = labeled(PICTURE);
    let copy = folder.path().join(PICTURE);
    fs::copy(media(PICTURE), &copy).unwrap();
    let outcome = overlay(&[label_file(&folder, PICTURE)], &[&"--out", &copy]);
    assert!(outcome.exit == Exit::SomeFailed && outcome.err.contains("--out"), "{}", outcome.err);
    assert_eq!(fs::read(copy).unwrap(), fs::read(media(PICTURE)).unwrap());
}

#[test]
fn a_bad_label_file_is_named_and_the_others_are_drawn() {
    let folder = labeled(PICTURE);
    let bad = folder.path().join("bad.poses.parquet");
    fs::write(&bad, "not labels").unwrap();
    let out = folder.path().join("out");
    let outcome = overlay(&[bad, label_file(&folder, PICTURE)], &[&"--video", &media(""), &"--out", &out]);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("bad.poses.parquet: not drawn: "), "{}", outcome.err);
    assert_eq!(size(out.join("basketball1.overlay.jpg")), (640, 480));
}

#[test]
fn an_interrupted_run_draws_nothing() {
    let folder = labeled(PICTURE);
    let labels = label_file(&folder, PICTURE);
    let outcome = swingpose_interrupted(["overlay".as_ref(), labels.as_os_str()], true);
    assert_eq!(outcome.exit, Exit::Interrupted);
    assert_eq!(names(&folder), ["basketball1.poses.parquet"]);
}

#[test]
fn labeling_draws_what_it_labeled_and_says_where() {
    let folder = tempdir().unwrap();
    let outcome = label(folder.path(), VIDEO, &["--overlay", "--json"]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    let picture = folder.path().join("single_cam01.overlay.jpg");
    assert!(outcome.err.contains(&format!(", overlay {}", picture.display())), "{}", outcome.err);
    assert_eq!(size(&picture), SHEET);
    let summary: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(summary["inputs"][0]["overlay"], picture.to_str().unwrap());

    fs::remove_file(&picture).unwrap();
    let again = label(folder.path(), VIDEO, &["--overlay"]);
    assert!(again.exit == Exit::Done && again.err.contains("labeled before"), "{}", again.err);
    assert!(picture.exists());
}

#[test]
fn labels_stand_where_their_picture_cannot_be_written() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("basketball1.overlay.jpg")).unwrap();
    let outcome = label(folder.path(), PICTURE, &["--overlay", "--json"]);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("error: ") && outcome.err.contains("overlay was not drawn"), "{}", outcome.err);
    let summary: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!((&summary["labeled"], &summary["failed"]), (&1.into(), &0.into()));
    assert!(summary["inputs"][0]["overlay"].is_null() && summary["inputs"][0]["overlay_error"].is_string());
    assert!(label_file(&folder, PICTURE).exists());
}
