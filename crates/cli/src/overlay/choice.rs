//! Which frames of a label file are drawn.

use anyhow::bail;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use swingpose_core::FrameLabels;
use swingpose_core::provenance::Input;
use swingpose_labels::LabelsError;
use swingpose_overlay::Layout;

/// Frames on one sheet, at most: with more, nobody could be made out.
pub(super) const MOST: i64 = 100;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// So many, evenly spread; `None` for as many as look good.
    Spread(Option<NonZeroU32>),
    /// Exactly these.
    These(BTreeSet<u64>),
}

impl Default for Choice {
    fn default() -> Self {
        Self::Spread(None)
    }
}

impl Choice {
    /// These `frames`, or where there are none, `count` of them.
    pub(super) fn new(frames: &[u64], count: Option<u32>) -> anyhow::Result<Self> {
        if frames.is_empty() {
            return Ok(Self::Spread(count.and_then(NonZeroU32::new)));
        }
        let frames: BTreeSet<u64> = frames.iter().copied().collect();
        if frames.len() as i64 > MOST {
            bail!("--frame names {} frames, and a sheet holds {MOST}: draw them in several runs", frames.len());
        }
        Ok(Self::These(frames))
    }

    /// The one frame that was asked for, if it is one.
    pub(super) fn only(&self) -> Option<u64> {
        match self {
            Self::These(frames) if frames.len() == 1 => frames.first().copied(),
            _ => None,
        }
    }

    /// The labels of the chosen frames among `frames`, which are those of `input`, in their order.
    ///
    /// # Errors
    /// A label file that cannot be read, a frame that has no labels.
    pub(super) fn of(
        &self,
        input: &Input,
        frames: impl Iterator<Item = Result<FrameLabels, LabelsError>>,
    ) -> anyhow::Result<Vec<FrameLabels>> {
        match self {
            Self::Spread(count) => {
                let count = count.unwrap_or_else(|| Layout::usual_count(input.size)).get();
                let places = spread(count, input.frames);
                let chosen = (0..).zip(frames).filter(|(place, frame)| frame.is_err() || places.contains(place));
                Ok(chosen.map(|(_, frame)| frame).collect::<Result<_, _>>()?)
            }
            Self::These(wanted) => {
                let chosen =
                    frames.filter(|frame| frame.as_ref().map_or(true, |frame| wanted.contains(&frame.frame.0)));
                let chosen: Vec<FrameLabels> = chosen.collect::<Result<_, _>>()?;
                let found: BTreeSet<u64> = chosen.iter().map(|frame| frame.frame.0).collect();
                if let Some(missing) = wanted.difference(&found).next() {
                    bail!(
                        "there are no labels of frame {missing}: the file holds {} frames, counted from 0 in the video",
                        input.frames
                    );
                }
                Ok(chosen)
            }
        }
    }
}

/// The middles of `count` equal parts of `of` places, or all places where there are fewer.
fn spread(count: u32, of: u64) -> BTreeSet<u64> {
    let parts = u64::from(count).min(of);
    let middle = |part: u64| u128::from(2 * part + 1) * u128::from(of) / u128::from(2 * parts);
    (0..parts).map(|part| middle(part) as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_spread_over_the_whole_and_never_twice() {
        assert_eq!(spread(4, 100), BTreeSet::from([12, 37, 62, 87]));
        assert_eq!(spread(8, 3), BTreeSet::from([0, 1, 2]));
        assert_eq!(spread(1, 7), BTreeSet::from([3]));
        assert!(spread(6, 0).is_empty());
        assert_eq!(spread(100, u64::MAX).len(), 100);
    }

    #[test]
    fn frames_that_are_named_win_over_a_count_and_come_once() {
        let these = Choice::new(&[9, 3, 9], None).unwrap();
        assert_eq!(these, Choice::These(BTreeSet::from([3, 9])));
        assert_eq!(these.only(), None);
        assert_eq!(Choice::new(&[4, 4], None).unwrap().only(), Some(4));
        assert_eq!(Choice::new(&[], None).unwrap(), Choice::default());
        assert!(Choice::new(&(0..101).collect::<Vec<_>>(), None).is_err());
    }
}
