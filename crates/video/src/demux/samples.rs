//! The index of a track: where each compressed picture lies and when it is shown, 12 bytes a sample.
//!
//! Filled by the container parsers in decode order, edit lists applied; read by `chunk` to cut it and by the decoding
//! threads to find their bytes. Offsets and times are kept relative to a block's base, so that an hour of 240 fps video
//! is 10 MB of index.

use std::ops::Range;

/// One compressed picture, in decode order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Where its bytes begin in the file.
    pub(crate) offset: u64,
    /// How many they are.
    pub(crate) size: u32,
    /// When it is shown, in ticks.
    pub(crate) pts: i64,
    /// Whether decoding may begin here, as the container says.
    pub(crate) sync: bool,
    /// Whether it is decoded for others only, and not shown.
    pub(crate) hidden: bool,
}

/// The largest sample: above it a size is taken for nonsense. 8K intra pictures are below 64 MB.
pub(crate) const MAX_SAMPLE_BYTES: u32 = (1 << 29) - 1;

const SYNC: u32 = 1 << 31;
const HIDDEN: u32 = 1 << 30;
const STARTS_RUN: u32 = 1 << 29;

/// Samples in decode order. A run is a stretch whose times belong together: an edit, or all of the file.
#[derive(Debug, Default)]
pub(crate) struct SampleTable {
    blocks: Vec<Block>,
    entries: Vec<Entry>,
    next_starts_run: bool,
}

/// What the entries from `first` on are relative to.
#[derive(Debug)]
struct Block {
    first: usize,
    offset: u64,
    pts: i64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    offset: u32,
    pts: i32,
    size_and_flags: u32,
}

impl SampleTable {
    /// How many samples there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a sample; one of no bytes, or above [`MAX_SAMPLE_BYTES`], is refused with `false`.
    pub(crate) fn push(&mut self, sample: Sample) -> bool {
        if sample.size == 0 || sample.size > MAX_SAMPLE_BYTES {
            return false;
        }
        let relative = |block: &Block| {
            let offset = u32::try_from(sample.offset.checked_sub(block.offset)?).ok()?;
            let pts = i32::try_from(sample.pts.checked_sub(block.pts)?).ok()?;
            Some((offset, pts))
        };
        let (offset, pts) = self.blocks.last().and_then(relative).unwrap_or_else(|| {
            self.blocks.push(Block { first: self.entries.len(), offset: sample.offset, pts: sample.pts });
            (0, 0)
        });
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        let starts_run = std::mem::take(&mut self.next_starts_run) || self.entries.is_empty();
        let flags = flag(sample.sync, SYNC) | flag(sample.hidden, HIDDEN) | flag(starts_run, STARTS_RUN);
        self.entries.push(Entry { offset, pts, size_and_flags: sample.size | flags });
        true
    }

    /// The next sample that is added begins a new run.
    pub(crate) const fn start_run(&mut self) {
        self.next_starts_run = true;
    }

    /// Whether the times of sample `index` have nothing to do with those before it.
    pub(crate) fn starts_run(&self, index: usize) -> bool {
        self.entries[index].size_and_flags & STARTS_RUN != 0
    }

    /// Keeps sample `index` from being shown.
    pub(crate) fn hide(&mut self, index: usize) {
        self.entries[index].size_and_flags |= HIDDEN;
    }

    /// Moves every time by `ticks`.
    pub(crate) fn shift(&mut self, ticks: i64) {
        for block in &mut self.blocks {
            block.pts = block.pts.saturating_add(ticks);
        }
    }

    /// Sample `index`.
    ///
    /// # Panics
    /// If there is no such sample.
    pub(crate) fn get(&self, index: usize) -> Sample {
        let block = self.blocks.partition_point(|block| block.first <= index) - 1;
        self.resolve(&self.blocks[block], self.entries[index])
    }

    /// The samples of `range`, which must lie within the table, forwards or backwards.
    pub(crate) fn iter(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = Sample> + '_ {
        self.numbered(range).map(|(_, sample)| sample)
    }

    /// The same, each with its number.
    pub(crate) fn numbered(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = (usize, Sample)> + '_ {
        let first = self.blocks.partition_point(|block| block.first <= range.start).saturating_sub(1);
        let last = self.blocks.partition_point(|block| block.first < range.end).max(first);
        (first..last).flat_map(move |number| {
            let block = &self.blocks[number];
            let end = self.blocks.get(number + 1).map_or(self.entries.len(), |next| next.first).min(range.end);
            let start = block.first.max(range.start).min(end);
            (start..end).map(|index| (index, self.resolve(block, self.entries[index])))
        })
    }

    fn resolve(&self, block: &Block, entry: Entry) -> Sample {
        Sample {
            offset: block.offset.saturating_add(entry.offset.into()),
            size: entry.size_and_flags & MAX_SAMPLE_BYTES,
            pts: block.pts.saturating_add(entry.pts.into()),
            sync: entry.size_and_flags & SYNC != 0,
            hidden: entry.size_and_flags & HIDDEN != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_sample() -> impl Strategy<Value = Sample> {
        // Near and far offsets and times, so that blocks are both extended and begun.
        let offset = prop_oneof![0..1_u64 << 20, any::<u64>()];
        let pts = prop_oneof![-1000..1000_i64, any::<i64>()];
        (offset, 1..=MAX_SAMPLE_BYTES, pts, any::<bool>(), any::<bool>())
            .prop_map(|(offset, size, pts, sync, hidden)| Sample { offset, size, pts, sync, hidden })
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_what_is_read(samples in prop::collection::vec(any_sample(), 1..60), cut in any::<(u8, u8)>()) {
            let mut table = SampleTable::default();
            prop_assert!(samples.iter().all(|&sample| table.push(sample)));
            prop_assert_eq!(table.len(), samples.len());
            for (index, &sample) in samples.iter().enumerate() {
                prop_assert_eq!(table.get(index), sample);
            }
            let (a, b) = (usize::from(cut.0) % (samples.len() + 1), usize::from(cut.1) % (samples.len() + 1));
            let (start, end) = (a.min(b), a.max(b));
            prop_assert_eq!(table.iter(start..end).collect::<Vec<_>>(), &samples[start..end]);
            let backwards = samples[start..end].iter().rev().copied().collect::<Vec<_>>();
            prop_assert_eq!(table.iter(start..end).rev().collect::<Vec<_>>(), backwards);
        }
    }

    #[test]
    fn an_empty_or_absurd_sample_is_refused() {
        let sample = Sample { offset: 0, size: 0, pts: 0, sync: true, hidden: false };
        let mut table = SampleTable::default();
        assert!(!table.push(sample));
        assert!(!table.push(Sample { size: MAX_SAMPLE_BYTES + 1, ..sample }));
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn a_shift_moves_every_time_and_a_run_starts_where_told() {
        let mut table = SampleTable::default();
        for pts in [0, i64::from(i32::MAX) * 3] {
            assert!(table.push(Sample { offset: 8, size: 1, pts, sync: true, hidden: false }));
            table.start_run();
        }
        assert!(table.push(Sample { offset: 8, size: 1, pts: 5, sync: true, hidden: false }));
        table.shift(-3);
        assert_eq!(table.iter(0..3).map(|s| s.pts).collect::<Vec<_>>(), [-3, i64::from(i32::MAX) * 3 - 3, 2]);
        assert_eq!((0..3).map(|index| table.starts_run(index)).collect::<Vec<_>>(), [true, true, true]);
    }
}
