//! What a bitstream says of itself before a picture is decoded: sizes, chroma layout, bit depth, colour.
//!
//! Read from parameter sets and frame headers by parsers that end quietly (`None`) on anything cut or out of range: the
//! decoders judge the stream, these only describe it.

pub(super) mod av1;
mod bits;
pub(super) mod h264;
pub(super) mod hevc;
pub(super) mod nal;
pub(super) mod vp9;

use bits::Bits;

use crate::color::{ColorDescription, Matrix, Range};
use crate::frame::Chroma;

/// A colour description, or the name of a colour space that is none of ours.
pub(super) type Color = Result<ColorDescription, &'static str>;

/// What the codecs' headers have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) coded_size: (u32, u32),
    /// Cropped.
    pub(super) size: (u32, u32),
    pub(super) chroma: Chroma,
    pub(super) bit_depth: u8,
    pub(super) color: Color,
}

/// `chroma_format_idc` of ITU-T H.264 and H.265.
fn chroma(code: u32) -> Option<Chroma> {
    [Chroma::Mono, Chroma::Yuv420, Chroma::Yuv422, Chroma::Yuv444].get(code as usize).copied()
}

/// Reads a cropping window (flag, then left, right, top, bottom in `unit`s) and applies it.
fn cropped(bits: &mut Bits<'_>, (width, height): (u32, u32), unit: (u32, u32)) -> Option<(u32, u32)> {
    if !bits.flag()? {
        return Some((width, height));
    }
    let mut less = |from: u32, unit: u32| {
        let cut = bits.golomb()?.checked_add(bits.golomb()?)?.checked_mul(unit)?;
        from.checked_sub(cut).filter(|&left| left > 0)
    };
    Some((less(width, unit.0)?, less(height, unit.1)?))
}

/// The colour of the video usability information, which ITU-T H.264 (E.1.1) and H.265 (E.2.1) begin alike.
fn vui_color(bits: &mut Bits<'_>, chroma: Chroma) -> Option<Color> {
    const EXTENDED_ASPECT: u32 = 255;
    if !bits.flag()? {
        return Some(Ok(ColorDescription::default()));
    }
    if bits.flag()? && bits.number(8)? == EXTENDED_ASPECT {
        bits.skip(32)?;
    }
    if bits.flag()? {
        bits.flag()?;
    }
    if !bits.flag()? {
        return Some(Ok(ColorDescription::default()));
    }
    bits.skip(3)?;
    let range = Some(Range::from_flag(bits.flag()?));
    if !bits.flag()? {
        return Some(Ok(ColorDescription { matrix: None, range }));
    }
    bits.skip(16)?;
    let code = bits.byte()?;
    // Encoders write 0 (RGB) for "unknown"; with subsampled chroma it cannot be meant.
    let matrix = if code == 0 && chroma != Chroma::Yuv444 { Ok(None) } else { Matrix::from_code(code) };
    Some(matrix.map(|matrix| ColorDescription { matrix, range }))
}
