//! `swingpose compare`: what the table and the JSON say, what is refused, when it fails.

use crate::program::{Outcome, golden, labels, swingpose, write_labels};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use swingpose_cli::Exit;
use swingpose_core::provenance::Provenance;
use swingpose_core::{FrameIndex, FrameLabels};
use tempfile::TempDir;

/// The golden label file as A, and beside it what `change` makes of it as B.
fn pair(change: impl FnOnce(&mut Provenance, &mut Vec<FrameLabels>)) -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.poses.parquet"), folder.path().join("b.poses.parquet"));
    std::fs::copy(golden(), &a).unwrap();
    let (mut made, mut frames) = labels(&a);
    change(&mut made, &mut frames);
    write_labels(&b, &made, &frames);
    (folder, a, b)
}

fn compare(a: &Path, b: &Path, options: &[&str]) -> Outcome {
    let mut line: Vec<OsString> = vec!["compare".into(), a.into(), b.into()];
    line.extend(options.iter().map(Into::into));
    swingpose(line)
}

/// Moves a keypoint of the first person of frame 2 by 8 pixels.
fn move_a_wrist(frames: &mut [FrameLabels]) {
    frames[2].people[0].keypoints[9].point.x += 8.0;
}

#[test]
fn labels_are_within_any_limit_of_themselves() {
    let (_folder, a, b) = pair(|_, _| {});
    let outcome = compare(&a, &b, &["--max-px", "0"]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert!(outcome.out.contains("matched 3") && outcome.out.contains("no keypoint has moved"), "{}", outcome.out);
    assert!(outcome.err.contains("within the limit"), "{}", outcome.err);
}

#[test]
fn the_table_fits_a_terminal_and_names_the_worst_frames() {
    let (_folder, a, b) = pair(|_, frames| move_a_wrist(frames));
    let outcome = compare(&a, &b, &[]);
    assert_eq!((outcome.exit, outcome.err.as_str()), (Exit::Done, ""));
    let paths = [&a, &b].map(|path| path.display().to_string());
    for line in outcome.out.lines().filter(|line| !paths.iter().any(|path| line.contains(path))) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let worst = outcome.out.lines().last().unwrap();
    assert!(worst.contains("left_wrist") && worst.contains("8.00"), "{worst}");
    assert!(outcome.out.contains("over 5 px  frames: 1 (2)"), "{}", outcome.out);
}

#[test]
fn a_limit_that_is_passed_fails_and_says_by_what() {
    let (_folder, a, b) = pair(|_, frames| move_a_wrist(frames));
    let over = compare(&a, &b, &["--max-px", "7.5"]);
    assert_eq!((over.exit, over.exit.code()), (Exit::OverLimit, 1));
    assert!(over.err.contains("the largest distance is 8.00 px, more than 7.5 px"), "{}", over.err);
    assert_eq!(compare(&a, &b, &["--max-px", "8"]).exit, Exit::Done);
    assert_eq!(compare(&a, &b, &["--max-px", "1", "--max-px-of", "median"]).exit, Exit::Done);
}

#[test]
fn somebody_who_is_missed_fails_unless_that_is_allowed() {
    let (_folder, a, b) = pair(|_, frames| frames[0].people.clear());
    let missed = compare(&a, &b, &["--max-px", "5"]);
    assert_eq!(missed.exit, Exit::OverLimit);
    assert!(missed.err.contains("1 missed and 0 extra people"), "{}", missed.err);
    assert_eq!(compare(&a, &b, &["--max-px", "5", "--max-unmatched", "1"]).exit, Exit::Done);
}

#[test]
fn json_holds_the_comparison_and_the_verdict() {
    let (_folder, a, b) = pair(|_, frames| move_a_wrist(frames));
    let outcome = compare(&a, &b, &["--json", "--max-px", "1"]);
    assert_eq!(outcome.exit, Exit::OverLimit);
    let told: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(told["comparison"]["people"]["matched"], 3);
    assert_eq!(told["comparison"]["keypoints"]["each"][9]["px"]["max"], 8.0);
    assert_eq!(told["comparison"]["worst"][0]["frame"], 2);
    assert_eq!((&told["passed"], &told["breaches"][0]["breach"]), (&false.into(), &"distance".into()));
    assert_eq!(told["a"]["pose"]["architecture"], "vitpose-h");
    let plain: serde_json::Value = serde_json::from_str(&compare(&a, &b, &["--json"]).out).unwrap();
    assert_eq!(plain["passed"], serde_json::Value::Null);
}

#[test]
fn labels_that_do_not_belong_together_are_refused_and_it_says_what_to_do() {
    type Change = fn(&mut Provenance, &mut Vec<FrameLabels>);
    let cases: [(Change, &str); 4] = [
        (|made, _| made.input.sha256 = "00".repeat(32), "one and the same input"),
        (|made, _| made.input.size = (640, 480), "640x480"),
        (|_, frames| drop(frames.pop()), "frame 7 is in A only"),
        (|_, frames| frames[1].pts += 1, "frame 1 is at tick 1 in A and at tick 2 in B"),
    ];
    for (change, said) in cases {
        let (_folder, a, b) = pair(change);
        let outcome = compare(&a, &b, &["--max-px", "5"]);
        assert_eq!((outcome.exit, outcome.exit.code()), (Exit::CouldNotStart, 2));
        assert!(outcome.err.contains(said) && outcome.out.is_empty(), "{}", outcome.err);
    }
    let (_folder, a, b) = pair(|_, frames| frames[3].frame = FrameIndex(8));
    assert!(compare(&a, &b, &[]).err.contains("the same --frames"));
}

#[test]
fn a_bad_file_is_refused_by_name() {
    let (folder, a, b) = pair(|_, _| {});
    let mut bytes = std::fs::read(&b).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&b, bytes).unwrap();
    for bad in [b, folder.path().join("none.poses.parquet")] {
        let outcome = compare(&a, &bad, &[]);
        assert_eq!(outcome.exit, Exit::CouldNotStart);
        assert!(outcome.err.contains(&bad.display().to_string()), "{}", outcome.err);
    }
}

#[test]
fn options_that_mean_nothing_are_refused() {
    let (_folder, a, b) = pair(|_, _| {});
    for options in [&["--max-px", "-1"][..], &["--max-px", "nan"], &["--min-oks", "2"], &["--max-unmatched", "3"]] {
        assert_eq!(compare(&a, &b, options).exit, Exit::CouldNotStart, "{options:?}");
    }
}
