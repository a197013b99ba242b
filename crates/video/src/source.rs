//! A file as an iterator of frames: every displayed frame once, in display order, with its integer time.
//!
//! [`VideoSource::open`] tells videos from pictures by their first bytes; a video's index is read by `demux` and its frames
//! come from `chunked`, a picture is its only frame. What is given and what is lost is counted here.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::thread;

use swingpose_core::{FrameIndex, Timebase};

use crate::chunked::ChunkedFrames;
use crate::decoding::Item;
use crate::demux::{Format, Media, MediaFile};
use crate::error::VideoError;
#[cfg(feature = "ffmpeg")]
use crate::ffmpeg::FfmpegFrames;
use crate::frame::{DecodedFrame, Picture};
use crate::info::{Rotation, VideoInfo};
use crate::still;

/// How to read a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceOptions {
    /// Decoding threads; 0 is one a core. The frames do not depend on it.
    pub threads: usize,
    /// The frames that are wanted, by their numbers in display order; `None` is all of them.
    pub frames: Option<Range<u64>>,
}

impl SourceOptions {
    fn thread_count(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        if self.threads == 0 { cores() } else { self.threads }
    }
}

/// What has come out of a source so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceStats {
    /// Frames given.
    pub decoded: u64,
    /// Frames that could not be decoded, in ascending order, none touching the next.
    pub lost: Vec<Range<u64>>,
    /// What had to be passed over in the container, and other remarks for the summary.
    pub notes: Vec<String>,
}

impl SourceStats {
    /// How many frames were lost.
    #[must_use]
    pub fn lost_frames(&self) -> u64 {
        self.lost.iter().map(|frames| frames.end - frames.start).sum()
    }

    fn count(&mut self, item: &Item) {
        match item {
            Ok(_) => self.decoded += 1,
            Err(VideoError::Lost { frames, .. }) => self.lose(frames.clone()),
            Err(_) => {}
        }
    }

    /// Counts lost frames, which come after all those lost so far.
    pub(crate) fn lose(&mut self, frames: Range<u64>) {
        match self.lost.last_mut() {
            Some(last) if last.end == frames.start => last.end = frames.end,
            _ => self.lost.push(frames),
        }
    }
}

/// An open video or picture, and an iterator of its frames.
///
/// An item is a frame or an error; after an error that [`VideoError::is_recoverable`] more frames follow, after any other
/// the iterator is at its end.
pub struct VideoSource {
    info: VideoInfo,
    stats: SourceStats,
    frames: Frames,
}

/// Where the frames come from.
enum Frames {
    Chunks(Box<ChunkedFrames>),
    #[cfg(feature = "ffmpeg")]
    Ffmpeg(Box<FfmpegFrames>),
    Still(Option<Box<Picture>>),
    Ended,
}

impl VideoSource {
    /// Opens the video or picture at `path`.
    ///
    /// # Errors
    /// Whatever keeps the file from giving any frame: it cannot be opened, is of no known format, is broken, holds no
    /// video, or only video that no decoder here takes; or it has none of the frames asked for.
    pub fn open(path: &Path, options: &SourceOptions) -> Result<Self, VideoError> {
        Self::from_file(MediaFile::open(path)?, options)
    }

    fn from_file(file: MediaFile, options: &SourceOptions) -> Result<Self, VideoError> {
        let format = Format::of(&file.head()?);
        match format {
            Format::Png | Format::Jpeg => Self::still(file.path(), options),
            #[cfg(feature = "ffmpeg")]
            Format::Mp4 | Format::Matroska | Format::Unknown(_) => {
                let path = file.path().to_owned();
                Self::video(file, format, options).or_else(|refusal| Self::through_ffmpeg(&path, options, refusal))
            }
            #[cfg(not(feature = "ffmpeg"))]
            Format::Mp4 | Format::Matroska | Format::Unknown(_) => Self::video(file, format, options),
        }
    }

    /// What the video is.
    #[must_use]
    pub const fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// What has come out of it so far.
    #[must_use]
    pub const fn stats(&self) -> &SourceStats {
        &self.stats
    }

    fn still(path: &Path, options: &SourceOptions) -> Result<Self, VideoError> {
        let (codec, picture) = still::read(path)?;
        wanted(path, options, 1)?;
        let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let size = (size(picture.width()), size(picture.height()));
        let info = VideoInfo {
            codec,
            coded_size: size,
            size,
            rotation: Rotation::None,
            timebase: Timebase { num: 1, den: 1 },
            bit_depth: picture.bit_depth(),
            color: picture.color(),
            frame_count: 1,
        };
        Ok(Self { info, stats: SourceStats::default(), frames: Frames::Still(Some(Box::new(picture))) })
    }

    fn video(file: MediaFile, format: Format, options: &SourceOptions) -> Result<Self, VideoError> {
        let media = Media::read(file, format)?;
        let stats = SourceStats { notes: media.track.notes.clone(), ..SourceStats::default() };
        let choose = |path: &Path, count| wanted(path, options, count);
        let (info, chunks) = ChunkedFrames::open(media, options.thread_count(), choose)?;
        Ok(Self { info, stats, frames: Frames::Chunks(Box::new(chunks)) })
    }

    /// Opens what our own decoders refused as a kind that they do not know. Whatever else is wrong stays wrong.
    #[cfg(feature = "ffmpeg")]
    fn through_ffmpeg(path: &Path, options: &SourceOptions, refusal: VideoError) -> Result<Self, VideoError> {
        if !refusal.is_of_unknown_kind() {
            return Err(refusal);
        }
        let choose = |path: &Path, count| wanted(path, options, count);
        match FfmpegFrames::open(path, options.thread_count(), choose) {
            Ok((info, frames)) => {
                let stats = SourceStats { notes: vec!["decoded by FFmpeg".to_owned()], ..SourceStats::default() };
                Ok(Self { info, stats, frames: Frames::Ffmpeg(Box::new(frames)) })
            }
            // What our own reader said names the file's kind.
            Err(VideoError::UnknownFormat { .. }) => Err(refusal),
            Err(error) => Err(error),
        }
    }
}

impl Iterator for VideoSource {
    type Item = Result<DecodedFrame, VideoError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = match &mut self.frames {
            Frames::Chunks(chunks) => chunks.next(),
            #[cfg(feature = "ffmpeg")]
            Frames::Ffmpeg(frames) => frames.next(),
            Frames::Still(picture) => picture.take().map(|picture| {
                Ok(DecodedFrame { index: FrameIndex(0), pts: 0, picture: *picture, rotation: Rotation::None })
            }),
            Frames::Ended => None,
        };
        match &item {
            Some(item) => self.stats.count(item),
            None => self.frames = Frames::Ended,
        }
        if item.as_ref().is_some_and(|item| item.as_ref().is_err_and(|error| !error.is_recoverable())) {
            self.frames = Frames::Ended;
        }
        item
    }
}

/// The range of frames that `options` asks for, of `count`.
pub(crate) fn wanted(path: &Path, options: &SourceOptions, count: u64) -> Result<Range<u64>, VideoError> {
    let asked = options.frames.clone().unwrap_or(0..count);
    let wanted = asked.start..asked.end.min(count);
    if wanted.is_empty() {
        return Err(VideoError::NoSuchFrames { path: path.to_owned(), asked, count });
    }
    Ok(wanted)
}
