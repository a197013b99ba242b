//! The library below the command: labels do not depend on how frames and crops are batched, nor on when labeling was stopped.

use crate::program::{WEIGHTS, media};
use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use swingpose::prelude::*;
use swingpose_labels::{LabelsError, Unfinished, output_path, read};
use tempfile::{TempDir, tempdir};

/// Labels of the video's first frames, `batch` at a time.
fn labels(batch: usize, options: LabelOptions) -> Vec<FrameLabels> {
    let labeler = Labeler::builder(WEIGHTS.pose())
        .boxes(Boxes::Detected(WEIGHTS.detector()))
        .options(options)
        .batch(NonZeroUsize::new(batch).unwrap())
        .build()
        .unwrap();
    labeler.label(media("single_cam01.mp4")).unwrap().map(Result::unwrap).collect()
}

#[test]
fn labels_do_not_depend_on_the_batch() {
    let options = LabelOptions {
        flip: true,
        frames: "..7".parse().unwrap(),
        score_threshold: "0".parse().unwrap(),
        max_people: NonZeroUsize::new(3),
        ..LabelOptions::default()
    };
    let alone = labels(1, options);
    assert_eq!(alone.len(), 7);
    assert!(alone.iter().all(|frame| frame.people.len() == 3));
    for batch in [2, 4] {
        assert_eq!(labels(batch, options), alone, "batch {batch}");
    }
}

#[test]
fn labels_of_skipped_frames_do_not_depend_on_the_batch() {
    let options = LabelOptions {
        detect_every: 3.try_into().unwrap(),
        frames: "..7".parse().unwrap(),
        score_threshold: "0".parse().unwrap(),
        max_people: Some(NonZeroUsize::MIN),
        ..LabelOptions::default()
    };
    assert_eq!(labels(4, options), labels(1, options));
}

#[test]
fn labeling_that_is_dropped_half_way_stops() {
    let labeler = Labeler::builder(WEIGHTS.pose()).build().unwrap();
    let mut labeling = labeler.label(media("single_cam01.mp4")).unwrap();
    assert_eq!(labeling.expected_frames(), 100);
    assert_eq!(labeling.next().unwrap().unwrap().frame, FrameIndex(0));
    drop(labeling);
}

/// Labels two people in frames 2 to 13 of the video, with a detector that looks at every third and the primary person by
/// movement: what there is that one frame's labels can take from those before.
fn resumable(input: &Path, flip: bool) -> (Labeler, TempDir, PathBuf) {
    let options = LabelOptions {
        flip,
        detect_every: 3.try_into().unwrap(),
        frames: "2..14".parse().unwrap(),
        score_threshold: "0".parse().unwrap(),
        max_people: NonZeroUsize::new(2),
        primary: Primary::Motion,
    };
    let labeler = Labeler::builder(WEIGHTS.pose())
        .boxes(Boxes::Detected(WEIGHTS.detector()))
        .options(options)
        .segment(Duration::from_millis(100))
        .build()
        .unwrap();
    let folder = tempdir().unwrap();
    let output = output_path(Some(folder.path()), input).unwrap();
    (labeler, folder, output)
}

/// The track of each person of a label file, frame by frame.
fn tracks_of(path: &Path) -> Vec<Option<u32>> {
    let frames = read(path).unwrap().frames.map(Result::unwrap);
    frames.flat_map(|frame| frame.people).map(|person| person.track).collect()
}

/// Stops after so many frames.
struct StopAfter {
    frames: u64,
    labeled: u64,
}

impl Reporter for StopAfter {
    fn progressed(&mut self, frames: u64) {
        self.labeled = frames;
    }

    fn should_stop(&self) -> bool {
        self.labeled >= self.frames
    }
}

#[test]
fn labels_do_not_depend_on_where_labeling_was_stopped() {
    let input = media("single_cam01.mp4");
    let (labeler, _folder, output) = resumable(&input, false);
    let whole = labeler.label_file(&input, &output, Existing::Keep, &mut Silent).unwrap();
    assert_eq!((whole.frames, whole.frames_before), (12, 0));
    let expected = fs::read(&output).unwrap();
    let tracks = tracks_of(&output);
    assert!(tracks.len() == 24 && tracks.iter().all(Option::is_some), "{tracks:?}");
    assert!(tracks[1..].contains(&tracks[0]), "nobody is followed: {tracks:?}");
    for frames in [1, 2, 5, 12] {
        let (labeler, folder, output) = resumable(&input, false);
        let mut before = 0;
        let summary = loop {
            let stop = &mut StopAfter { frames, labeled: 0 };
            match labeler.label_file(&input, &output, Existing::Keep, stop) {
                Ok(summary) => break summary,
                Err(PipelineError::Interrupted) => before = 12.min(before + frames),
                Err(error) => panic!("{error}"),
            }
            assert!(!output.exists());
        };
        assert_eq!((summary.frames, summary.frames_before), (12, before), "{frames}");
        assert!(fs::read(&output).unwrap() == expected, "stopped after {frames} frames each");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}

#[test]
fn what_was_begun_otherwise_is_not_gone_on_with_unless_told() {
    let input = media("single_cam01.mp4");
    let (labeler, _folder, output) = resumable(&input, false);
    let stop = &mut StopAfter { frames: 4, labeled: 0 };
    assert!(labeler.label_file(&input, &output, Existing::Keep, stop).is_err());
    let (other, ..) = resumable(&input, true);
    let refusal = other.label_file(&input, &output, Existing::Keep, &mut Silent).unwrap_err().to_string();
    assert!(refusal.contains("other options: flip false then, flip true now"), "{refusal}");
    assert!(refusal.contains("--overwrite"), "{refusal}");
    let summary = labeler.label_file(&input, &output, Existing::Overwrite, &mut Silent).unwrap();
    assert_eq!(summary.frames_before, 4, "what was begun in the same way goes on");
    let summary = other.label_file(&input, &output, Existing::Overwrite, &mut Silent).unwrap();
    assert_eq!((summary.frames, summary.frames_before), (12, 0));
}

#[test]
fn labels_that_another_process_is_at_are_left_alone() {
    let input = media("single_cam01.mp4");
    let (labeler, _folder, output) = resumable(&input, false);
    let held = Unfinished::open(&output).unwrap();
    let refusal = labeler.label_file(&input, &output, Existing::Keep, &mut Silent).unwrap_err();
    assert!(matches!(refusal, PipelineError::Labels(LabelsError::InUse { .. })), "{refusal}");
    drop(held);
    labeler.label_file(&input, &output, Existing::Keep, &mut Silent).unwrap();
}

#[test]
fn segments_beside_a_whole_label_file_are_taken_away() {
    let input = media("single_cam01.mp4");
    let (labeler, folder, output) = resumable(&input, false);
    let stop = &mut StopAfter { frames: 4, labeled: 0 };
    assert!(labeler.label_file(&input, &output, Existing::Keep, stop).is_err());
    let (partial, aside) = (Unfinished::folder_of(&output), folder.path().join("aside"));
    fs::rename(&partial, &aside).unwrap();
    labeler.label_file(&input, &output, Existing::Keep, &mut Silent).unwrap();
    fs::rename(&aside, &partial).unwrap();
    assert!(labeler.label_file(&input, &output, Existing::Keep, &mut Silent).unwrap().already_labeled);
    assert!(!partial.exists());
}

/// Writes to the input when some frames are labeled.
struct Meddler(PathBuf);

impl Reporter for Meddler {
    fn progressed(&mut self, frames: u64) {
        if frames == 9 {
            fs::OpenOptions::new().append(true).open(&self.0).unwrap().write_all(b"more").unwrap();
        }
    }
}

#[test]
fn an_input_that_changes_on_the_way_has_no_labels() {
    let folder = tempdir().unwrap();
    let input = folder.path().join("clip.mp4");
    fs::copy(media("single_cam01.mp4"), &input).unwrap();
    let (labeler, _folder, output) = resumable(&input, false);
    let refusal = labeler.label_file(&input, &output, Existing::Keep, &mut Meddler(input.clone())).unwrap_err();
    assert!(matches!(refusal, PipelineError::InputChanged { .. }), "{refusal}");
    assert!(!output.exists());
    // What was labeled of it before is of another input now.
    let refusal = labeler.label_file(&input, &output, Existing::Keep, &mut Silent).unwrap_err();
    assert!(matches!(refusal, PipelineError::Begun { .. }), "{refusal}");
}
