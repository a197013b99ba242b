//! What a stream is, as its sequence header says: taken from the parser's `CUVIDEOFORMAT`.

use std::fmt;

use nvdec_sys::cuviddec::{chroma, codec};
use nvdec_sys::nvcuvid::VideoFormat;

/// A compression that NVDEC knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Codec {
    Mpeg2,
    Mpeg4,
    H264,
    Hevc,
    Vp8,
    Vp9,
    Av1,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Mpeg2, Self::Mpeg4, Self::H264, Self::Hevc, Self::Vp8, Self::Vp9, Self::Av1];

    /// The number of `cudaVideoCodec`.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Mpeg2 => codec::MPEG2,
            Self::Mpeg4 => codec::MPEG4,
            Self::H264 => codec::H264,
            Self::Hevc => codec::HEVC,
            Self::Vp8 => codec::VP8,
            Self::Vp9 => codec::VP9,
            Self::Av1 => codec::AV1,
        }
    }

    /// Whether a packet ends where the next start code would be: the parser may then decode it without waiting for that.
    pub(crate) const fn has_start_codes(self) -> bool {
        matches!(self, Self::Mpeg2 | Self::Mpeg4 | Self::H264 | Self::Hevc)
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Mpeg2 => "MPEG-2",
            Self::Mpeg4 => "MPEG-4",
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
        })
    }
}

/// The part of the coded picture that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// The first column shown.
    pub left: u32,
    /// The first row shown.
    pub top: u32,
    /// Columns shown.
    pub width: u32,
    /// Rows shown.
    pub height: u32,
}

/// How colours are coded, by H.273's numbers; 2 is unspecified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColorCodes {
    /// ColourPrimaries.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
    /// MatrixCoefficients.
    pub matrix: u8,
    /// VideoFullRangeFlag.
    pub full_range: bool,
}

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// The compression.
    pub codec: Codec,
    /// `chroma_format_idc`: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format: u32,
    /// Bits a sample, the larger of luma's and chroma's.
    pub bit_depth: u8,
    /// Coded columns and rows.
    pub coded_size: (u32, u32),
    /// The part that is shown.
    pub shown: Area,
    /// Whether every picture is a whole frame.
    pub progressive: bool,
    /// How colours are coded.
    pub color: ColorCodes,
    /// Pictures that decoding keeps at a time, at least.
    pub min_surfaces: u32,
}

impl StreamFormat {
    /// An 8-bit 4:2:0 stream of this size, for making decoders ahead: with as many surfaces as any stream needs.
    #[must_use]
    pub const fn expected(codec: Codec, bit_depth: u8, (width, height): (u32, u32)) -> Self {
        let unit = 16;
        Self {
            codec,
            chroma_format: chroma::YUV420,
            bit_depth,
            coded_size: (width.next_multiple_of(unit), height.next_multiple_of(unit)),
            shown: Area { left: 0, top: 0, width, height },
            progressive: true,
            color: ColorCodes { primaries: 2, transfer: 2, matrix: 2, full_range: false },
            min_surfaces: 17,
        }
    }

    /// What the parser says of a stream of `codec`.
    pub(crate) fn of(codec: Codec, format: &VideoFormat) -> Self {
        let side = |value: i32| u32::try_from(value).unwrap_or(0);
        let (left, top) = (side(format.display_area.left), side(format.display_area.top));
        // Headers may say that more is shown than is coded.
        let length = |first: u32, end: i32, coded: u32| side(end).min(coded).saturating_sub(first);
        Self {
            codec,
            chroma_format: format.chroma_format,
            bit_depth: format.bit_depth_luma_minus8.max(format.bit_depth_chroma_minus8).saturating_add(8),
            coded_size: (format.coded_width, format.coded_height),
            shown: Area {
                left,
                top,
                width: length(left, format.display_area.right, format.coded_width),
                height: length(top, format.display_area.bottom, format.coded_height),
            },
            progressive: format.progressive_sequence != 0,
            color: ColorCodes {
                primaries: format.color_primaries,
                transfer: format.transfer_characteristics,
                matrix: format.matrix_coefficients,
                full_range: format.video_signal_flags & 8 != 0,
            },
            min_surfaces: format.min_num_decode_surfaces.into(),
        }
    }

    /// Whether pictures come as [`crate::PixelFormat::P016`].
    pub(crate) const fn is_deep(&self) -> bool {
        self.bit_depth > 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nvdec_sys::nvcuvid::IntRect;

    #[test]
    fn no_more_is_shown_than_is_coded() {
        let shown = |right, bottom| {
            let display_area = IntRect { left: 8, top: 0, right, bottom };
            let format = VideoFormat { coded_width: 64, coded_height: 48, display_area, ..VideoFormat::default() };
            StreamFormat::of(Codec::H264, &format).shown
        };
        assert_eq!(shown(64, 46), Area { left: 8, top: 0, width: 56, height: 46 });
        assert_eq!(shown(70_000, 49), Area { left: 8, top: 0, width: 56, height: 48 });
        assert_eq!(shown(-1, i32::MIN), Area { left: 8, top: 0, width: 0, height: 0 });
    }
}
