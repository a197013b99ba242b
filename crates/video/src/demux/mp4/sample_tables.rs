//! The tables of `stbl`: run-length tables of times, sizes and places, unrolled into samples.
//!
//! ISO/IEC 14496-12 8.6 (stts, ctts, stss) and 8.7 (stsc, stsz, stz2, stco, co64). Each table is read through its own
//! small window, side by side, so that none is ever in memory whole.

use super::boxes::BoxRange;
use crate::demux::bytes::{MediaFile, Window};
use crate::demux::{Sample, SampleTable};
use crate::error::VideoError;

/// The tables of a track, found but not read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SampleTables {
    decode_times: Option<BoxRange>,
    composition_offsets: Option<BoxRange>,
    sync_samples: Option<BoxRange>,
    chunk_runs: Option<BoxRange>,
    sizes: Option<BoxRange>,
    chunk_offsets: Option<BoxRange>,
}

impl SampleTables {
    /// Finds the tables in `stbl`.
    pub(super) fn find(file: &MediaFile, stbl: BoxRange) -> Result<Self, VideoError> {
        let mut tables = Self::default();
        for child in stbl.children(file) {
            let child = child?;
            let slot = match &child.kind {
                b"stts" => &mut tables.decode_times,
                b"ctts" => &mut tables.composition_offsets,
                b"stss" => &mut tables.sync_samples,
                b"stsc" => &mut tables.chunk_runs,
                b"stsz" | b"stz2" => &mut tables.sizes,
                b"stco" | b"co64" => &mut tables.chunk_offsets,
                _ => continue,
            };
            slot.get_or_insert(child);
        }
        Ok(tables)
    }

    /// The samples with their times as composed, before any edit; and what had to be passed over.
    pub(super) fn read(&self, file: &MediaFile, notes: &mut Vec<String>) -> Result<(SampleTable, i64), VideoError> {
        let mut samples = SampleTable::default();
        let (Some(sizes), Some(runs), Some(offsets)) = (self.sizes, self.chunk_runs, self.chunk_offsets) else {
            return Ok((samples, 0));
        };
        let mut sizes = Sizes::open(file, sizes)?;
        let mut chunks = Chunks::open(file, runs, offsets)?;
        let mut times = Times::open(file, self.decode_times, self.composition_offsets)?;
        let mut syncs = SyncSamples::open(file, self.sync_samples)?;
        let announced = sizes.left;
        let mut refused = 0_u64;
        'chunks: while let Some(chunk) = chunks.next()? {
            let mut offset = chunk.offset;
            for _ in 0..chunk.samples {
                let Some(size) = sizes.next()? else { break 'chunks };
                let (pts, sync) = (times.next()?, syncs.next()?);
                let sample = Sample { offset, size, pts, sync, hidden: false };
                refused += u64::from(chunk.description != 1 || !samples.push(sample));
                offset = offset.saturating_add(size.into());
            }
        }
        for (count, what) in [
            (refused, "have no data, or another format than the first"),
            (sizes.left.into(), "are placed nowhere in the file"),
        ] {
            if count > 0 {
                notes.push(format!("{count} of the {announced} samples in the index {what}"));
            }
        }
        Ok((samples, times.decode_time))
    }

    /// The decode time of sample `index`.
    pub(super) fn decode_time(&self, file: &MediaFile, index: usize) -> Result<i64, VideoError> {
        let mut times = Times::open(file, self.decode_times, None)?;
        for _ in 0..index {
            times.next()?;
        }
        Ok(times.decode_time)
    }
}

/// Opens a table whose contents are version, flags and a number of entries of `entry_bytes` each.
///
/// The number is cut to what the box has room for.
fn open_table<'a>(file: &'a MediaFile, table: BoxRange, entry_bytes: u64) -> Result<(Window<'a>, u64), VideoError> {
    let mut window = table.window(file);
    window.skip(4);
    let count = u64::from(window.u32("a sample table")?);
    let room = window.left() / entry_bytes;
    Ok((window, count.min(room)))
}

/// `stsz` or `stz2`.
struct Sizes<'a> {
    window: Window<'a>,
    /// Samples still to come.
    left: u32,
    /// The one size of all samples; 0 where each has its own.
    uniform: u32,
    /// Bits of a size: 4, 8, 16 or 32.
    field_bits: u8,
    /// The second half of a byte of two 4-bit sizes.
    second_nibble: Option<u32>,
}

impl<'a> Sizes<'a> {
    fn open(file: &'a MediaFile, table: BoxRange) -> Result<Self, VideoError> {
        let mut window = table.window(file);
        window.skip(4);
        let word = window.u32("the sample sizes")?;
        let count = window.u32("the sample sizes")?;
        let (uniform, field_bits) = if table.kind == *b"stz2" { (0, (word & 0xFF) as u8) } else { (word, 32) };
        if !matches!(field_bits, 4 | 8 | 16 | 32) {
            return Err(file.malformed("the stz2 box", table.start, "its sizes are not of 4, 8 or 16 bits"));
        }
        // A number of samples costs nothing to claim, so it is held against the bytes they would take.
        let room = match uniform {
            0 => window.left() * 8 / u64::from(field_bits),
            size => file.len() / u64::from(size) + 1,
        };
        let left = count.min(u32::try_from(room).unwrap_or(u32::MAX));
        Ok(Self { window, left, uniform, field_bits, second_nibble: None })
    }

    fn next(&mut self) -> Result<Option<u32>, VideoError> {
        const PART: &str = "the sample sizes";
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if self.uniform != 0 {
            return Ok(Some(self.uniform));
        }
        let size = match self.field_bits {
            4 => match self.second_nibble.take() {
                Some(nibble) => nibble,
                None => {
                    let byte = u32::from(self.window.u8(PART)?);
                    self.second_nibble = Some(byte & 15);
                    byte >> 4
                }
            },
            8 => self.window.u8(PART)?.into(),
            16 => self.window.u16(PART)?.into(),
            _ => self.window.u32(PART)?,
        };
        Ok(Some(size))
    }
}

/// A chunk of consecutive samples, as MP4 uses the word.
struct Chunk {
    offset: u64,
    samples: u32,
    description: u32,
}

/// `stsc` with `stco` or `co64`.
struct Chunks<'a> {
    offsets: Window<'a>,
    offsets_left: u64,
    wide: bool,
    runs: Window<'a>,
    runs_left: u64,
    /// The number, from 1, of the next chunk, and of the chunk at which the next run begins.
    number: u64,
    next_run_at: u64,
    next_run: (u32, u32),
    run: (u32, u32),
}

impl<'a> Chunks<'a> {
    fn open(file: &'a MediaFile, runs: BoxRange, offsets: BoxRange) -> Result<Self, VideoError> {
        let wide = offsets.kind == *b"co64";
        let (offsets, offsets_left) = open_table(file, offsets, if wide { 8 } else { 4 })?;
        let (runs, runs_left) = open_table(file, runs, 12)?;
        let (next_run_at, next_run) = (0, (0, 1));
        let mut chunks =
            Self { offsets, offsets_left, wide, runs, runs_left, number: 1, next_run_at, next_run, run: next_run };
        chunks.read_run()?;
        Ok(chunks)
    }

    fn read_run(&mut self) -> Result<(), VideoError> {
        const PART: &str = "the stsc box";
        self.next_run_at = u64::MAX;
        if self.runs_left > 0 {
            self.runs_left -= 1;
            self.next_run_at = self.runs.u32(PART)?.into();
            self.next_run = (self.runs.u32(PART)?, self.runs.u32(PART)?);
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Chunk>, VideoError> {
        const PART: &str = "the chunk offsets";
        if self.offsets_left == 0 {
            return Ok(None);
        }
        self.offsets_left -= 1;
        let offset = if self.wide { self.offsets.u64(PART)? } else { self.offsets.u32(PART)?.into() };
        while self.next_run_at <= self.number {
            self.run = self.next_run;
            self.read_run()?;
        }
        self.number += 1;
        let (samples, description) = self.run;
        Ok(Some(Chunk { offset, samples, description }))
    }
}

/// `stts` with `ctts`.
struct Times<'a> {
    durations: Option<Runs<'a>>,
    offsets: Option<Runs<'a>>,
    decode_time: i64,
}

impl<'a> Times<'a> {
    fn open(file: &'a MediaFile, stts: Option<BoxRange>, ctts: Option<BoxRange>) -> Result<Self, VideoError> {
        let open = |table: Option<BoxRange>| table.map(|table| Runs::open(file, table)).transpose();
        Ok(Self { durations: open(stts)?, offsets: open(ctts)?, decode_time: 0 })
    }

    /// The composition time of the next sample.
    fn next(&mut self) -> Result<i64, VideoError> {
        let offset = match &mut self.offsets {
            // Signed in version 1, and in version 0 by those who write negative offsets all the same.
            Some(runs) => i64::from(runs.next()?.cast_signed()),
            None => 0,
        };
        let pts = self.decode_time.saturating_add(offset);
        let duration = match &mut self.durations {
            Some(runs) => runs.next()?,
            None => 1,
        };
        // A negative duration cannot be meant.
        let duration = if duration > i32::MAX as u32 { 1 } else { duration };
        self.decode_time = self.decode_time.saturating_add(duration.into());
        Ok(pts)
    }
}

/// A table of `(count, value)`; the last value goes on for ever.
struct Runs<'a> {
    window: Window<'a>,
    runs_left: u64,
    count: u32,
    value: u32,
}

impl<'a> Runs<'a> {
    fn open(file: &'a MediaFile, table: BoxRange) -> Result<Self, VideoError> {
        let (window, runs_left) = open_table(file, table, 8)?;
        Ok(Self { window, runs_left, count: 0, value: 0 })
    }

    fn next(&mut self) -> Result<u32, VideoError> {
        while self.count == 0 && self.runs_left > 0 {
            self.runs_left -= 1;
            self.count = self.window.u32("a table of times")?;
            self.value = self.window.u32("a table of times")?;
        }
        self.count = self.count.saturating_sub(1);
        Ok(self.value)
    }
}

/// `stss`: without one, every sample is a sync sample.
struct SyncSamples<'a> {
    table: Option<(Window<'a>, u64)>,
    next_sync: u64,
    number: u64,
}

impl<'a> SyncSamples<'a> {
    fn open(file: &'a MediaFile, table: Option<BoxRange>) -> Result<Self, VideoError> {
        let table = table.map(|table| open_table(file, table, 4)).transpose()?;
        Ok(Self { table, next_sync: 0, number: 0 })
    }

    fn next(&mut self) -> Result<bool, VideoError> {
        let Some((window, left)) = &mut self.table else {
            return Ok(true);
        };
        self.number += 1;
        while self.next_sync < self.number && *left > 0 {
            *left -= 1;
            self.next_sync = window.u32("the stss box")?.into();
        }
        Ok(self.next_sync == self.number)
    }
}
