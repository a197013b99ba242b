//! Who was found, in one picture and one range of area: pycocotools' `evaluateImg`.

use super::task::{AreaRange, Case};

/// The thresholds of likeness, `numpy.linspace(.5, .95, 10)`, digit for digit.
pub(super) const THRESHOLDS: [f64; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.899_999_999_999_999_9, 0.95];

/// What became of a detection. A bit of the flags is a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) score: f64,
    /// Its place among the picture's detections, the best first.
    pub(super) rank: usize,
    /// Where it found somebody.
    pub(super) matched: u16,
    /// Where it counts neither for nor against.
    pub(super) ignored: u16,
}

/// The picture's people in the order in which they are looked at, those that are ignored in this range last.
struct Lineup {
    /// The places in the case.
    order: Vec<usize>,
    /// How many of them are to be found.
    wanted: usize,
}

/// The verdicts on a picture's detections, in the order of their ranks, added to `verdicts`; and how many people are to be
/// found in it.
pub(super) fn judge(case: &Case, range: AreaRange, verdicts: &mut Vec<Verdict>) -> usize {
    let lineup = Lineup::new(case, range);
    let start = verdicts.len();
    verdicts.extend(case.candidates.iter().enumerate().map(|(rank, candidate)| {
        let score = candidate.score;
        Verdict { score, rank, matched: 0, ignored: 0 }
    }));
    for (bit, &threshold) in THRESHOLDS.iter().enumerate() {
        assign(case, &lineup, threshold, 1 << bit, &mut verdicts[start..]);
    }
    for (verdict, candidate) in verdicts[start..].iter_mut().zip(&case.candidates) {
        if is_outside(candidate.area, range) {
            verdict.ignored |= !verdict.matched;
        }
    }
    lineup.wanted
}

fn is_outside(area: f64, [low, high]: AreaRange) -> bool {
    area < low || area > high
}

impl Lineup {
    fn new(case: &Case, range: AreaRange) -> Self {
        let is_ignored = |&place: &usize| case.people[place].ignored || is_outside(case.people[place].area, range);
        let (ignored, mut order): (Vec<usize>, Vec<usize>) = (0..case.people.len()).partition(is_ignored);
        let wanted = order.len();
        order.extend(ignored);
        Self { order, wanted }
    }
}

/// Gives each detection in turn the person that it is most like, among those still free, from `threshold` on. Of equals the
/// last is taken; an ignored person only where there is no other.
fn assign(case: &Case, lineup: &Lineup, threshold: f64, bit: u16, verdicts: &mut [Verdict]) {
    let mut taken = vec![false; lineup.order.len()];
    for (verdict, likeness) in verdicts.iter_mut().zip(case.likeness.chunks(case.people.len().max(1))) {
        let mut best = threshold.min(1.0 - 1e-10);
        let mut found = None;
        for (turn, &place) in lineup.order.iter().enumerate() {
            if taken[turn] && !case.people[place].crowd {
                continue;
            }
            if found.is_some_and(|found| found < lineup.wanted) && turn >= lineup.wanted {
                break;
            }
            if likeness[place] >= best {
                best = likeness[place];
                found = Some(turn);
            }
        }
        let Some(turn) = found else { continue };
        taken[turn] = true;
        if turn >= lineup.wanted {
            verdict.ignored |= bit;
        }
        // pycocotools marks a match by the annotation's id, so that one of id 0 is no match.
        if case.people[lineup.order[turn]].id != 0 {
            verdict.matched |= bit;
        }
    }
}
