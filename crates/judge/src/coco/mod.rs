//! Labels of pictures against the annotations of a COCO data set: box AP and AR, keypoint AP and AR.
//!
//! `annotations` reads the data set, `predictions` finds the picture of each label file and turns its people into
//! detections, [`evaluate`] counts. The counting is pycocotools' `COCOeval` (Lin et al., "Microsoft COCO", 2014), step for
//! step: `task` measures how alike a picture's detections and people are, `matching` is `evaluateImg`, `curve` is
//! `accumulate`, `stats` is `summarize`. Where the order of operations decides a tie, it is kept.
//!
//! What differs is who is evaluated: one category, by its name; and nobody is suppressed as mmpose's `oks_nms` would: the
//! detector has done that with boxes.

mod annotations;
mod curve;
mod error;
mod matching;
mod predictions;
mod stats;
mod task;
#[cfg(test)]
mod tests;

pub use annotations::{Annotated, Image, Pose, Truth};
pub use error::{AnnotationsError, CocoError};
pub use predictions::{Detection, PoseScore, Predictions};
pub use stats::{BoxStats, Evaluation, KeypointStats};

use curve::curves;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use task::{BOXES, Case, KEYPOINTS, box_case, pose_case};

/// What is evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalOptions {
    /// The category of the annotations that people are.
    pub category: String,
    /// What orders poses.
    pub pose_score: PoseScore,
    /// Whether pictures without a label file are left out, rather than refused.
    pub labeled_only: bool,
}

impl Default for EvalOptions {
    fn default() -> Self {
        Self { category: "person".to_owned(), pose_score: PoseScore::default(), labeled_only: false }
    }
}

/// Evaluates the label files `labels` against the annotations in the file `annotations`.
///
/// # Errors
/// [`CocoError`]: a file that cannot be read, a label file that is of no or of an ambiguous picture, a picture without a
/// label file.
pub fn evaluate_files(
    annotations: &Path,
    labels: &[PathBuf],
    options: &EvalOptions,
) -> Result<(Evaluation, Predictions), CocoError> {
    let truth = Truth::read(annotations, &options.category)?;
    let predictions = Predictions::read(labels, &truth, options.pose_score)?;
    if !options.labeled_only {
        predictions.check_all_labeled(&truth)?;
    }
    let evaluation = evaluate(&truth, &predictions.detections, Some(&predictions.labeled));
    Ok((evaluation, predictions))
}

/// Evaluates `detections` on the pictures `images`, or on all where that is `None`. Among detections with one score, those
/// that come first count first; detections on other pictures are passed over, and those that are not made of finite
/// numbers are left out and counted.
#[must_use]
pub fn evaluate(truth: &Truth, detections: &[Detection], images: Option<&BTreeSet<i64>>) -> Evaluation {
    let mut by_image: BTreeMap<i64, Vec<&Detection>> = BTreeMap::new();
    for detection in detections {
        by_image.entry(detection.image_id).or_default().push(detection);
    }
    let chosen = || truth.images().filter(|(image, _)| images.is_none_or(|images| images.contains(&image.id)));
    let cases = |case: fn(&[Annotated], &[&Detection]) -> Case| -> Vec<Case> {
        let detections = |id| by_image.get(id).map_or(&[][..], Vec::as_slice);
        chosen().map(|(image, people)| case(people, detections(&image.id))).collect()
    };
    let counted = || chosen().flat_map(|(image, _)| by_image.get(&image.id).into_iter().flatten());
    Evaluation {
        images: chosen().count() as u64,
        annotated: chosen().map(|(_, people)| people.len() as u64).sum(),
        detections: counted().count() as u64,
        not_finite: counted().filter(|detection| !(detection.has_box() && detection.has_pose())).count() as u64,
        boxes: BoxStats::of(&curves(&cases(box_case), &BOXES)),
        keypoints: truth.has_poses().then(|| KeypointStats::of(&curves(&cases(pose_case), &KEYPOINTS))),
    }
}
