//! AV1 sequence and frame headers: AV1 bitstream specification, sections 5.3 to 5.5 and 5.9.2.

use super::bits::Bits;
use super::{Color, Header};
use crate::color::{ColorDescription, Matrix, Range};
use crate::frame::Chroma;

const SEQUENCE_HEADER: u32 = 1;
const FRAME_HEADER: u32 = 3;
const FRAME: u32 = 6;

/// The open bitstream units of a temporal unit as `(type, payload)`, up to the first that does not parse.
fn units(mut data: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let mut bits = Bits::new(data);
        bits.flag()?;
        let kind = bits.number(4)?;
        let (extension, has_size) = (bits.flag()?, bits.flag()?);
        let rest = data.get(if extension { 2 } else { 1 }..)?;
        let (size, length) = if has_size { leb128(rest)? } else { (rest.len(), 0) };
        let payload = rest.get(length..length.checked_add(size)?)?;
        data = &rest[length + size..];
        Some((kind, payload))
    })
}

/// A little-endian base-128 number and how many bytes it takes (section 4.10.5).
fn leb128(data: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_u64;
    for (i, &byte) in data.iter().take(8).enumerate() {
        value |= u64::from(byte & 127) << (7 * i);
        if byte & 128 == 0 {
            return Some((usize::try_from(value).ok()?, i + 1));
        }
    }
    None
}

/// The sequence header of a temporal unit, if it holds one.
pub(in crate::decode) fn sequence(temporal_unit: &[u8]) -> Option<Header> {
    units(temporal_unit).find(|&(kind, _)| kind == SEQUENCE_HEADER).and_then(|(_, payload)| sequence_header(payload))
}

/// Whether decoding can start at a temporal unit: it holds a sequence header and begins with a shown key frame.
pub(in crate::decode) fn is_sync(temporal_unit: &[u8]) -> bool {
    let mut reduced = None;
    for (kind, payload) in units(temporal_unit) {
        let mut bits = Bits::new(payload);
        match kind {
            SEQUENCE_HEADER => reduced = bits.skip(4).and_then(|()| bits.flag()),
            FRAME_HEADER | FRAME => {
                let (show_existing, frame_type) = (bits.flag(), bits.number(2));
                return reduced.is_some_and(|reduced| reduced || (show_existing, frame_type) == (Some(false), Some(0)));
            }
            _ => {}
        }
    }
    false
}

/// Section 5.5.1.
fn sequence_header(payload: &[u8]) -> Option<Header> {
    let mut bits = Bits::new(payload);
    let profile = bits.number(3)?;
    bits.flag()?;
    let reduced = bits.flag()?;
    if reduced {
        bits.skip(5)?;
    } else {
        skip_operating_points(&mut bits)?;
    }
    let (width_bits, height_bits) = (bits.number(4)? + 1, bits.number(4)? + 1);
    let size = (bits.number(width_bits)?.checked_add(1)?, bits.number(height_bits)?.checked_add(1)?);
    if !reduced && bits.flag()? {
        bits.skip(7)?;
    }
    bits.skip(3)?;
    if !reduced {
        skip_tools(&mut bits)?;
    }
    bits.skip(3)?;
    let (chroma, bit_depth, color) = color_config(&mut bits, profile)?;
    Some(Header { coded_size: size, size, chroma, bit_depth, color })
}

fn skip_operating_points(bits: &mut Bits<'_>) -> Option<()> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.skip(64)?;
        if bits.flag()? {
            skip_uvlc(bits)?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.number(5)? as usize + 1);
            bits.skip(32 + 5 + 5)?;
        }
    }
    let initial_delay = bits.flag()?;
    let points = bits.number(5)? + 1;
    for _ in 0..points {
        bits.skip(12)?;
        if bits.number(5)? > 7 {
            bits.flag()?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.skip(2 * delay_bits + 1)?;
        }
        if initial_delay && bits.flag()? {
            bits.skip(4)?;
        }
    }
    Some(())
}

/// Section 4.10.3.
fn skip_uvlc(bits: &mut Bits<'_>) -> Option<()> {
    let mut zeros = 0;
    while !bits.flag()? {
        zeros += 1;
    }
    bits.skip(if zeros >= 32 { 0 } else { zeros })
}

/// The coding tools of a sequence header that is not reduced, from `enable_interintra_compound` on.
fn skip_tools(bits: &mut Bits<'_>) -> Option<()> {
    bits.skip(4)?;
    let order_hint = bits.flag()?;
    if order_hint {
        bits.skip(2)?;
    }
    let screen_content = bits.flag()? || bits.flag()?;
    if screen_content && !bits.flag()? {
        bits.flag()?;
    }
    bits.skip(if order_hint { 3 } else { 0 })
}

/// Section 5.5.2.
fn color_config(bits: &mut Bits<'_>, profile: u32) -> Option<(Chroma, u8, Color)> {
    let high = bits.flag()?;
    let twelve = profile == 2 && high && bits.flag()?;
    let bit_depth = if twelve {
        12
    } else if high {
        10
    } else {
        8
    };
    let mono = profile != 1 && bits.flag()?;
    let [primaries, transfer, matrix] =
        if bits.flag()? { [bits.byte()?, bits.byte()?, bits.byte()?] } else { [2, 2, 2] };
    if !mono && [primaries, transfer, matrix] == [1, 13, 0] {
        return Some((Chroma::Yuv444, bit_depth, Err("RGB samples (identity matrix)")));
    }
    let range = Range::from_flag(bits.flag()?);
    let chroma = match profile {
        _ if mono => Chroma::Mono,
        0 => Chroma::Yuv420,
        1 => Chroma::Yuv444,
        _ if !twelve => Chroma::Yuv422,
        _ if !bits.flag()? => Chroma::Yuv444,
        _ if bits.flag()? => Chroma::Yuv420,
        _ => Chroma::Yuv422,
    };
    let color = Matrix::from_code(matrix).map(|matrix| ColorDescription { matrix, range: Some(range) });
    Some((chroma, bit_depth, color))
}
