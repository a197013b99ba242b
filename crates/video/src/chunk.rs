//! Chunks: stretches of a track that can be decoded by themselves, each by whichever thread is free.
//!
//! A chunk begins at a sync sample and is fed up to the next one. Where the pictures around that one overlap in time (open
//! GOPs: HEVC's CRA and RASL pictures, H.264's recovery points), it is also fed the next sync sample and the leading
//! pictures after it, which need references from before; those leading pictures are frames of this chunk, not of the
//! next. Every displayed frame is so in exactly one chunk, decoded from the references it was coded with.

use std::ops::Range;

use crate::demux::{Sample, SampleTable};

/// One chunk: where its own samples begin, and the number of its first frame. It ends where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start {
    sample: usize,
    frame: u64,
}

/// How a track is cut.
#[derive(Debug)]
pub(crate) struct ChunkPlan {
    starts: Vec<Start>,
    samples: usize,
    frames: u64,
}

/// What a decoder is fed for a chunk, and which frames come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The samples to feed, in decode order: the chunk's own, then those of the next that its last frames need.
    pub(crate) feed: Range<usize>,
    /// Those among them that are not fed, as they need the chunk before: its own leading pictures.
    pub(crate) skip: Range<usize>,
    /// The frames' times, in display order.
    pub(crate) times: Vec<i64>,
    /// The number of the first of them.
    pub(crate) first_frame: u64,
}

impl ChunkPlan {
    /// Cuts `samples` at every sync sample that nothing is displayed across, but for its leading pictures.
    pub(crate) fn new(samples: &SampleTable) -> Self {
        let mut plan = Self { starts: Vec::new(), samples: samples.len(), frames: 0 };
        let cuts = cuts(samples);
        for (number, &cut) in cuts.iter().enumerate() {
            plan.starts.push(Start { sample: cut, frame: plan.frames });
            let next = cuts.get(number + 1).copied().unwrap_or(plan.samples);
            plan.frames += shown(samples, cut, next).count() as u64;
        }
        plan
    }

    /// How many chunks there are.
    pub(crate) const fn len(&self) -> usize {
        self.starts.len()
    }

    /// How many frames are displayed in all.
    pub(crate) const fn frame_count(&self) -> u64 {
        self.frames
    }

    /// The number of the chunk that holds `frame`.
    pub(crate) fn holding(&self, frame: u64) -> usize {
        self.starts.partition_point(|start| start.frame <= frame).saturating_sub(1)
    }

    /// The first sample of chunk `number`; the end of the samples for the one after the last.
    pub(crate) fn first_sample(&self, number: usize) -> usize {
        self.starts.get(number).map_or(self.samples, |start| start.sample)
    }

    /// The number of the first frame of chunk `number`; the count of frames for the one after the last.
    pub(crate) fn first_frame(&self, number: usize) -> u64 {
        self.starts.get(number).map_or(self.frames, |start| start.frame)
    }

    /// Chunks `numbers` as one.
    pub(crate) fn chunk(&self, samples: &SampleTable, numbers: Range<usize>) -> Chunk {
        let (start, next) = (self.first_sample(numbers.start), self.first_sample(numbers.end));
        let mut times: Vec<_> = shown(samples, start, next).map(|sample| sample.pts).collect();
        times.sort_unstable();
        let of_next = leading_of_next(samples, next);
        let end = if of_next.is_empty() { next } else { of_next.end };
        let skip = own_leading(samples, start);
        Chunk { feed: start..end, skip, times, first_frame: self.first_frame(numbers.start) }
    }
}

/// The samples displayed from the chunk that begins at `start`, where the one after it begins at `next`.
fn shown(samples: &SampleTable, start: usize, next: usize) -> impl Iterator<Item = Sample> + '_ {
    let skipped = own_leading(samples, start);
    let own = samples.iter(start..skipped.start).chain(samples.iter(skipped.end..next.max(skipped.end)));
    own.chain(samples.iter(leading_of_next(samples, next))).filter(|sample| !sample.hidden)
}

/// The leading pictures of the chunk that begins at `start`, where they belong to the one before it: at the start of a
/// run there is none.
fn own_leading(samples: &SampleTable, start: usize) -> Range<usize> {
    if samples.starts_run(start) { start + 1..start + 1 } else { leading(samples, start) }
}

/// The leading pictures of the chunk that begins at `next`, where they belong to the one before it.
fn leading_of_next(samples: &SampleTable, next: usize) -> Range<usize> {
    if next >= samples.len() || samples.starts_run(next) { next..next } else { leading(samples, next) }
}

/// The samples after `sync` that are displayed before it.
fn leading(samples: &SampleTable, sync: usize) -> Range<usize> {
    let time = samples.get(sync).pts;
    let belongs = |(index, sample): &(usize, Sample)| sample.pts < time && !sample.sync && !samples.starts_run(*index);
    let count = samples.numbered(sync + 1..samples.len()).take_while(belongs).count();
    sync + 1..sync + 1 + count
}

/// Where the samples are cut.
fn cuts(samples: &SampleTable) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut start = 0;
    while start < samples.len() {
        let end = run_end(samples, start);
        cut_run(samples, start..end, &mut cuts);
        start = end;
    }
    cuts
}

/// The end of the run that begins at `start`.
fn run_end(samples: &SampleTable, start: usize) -> usize {
    (start + 1..samples.len()).find(|&index| samples.starts_run(index)).unwrap_or(samples.len())
}

/// Cuts one run: at a sync sample that is displayed after everything decoded before it, and before everything decoded
/// after it except its leading pictures.
fn cut_run(samples: &SampleTable, run: Range<usize>, cuts: &mut Vec<usize>) {
    // From the end: candidates that nothing later, beyond their leading pictures, is displayed before.
    let mut candidates = Vec::new();
    let mut earliest_after_leading = i64::MAX;
    let mut leading_pending = Vec::new();
    for (index, sample) in samples.numbered(run.clone()).rev() {
        if !sample.sync {
            leading_pending.push(sample.pts);
            continue;
        }
        // `leading_pending` now holds the samples up to the next sync sample, in reverse.
        let leading = leading_pending.iter().rev().take_while(|&&pts| pts < sample.pts).count();
        let after = leading_pending.len() - leading;
        let earliest = leading_pending[..after].iter().copied().fold(earliest_after_leading, i64::min);
        if earliest > sample.pts {
            candidates.push((index, sample.pts));
        }
        earliest_after_leading = leading_pending.drain(..).fold(earliest_after_leading, i64::min).min(sample.pts);
    }
    // From the start: those among them that nothing earlier is displayed after.
    cuts.push(run.start);
    let mut candidates = candidates.into_iter().rev().peekable();
    let mut latest = i64::MIN;
    for (index, sample) in samples.numbered(run.clone()) {
        let candidate = candidates.next_if(|candidate| candidate.0 == index);
        if candidate.is_some_and(|(_, pts)| index > run.start && latest < pts) {
            cuts.push(index);
        }
        latest = latest.max(sample.pts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A table of `(pts, sync)`.
    fn table(samples: &[(i64, bool)]) -> SampleTable {
        let mut table = SampleTable::default();
        for &(pts, sync) in samples {
            assert!(table.push(Sample { offset: 0, size: 1, pts, sync, hidden: false }));
        }
        table
    }

    fn chunks(table: &SampleTable) -> Vec<Chunk> {
        let plan = ChunkPlan::new(table);
        (0..plan.len()).map(|number| plan.chunk(table, number..number + 1)).collect()
    }

    #[test]
    fn closed_groups_are_fed_by_themselves() {
        let table = table(&[(0, true), (2, false), (1, false), (3, true), (5, false), (4, false)]);
        let first = Chunk { feed: 0..3, skip: 1..1, times: vec![0, 1, 2], first_frame: 0 };
        let second = Chunk { feed: 3..6, skip: 4..4, times: vec![3, 4, 5], first_frame: 3 };
        assert_eq!(chunks(&table), [first, second]);
    }

    #[test]
    fn leading_pictures_belong_to_the_chunk_before() {
        let table = table(&[(0, true), (1, false), (4, true), (2, false), (3, false), (5, false)]);
        let first = Chunk { feed: 0..5, skip: 1..1, times: vec![0, 1, 2, 3], first_frame: 0 };
        let second = Chunk { feed: 2..6, skip: 3..5, times: vec![4, 5], first_frame: 4 };
        assert_eq!(chunks(&table), [first, second]);
    }

    #[test]
    fn nothing_is_cut_where_times_overlap_beyond_leading_pictures() {
        // Time 6 is decoded before the sync sample of time 3; time 2 after the trailing picture of time 4.
        assert_eq!(chunks(&table(&[(0, true), (6, false), (3, true), (4, false)])).len(), 1);
        assert_eq!(chunks(&table(&[(0, true), (3, true), (4, false), (2, false)])).len(), 1);
    }

    #[test]
    fn leading_pictures_at_the_start_of_a_run_are_its_own() {
        let mut table = table(&[(3, true), (1, false), (2, false), (4, false)]);
        table.hide(1);
        assert_eq!(chunks(&table), [Chunk { feed: 0..4, skip: 1..1, times: vec![2, 3, 4], first_frame: 0 }]);
    }

    proptest! {
        #[test]
        fn every_displayed_frame_is_in_exactly_one_chunk(
            samples in prop::collection::vec((-20_i64..60, any::<bool>(), any::<bool>(), prop::bool::weighted(0.1)), 1..60),
        ) {
            let mut table = SampleTable::default();
            for &(pts, sync, hidden, starts_run) in &samples {
                if starts_run {
                    table.start_run();
                }
                let pushed = table.push(Sample { offset: 0, size: 1, pts, sync, hidden });
                prop_assert!(pushed);
            }
            let plan = ChunkPlan::new(&table);
            let mut times = Vec::new();
            let mut latest = None;
            for (number, chunk) in chunks(&table).into_iter().enumerate() {
                prop_assert_eq!(chunk.first_frame, times.len() as u64);
                prop_assert!(chunk.times.is_sorted());
                // Within a run the chunks follow one another in time, too.
                latest = latest.filter(|_| !table.starts_run(chunk.feed.start));
                if let Some(&first) = chunk.times.first() {
                    prop_assert!(latest.is_none_or(|latest| latest < first));
                }
                latest = chunk.times.last().copied().or(latest);
                let frames = chunk.first_frame..chunk.first_frame + chunk.times.len() as u64;
                prop_assert!(frames.into_iter().all(|frame| plan.holding(frame) == number));
                let fed: Vec<_> = chunk.feed.clone().filter(|index| !chunk.skip.contains(index)).collect();
                prop_assert!(chunk.times.iter().all(|&time| fed.iter().any(|&index| table.get(index).pts == time)));
                times.extend(chunk.times);
            }
            prop_assert_eq!(plan.frame_count(), times.len() as u64);
            let mut expected: Vec<_> = samples.iter().filter(|sample| !sample.2).map(|sample| sample.0).collect();
            expected.sort_unstable();
            times.sort_unstable();
            prop_assert_eq!(times, expected);
        }
    }
}
