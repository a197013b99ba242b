//! Candidates of a level for processors: most logits are far below the threshold and are turned away before the exponential.

use super::{Candidate, Level, TestCfg, sigmoid};

/// The level's best candidates, in descending order of score.
pub(super) fn candidates(level: &Level, classes: usize, cfg: &TestCfg) -> Vec<Candidate> {
    let floor = logit_floor(cfg.score_thr);
    let likely = level.cls_scores.iter().enumerate().filter(|&(_, &logit)| logit >= floor);
    let mut best: Vec<(f32, usize)> =
        likely.map(|(at, &logit)| (sigmoid(logit), at)).filter(|&(score, _)| score > cfg.score_thr).collect();
    let order = |a: &(f32, usize), b: &(f32, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if best.len() > cfg.nms_pre {
        best.select_nth_unstable_by(cfg.nms_pre, order);
        best.truncate(cfg.nms_pre);
    }
    best.sort_unstable_by(order);
    best.into_iter().map(|(score, at)| Candidate::new(level, at / classes, at % classes, score)).collect()
}

/// A logit no candidate lies below: the inverse of the sigmoid, less more than all the rounding there is.
fn logit_floor(score_thr: f32) -> f32 {
    let score = f64::from(score_thr).clamp(0.0, 1.0);
    (libm::log(score / (1.0 - score)) - 1e-3) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_logit_below_the_floor_passes_the_threshold() {
        for score_thr in [-1.0, 0.0, 1e-30, 1e-3, 0.05, 0.3, 0.5, 0.9, 0.999_999_9, 1.0] {
            let floor = logit_floor(score_thr);
            assert!(floor == f32::NEG_INFINITY || sigmoid(floor.next_down()) <= score_thr, "{score_thr}: {floor}");
        }
    }
}
