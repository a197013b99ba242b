//! Decoding on NVIDIA's chip: surfaces in the GPU's memory, from several decoders at once, each frame once.
//!
//! [`NvdecVideo::open`] asks whether the chip takes the video (`choice`). [`NvdecVideo::decode`] gives the chunks that
//! `packets` cuts to threads with a decoder each (`threads`), and the frames to a [`FrameSink`]. A frame that the chip hands
//! out is the one that was coded: at the first sign that a chunk may go wrong, the rest of it is decoded on the CPU by what
//! decodes it in [`VideoSource`](crate::VideoSource) (`decoding`), and given as pictures (`answers`).

mod answers;
mod choice;
mod threads;

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;

use swingpose_core::FrameIndex;

use crate::chunked::{chunks_for, container_color, describe, next_of};
use crate::color::ColorDescription;
use crate::demux::{Format, Media, MediaFile};
use crate::error::VideoError;
use crate::frame::DecodedFrame;
use crate::info::{StreamHeader, VideoInfo};
use crate::packets::PacketFile;
use crate::source::{SourceOptions, SourceStats, wanted};

/// Where a video's frames go, from several decoding threads at once.
///
/// Each wanted frame comes once: as a surface, as a picture, or among those that failed. Those of a chunk come in order, and
/// chunks are begun in order, so that a sink may keep every thread waiting but the one that has the lowest frame. A sink that
/// has answered `Break` gets no frame after those that are on their way, and must let go the threads that wait in it.
pub trait FrameSink: Sync {
    /// Frame `index`, decoded by the chip. May wait until there is room for it; frames of lower numbers never wait for it.
    ///
    /// It has the size (before rotation), the depth and the colours that [`NvdecVideo::info`] says. Where a side is odd, one
    /// more column or row lies in the memory, which is coded and not shown.
    fn surface(&self, index: FrameIndex, pts: i64, surface: nvdec::Surface<'_>) -> ControlFlow<()>;
    /// A frame that was decoded on the CPU in the chip's stead. As `surface`, but of whatever size and depth it is.
    fn picture(&self, frame: DecodedFrame) -> ControlFlow<()>;
    /// Frames that could not be decoded (`VideoError::Lost`), or, not recoverable, the end of it all.
    fn failed(&self, error: VideoError) -> ControlFlow<()>;
}

/// What is to decode a file.
#[expect(clippy::large_enum_variant, reason = "one a file, taken apart at once")]
pub enum Choice {
    /// The chip.
    Nvdec(NvdecVideo),
    /// The CPU: [`VideoSource`](crate::VideoSource) opens the file, or says what is wrong with it.
    Cpu {
        /// What is lacking for the chip to decode it.
        why: String,
    },
}

/// A video that the chip decodes.
pub struct NvdecVideo {
    file: PacketFile,
    pool: Arc<nvdec::Pool>,
    codec: nvdec::Codec,
    header: StreamHeader,
    /// The colour that the container names.
    color: ColorDescription,
    info: VideoInfo,
    wanted: Range<u64>,
    /// The chunks to decode, each by the numbers of those of the plan that it is made of.
    chunks: Vec<Range<usize>>,
}

impl NvdecVideo {
    /// Opens the video at `path` and asks whether the chip of `pool` decodes it.
    ///
    /// The pool's sessions must weave the fields of interlaced video, as they do by default. Of the options, only the frames
    /// are heeded.
    ///
    /// # Errors
    /// What keeps the file from giving any frame on the CPU too: it cannot be opened, is broken, holds no video, or has none
    /// of the frames asked for; or the GPU is gone.
    pub fn open(path: &Path, options: &SourceOptions, pool: &Arc<nvdec::Pool>) -> Result<Choice, VideoError> {
        let file = MediaFile::open(path)?;
        let media = match Format::of(&file.head()?) {
            format @ (Format::Mp4 | Format::Matroska) => Media::read(file, format)?,
            Format::Png | Format::Jpeg => return Ok(Choice::Cpu { why: "it is a picture file".to_owned() }),
            Format::Unknown(what) => return Ok(Choice::Cpu { why: format!("it is no MP4 or Matroska file ({what})") }),
        };
        let file = PacketFile::of(media);
        if file.plan.frame_count() == 0 {
            return Err(VideoError::NoFrames { path: path.to_owned() });
        }
        let wanted = wanted(path, options, file.plan.frame_count())?;
        let chunks = chunks(&file, &wanted);
        match choice::of(&file, chunks.first(), pool)? {
            Ok((codec, header)) => {
                let color = container_color(&file.media);
                let info = describe(&file.media, &header, color, file.plan.frame_count());
                let pool = Arc::clone(pool);
                Ok(Choice::Nvdec(Self { file, pool, codec, header, color, info, wanted, chunks }))
            }
            Err(why) => Ok(Choice::Cpu { why }),
        }
    }

    /// What the video is: what [`VideoSource::info`](crate::VideoSource::info) says of it.
    #[must_use]
    pub const fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// The frames that are wanted.
    #[must_use]
    pub const fn wanted(&self) -> Range<u64> {
        self.wanted.start..self.wanted.end
    }

    /// Makes up to `decoders` decoders for it ahead, one after another. What keeps one from being made is told by [`Self::decode`].
    pub fn prepare(&self, decoders: usize) {
        let format = choice::format(self.codec, &self.header);
        let _told_later = self.pool.prepare(decoders.min(self.chunks.len()), &format);
    }

    /// Decodes the wanted frames with up to `decoders` decoders, and as many threads; returns when each has been answered for
    /// or `sink` has broken off.
    ///
    /// Every chunk that was not decoded by the chip alone is a remark in the result's notes.
    ///
    /// # Panics
    /// If `sink` does. The others that wait in it are told first, by [`VideoError::SinkPanicked`].
    pub fn decode(&self, decoders: usize, sink: &dyn FrameSink) -> SourceStats {
        threads::decode(self, decoders, sink)
    }

    /// The frames of a chunk of the plan.
    fn frames_of(&self, numbers: &Range<usize>) -> Range<u64> {
        self.file.plan.first_frame(numbers.start)..self.file.plan.first_frame(numbers.end)
    }
}

/// The chunks that hold `wanted`, short ones together.
fn chunks(file: &PacketFile, wanted: &Range<u64>) -> Vec<Range<usize>> {
    let mut left = chunks_for(&file.media, &file.plan, wanted);
    let mut chunks = Vec::new();
    while !left.is_empty() {
        let next = next_of(&file.media, &file.plan, &left);
        left.start = next.end;
        chunks.push(next);
    }
    chunks
}
