//! `swingpose verify`: labels that are what they say, and labels that are not.

use crate::program::{Outcome, WEIGHTS, detect_into, labels, media, swingpose, write_labels};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use swingpose_cli::Exit;
use tempfile::{TempDir, tempdir};

const VIDEO: &str = "single_cam01.mp4";

/// Labels of some frames of the video, with everything that could be set set.
fn labeled() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let mut line = detect_into(folder.path(), &[&media(VIDEO)]);
    let options = ["--score-threshold", "0", "--max-people", "2", "--detect-every", "3", "--frames", "4..14", "--flip"];
    line.extend(options.map(OsString::from));
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    let path = folder.path().join("single_cam01.poses.parquet");
    (folder, path)
}

fn verify(path: &Path, weights: &Path, options: &[&str]) -> Outcome {
    let mut line: Vec<OsString> = vec!["verify".into(), path.into(), "--video".into(), media("").into()];
    line.extend(["--weights".into(), weights.into()]);
    line.extend(options.iter().map(Into::into));
    swingpose(line)
}

#[test]
fn labels_are_made_again_to_the_last_bit() {
    let (_folder, path) = labeled();
    let outcome = verify(&path, WEIGHTS.folder(), &["--sample", "4"]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert!(outcome.out.contains("4 frames labeled again, the same to the last bit"), "{}", outcome.out);
}

#[test]
fn what_frames_before_tell_is_not_made_again() {
    let (_folder, path) = labeled();
    let (mut made, mut frames) = labels(&path);
    made.options.insert("primary".to_owned(), "motion".to_owned());
    for (number, person) in (7..).zip(frames.iter_mut().flat_map(|frame| &mut frame.people)) {
        person.track = Some(number);
        person.primary = !person.primary;
    }
    write_labels(&path, &made, &frames);
    let outcome = verify(&path, WEIGHTS.folder(), &["--sample", "2"]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);

    // Labels from before there were tracks and rules.
    made.options.remove("primary");
    for person in frames.iter_mut().flat_map(|frame| &mut frame.people) {
        person.track = None;
        person.primary = !person.primary;
    }
    write_labels(&path, &made, &frames);
    let outcome = verify(&path, WEIGHTS.folder(), &["--sample", "2"]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
}

#[test]
fn changed_labels_are_found_out_even_under_a_new_seal() {
    let (folder, path) = labeled();
    let (made, mut frames) = labels(&path);
    frames[9].people[0].keypoints[5].point.y += 1.0;
    write_labels(&path, &made, &frames);
    let outcome = verify(&path, WEIGHTS.folder(), &["--sample", "2", "--json"]);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("1 of 2 frames labeled again have other labels: 13"), "{}", outcome.err);
    assert!(outcome.out.contains("\"passes\":false"), "{}", outcome.out);

    let edited = folder.path().join("edited.poses.parquet");
    let mut bytes = fs::read(&path).unwrap();
    bytes[300] ^= 1;
    fs::write(&edited, bytes).unwrap();
    let outcome = verify(&edited, WEIGHTS.folder(), &[]);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("not those that were written"), "{}", outcome.err);
}

#[test]
fn labels_of_another_device_only_have_to_be_near() {
    let (_folder, path) = labeled();
    let (mut made, mut frames) = labels(&path);
    made.device.name = "another one".to_owned();
    write_labels(&path, &made, &frames);
    let outcome = verify(&path, WEIGHTS.folder(), &["--sample", "3"]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert!(outcome.out.contains("another one then"), "{}", outcome.out);
    for person in frames.iter_mut().flat_map(|frame| &mut frame.people) {
        // The nano network is sure of nothing; what is not sure is not measured.
        person.keypoints.iter_mut().for_each(|keypoint| keypoint.score = 1.0);
        person.keypoints.iter_mut().for_each(|keypoint| keypoint.point.x += 0.5);
    }
    write_labels(&path, &made, &frames);
    let outcome = verify(&path, WEIGHTS.folder(), &["--sample", "3"]);
    assert_eq!(outcome.exit, Exit::SomeFailed, "{}", outcome.out);
}

#[test]
fn what_the_labels_were_made_of_must_be_here() {
    let (_folder, path) = labeled();
    let empty = tempdir().unwrap();
    let outcome = verify(&path, empty.path(), &[]);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("--weights"), "{}", outcome.err);
    let line: [OsString; 2] = ["verify".into(), path.into()];
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("--video"), "{}", outcome.err);
}
