//! What is known of a video before its first frame: codec, sizes, rotation, timebase, colour, how many frames.
//!
//! Filled by `source` from the container's index (`demux`) and the first parameter sets (`decode`); read by whoever
//! labels the frames and writes the provenance.

use std::fmt;

use swingpose_core::Timebase;

use crate::color::{ColorSpec, Matrix, Range};
use crate::frame::Chroma;

/// How the pictures are compressed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264 / AVC, ITU-T H.264.
    H264,
    /// H.265 / HEVC, ITU-T H.265.
    Hevc,
    /// AV1, AOMedia's bitstream specification.
    Av1,
    /// VP9.
    Vp9,
    /// A PNG picture.
    Png,
    /// A JPEG picture.
    Jpeg,
    /// Anything else, by FFmpeg's name: only the `ffmpeg` feature decodes it.
    Other(String),
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Av1 => "av1",
            Self::Vp9 => "vp9",
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Other(name) => name,
        })
    }
}

/// The clockwise turn that makes a decoded picture upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rotation {
    /// Upright as coded.
    #[default]
    None,
    /// A quarter turn clockwise.
    Cw90,
    /// Upside down.
    Cw180,
    /// A quarter turn counter-clockwise.
    Cw270,
}

impl Rotation {
    /// The turn of `degrees` clockwise, rounded to the nearest quarter.
    #[must_use]
    pub const fn from_degrees(degrees: i32) -> Self {
        match (degrees.rem_euclid(360) + 45) / 90 % 4 {
            0 => Self::None,
            1 => Self::Cw90,
            2 => Self::Cw180,
            _ => Self::Cw270,
        }
    }

    /// Degrees clockwise: 0, 90, 180 or 270.
    #[must_use]
    pub const fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Cw90 => 90,
            Self::Cw180 => 180,
            Self::Cw270 => 270,
        }
    }

    /// `(width, height)` after the turn.
    #[must_use]
    pub const fn turned<T: Copy>(self, (width, height): (T, T)) -> (T, T) {
        match self {
            Self::None | Self::Cw180 => (width, height),
            Self::Cw90 | Self::Cw270 => (height, width),
        }
    }
}

/// What a video is, as far as its index and its first parameter sets tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoInfo {
    /// The compression.
    pub codec: Codec,
    /// Columns and rows that the decoder writes, before the crop and the rotation.
    pub coded_size: (u32, u32),
    /// Columns and rows of an upright frame: crop and rotation applied.
    pub size: (u32, u32),
    /// The turn that makes a frame upright.
    pub rotation: Rotation,
    /// What a tick of `pts` is.
    pub timebase: Timebase,
    /// Bits a sample.
    pub bit_depth: u8,
    /// How samples become red, green and blue.
    pub color: ColorSpec,
    /// Frames that will be displayed, counted in the container's index, whatever range of them is asked for.
    pub frame_count: u64,
}

/// What the first parameter sets (or frame header) of a stream say, before any picture is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHeader {
    /// Columns and rows that the decoder writes.
    pub coded_size: (u32, u32),
    /// Columns and rows displayed: crop applied, not yet rotated.
    pub size: (u32, u32),
    /// The chroma layout.
    pub chroma: Chroma,
    /// Bits a sample.
    pub bit_depth: u8,
    /// The matrix that the bitstream names; `None` where it is left unspecified, so that the container may say.
    pub matrix: Option<Matrix>,
    /// The range that the bitstream names; `None` as above.
    pub range: Option<Range>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_rounded_to_quarters_and_wraps() {
        for (degrees, turned) in [(0, 0), (44, 0), (46, 90), (-90, 270), (180, 180), (450, 90), (359, 0)] {
            assert_eq!(Rotation::from_degrees(degrees).degrees(), turned, "{degrees}");
        }
        assert_eq!(Rotation::Cw270.turned((1920, 1080)), (1080, 1920));
    }
}
