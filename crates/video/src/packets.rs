//! A file's compressed samples and where it may be cut, for decoders outside this crate.
//!
//! The container is read by `demux` and cut by `chunk`, as for the decoders in here. What a hardware decoder is fed is
//! stricter: no leading picture that cannot be decoded from where its chunk begins.

use std::ops::Range;
use std::path::Path;

use crate::chunk::{Chunk, ChunkPlan};
use crate::chunked::may_start;
use crate::demux::{Format, Media, MediaFile, PictureKind};
use crate::error::{LossCause, VideoError};
use crate::info::Codec;

/// An open file with a video track.
pub struct PacketFile {
    pub(crate) media: Media,
    pub(crate) plan: ChunkPlan,
}

/// A stretch of the file that can be decoded by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketChunk {
    /// The samples to feed, in decode order.
    pub feed: Vec<Range<usize>>,
    /// The samples to feed to decode it once more, from the chunk before on; empty where times start afresh.
    pub feed_again: Vec<Range<usize>>,
    /// The times of its frames, in display order.
    pub times: Vec<i64>,
    /// The times of pictures that are decoded with them and are not frames of the file.
    pub hidden: Vec<i64>,
    /// The times, in display order, of all pictures that come of `feed_again` before those of `feed`.
    pub before: Vec<i64>,
    /// The number of its first frame.
    pub first_frame: u64,
}

impl PacketFile {
    /// Opens the video at `path`.
    ///
    /// # Errors
    /// The file cannot be opened, is of no known container, is broken, or holds no video.
    pub fn open(path: &Path) -> Result<Self, VideoError> {
        let file = MediaFile::open(path)?;
        let format = Format::of(&file.head()?);
        Ok(Self::of(Media::read(file, format)?))
    }

    pub(crate) fn of(media: Media) -> Self {
        let plan = ChunkPlan::new(&media.track.samples);
        Self { media, plan }
    }

    /// The compression.
    #[must_use]
    pub const fn codec(&self) -> &Codec {
        &self.media.track.codec
    }

    /// The file cut at every sample where decoding can really start.
    #[must_use]
    pub fn chunks(&self) -> Vec<PacketChunk> {
        let starts: Vec<_> =
            (0..self.plan.len()).filter(|&number| may_start(&self.media, &self.plan, number)).collect();
        let ends = starts.iter().skip(1).copied().chain([self.plan.len()]);
        starts.iter().zip(ends).map(|(&start, end)| self.chunk(start..end)).collect()
    }

    /// Puts sample `number` into `unit`, in place of what is there: Annex B for H.264 and HEVC, parameter sets first where
    /// decoding can start. Gives its time, and whether it can.
    ///
    /// # Errors
    /// The file ends before it, the read failed, or it is no sequence of NAL units.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn read(&self, number: usize, unit: &mut Vec<u8>) -> Result<(i64, bool), LossCause> {
        let sample = self.media.track.samples.get(number);
        self.media.access_unit(&sample, unit)?;
        Ok((sample.pts, sample.sync))
    }

    /// Chunks `numbers` of the plan as one; the first of them must be one where decoding can start.
    pub(crate) fn chunk(&self, numbers: Range<usize>) -> PacketChunk {
        let samples = &self.media.track.samples;
        let (end, next) = (numbers.end, self.plan.first_sample(numbers.end));
        let before = self.start_before(numbers.start);
        let chunk = self.plan.chunk(samples, numbers);
        let feed = self.fed(&chunk);
        let feed_again = before.map_or_else(Vec::new, |before| self.fed(&self.plan.chunk(samples, before..end)));
        // The sample that begins the next chunk is fed for the leading pictures after it, and is that chunk's.
        let own = |number: usize| number != next && feed.iter().any(|range| range.contains(&number));
        let hidden = feed.iter().cloned().flat_map(|range| samples.numbered(range));
        let hidden = hidden.filter(|&(number, sample)| number != next && sample.hidden);
        let before = feed_again.iter().cloned().flat_map(|range| samples.numbered(range));
        let before = before.filter(|&(number, _)| number != next && !own(number));
        let mut before: Vec<_> = before.map(|(_, sample)| sample.pts).collect();
        before.sort_unstable();
        let hidden = hidden.map(|(_, sample)| sample.pts).collect();
        PacketChunk { feed, feed_again, times: chunk.times, hidden, before, first_frame: chunk.first_frame }
    }

    /// The chunk before `number`, within its run, where decoding can start.
    fn start_before(&self, number: usize) -> Option<usize> {
        let starts_run = self.media.track.samples.starts_run(self.plan.first_sample(number));
        let before = if starts_run { 0..0 } else { 0..number };
        before.rev().find(|&number| may_start(&self.media, &self.plan, number))
    }

    /// The samples to feed for `chunk`, without leading pictures that refer to what is not fed.
    fn fed(&self, chunk: &Chunk) -> Vec<Range<usize>> {
        let samples = &self.media.track.samples;
        let start = chunk.feed.start;
        let begins = samples.get(start).pts;
        let leading = samples.numbered(start + 1..chunk.feed.end.max(start + 1));
        let leading = leading.take_while(|(_, sample)| sample.pts < begins && !sample.sync);
        let is_undecodable = |&(_, sample): &_| self.media.picture_kind(&sample) == PictureKind::SkippedLeading;
        let undecodable: Vec<_> = leading.filter(is_undecodable).map(|(number, _)| number).collect();
        let is_fed = |number: &usize| !chunk.skip.contains(number) && undecodable.binary_search(number).is_err();
        let mut fed: Vec<Range<usize>> = Vec::new();
        for number in chunk.feed.clone().filter(is_fed) {
            match fed.last_mut() {
                Some(last) if last.end == number => last.end += 1,
                _ => fed.push(number..number + 1),
            }
        }
        fed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(name: &str) -> (PacketFile, Vec<PacketChunk>) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/media/clips");
        let file = PacketFile::open(&folder.join(name)).unwrap();
        let chunks = file.chunks();
        (file, chunks)
    }

    #[test]
    fn every_frame_is_in_one_chunk_and_fed_there() {
        for name in ["h264_open_gop.mp4", "hevc10_open_gop.mp4", "h264_trimmed.mp4", "vp9.webm"] {
            let (file, chunks) = chunks(name);
            let mut unit = Vec::new();
            let mut next_frame = 0;
            for chunk in &chunks {
                assert_eq!(chunk.first_frame, next_frame, "{name}");
                next_frame += chunk.times.len() as u64;
                let fed = chunk.feed.iter().cloned().flatten();
                let fed: Vec<_> = fed.map(|sample| file.read(sample, &mut unit).unwrap()).collect();
                assert!(fed[0].1, "{name}: a chunk begins where decoding can start");
                assert!(chunk.times.iter().all(|time| fed.iter().any(|sample| sample.0 == *time)), "{name}");
                let again: usize = chunk.feed_again.iter().map(Range::len).sum();
                assert!(again == 0 || again == fed.len() + chunk.before.len(), "{name}: nothing is left out");
                assert!(chunk.before.iter().all(|time| *time < chunk.times[0]), "{name}");
            }
            assert_eq!(next_frame, file.plan.frame_count(), "{name}");
            assert!(chunks.len() > 1, "{name} is not cut");
        }
    }

    #[test]
    fn leading_pictures_are_fed_with_what_they_refer_to_only() {
        let (_, open) = chunks("hevc10_open_gop.mp4");
        assert!(open.iter().skip(1).all(|chunk| chunk.feed.len() == 2 && chunk.feed_again.len() <= 2));
        assert!(open[1].feed_again[0].start == open[0].feed[0].start);
        let (_, from_cra) = chunks("hevc10_cra_start.mp4");
        assert_eq!(from_cra[0].feed.len(), 2, "the first CRA's leading pictures have nothing to refer to");
        assert!(from_cra[0].feed_again.is_empty() && from_cra[0].hidden.is_empty());
    }
}
