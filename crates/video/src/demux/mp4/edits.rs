//! Edit lists: which stretch of the composed times is shown, and from when on.
//!
//! ISO/IEC 14496-12 8.6.6. Times come out as FFmpeg's demuxer gives them, which the reference counts are made with: the
//! first shown frame is at the sum of the leading empty edits, whatever fraction of a frame the edit begins before it.

use super::boxes::BoxRange;
use crate::demux::bytes::MediaFile;
use crate::demux::{Sample, SampleTable};
use crate::error::VideoError;

/// One entry of an edit list, in ticks of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// How long it is shown; 0 for all there is.
    pub(super) duration: i64,
    /// The composed time it begins at; `None` where nothing is shown.
    pub(super) media_time: Option<i64>,
}

/// The most edits that are taken: editors write a few.
const MAX_EDITS: u32 = 1024;

/// How many times over an edit list may show the track.
const MAX_REPEATS: usize = 8;

impl Edit {
    /// The entries of `elst`, whose durations are in ticks of the movie.
    pub(super) fn read_list(
        file: &MediaFile,
        elst: BoxRange,
        timescale: u32,
        movie_timescale: u32,
    ) -> Result<Vec<Self>, VideoError> {
        const PART: &str = "the edit list";
        let mut window = elst.window(file);
        let wide = window.u32(PART)? >> 24 == 1;
        let count = window.u32(PART)?;
        if count > MAX_EDITS {
            return Err(file.malformed(PART, elst.start, "it has more than 1024 entries"));
        }
        let mut edits = Vec::new();
        for _ in 0..count {
            let (duration, media_time) = if wide {
                (window.u64(PART)?, window.u64(PART)?.cast_signed())
            } else {
                (window.u32(PART)?.into(), window.u32(PART)?.cast_signed().into())
            };
            window.skip(4);
            let duration = rescale(duration, timescale, movie_timescale);
            edits.push(Self { duration, media_time: (media_time >= 0).then_some(media_time) });
        }
        Ok(edits)
    }
}

/// `ticks * to / from`, rounded to nearest.
fn rescale(ticks: u64, to: u32, from: u32) -> i64 {
    let from = u128::from(from.max(1));
    i64::try_from((u128::from(ticks) * u128::from(to) + from / 2) / from).unwrap_or(i64::MAX)
}

/// The length of the empty edits before the first that shows something, and the composed time where that begins.
pub(super) fn start_of(edits: &[Edit]) -> (i64, i64) {
    let empty = edits.iter().take_while(|edit| edit.media_time.is_none());
    let delay = empty.fold(0, |sum: i64, edit| sum.saturating_add(edit.duration));
    (delay, edits.iter().find_map(|edit| edit.media_time).unwrap_or(0))
}

/// The samples as `edits` show them; `decode_time` gives that of a sample of `composed`.
///
/// Samples that an edit needs but does not show are kept, hidden; a stretch shown twice is there twice.
pub(super) fn apply(
    file: &MediaFile,
    composed: SampleTable,
    edits: &[Edit],
    decode_time: impl Fn(usize) -> Result<i64, VideoError>,
) -> Result<SampleTable, VideoError> {
    if edits.iter().all(|edit| edit.media_time.is_none()) {
        return Ok(composed);
    }
    let (delay, _) = start_of(edits);
    let mut shown = SampleTable::default();
    let mut earliest = i64::MAX;
    let mut clock: i64 = 0;
    for edit in edits {
        if let Some(stretch) = Stretch::of(&composed, edit) {
            if shown.len() + (stretch.end - stretch.start) > composed.len().saturating_mul(MAX_REPEATS) {
                return Err(file.malformed("the edit list", 0, "it shows the track more than eight times over"));
            }
            let shift = clock.saturating_sub(decode_time(stretch.first_shown)?);
            shown.start_run();
            for sample in composed.iter(stretch.start..stretch.end) {
                let hidden = !stretch.shows(&sample);
                let pts = sample.pts.saturating_add(shift);
                earliest = if hidden { earliest } else { earliest.min(pts) };
                shown.push(Sample { pts, hidden, ..sample });
            }
        }
        clock = clock.saturating_add(edit.duration);
    }
    if earliest != i64::MAX {
        shown.shift(delay.saturating_sub(earliest));
    }
    Ok(shown)
}

/// What one edit takes of the track: samples `start..end` in decode order, shown where their times are in `times`.
struct Stretch {
    times: std::ops::Range<i64>,
    start: usize,
    end: usize,
    first_shown: usize,
}

impl Stretch {
    fn of(composed: &SampleTable, edit: &Edit) -> Option<Self> {
        let begin = edit.media_time?;
        let times = match edit.duration {
            0 => begin..i64::MAX,
            duration => begin..begin.saturating_add(duration),
        };
        let last_before = |wanted: &dyn Fn(&Sample) -> bool| {
            let before = |(_, sample): &(usize, Sample)| sample.pts <= begin && wanted(sample);
            composed.numbered(0..composed.len()).rev().find(before).map(|(index, _)| index)
        };
        let start = last_before(&|sample| sample.sync).or_else(|| last_before(&|_| true)).unwrap_or(0);
        let inside = |(_, sample): &(usize, Sample)| times.contains(&sample.pts);
        let (first_shown, _) = composed.numbered(start..composed.len()).find(inside)?;
        let end = composed.numbered(start..composed.len()).rev().find(inside)?.0 + 1;
        Some(Self { times, start, end, first_shown })
    }

    fn shows(&self, sample: &Sample) -> bool {
        self.times.contains(&sample.pts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Decode order I P B B, times 2 5 3 4 twice over, 1 tick a frame, decode times 0 1 2 ...
    fn two_groups() -> SampleTable {
        let mut table = SampleTable::default();
        for (index, pts) in [2, 5, 3, 4, 6, 9, 7, 8].into_iter().enumerate() {
            let offset = index as u64 * 10;
            assert!(table.push(Sample { offset, size: 10, pts, sync: index % 4 == 0, hidden: false }));
        }
        table
    }

    fn shown(edits: &[(i64, Option<i64>)]) -> Vec<(u64, i64)> {
        let edits: Vec<_> = edits.iter().map(|&(duration, media_time)| Edit { duration, media_time }).collect();
        let file = MediaFile::from_bytes(Path::new("edits"), vec![0]);
        let table = apply(&file, two_groups(), &edits, |index| Ok(index as i64)).unwrap();
        let visible = table.iter(0..table.len()).filter(|sample| !sample.hidden);
        visible.map(|sample| (sample.offset / 10, sample.pts)).collect()
    }

    #[test]
    fn an_edit_that_shows_everything_only_moves_the_times() {
        let moved = [(0, 0), (1, 3), (2, 1), (3, 2), (4, 4), (5, 7), (6, 5), (7, 6)];
        assert_eq!(shown(&[(8, Some(2))]), moved);
        assert_eq!(shown(&[(0, Some(2))]), moved);
    }

    #[test]
    fn a_trim_keeps_what_it_shows_and_an_empty_edit_delays_it() {
        assert_eq!(shown(&[(100, None), (3, Some(4))]), [(1, 101), (3, 100), (4, 102)]);
    }

    #[test]
    fn two_edits_follow_one_another() {
        // Each begins at its place in the presentation, the first moved to zero with the reorder delay.
        assert_eq!(shown(&[(1, Some(6)), (1, Some(2))]), [(4, 0), (0, 1)]);
    }

    #[test]
    fn an_edit_list_cannot_multiply_the_track() {
        let file = MediaFile::from_bytes(Path::new("edits"), vec![0]);
        let edits = [Edit { duration: 0, media_time: Some(0) }; 9];
        assert!(apply(&file, two_groups(), &edits, |index| Ok(index as i64)).is_err());
    }

    #[test]
    fn durations_are_rounded_to_the_nearest_tick() {
        assert_eq!(rescale(2550, 15_360, 1000), 39_168);
        assert_eq!(rescale(1, 1, 2), 1);
        assert_eq!(rescale(u64::MAX, u32::MAX, 0), i64::MAX);
    }
}
