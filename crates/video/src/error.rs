//! Everything that can be wrong with an input, as facts: which file, where in it, what was expected.
//!
//! [`VideoError`] is what a caller sees; [`DecodeError`] is what a decoder says of one access unit, which `source`
//! either puts under a [`VideoError`] or counts as lost frames and goes on ([`VideoError::is_recoverable`]).

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::info::Codec;

/// Why a file gave no frames, or not all of them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VideoError {
    /// The operating system refused the file.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A read failed.
    #[error("cannot read {} at byte {offset}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Where the read began.
        offset: u64,
        /// The system's reason.
        source: io::Error,
    },
    /// The file has no bytes.
    #[error("{} is empty (0 bytes): copy or record it again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first bytes are of no container or picture format that is read.
    #[error("{} is not a video or picture that can be read ({looks_like}): expected {READABLE}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// What the first bytes look like.
        looks_like: &'static str,
    },
    /// A container's structure is broken.
    #[error("{} is damaged: {part} at byte {offset}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The box or element.
        part: &'static str,
        /// Where it begins.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file ends before its index does.
    #[error("{} is cut short: {part} needs bytes up to {needed}, the file ends at {length}; copy it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The box or element that is cut.
        part: &'static str,
        /// Where that should end.
        needed: u64,
        /// The file's length.
        length: u64,
    },
    /// The container holds no picture track.
    #[error("{} holds no video: its tracks are {}", path.display(), if tracks.is_empty() { "none" } else { tracks })]
    NoVideoTrack {
        /// The file.
        path: PathBuf,
        /// The kinds of its tracks, joined by commas.
        tracks: String,
    },
    /// The picture track shows no frame.
    #[error("{} has a video track with no frame in it", path.display())]
    NoFrames {
        /// The file.
        path: PathBuf,
    },
    /// No decoder for this codec is built in.
    #[error(
        "{} holds {codec} video, which this build does not decode: convert it to H.264 or HEVC, or build with \
         `--features ffmpeg`", path.display()
    )]
    NoDecoder {
        /// The file.
        path: PathBuf,
        /// The codec.
        codec: Codec,
    },
    /// The decoder cannot work on this stream at all.
    #[error("cannot decode {}: {source}", path.display())]
    Decoder {
        /// The file.
        path: PathBuf,
        /// The decoder's reason.
        source: DecodeError,
    },
    /// Frames that could not be decoded; the frames after them follow. Recoverable.
    #[error("{}: lost {}: {cause}", path.display(), frames_in_words(frames))]
    Lost {
        /// The file.
        path: PathBuf,
        /// Their numbers in display order.
        frames: Range<u64>,
        /// Why.
        cause: LossCause,
    },
    /// The GPU that decodes is gone, and its memory with it.
    #[cfg(feature = "nvdec")]
    #[error(
        "cannot go on decoding {}: {source}; start the program again, and see whether `nvidia-smi` still shows the GPU",
        path.display()
    )]
    Device {
        /// The file.
        path: PathBuf,
        /// What the driver said.
        source: nvdec::NvdecError,
    },
    /// What takes the frames panicked: told to the threads that wait in it, before the panic goes on.
    #[cfg(feature = "nvdec")]
    #[error("decoding {} was broken off: what takes its frames panicked", path.display())]
    SinkPanicked {
        /// The file.
        path: PathBuf,
    },
    /// The range of frames asked for lies outside the video.
    #[error(
        "{} has {count} frames (0..{count}), so {}..{} holds none of them", path.display(), asked.start, asked.end
    )]
    NoSuchFrames {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        asked: Range<u64>,
        /// How many frames there are.
        count: u64,
    },
    /// A picture file could not be decoded.
    #[error("{} is not a readable {codec} picture: {reason}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// The picture format.
        codec: Codec,
        /// The picture decoder's reason.
        reason: String,
    },
    /// An argument matched no file.
    #[error("{argument}: no video or picture found ({reason})")]
    NothingMatched {
        /// The argument as typed.
        argument: String,
        /// What was looked for.
        reason: &'static str,
    },
    /// An argument is a glob that cannot be parsed.
    #[error("{argument}: not a glob that can be understood, at character {position}: {problem}")]
    BadGlob {
        /// The argument as typed.
        argument: String,
        /// The character, from 0.
        position: usize,
        /// What is wrong there.
        problem: &'static str,
    },
}

/// What is read, for messages.
const READABLE: &str = "MP4, MOV, MKV, WebM, PNG or JPEG";

impl VideoError {
    /// Whether frames follow: the caller counts the loss and goes on.
    #[must_use]
    pub const fn is_recoverable(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// Whether the file may be a good one of a kind that no decoder of ours takes.
    #[cfg(feature = "ffmpeg")]
    pub(crate) const fn is_of_unknown_kind(&self) -> bool {
        matches!(
            self,
            Self::UnknownFormat { .. }
                | Self::NoDecoder { .. }
                | Self::Decoder { source: DecodeError::Unsupported { .. }, .. }
        )
    }
}

/// Why frames were lost.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LossCause {
    /// The file ends before the samples do.
    #[error("the file is cut short: a sample needs bytes up to {needed}, the file ends at {length}")]
    Truncated {
        /// Where the sample should end.
        needed: u64,
        /// The file's length.
        length: u64,
    },
    /// A sample could not be read.
    #[error("a read at byte {offset} failed: {reason}")]
    Read {
        /// Where.
        offset: u64,
        /// The system's reason.
        reason: String,
    },
    /// A sample is no sequence of NAL units.
    #[error("the sample at byte {offset} is damaged: its NAL units are broken")]
    NalUnits {
        /// Where the sample begins.
        offset: u64,
    },
    /// The decoder refused an access unit; what depends on it is lost too.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The decoder took every access unit but never gave the picture.
    #[error("the decoder gave no picture for them")]
    NoPicture,
}

/// What a decoder says of an access unit it could not take.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The stream uses a part of the codec that the decoder lacks.
    #[error("{codec}: {feature} is not supported: convert the video to 4:2:0 H.264 or HEVC")]
    Unsupported {
        /// The codec.
        codec: Codec,
        /// The profile or tool, for example `profile High 4:4:4 Predictive`.
        feature: String,
    },
    /// The access unit breaks the codec's rules.
    #[error("{codec}: damaged data: {reason}")]
    Damaged {
        /// The codec.
        codec: Codec,
        /// The decoder's reason.
        reason: String,
    },
    /// The decoder stopped on an internal error.
    #[error("{codec}: the decoder failed on damaged data: {message}")]
    Panicked {
        /// The codec.
        codec: Codec,
        /// Its message.
        message: String,
    },
}

/// Attaches the file to an error of reading it at `offset`.
pub(crate) fn read_error(path: &Path, offset: u64) -> impl FnOnce(io::Error) -> VideoError {
    move |source| VideoError::Read { path: path.to_owned(), offset, source }
}

fn frames_in_words(frames: &Range<u64>) -> String {
    match frames.end.saturating_sub(frames.start) {
        1 => format!("frame {}", frames.start),
        count => format!("{count} frames ({}..{})", frames.start, frames.end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_file_and_the_cause() {
        let lost = VideoError::Lost { path: "swing.mp4".into(), frames: 7..9, cause: LossCause::NoPicture };
        assert!(lost.is_recoverable());
        assert_eq!(lost.to_string(), "swing.mp4: lost 2 frames (7..9): the decoder gave no picture for them");
        let none = VideoError::NoVideoTrack { path: "voice.m4a".into(), tracks: String::new() };
        assert!(!none.is_recoverable());
        assert_eq!(none.to_string(), "voice.m4a holds no video: its tracks are none");
    }
}
