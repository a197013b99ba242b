//! `swingpose qc`: what is found in labels of real footage, the pages it writes, and how it ends.
//!
//! `fixtures/labels` has the labels that the demo pair made of `single_cam01.mp4`, and of the frames from 60 on of `multi_cam01.mp4`,
//! in which one person passes behind another.

use crate::program::{Outcome, labels, media, swingpose, swingpose_interrupted, write_labels};
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use swingpose_cli::Exit;
use swingpose_core::FrameLabels;
use tempfile::TempDir;

const SINGLE: &str = "single_cam01.poses.parquet";
const MULTI: &str = "multi_cam01.poses.parquet";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/labels").join(name)
}

/// Runs `qc` over `files` into a new folder, with `options`.
fn qc(files: &[&Path], options: &[&str]) -> (TempDir, Outcome) {
    let out = tempfile::tempdir().unwrap();
    let mut line: Vec<OsString> = vec!["qc".into(), "--out".into(), out.path().into()];
    line.extend(files.iter().map(|file| file.as_os_str().to_owned()));
    line.extend(options.iter().map(Into::into));
    let outcome = swingpose(line);
    (out, outcome)
}

/// A copy of the single person's labels in a folder of its own, as `change` leaves them.
fn changed(change: impl FnOnce(&mut Vec<FrameLabels>)) -> (TempDir, PathBuf) {
    let (made, mut frames) = labels(&fixture(SINGLE));
    change(&mut frames);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SINGLE);
    write_labels(&path, &made, &frames);
    (folder, path)
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

fn report(out: &TempDir, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(out.path().join(name)).unwrap()).unwrap()
}

/// The kinds found, and their frames.
fn findings(report: &Value) -> Vec<(String, [u64; 2])> {
    let findings = report["findings"].as_array().unwrap();
    let frames = |finding: &Value| [0, 1].map(|end| finding["frames"][end].as_u64().unwrap());
    findings.iter().map(|finding| (finding["kind"].as_str().unwrap().to_owned(), frames(finding))).collect()
}

#[test]
fn nothing_is_found_where_the_video_shows_nothing() {
    let (out, outcome) = qc(&[&fixture(SINGLE)], &["--strict", "--worst", "0"]);
    assert_eq!((outcome.exit, outcome.out.as_str()), (Exit::Done, ""), "{}", outcome.err);
    assert!(outcome.err.starts_with("pass: ") && outcome.err.contains("nothing suspicious"), "{}", outcome.err);
    assert_eq!(names(&out), ["single_cam01.qc.html", "single_cam01.qc.json"]);
    let report = report(&out, "single_cam01.qc.json");
    assert_eq!((&report["verdict"], report["people"].as_array().unwrap().len()), (&"pass".into(), 2));
}

#[test]
fn who_passes_behind_another_is_found() {
    let (out, outcome) = qc(&[&fixture(MULTI)], &["--worst", "0"]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    let report = report(&out, "multi_cam01.qc.json");
    let found = findings(&report);
    // One is hidden from frame 87 to 90; before, the wrist is taken for the other's, and after, too.
    for (kind, frames) in [("missing", [87, 90]), ("jitter", [84, 84]), ("limb_length", [91, 99])] {
        assert!(found.contains(&(kind.to_owned(), frames)), "{kind}: {found:?}");
    }
    assert!(found.iter().all(|(kind, _)| !["swap", "frozen", "time", "nowhere"].contains(&kind.as_str())), "{found:?}");
}

#[test]
fn a_fault_in_real_labels_is_found_where_it_is_and_nothing_else() {
    let jitter = |frames: &mut Vec<FrameLabels>| frames[50].people[1].keypoints[9].point.x += 90.0;
    let swap = |frames: &mut Vec<FrameLabels>| {
        frames[30..40]
            .iter_mut()
            .for_each(|frame| [5, 7, 9, 11].iter().for_each(|&left| frame.people[1].keypoints.swap(left, left + 1)));
    };
    let frozen = |frames: &mut Vec<FrameLabels>| {
        let still = frames[40].people[1].keypoints[0];
        frames[40..60].iter_mut().for_each(|frame| frame.people[1].keypoints[0] = still);
    };
    let missing = |frames: &mut Vec<FrameLabels>| frames[70..76].iter_mut().for_each(|frame| frame.people.truncate(1));
    type Change = fn(&mut Vec<FrameLabels>);
    let cases: [(Change, &str, [u64; 2]); 4] = [
        (jitter, "jitter", [50, 50]),
        (swap, "swap", [30, 39]),
        (frozen, "frozen", [40, 59]),
        (missing, "missing", [70, 75]),
    ];
    for (change, kind, [first, last]) in cases {
        let (_folder, path) = changed(change);
        let (out, outcome) = qc(&[&path], &["--worst", "0"]);
        let found = findings(&report(&out, "single_cam01.qc.json"));
        assert!(found.contains(&(kind.to_owned(), [first, last])), "{kind}: {found:?}, {}", outcome.err);
        let near = |frames: &[u64; 2]| frames[0] + 2 >= first && frames[1] <= last + 2;
        assert!(found.iter().all(|(_, frames)| near(frames)), "{kind}: {found:?}");
    }
}

#[test]
fn the_worst_frames_are_shown_with_their_skeletons() {
    let (_folder, path) = changed(|frames| frames[12].people[1].keypoints[9].point.x += 90.0);
    let (out, outcome) = qc(&[&path], &["--worst", "2", "--video", media("").to_str().unwrap()]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    let page = fs::read_to_string(out.path().join("single_cam01.qc.html")).unwrap();
    assert_eq!(page.matches("data:image/jpeg;base64,").count(), 2);
    assert!(page.contains("id=\"frame-12\"") && page.contains("class=\"ring\""));
}

#[test]
fn without_the_video_the_page_says_why_it_has_no_pictures() {
    let (_folder, path) = changed(|frames| frames.truncate(20));
    let (out, outcome) = qc(&[&path], &[]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert!(outcome.err.contains("no pictures") && outcome.err.contains("--video"), "{}", outcome.err);
    let page = fs::read_to_string(out.path().join("single_cam01.qc.html")).unwrap();
    assert!(page.contains("single_cam01.mp4 is not there") && !page.contains("data:image"), "{page}");
}

#[test]
fn a_video_to_look_at_passes_unless_told_otherwise_and_one_that_fails_never_does() {
    let (_folder, look) = changed(|frames| frames[50].people[1].keypoints[9].point.x += 90.0);
    assert_eq!(qc(&[&look], &["--worst", "0"]).1.exit, Exit::Done);
    let strict = qc(&[&look], &["--worst", "0", "--strict"]).1;
    assert_eq!((strict.exit, strict.exit.code()), (Exit::OverLimit, 1));
    let (_folder, fail) = changed(|frames| frames[50..70].iter_mut().for_each(|frame| frame.people.clear()));
    let failed = qc(&[&fail], &["--worst", "0"]).1;
    assert_eq!(failed.exit, Exit::OverLimit);
    assert!(failed.err.starts_with("fail: ") && failed.err.contains("20 %"), "{}", failed.err);
}

#[test]
fn a_batch_has_an_index_and_what_cannot_be_read_is_named() {
    let bad = tempfile::tempdir().unwrap();
    let bad = bad.path().join("bad.poses.parquet");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture(SINGLE), folder.path().join(SINGLE)).unwrap();
    let (out, outcome) = qc(&[folder.path(), &fixture(SINGLE), &bad], &["--worst", "0", "--json"]);
    assert_eq!((outcome.exit, outcome.exit.code()), (Exit::SomeFailed, 1));
    assert!(outcome.err.contains("bad.poses.parquet: not checked"), "{}", outcome.err);
    assert!(outcome.err.contains("3 videos: 2 pass, 0 look, 1 fail"), "{}", outcome.err);
    let pages = [
        "index.html",
        "index.json",
        "single_cam01-2.qc.html",
        "single_cam01-2.qc.json",
        "single_cam01.qc.html",
        "single_cam01.qc.json",
    ];
    assert_eq!(names(&out), pages);
    let told: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(told, report(&out, "index.json"));
    assert_eq!(
        (&told["pass"], &told["fail"], &told["videos"][1]["page"]),
        (&2.into(), &1.into(), &"single_cam01-2.qc.html".into())
    );
    assert!(told["videos"][2]["error"].as_str().unwrap().contains("bad.poses.parquet"));
    let index = fs::read_to_string(out.path().join("index.html")).unwrap();
    assert!(index.contains("href=\"single_cam01-2.qc.html\""));
}

#[test]
fn the_same_labels_give_the_same_pages() {
    let page = || {
        let (out, _) = qc(&[&fixture(MULTI)], &["--worst", "3", "--video", media("").to_str().unwrap()]);
        fs::read(out.path().join("multi_cam01.qc.html")).unwrap()
    };
    assert_eq!(page(), page());
}

#[test]
fn an_interrupted_run_and_no_labels_write_no_page() {
    let out = tempfile::tempdir().unwrap();
    let line =
        |labels: &Path| ["qc".into(), "--out".into(), out.path().as_os_str().to_owned(), labels.as_os_str().to_owned()];
    assert_eq!(swingpose_interrupted(line(&fixture(SINGLE)), true).exit, Exit::Interrupted);
    let empty = tempfile::tempdir().unwrap();
    let refused = swingpose(line(empty.path()));
    assert_eq!(refused.exit, Exit::CouldNotStart);
    assert!(refused.err.contains("hold a label file"), "{}", refused.err);
    assert_eq!(names(&out), Vec::<String>::new());
}
