//! What a run tells while it goes, and what it came to: the library never prints.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The stages of the pipeline whose time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading, decoding and turning into upright pictures; on its own thread, beside the other stages.
    Decode,
    /// Pictures to the detector's input.
    Letterbox,
    /// The detector: network and suppression.
    Detect,
    /// People's boxes to the pose network's input.
    Crop,
    /// The pose network.
    Estimate,
    /// Heatmaps to keypoints.
    Keypoints,
    /// Labels to the file.
    Write,
}

impl Stage {
    /// All of them, in the order of the flow.
    pub const ALL: [Self; 7] =
        [Self::Decode, Self::Letterbox, Self::Detect, Self::Crop, Self::Estimate, Self::Keypoints, Self::Write];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Letterbox => "letterbox",
            Self::Detect => "detect",
            Self::Crop => "crop",
            Self::Estimate => "estimate",
            Self::Keypoints => "keypoints",
            Self::Write => "write",
        }
    }
}

/// How long each stage was busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTimes([Duration; Stage::ALL.len()]);

impl StageTimes {
    /// How long `stage` was busy.
    #[must_use]
    pub const fn get(&self, stage: Stage) -> Duration {
        self.0[stage as usize]
    }

    /// Counts `time` to `stage`.
    pub fn add(&mut self, stage: Stage, time: Duration) {
        self.0[stage as usize] += time;
    }

    /// Does `work` and counts its time to `stage`.
    pub(crate) fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.add(stage, start.elapsed());
        done
    }
}

/// What labeling one input came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The input.
    pub input: PathBuf,
    /// Its label file.
    pub output: PathBuf,
    /// Whether the file was already there, made from the same input in the same way; then nothing was done.
    pub already_labeled: bool,
    /// Frames in the label file.
    pub frames: u64,
    /// How many of them an earlier run had labeled before it ended.
    pub frames_before: u64,
    /// People labeled, over all frames.
    pub people: u64,
    /// Frames that could not be decoded.
    pub lost_frames: u64,
    /// What a person should know of the input, such as why frames are lost.
    pub notes: Vec<String>,
    /// From the start to the finished file.
    pub wall: Duration,
    /// How long each stage was busy within that time.
    pub stages: StageTimes,
}

/// Told how labeling goes, from the thread that called; every method may be left as it is.
pub trait Reporter {
    /// Labeling of `input` begins: `frames` frames are expected.
    fn started(&mut self, input: &Path, frames: u64) {
        let _ = (input, frames);
    }

    /// `frames` frames of the input are labeled by now.
    fn progressed(&mut self, frames: u64) {
        let _ = frames;
    }

    /// Whether to stop; asked between frames. What is labeled of an input is kept, and goes into its label file another time.
    fn should_stop(&self) -> bool {
        false
    }
}

/// A reporter that keeps silent and never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_stands_in_its_own_place() {
        for (index, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage as usize, index);
        }
    }

    #[test]
    fn times_add_up_stage_by_stage() {
        let mut times = StageTimes::default();
        times.add(Stage::Crop, Duration::from_millis(2));
        times.add(Stage::Crop, Duration::from_millis(3));
        assert_eq!(times.time(Stage::Detect, || 7), 7);
        assert_eq!(times.get(Stage::Crop), Duration::from_millis(5));
        assert_eq!(times.get(Stage::Write), Duration::ZERO);
    }
}
