//! What every check looks at: the clock and the people, each with times, blocks and sizes worked out once.

use crate::clock::Clock;
use crate::limits::{LOCAL, USUALLY};
use crate::robust::{blocks, local, median};
use crate::track::{Sample, Track, distance};
use std::ops::Range;

/// All that was read of a label file.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) clock: Clock,
    pub(crate) people: Vec<Followed>,
    /// The person the video is about: the one that is the primary in most frames. `None` where there is nobody.
    pub(crate) main: Option<usize>,
}

impl Scene {
    pub(crate) fn new(clock: Clock, tracks: Vec<Track>) -> Self {
        // Of equals the first, which is the last of a reversed row.
        let main =
            (0..tracks.len()).rev().max_by_key(|&track| (tracks[track].primary_frames(), tracks[track].samples.len()));
        let people = tracks.into_iter().map(|track| Followed::new(track, &clock)).collect();
        Self { clock, people, main }
    }

    /// The primary person of each frame: whose sample it is, and which one.
    pub(crate) fn primaries(&self) -> Vec<Option<(usize, usize)>> {
        let mut primaries = vec![None; self.clock.len()];
        for (index, person) in self.people.iter().enumerate() {
            for (place, sample) in person.samples().iter().enumerate().filter(|(_, sample)| sample.primary) {
                primaries[sample.place()] = Some((index, place));
            }
        }
        primaries
    }
}

/// A person and what is worked out of all samples together. An index is one of a sample.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) track: Track,
    pub(crate) times: Vec<f64>,
    pub(crate) blocks: Vec<Range<usize>>,
    /// The person's size around each block, in pixels; NaN where it is not known.
    sizes: Vec<f64>,
    /// The block of each sample.
    block_of: Vec<u32>,
}

impl Followed {
    fn new(track: Track, clock: &Clock) -> Self {
        let times: Vec<f64> = track.samples.iter().map(|sample| clock.times[sample.place()]).collect();
        let blocks = blocks(&times, LOCAL);
        let diagonals: Vec<f64> = track.samples.iter().map(Sample::diagonal).collect();
        let sizes = local(&diagonals, &blocks, |values| median(values.iter().copied()).unwrap_or(f64::NAN));
        let block_of = (0..).zip(&blocks).flat_map(|(block, samples)| samples.clone().map(move |_| block)).collect();
        Self { track, times, blocks, sizes, block_of }
    }

    pub(crate) fn samples(&self) -> &[Sample] {
        &self.track.samples
    }

    pub(crate) fn len(&self) -> usize {
        self.track.samples.len()
    }

    /// The block that sample `index` lies in.
    pub(crate) fn block(&self, index: usize) -> usize {
        self.block_of[index] as usize
    }

    /// The person's size around sample `index`, in pixels.
    pub(crate) fn size(&self, index: usize) -> f64 {
        self.sizes[self.block(index)]
    }

    /// The time since the sample before, where that is of the frame before and time goes on; else NaN.
    pub(crate) fn step(&self, index: usize) -> f64 {
        let next_to = index > 0 && self.samples()[index - 1].at + 1 == self.samples()[index].at;
        let step = if next_to { self.times[index] - self.times[index - 1] } else { f64::NAN };
        if step > 0.0 { step } else { f64::NAN }
    }

    /// The distance of two keypoints of sample `index` in sizes; NaN where one of them is not sure.
    pub(crate) fn length(&self, index: usize, [a, b]: [usize; 2]) -> f64 {
        let sample = &self.samples()[index];
        if !(sample.is_sure(a) && sample.is_sure(b)) {
            return f64::NAN;
        }
        distance(sample.point(a), sample.point(b)) / self.size(index)
    }

    /// The speed at which a keypoint came to sample `index`, in sizes a second; NaN where it is not sure here or before.
    pub(crate) fn speed(&self, index: usize, keypoint: usize) -> f64 {
        let step = self.step(index);
        if step.is_nan() || !(self.samples()[index].is_sure(keypoint) && self.samples()[index - 1].is_sure(keypoint)) {
            return f64::NAN;
        }
        let way = distance(self.samples()[index - 1].point(keypoint), self.samples()[index].point(keypoint));
        way / step / self.size(index)
    }

    /// Whether a keypoint's score reaches [`USUALLY`] in half of the samples.
    pub(crate) fn usually_sure(&self, keypoint: usize) -> bool {
        median(self.samples().iter().map(|sample| sample.score(keypoint))).is_some_and(|score| score >= USUALLY)
    }
}
