//! Whom the video is about: one person of each frame that has anybody, by a rule.

use crate::track::centre;
use crate::tracker::Tracker;
use std::fmt;
use std::str::FromStr;
use swingpose_core::{FrameLabels, PersonLabel};

/// The rule by which a frame's primary person is found. Of equals it is the first, who has the better box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Primary {
    /// The largest box.
    #[default]
    Largest,
    /// The box whose centre is nearest to the picture's.
    Central,
    /// Whose wrists have gone furthest in the last second, measured in body sizes; where all have gone as far, the largest box.
    Motion,
}

/// A word that is no [`Primary`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule `{found}` for the primary person: use largest, central or motion")]
pub struct UnknownPrimary {
    /// What was typed.
    pub found: String,
}

impl Primary {
    /// Each rule and its name.
    const TABLE: [(Self, &'static str); 3] =
        [(Self::Largest, "largest"), (Self::Central, "central"), (Self::Motion, "motion")];

    /// The name that is typed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        Self::TABLE[self as usize].1
    }

    /// Marks the primary person of `labels`, a frame of width and height `size` in pixels that `tracker` has just followed.
    pub fn mark(self, labels: &mut FrameLabels, size: (u32, u32), tracker: &Tracker) {
        let mut best: Option<(usize, [f64; 2])> = None;
        for (place, person) in labels.people.iter().enumerate() {
            let rank = self.rank(person, size, tracker);
            if best.is_none_or(|(_, highest)| rank > highest) {
                best = Some((place, rank));
            }
        }
        for (place, person) in labels.people.iter_mut().enumerate() {
            person.primary = best.is_some_and(|(first, _)| first == place);
        }
    }

    /// Higher for the primary person than for anybody else.
    fn rank(self, person: &PersonLabel, (width, height): (u32, u32), tracker: &Tracker) -> [f64; 2] {
        let area = f64::from(person.bounding_box.area());
        match self {
            Self::Largest => [area, 0.0],
            Self::Central => {
                let [x, y] = centre(person.bounding_box);
                [-(x - f64::from(width) / 2.0).hypot(y - f64::from(height) / 2.0), 0.0]
            }
            Self::Motion => [person.track.map_or(0.0, |track| tracker.wrists_moved(track)), area],
        }
    }
}

impl fmt::Display for Primary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Primary {
    type Err = UnknownPrimary;

    fn from_str(text: &str) -> Result<Self, UnknownPrimary> {
        let row = Self::TABLE.iter().find(|row| row.1 == text);
        row.map(|row| row.0).ok_or_else(|| UnknownPrimary { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_stands_in_its_own_row() {
        for rule in [Primary::Largest, Primary::Central, Primary::Motion] {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        assert_eq!("tallest".parse::<Primary>(), Err(UnknownPrimary { found: "tallest".to_owned() }));
    }
}
