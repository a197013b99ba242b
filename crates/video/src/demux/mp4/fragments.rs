//! Movie fragments: samples that follow the movie box in `moof` boxes.
//!
//! ISO/IEC 14496-12 8.8. Defaults come from `trex`, then `tfhd`, then each `trun`; a fragment that cannot be read is
//! passed over with a note, as those before and after it stand for themselves.

use super::boxes::BoxRange;
use crate::demux::bytes::{MediaFile, Window};
use crate::demux::{Sample, SampleTable};
use crate::error::VideoError;

const TFHD: &str = "the tfhd box";
const TRUN: &str = "a trun box";

/// Sample flags: not a sync sample, and depends on others.
const NOT_SYNC: u32 = 0x0001_0000 | 0x0100_0000;

/// What a sample is where a fragment does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

impl Defaults {
    /// The defaults of `track` in the movie's `mvex`.
    pub(super) fn read(file: &MediaFile, mvex: BoxRange, track: u32) -> Result<Self, VideoError> {
        for child in mvex.children(file) {
            let child = child?;
            let mut window = child.window(file);
            if child.kind != *b"trex" {
                continue;
            }
            let [_, id, _, duration, size, flags] = words(&mut window, "the trex box")?;
            if id == track {
                return Ok(Self { duration, size, flags });
            }
        }
        Ok(Self::default())
    }
}

fn words<const N: usize>(window: &mut Window<'_>, part: &'static str) -> Result<[u32; N], VideoError> {
    let mut words = [0; N];
    for word in &mut words {
        *word = window.u32(part)?;
    }
    Ok(words)
}

/// Reads the fragments of one track, in the order of the file.
pub(super) struct FragmentReader<'a> {
    pub(super) file: &'a MediaFile,
    pub(super) track: u32,
    pub(super) defaults: Defaults,
    /// What the edit list adds to every time.
    pub(super) shift: i64,
    /// The decode time where the next sample begins, unless its fragment says.
    pub(super) decode_time: i64,
}

/// Where the reader is within a fragment.
struct Place {
    /// What data offsets are relative to.
    base: u64,
    /// Where the next sample's bytes begin, unless its run says.
    offset: u64,
    defaults: Defaults,
}

impl FragmentReader<'_> {
    /// Adds the samples of `moof`.
    pub(super) fn read(&mut self, moof: BoxRange, samples: &mut SampleTable) -> Result<(), VideoError> {
        let mut offset = moof.start;
        for child in moof.children(self.file) {
            let child = child?;
            if child.kind == *b"traf" {
                offset = self.read_track(moof.start, child, offset, samples)?;
            }
        }
        Ok(())
    }

    /// Adds the samples of `traf`, if they are of this track; returns where its data ends.
    fn read_track(
        &mut self,
        moof: u64,
        traf: BoxRange,
        implied: u64,
        samples: &mut SampleTable,
    ) -> Result<u64, VideoError> {
        let missing = || self.file.malformed("a traf box", traf.start, "it has no tfhd box");
        let tfhd = traf.child(self.file, b"tfhd")?.ok_or_else(missing)?;
        let (track, mut place) = self.header(tfhd, moof, implied)?;
        if track != self.track {
            return Ok(implied);
        }
        if let Some(tfdt) = traf.child(self.file, b"tfdt")? {
            let mut window = tfdt.window(self.file);
            let wide = window.u32("the tfdt box")? >> 24 == 1;
            let time = if wide { window.u64("the tfdt box")? } else { window.u32("the tfdt box")?.into() };
            self.decode_time = i64::try_from(time).unwrap_or(i64::MAX);
        }
        for child in traf.children(self.file) {
            let child = child?;
            if samples.len() as u64 > self.file.len() {
                return Err(self.file.malformed(
                    "a traf box",
                    traf.start,
                    "it claims more samples than the file has bytes",
                ));
            }
            if child.kind == *b"trun" {
                self.run(child, &mut place, samples)?;
            }
        }
        Ok(place.offset)
    }

    fn header(&self, tfhd: BoxRange, moof: u64, implied: u64) -> Result<(u32, Place), VideoError> {
        let mut window = tfhd.window(self.file);
        let [flags, track] = words(&mut window, TFHD)?;
        let has = |bit: u32| flags & bit != 0;
        let base = match (has(1), has(0x2_0000)) {
            (true, _) => window.u64(TFHD)?,
            (false, true) => moof,
            (false, false) => implied,
        };
        if has(2) {
            window.skip(4);
        }
        let mut defaults = self.defaults;
        for (bit, field) in [(8, &mut defaults.duration), (0x10, &mut defaults.size), (0x20, &mut defaults.flags)] {
            if has(bit) {
                *field = window.u32(TFHD)?;
            }
        }
        Ok((track, Place { base, offset: base, defaults }))
    }

    /// Adds the samples of `trun`.
    fn run(&mut self, trun: BoxRange, place: &mut Place, samples: &mut SampleTable) -> Result<(), VideoError> {
        let mut window = trun.window(self.file);
        let [flags, count] = words(&mut window, TRUN)?;
        let has = |bit: u32| flags & bit != 0;
        if has(1) {
            place.offset = place.base.saturating_add_signed(window.u32(TRUN)?.cast_signed().into());
        }
        let first_flags = if has(4) { Some(window.u32(TRUN)?) } else { None };
        let fields = [0x100, 0x200, 0x400, 0x800].map(has);
        for index in 0..bounded(self.file, count, &window, fields, place.defaults.size) {
            let mut field = |present: bool, default: u32| if present { window.u32(TRUN) } else { Ok(default) };
            let duration = field(fields[0], place.defaults.duration)?;
            let size = field(fields[1], place.defaults.size)?;
            let flags = field(fields[2], place.defaults.flags)?;
            let composition_offset = field(fields[3], 0)?.cast_signed();
            let flags = first_flags.filter(|_| index == 0).unwrap_or(flags);
            let pts = self.decode_time.saturating_add(composition_offset.into()).saturating_add(self.shift);
            samples.push(Sample { offset: place.offset, size, pts, sync: flags & NOT_SYNC == 0, hidden: false });
            place.offset = place.offset.saturating_add(size.into());
            self.decode_time = self.decode_time.saturating_add(duration.into());
        }
        Ok(())
    }
}

/// `count` samples, or as many as there can be: by the table's room, or by the file's where a sample takes no table.
fn bounded(file: &MediaFile, count: u32, window: &Window<'_>, fields: [bool; 4], default_size: u32) -> u64 {
    let entry_bytes = 4 * fields.iter().filter(|&&present| present).count() as u64;
    let room = match entry_bytes {
        0 => file.len() / u64::from(default_size.max(1)) + 1,
        bytes => window.left() / bytes,
    };
    room.min(count.into())
}
