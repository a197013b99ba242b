//! Pictures of one chunk, from the order a decoder gives them in to the order they are displayed in.
//!
//! The container's index tells which times to expect. A picture that comes early is held; one that never comes is counted
//! as lost, with the reason its access unit gave.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::chunk::Chunk;
use crate::error::LossCause;
use crate::frame::Picture;

/// More pictures than any codec holds back for reordering (16 in H.264 and HEVC).
const MOST_HELD: usize = 32;

/// What comes out: every frame of the chunk, as a picture or as lost.
#[derive(Debug)]
pub(crate) enum Shown {
    /// A frame's number, its time, its picture.
    Frame(u64, i64, Picture),
    /// Consecutive frames that are lost, and why the first of them in decode order is.
    Lost(Range<u64>, LossCause),
}

/// The frames of one chunk that are still to be shown.
pub(crate) struct DisplayOrder {
    first_frame: u64,
    times: Vec<i64>,
    /// The position in `times` that is shown next.
    next: usize,
    held: BTreeMap<usize, Picture>,
    /// Times whose access units failed, with their place in decode order.
    failed: BTreeMap<i64, (usize, LossCause)>,
    lost: Option<(Range<u64>, (usize, LossCause))>,
}

impl DisplayOrder {
    pub(crate) fn new(chunk: &Chunk) -> Self {
        let (first_frame, times) = (chunk.first_frame, chunk.times.clone());
        Self { first_frame, times, next: 0, held: BTreeMap::new(), failed: BTreeMap::new(), lost: None }
    }

    /// Takes the picture of time `pts`; one that is not of this chunk, or comes too late, is dropped.
    pub(crate) fn arrived(&mut self, pts: i64, picture: Picture) {
        let first = self.times.partition_point(|&time| time < pts).max(self.next);
        let place = (first..self.times.len()).find(|place| !self.held.contains_key(place));
        if let Some(place) = place.filter(|&place| self.times[place] == pts) {
            self.held.insert(place, picture);
        }
    }

    /// Notes that access unit `number` of the chunk, of time `pts`, gave no picture.
    pub(crate) fn failed(&mut self, number: usize, pts: i64, cause: LossCause) {
        self.failed.entry(pts).or_insert((number, cause));
    }

    /// The next frame, if it is known; at the end of the chunk, with `all`, it always is.
    pub(crate) fn next(&mut self, all: bool) -> Option<Shown> {
        loop {
            if let Some(picture) = self.held.remove(&self.next) {
                // A loss before it is told first.
                if let Some(lost) = self.take_lost() {
                    self.held.insert(self.next, picture);
                    return Some(lost);
                }
                let (number, pts) = (self.first_frame + self.next as u64, self.times[self.next]);
                self.next += 1;
                return Some(Shown::Frame(number, pts, picture));
            }
            let Some(pts) = self.times.get(self.next) else { return self.take_lost() };
            let cause = self.failed.get(pts).cloned();
            if cause.is_none() && !all && self.held.len() <= MOST_HELD {
                return None;
            }
            self.lose(cause.unwrap_or((usize::MAX, LossCause::NoPicture)));
        }
    }

    /// The number of the frame that comes next.
    pub(crate) fn next_frame(&self) -> u64 {
        self.first_frame + self.next as u64
    }

    fn lose(&mut self, cause: (usize, LossCause)) {
        let number = self.first_frame + self.next as u64;
        self.next += 1;
        self.lost = Some(match self.lost.take() {
            Some((frames, first)) => (frames.start..number + 1, if cause.0 < first.0 { cause } else { first }),
            None => (number..number + 1, cause),
        });
    }

    fn take_lost(&mut self) -> Option<Shown> {
        self.lost.take().map(|(frames, (_, cause))| Shown::Lost(frames, cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::ColorSpec;
    use crate::frame::{Chroma, Plane, Planes};
    use proptest::prelude::*;

    fn picture() -> Picture {
        let plane = Plane { samples: vec![0], stride: 1 };
        let planes = Planes::U8([plane, Plane::default(), Plane::default()]);
        Picture::new((1, 1), Chroma::Mono, 8, planes, ColorSpec::default()).unwrap()
    }

    fn order(times: &[i64]) -> DisplayOrder {
        DisplayOrder::new(&Chunk { feed: 0..0, skip: 0..0, times: times.to_vec(), first_frame: 10 })
    }

    fn drain(order: &mut DisplayOrder, all: bool) -> Vec<String> {
        let shown = std::iter::from_fn(|| order.next(all));
        let words = shown.map(|shown| match shown {
            Shown::Frame(number, pts, _) => format!("{number} at {pts}"),
            Shown::Lost(frames, cause) => format!("lost {frames:?}: {cause}"),
        });
        words.collect()
    }

    #[test]
    fn a_failed_picture_is_passed_over_at_once_and_a_missing_one_at_the_end() {
        let mut order = order(&[0, 1, 2, 3, 4]);
        order.arrived(2, picture());
        order.arrived(0, picture());
        assert_eq!(drain(&mut order, false), ["10 at 0"]);
        order.failed(3, 1, LossCause::NalUnits { offset: 7 });
        let lost = format!("lost 11..12: {}", LossCause::NalUnits { offset: 7 });
        assert_eq!(drain(&mut order, false), [lost.as_str(), "12 at 2"]);
        order.arrived(1, picture());
        order.arrived(99, picture());
        assert_eq!(drain(&mut order, false), [] as [&str; 0]);
        assert_eq!(drain(&mut order, true), [format!("lost 13..15: {}", LossCause::NoPicture)]);
        assert_eq!(order.next_frame(), 15);
    }

    #[test]
    fn a_loss_is_told_by_its_first_cause_in_decode_order() {
        let mut order = order(&[0, 1, 2]);
        order.failed(2, 0, LossCause::NoPicture);
        order.failed(1, 1, LossCause::NalUnits { offset: 1 });
        order.arrived(2, picture());
        let lost = format!("lost 10..12: {}", LossCause::NalUnits { offset: 1 });
        assert_eq!(drain(&mut order, false), [lost.as_str(), "12 at 2"]);
    }

    #[test]
    fn a_picture_that_never_comes_does_not_hold_the_others_for_ever() {
        let times: Vec<_> = (0..100).collect();
        let mut order = order(&times);
        let mut shown = 0;
        for pts in 1..100 {
            order.arrived(pts, picture());
            shown += drain(&mut order, false).len();
            assert!(order.held.len() <= MOST_HELD);
        }
        assert_eq!(shown, 100);
    }

    proptest! {
        #[test]
        fn every_frame_comes_once_whatever_the_order(
            mut times in prop::collection::vec(0_i64..40, 1..30), seed in prop::collection::vec(any::<prop::sample::Index>(), 30),
        ) {
            times.sort_unstable();
            let mut arrivals = times.clone();
            for (index, other) in seed.iter().enumerate().take(times.len()) {
                arrivals.swap(index, other.index(times.len()));
            }
            let mut order = order(&times);
            let mut shown = Vec::new();
            for pts in arrivals {
                order.arrived(pts, picture());
                shown.extend(drain(&mut order, false));
            }
            shown.extend(drain(&mut order, true));
            let expected: Vec<_> = times.iter().enumerate().map(|(n, pts)| format!("{} at {pts}", n + 10)).collect();
            prop_assert_eq!(shown, expected);
        }
    }
}
