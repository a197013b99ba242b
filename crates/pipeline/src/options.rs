//! What a run may be told: the mode, the range of frames, and the options that change a number in the labels.
//!
//! Typed by a person or set by a program; read by every stage, and written whole into each label file's provenance.

use crate::error::OptionError;
use std::collections::BTreeMap;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;
use swingpose_track::Primary;

/// How careful to be: a name for a choice of detector and of flip test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// RTMDet-M on every frame, and the flip test.
    Hifi,
    /// RTMDet-M on every frame.
    #[default]
    Turbo,
    /// No detector: the whole frame is one person's box.
    Fast,
}

impl Mode {
    /// Each mode, its name, its detector and whether it runs the flip test.
    const TABLE: [(Self, &'static str, Option<&'static str>, bool); 3] = [
        (Self::Hifi, "hifi", Some("rtmdet-m"), true),
        (Self::Turbo, "turbo", Some("rtmdet-m"), false),
        (Self::Fast, "fast", None, false),
    ];

    const fn row(self) -> &'static (Self, &'static str, Option<&'static str>, bool) {
        &Self::TABLE[self as usize]
    }

    /// The name that is typed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The architecture of the detector; `None` where the whole frame is the box.
    #[must_use]
    pub const fn detector(self) -> Option<&'static str> {
        self.row().2
    }

    /// Whether the keypoints are the mean over the picture and its mirror image.
    #[must_use]
    pub const fn flip(self) -> bool {
        self.row().3
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let row = Self::TABLE.iter().find(|row| row.1 == text);
        row.map(|row| row.0).ok_or_else(|| OptionError::Mode { found: text.to_owned() })
    }
}

/// The frames to label: `start..end` in display order, open at the end if `end` is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameRange {
    start: u64,
    end: Option<u64>,
}

impl FrameRange {
    /// The frames from `start` up to but not including `end`; `None` if that is no frame.
    #[must_use]
    pub const fn new(start: u64, end: Option<u64>) -> Option<Self> {
        match end {
            Some(end) if end <= start => None,
            _ => Some(Self { start, end }),
        }
    }

    /// As a range of frame numbers, or `None` for all frames.
    #[must_use]
    pub fn bounds(self) -> Option<std::ops::Range<u64>> {
        (self != Self::default()).then(|| self.start..self.end.unwrap_or(u64::MAX))
    }

    /// The first frame.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.start
    }

    /// What of it comes from frame `first` on, which may be nothing.
    pub(crate) fn from(self, first: u64) -> Self {
        Self { start: self.start.max(first), ..self }
    }

    /// The first frame after it, in a video of `frames` frames.
    #[must_use]
    pub fn end(self, frames: u64) -> u64 {
        self.end.unwrap_or(frames).min(frames)
    }

    /// How many of `frames` frames it holds.
    #[must_use]
    pub fn count(self, frames: u64) -> u64 {
        self.end(frames).saturating_sub(self.start)
    }
}

impl fmt::Display for FrameRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..", self.start)?;
        self.end.map_or(Ok(()), |end| write!(f, "{end}"))
    }
}

impl FromStr for FrameRange {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let refusal = || OptionError::FrameRange { found: text.to_owned() };
        let number = |part: &str| part.parse::<u64>().map_err(|_not_a_number| refusal());
        let (start, end) = text.split_once("..").ok_or_else(refusal)?;
        let start = if start.is_empty() { 0 } else { number(start)? };
        let end = if end.is_empty() { None } else { Some(number(end)?) };
        Self::new(start, end).ok_or_else(refusal)
    }
}

/// A detection score to pass: a number from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreThreshold(f32);

impl ScoreThreshold {
    /// The threshold `value`; `None` outside 0..=1.
    #[must_use]
    pub fn new(value: f32) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f32 {
        self.0
    }
}

impl Default for ScoreThreshold {
    /// 0.3, as in mmpose's demonstration programs.
    fn default() -> Self {
        Self(0.3)
    }
}

impl FromStr for ScoreThreshold {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let value = text.parse().ok().and_then(Self::new);
        value.ok_or_else(|| OptionError::ScoreThreshold { found: text.to_owned() })
    }
}

/// The options that change a number in the labels, apart from the weights and the boxes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelOptions {
    /// Average the heatmaps over the picture and its mirror image.
    pub flip: bool,
    /// Run the detector on every frame whose number is a multiple of this; see [`crate::schedule`].
    pub detect_every: NonZeroU32,
    /// The frames to label.
    pub frames: FrameRange,
    /// Keep detected people who score more than this.
    pub score_threshold: ScoreThreshold,
    /// Keep at most this many people a frame, best boxes first.
    pub max_people: Option<NonZeroUsize>,
    /// How the primary person of a frame is found.
    pub primary: Primary,
}

impl Default for LabelOptions {
    fn default() -> Self {
        Self {
            flip: Mode::default().flip(),
            detect_every: NonZeroU32::MIN,
            frames: FrameRange::default(),
            score_threshold: ScoreThreshold::default(),
            max_people: None,
            primary: Primary::default(),
        }
    }
}

impl LabelOptions {
    /// The frames to look at for the labels of `frames`: those, and before them what their boxes may be carried from, beginning with
    /// a frame that is surely detected. One frame comes before them even where nothing is carried, so that there is a frame to
    /// look at where `frames` is past the end.
    pub(crate) fn leading_up_to(&self, frames: FrameRange) -> FrameRange {
        let before = frames.start.saturating_sub(1);
        let detected = before - before % u64::from(self.detect_every.get());
        FrameRange { start: detected.max(self.frames.start).min(frames.start), ..frames }
    }

    /// Every option by its command-line name, for the provenance. `boxes` says where the boxes come from; the options
    /// of a detector are left out where there is none.
    pub(crate) fn provenance(&self, boxes: &str, detects: bool) -> BTreeMap<String, String> {
        let max_people = self.max_people.map_or_else(|| "all".to_owned(), |n| n.to_string());
        let mut options = vec![
            ("boxes", boxes.to_owned()),
            ("flip", self.flip.to_string()),
            ("frames", self.frames.to_string()),
            ("max-people", max_people),
            ("primary", self.primary.to_string()),
        ];
        if detects {
            options.push(("detect-every", self.detect_every.to_string()));
            options.push(("score-threshold", self.score_threshold.get().to_string()));
        }
        options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_stands_in_its_own_row() {
        for mode in [Mode::Hifi, Mode::Turbo, Mode::Fast] {
            assert_eq!(mode.row().0, mode);
            assert_eq!(mode.to_string().parse::<Mode>().unwrap(), mode);
        }
        assert!("slow".parse::<Mode>().is_err());
    }

    #[test]
    fn a_range_of_frames_is_half_open_and_may_be_open_at_either_end() {
        let cases = [("2..5", Some(2..5), 3), ("..4", Some(0..4), 4), ("7..", Some(7..u64::MAX), 3), ("..", None, 10)];
        for (text, bounds, count) in cases {
            let range: FrameRange = text.parse().unwrap();
            assert_eq!(range.bounds(), bounds, "{text}");
            assert_eq!(range.count(10), count, "{text}");
            assert_eq!(range.to_string().parse::<FrameRange>().unwrap(), range);
        }
    }

    #[test]
    fn a_range_without_frames_is_refused() {
        for text in ["5..5", "5..2", "5", "a..b", "-1..3", "1...3", ""] {
            assert!(text.parse::<FrameRange>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_holds_no_frame() {
        assert_eq!("20..30".parse::<FrameRange>().unwrap().count(10), 0);
    }

    #[test]
    fn frames_are_led_up_to_from_the_detected_frame_before_them() {
        let frames: FrameRange = "7..50".parse().unwrap();
        for (every, first, start) in [(1, 7, 7), (1, 20, 19), (5, 20, 15), (5, 21, 20), (5, 24, 20), (5, 9, 7)] {
            let options = LabelOptions { detect_every: every.try_into().unwrap(), frames, ..LabelOptions::default() };
            assert_eq!(options.leading_up_to(frames.from(first)).bounds(), Some(start..50), "{every}, {first}");
        }
        assert_eq!(LabelOptions::default().leading_up_to(FrameRange::default()).bounds(), None);
    }

    #[test]
    fn a_threshold_is_a_probability() {
        for text in ["-0.1", "1.1", "nan", "x"] {
            assert!(text.parse::<ScoreThreshold>().is_err(), "{text}");
        }
        assert_eq!("0.25".parse::<ScoreThreshold>().unwrap().get(), 0.25);
    }

    #[test]
    fn the_options_of_a_detector_are_told_only_where_one_runs() {
        let options = LabelOptions::default();
        let names = |detects| options.provenance("detector", detects).into_keys().collect::<Vec<_>>();
        assert_eq!(
            names(true),
            ["boxes", "detect-every", "flip", "frames", "max-people", "primary", "score-threshold"]
        );
        assert_eq!(names(false), ["boxes", "flip", "frames", "max-people", "primary"]);
    }
}
