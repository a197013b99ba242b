//! Unfinished labels: stopped anywhere and gone on with, damaged, of another making, held by somebody.

use super::segment::segment_path;
use super::*;
use crate::error::LabelsError;
use crate::sample::{frame, provenance};
use crate::sink::{Ending, LabelSink};
use crate::table::{LabelWriter, read};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use swingpose_core::FrameLabels;
use tempfile::TempDir;

/// What the sample input has: a second and a half, with frames 40 to 44 and the last five lost.
const END: u64 = 90;

/// Six segments' worth of it.
const LENGTH: Duration = Duration::from_millis(250);

fn frames() -> Vec<FrameLabels> {
    (0..END - 5).filter(|number| !(40..45).contains(number)).map(|number| frame(number, (number % 3) as u32)).collect()
}

fn scratch() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("swing.1.poses.parquet");
    (folder, output)
}

fn note(number: u64) -> Vec<String> {
    vec![format!("before {number}"), "said often".to_owned()]
}

/// Goes on with the labels of `output` until `most` frames are written.
fn go_on(output: &Path, most: usize) -> Option<Joined> {
    let mut unfinished = Unfinished::open(output).unwrap();
    let next = unfinished.resume(0).unwrap();
    if unfinished.is_complete() {
        return unfinished.join(&|| false).unwrap();
    }
    let mut segments = unfinished.write(next, provenance(), LENGTH);
    let missing: Vec<_> = frames().into_iter().filter(|labels| labels.frame.0 >= next).collect();
    let stopped = missing.len() > most;
    for labels in missing.iter().take(most) {
        if segments.is_due(labels) {
            segments.cut(labels.frame.0, note(labels.frame.0)).unwrap();
        }
        segments.write(labels).unwrap();
    }
    if stopped {
        segments.keep(note(0)).unwrap();
        return None;
    }
    segments.finish(END, note(END), &|| false).unwrap()
}

/// The label file as it is when it is written in one go.
fn undisturbed() -> Vec<u8> {
    let (_folder, output) = scratch();
    let mut writer = LabelWriter::create(&output, &provenance()).unwrap();
    frames().iter().for_each(|labels| writer.write(labels).unwrap());
    writer.finish(Ending { lost_frames: 10 }).unwrap();
    fs::read(output).unwrap()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort_unstable();
    entries
}

#[test]
fn the_label_file_is_the_same_wherever_it_was_stopped() {
    let expected = undisturbed();
    for most in [1, 7, 15, 16, 39, 79, 80] {
        let (folder, output) = scratch();
        let joined = std::iter::repeat_with(|| go_on(&output, most)).flatten().next().unwrap();
        assert_eq!((joined.frames, joined.lost_frames), (80, 10), "{most}");
        let said = joined.notes.iter().filter(|note| *note == "said often").count();
        assert_eq!(said, 1, "{most}");
        assert!(fs::read(&output).unwrap() == expected, "{most}");
        assert_eq!(entries(folder.path()), [output], "{most}");
    }
}

#[test]
fn all_in_one_segment_is_the_label_file_at_once() {
    let (folder, output) = scratch();
    let mut segments = Unfinished::open(&output).unwrap().write(0, provenance(), Duration::from_secs(9));
    frames().iter().for_each(|labels| segments.write(labels).unwrap());
    let joined = segments.finish(END, note(END), &|| false).unwrap().unwrap();
    assert_eq!((joined.frames, joined.lost_frames, joined.notes), (80, 10, note(END)));
    assert!(fs::read(&output).unwrap() == undisturbed());
    assert_eq!(entries(folder.path()), [output]);
}

#[test]
fn a_writer_that_is_dropped_leaves_whole_segments_only() {
    let (_folder, output) = scratch();
    let mut segments = Unfinished::open(&output).unwrap().write(0, provenance(), LENGTH);
    let missing = frames();
    for labels in &missing[..20] {
        if segments.is_due(labels) {
            segments.cut(labels.frame.0, Vec::new()).unwrap();
        }
        segments.write(labels).unwrap();
    }
    drop(segments);
    let partial = Unfinished::folder_of(&output);
    assert_eq!(entries(&partial), [segment_path(&partial, 0), partial.join("lock")]);
    assert_eq!(Unfinished::open(&output).unwrap().frames(), 15);
}

#[test]
fn a_join_that_is_stopped_can_be_done_again() {
    let (_folder, output) = scratch();
    assert_eq!(go_on(&output, 79), None);
    let mut unfinished = Unfinished::open(&output).unwrap();
    let next = unfinished.resume(0).unwrap();
    let segments = unfinished.write(next, provenance(), LENGTH);
    // Frame 84 turns out to be lost.
    assert_eq!(segments.finish(END, Vec::new(), &|| true).unwrap(), None);
    assert!(!output.exists());
    let joined = go_on(&output, 0).unwrap();
    assert_eq!((joined.frames, joined.lost_frames), (79, 11));
}

#[test]
fn nothing_begun_leaves_nothing() {
    let (folder, output) = scratch();
    let unfinished = Unfinished::open(&output).unwrap();
    assert!(unfinished.folder().is_dir() && unfinished.made().is_none());
    drop(unfinished);
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn labels_that_are_being_written_are_left_alone() {
    let (_folder, output) = scratch();
    let held = Unfinished::open(&output).unwrap();
    match Unfinished::open(&output) {
        Err(LabelsError::InUse { output: named, holder }) => {
            assert_eq!((named, holder), (output.clone(), Some(std::process::id())));
        }
        other => panic!("{other:?}"),
    }
    drop(held);
    Unfinished::open(&output).unwrap();
}

#[test]
fn a_lock_that_a_dead_process_has_left_is_none() {
    let (_folder, output) = scratch();
    let partial = Unfinished::folder_of(&output);
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("lock"), "4194303999").unwrap();
    Unfinished::open(&output).unwrap();
}

#[test]
fn damaged_segments_and_what_follows_them_are_labeled_again() {
    let expected = undisturbed();
    type Damage = fn(&Path);
    let damages: [Damage; 4] = [
        |path| fs::write(path, b"PAR1").unwrap(),
        |path| fs::remove_file(path).unwrap(),
        |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[100] ^= 1;
            fs::write(path, bytes).unwrap();
        },
        |path| {
            fs::write(path.with_file_name(".half.segment.parquet.x1.unfinished"), b"PAR1").unwrap();
        },
    ];
    for victim in [0, 1] {
        for (number, damage) in damages.into_iter().enumerate() {
            let (folder, output) = scratch();
            assert_eq!(go_on(&output, 60), None);
            let segments = entries(&Unfinished::folder_of(&output));
            damage(&segments[victim]);
            go_on(&output, 80).unwrap();
            assert!(fs::read(&output).unwrap() == expected, "{victim}, {number}");
            assert_eq!(entries(folder.path()), [output], "{victim}, {number}");
        }
    }
}

#[test]
fn segments_that_begin_elsewhere_are_no_beginning() {
    let (_folder, output) = scratch();
    assert_eq!(go_on(&output, 60), None);
    let mut unfinished = Unfinished::open(&output).unwrap();
    assert_eq!(unfinished.resume(10).unwrap(), 10);
    assert_eq!((unfinished.frames(), unfinished.made()), (0, None));
}

#[test]
fn segments_of_two_makings_are_not_joined() {
    let (_folder, output) = scratch();
    assert_eq!(go_on(&output, 30), None);
    let mut other = provenance();
    other.pose.sha256 = "0".repeat(64);
    let mut unfinished = Unfinished::open(&output).unwrap();
    assert_eq!(unfinished.made().unwrap().pose, provenance().pose);
    let next = unfinished.resume(0).unwrap();
    let mut segments = unfinished.write(next, other, LENGTH);
    segments.write(&frame(next, 1)).unwrap();
    segments.keep(Vec::new()).unwrap();
    assert_eq!(Unfinished::open(&output).unwrap().frames(), 30);
}

#[test]
fn a_segment_is_no_label_file() {
    let (_folder, output) = scratch();
    assert_eq!(go_on(&output, 30), None);
    let segment = segment_path(&Unfinished::folder_of(&output), 0);
    assert!(matches!(read(&segment), Err(LabelsError::Segment { path }) if path == segment));
    assert!(crate::path::label_files(&[output.parent().unwrap()]).is_err());
}

#[test]
fn a_folder_that_takes_no_file_is_named() {
    let (folder, _) = scratch();
    let output = folder.path().join("missing/x.poses.parquet");
    match Unfinished::open(&output) {
        Err(LabelsError::Write { path, .. }) => assert_eq!(path, Unfinished::folder_of(&output)),
        other => panic!("{other:?}"),
    }
}
