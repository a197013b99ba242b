//! The library below the command: labels do not depend on how frames and crops are batched.

use crate::program::{WEIGHTS, media};
use std::num::NonZeroUsize;
use swingpose::prelude::*;

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
