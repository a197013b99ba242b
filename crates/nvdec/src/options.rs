//! How sessions decode, and what that means in the driver's terms for one format.

use std::ffi::{c_short, c_ulong};

use nvdec_sys::cuviddec::{CREATE_PREFER_CUVID, DecodeCreateInfo, ShortRect, deinterlace, surface_format};

use crate::format::{Area, StreamFormat};
use crate::stream::Stream;

/// What becomes of interlaced pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deinterlace {
    /// Both fields in one frame, as every other decoder gives them.
    #[default]
    Weave,
    /// The chip's adaptive filter: smoother to look at, and unlike any other decoder's samples.
    Adaptive,
}

/// How sessions decode.
#[derive(Clone, Debug)]
pub struct Options {
    /// Surfaces that may be mapped at a time; one is needed, more let [`crate::Surface::release_after`] run ahead.
    pub output_surfaces: u32,
    /// Decoded pictures kept beyond what the stream needs, so that decoding runs ahead of showing.
    pub extra_surfaces: u32,
    /// Pictures that the parser holds back so that decoding and showing overlap; 0 is the least delay.
    pub display_delay: u32,
    /// What becomes of interlaced pictures.
    pub deinterlace: Deinterlace,
    /// Decoders are made large enough for pictures of this size, so that a change up to it makes no new one.
    pub room_for: (u32, u32),
    /// Where the surfaces' post-processing is queued: what reads a surface goes into the same stream. `None` makes one.
    pub stream: Option<Stream>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            output_surfaces: 8,
            extra_surfaces: 4,
            display_delay: 4,
            deinterlace: Deinterlace::default(),
            room_for: (0, 0),
            stream: None,
        }
    }
}

/// What the driver is told to make a decoder for `format`, with room for pictures of a size and so many decode surfaces.
pub(crate) fn creation(
    format: &StreamFormat,
    options: &Options,
    (room, surfaces): ((u32, u32), u32),
) -> DecodeCreateInfo {
    let area = even(format.shown, format.coded_size);
    let filter = match options.deinterlace {
        Deinterlace::Adaptive if !format.progressive => deinterlace::ADAPTIVE,
        Deinterlace::Adaptive | Deinterlace::Weave => deinterlace::WEAVE,
    };
    DecodeCreateInfo {
        width: format.coded_size.0.into(),
        height: format.coded_size.1.into(),
        max_width: room.0.into(),
        max_height: room.1.into(),
        num_decode_surfaces: surfaces.into(),
        codec_type: format.codec.number(),
        chroma_format: format.chroma_format,
        creation_flags: CREATE_PREFER_CUVID,
        bit_depth_minus8: c_ulong::from(format.bit_depth.saturating_sub(8)),
        display_area: rectangle(area),
        output_format: if format.is_deep() { surface_format::P016 } else { surface_format::NV12 },
        deinterlace_mode: filter,
        target_width: area.width.into(),
        target_height: area.height.into(),
        ..DecodeCreateInfo::default()
    }
}

/// The area with even sides, as surfaces have them: an odd one takes a column or row that is coded but not shown.
pub(crate) fn even(area: Area, coded_size: (u32, u32)) -> Area {
    let side = |first: u32, length: u32, coded: u32| length.next_multiple_of(2).min(coded.saturating_sub(first));
    Area { width: side(area.left, area.width, coded_size.0), height: side(area.top, area.height, coded_size.1), ..area }
}

/// The output surface's rows, of which `shown` are shown.
pub(crate) fn surface_rows(format: &StreamFormat) -> u32 {
    even(format.shown, format.coded_size).height.next_multiple_of(2)
}

pub(crate) fn rectangle(area: Area) -> ShortRect {
    let short = |value: u32| c_short::try_from(value).unwrap_or(c_short::MAX);
    ShortRect {
        left: short(area.left),
        top: short(area.top),
        right: short(area.left + area.width),
        bottom: short(area.top + area.height),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sides_take_what_is_coded_beyond_them() {
        let shown = |width, height| Area { left: 0, top: 2, width, height };
        assert_eq!(even(shown(35, 33), (48, 48)), shown(36, 34));
        assert_eq!(even(shown(36, 34), (48, 48)), shown(36, 34));
        assert_eq!(even(shown(35, 45), (35, 47)), shown(35, 45));
        assert_eq!(rectangle(shown(40_000, 4)), ShortRect { left: 0, top: 2, right: c_short::MAX, bottom: 6 });
    }
}
