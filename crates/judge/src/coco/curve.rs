//! Precision over recall for a whole data set: pycocotools' `accumulate`.

use super::matching::{THRESHOLDS, Verdict, judge};
use super::task::{Case, Task, falling};

/// The recalls at which precision is read are 0, 0.01, ..., 1.
const RECALLS: usize = 101;
/// numpy's `spacing(1)`.
const SPACING: f64 = f64::EPSILON;

/// What one range of area and one number of detections come to, a number for each threshold of likeness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Curve {
    /// The mean of the precisions at the 101 recalls.
    pub(super) precision: [f64; THRESHOLDS.len()],
    /// The recall of all detections.
    pub(super) recall: [f64; THRESHOLDS.len()],
}

/// The curves of a task: one row a range of area, in it one a number of detections. `None` where nobody is to be found.
pub(super) type Curves = Vec<Vec<Option<Curve>>>;

/// The curves of `cases`, which are in the order of their pictures' ids.
pub(super) fn curves(cases: &[Case], task: &Task) -> Curves {
    let row = |&range| {
        let mut verdicts = Vec::new();
        let wanted = cases.iter().map(|case| judge(case, range, &mut verdicts)).sum();
        verdicts.sort_by(|one: &Verdict, other| falling(one.score, other.score));
        task.most.iter().map(|&most| curve(&verdicts, most, wanted)).collect()
    };
    task.areas.iter().map(row).collect()
}

/// The curve of the best `most` detections of each picture, with `wanted` people to be found.
fn curve(verdicts: &[Verdict], most: usize, wanted: usize) -> Option<Curve> {
    if wanted == 0 {
        return None;
    }
    let counted: Vec<Verdict> = verdicts.iter().filter(|verdict| verdict.rank < most).copied().collect();
    let mut curve = Curve { precision: [0.0; THRESHOLDS.len()], recall: [0.0; THRESHOLDS.len()] };
    for threshold in 0..THRESHOLDS.len() {
        let points = points(&counted, 1 << threshold, wanted as f64);
        curve.precision[threshold] = mean_precision(&points);
        curve.recall[threshold] = points.last().map_or(0.0, |point| point.recall);
    }
    Some(curve)
}

struct CurvePoint {
    recall: f64,
    precision: f64,
}

/// Recall and precision after each detection, the precision being the best at that recall or beyond. A detection that is
/// ignored repeats the point before it.
fn points(verdicts: &[Verdict], bit: u16, wanted: f64) -> Vec<CurvePoint> {
    let (mut right, mut wrong) = (0.0, 0.0);
    let mut points: Vec<CurvePoint> = verdicts
        .iter()
        .map(|verdict| {
            if verdict.ignored & bit == 0 {
                *(if verdict.matched & bit == 0 { &mut wrong } else { &mut right }) += 1.0;
            }
            CurvePoint { recall: right / wanted, precision: right / (wrong + right + SPACING) }
        })
        .collect();
    let mut best = 0.0_f64;
    for point in points.iter_mut().rev() {
        best = best.max(point.precision);
        point.precision = best;
    }
    points
}

/// The mean over the 101 recalls of the precision at the first point that reaches each; 0 where none does.
fn mean_precision(points: &[CurvePoint]) -> f64 {
    let mut rest = points.iter().peekable();
    let mut sum = 0.0;
    for step in 0..RECALLS {
        let recall = step as f64 * 0.01;
        while rest.next_if(|point| point.recall < recall).is_some() {}
        let Some(point) = rest.peek() else { break };
        sum += point.precision;
    }
    sum / RECALLS as f64
}
