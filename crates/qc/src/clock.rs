//! The frames' numbers and times, one entry a frame; a place is an index into them.

use swingpose_core::{FrameLabels, Timebase};

/// All frames of a label file.
#[derive(Debug)]
pub(crate) struct Clock {
    pub(crate) timebase: Timebase,
    /// The frames' numbers in the video.
    pub(crate) frames: Vec<u64>,
    /// Seconds, from the integer times.
    pub(crate) times: Vec<f64>,
    /// How far each frame's `time_s` is from that.
    pub(crate) errors: Vec<f32>,
    /// People in each.
    pub(crate) people: Vec<u32>,
}

impl Clock {
    pub(crate) const fn new(timebase: Timebase) -> Self {
        Self { timebase, frames: Vec::new(), times: Vec::new(), errors: Vec::new(), people: Vec::new() }
    }

    /// Adds the next frame and says its place.
    pub(crate) fn add(&mut self, labels: &FrameLabels) -> usize {
        let time = self.timebase.seconds(labels.pts);
        self.frames.push(labels.frame.0);
        self.times.push(time);
        self.errors.push((labels.time_s - time).abs() as f32);
        self.people.push(labels.people.len() as u32);
        self.frames.len() - 1
    }

    pub(crate) const fn len(&self) -> usize {
        self.frames.len()
    }

    /// The time from the frame before to the one at `place`; NaN for the first.
    pub(crate) fn step(&self, place: usize) -> f64 {
        if place == 0 { f64::NAN } else { self.times[place] - self.times[place - 1] }
    }

    /// Seconds from the first frame to the last, and what the last is shown for.
    pub(crate) fn duration(&self) -> f64 {
        let span = self.times.last().zip(self.times.first()).map_or(0.0, |(last, first)| last - first);
        (span + self.median_step().unwrap_or(0.0)).max(0.0)
    }

    /// The usual time from frame to frame.
    pub(crate) fn median_step(&self) -> Option<f64> {
        crate::robust::median((1..self.len()).map(|place| self.step(place)))
    }
}
