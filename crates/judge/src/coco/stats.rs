//! The numbers of pycocotools' `summarize`, by name. As there, -1 stands where nobody of that kind is to be found.

use super::curve::{Curve, Curves};
use super::matching::THRESHOLDS;
use serde::Serialize;

/// The place of 0.5 in the thresholds.
const AT_50: usize = 0;
/// The place of 0.75.
const AT_75: usize = 5;
/// What stands for no number.
const NOBODY: f64 = -1.0;

/// Labels of pictures, judged by annotations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Pictures that were evaluated.
    pub images: u64,
    /// Annotations of people in them, crowds among them.
    pub annotated: u64,
    /// Labeled people in them.
    pub detections: u64,
    /// How many of those have a number that is not finite: their box, their pose or both were left out.
    pub not_finite: u64,
    /// Boxes.
    pub boxes: BoxStats,
    /// Keypoints; `None` where none are annotated.
    pub keypoints: Option<KeypointStats>,
}

/// Average precision and recall of boxes, by IoU; the mean over the thresholds 0.50 to 0.95 unless one is named.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BoxStats {
    /// AP.
    pub ap: f64,
    /// AP at 0.50.
    pub ap_50: f64,
    /// AP at 0.75.
    pub ap_75: f64,
    /// AP of people of up to 32x32 pixels.
    pub ap_small: f64,
    /// AP of people of 32x32 to 96x96 pixels.
    pub ap_medium: f64,
    /// AP of people from 96x96 pixels on.
    pub ap_large: f64,
    /// AR with the best box of each picture.
    pub ar_1: f64,
    /// AR with the best 10.
    pub ar_10: f64,
    /// AR with the best 100.
    pub ar_100: f64,
    /// AR of small people.
    pub ar_small: f64,
    /// AR of medium people.
    pub ar_medium: f64,
    /// AR of large people.
    pub ar_large: f64,
}

/// Average precision and recall of poses, by OKS, with the best 20 of each picture; the mean over the thresholds 0.50 to
/// 0.95 unless one is named.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KeypointStats {
    /// AP.
    pub ap: f64,
    /// AP at 0.50.
    pub ap_50: f64,
    /// AP at 0.75.
    pub ap_75: f64,
    /// AP of people of 32x32 to 96x96 pixels.
    pub ap_medium: f64,
    /// AP of people from 96x96 pixels on.
    pub ap_large: f64,
    /// AR.
    pub ar: f64,
    /// AR at 0.50.
    pub ar_50: f64,
    /// AR at 0.75.
    pub ar_75: f64,
    /// AR of medium people.
    pub ar_medium: f64,
    /// AR of large people.
    pub ar_large: f64,
}

impl BoxStats {
    pub(super) fn of(curves: &Curves) -> Self {
        let at = |area: usize, most: usize| curves[area][most].as_ref();
        Self {
            ap: mean_precision(at(0, 2)),
            ap_50: precision(at(0, 2), AT_50),
            ap_75: precision(at(0, 2), AT_75),
            ap_small: mean_precision(at(1, 2)),
            ap_medium: mean_precision(at(2, 2)),
            ap_large: mean_precision(at(3, 2)),
            ar_1: mean_recall(at(0, 0)),
            ar_10: mean_recall(at(0, 1)),
            ar_100: mean_recall(at(0, 2)),
            ar_small: mean_recall(at(1, 2)),
            ar_medium: mean_recall(at(2, 2)),
            ar_large: mean_recall(at(3, 2)),
        }
    }

    /// The numbers in the order of pycocotools' `stats`.
    #[must_use]
    pub const fn to_array(&self) -> [f64; 12] {
        [
            self.ap,
            self.ap_50,
            self.ap_75,
            self.ap_small,
            self.ap_medium,
            self.ap_large,
            self.ar_1,
            self.ar_10,
            self.ar_100,
            self.ar_small,
            self.ar_medium,
            self.ar_large,
        ]
    }
}

impl KeypointStats {
    pub(super) fn of(curves: &Curves) -> Self {
        let at = |area: usize| curves[area][0].as_ref();
        Self {
            ap: mean_precision(at(0)),
            ap_50: precision(at(0), AT_50),
            ap_75: precision(at(0), AT_75),
            ap_medium: mean_precision(at(1)),
            ap_large: mean_precision(at(2)),
            ar: mean_recall(at(0)),
            ar_50: at(0).map_or(NOBODY, |curve| curve.recall[AT_50]),
            ar_75: at(0).map_or(NOBODY, |curve| curve.recall[AT_75]),
            ar_medium: mean_recall(at(1)),
            ar_large: mean_recall(at(2)),
        }
    }

    /// The numbers in the order of pycocotools' `stats`.
    #[must_use]
    pub const fn to_array(&self) -> [f64; 10] {
        [
            self.ap,
            self.ap_50,
            self.ap_75,
            self.ap_medium,
            self.ap_large,
            self.ar,
            self.ar_50,
            self.ar_75,
            self.ar_medium,
            self.ar_large,
        ]
    }
}

fn precision(curve: Option<&Curve>, threshold: usize) -> f64 {
    curve.map_or(NOBODY, |curve| curve.precision[threshold])
}

fn mean_precision(curve: Option<&Curve>) -> f64 {
    curve.map_or(NOBODY, |curve| mean(&curve.precision))
}

fn mean_recall(curve: Option<&Curve>) -> f64 {
    curve.map_or(NOBODY, |curve| mean(&curve.recall))
}

fn mean(values: &[f64; THRESHOLDS.len()]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
