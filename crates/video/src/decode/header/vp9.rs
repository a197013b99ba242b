//! VP9 uncompressed headers: VP9 bitstream specification, sections 6.2, 6.2.2 and annex B.

use super::Header;
use super::bits::Bits;
use crate::color::{ColorDescription, Matrix, Range};
use crate::frame::Chroma;

/// The head of a frame.
#[derive(Clone, Debug)]
pub(in crate::decode) enum Frame {
    /// A frame to start at.
    Key(Header),
    /// A frame that needs others.
    Inter,
}

/// Parses the head of the first frame of a packet (of a superframe, the first frame stands first).
pub(in crate::decode) fn frame(packet: &[u8]) -> Option<Frame> {
    let mut bits = Bits::new(packet);
    if bits.number(2)? != 2 {
        return None;
    }
    let profile = u32::from(bits.flag()?) | u32::from(bits.flag()?) << 1;
    if profile == 3 && bits.flag()? {
        return None;
    }
    let show_existing = bits.flag()?;
    if show_existing || bits.flag()? {
        return Some(Frame::Inter);
    }
    bits.skip(2)?;
    if bits.number(24)? != 0x49_8342 {
        return None;
    }
    let bit_depth = match profile {
        0 | 1 => 8,
        _ => {
            if bits.flag()? {
                12
            } else {
                10
            }
        }
    };
    let space = bits.number(3)?;
    let chosen_chroma = profile % 2 == 1;
    let (chroma, color) = if space == 7 {
        (Chroma::Yuv444, Err("RGB samples"))
    } else {
        let range = Some(Range::from_flag(bits.flag()?));
        let chroma = if chosen_chroma { chroma(bits.flag()?, bits.flag()?)? } else { Chroma::Yuv420 };
        (chroma, Ok(ColorDescription { matrix: matrix(space), range }))
    };
    if chosen_chroma {
        bits.flag()?;
    }
    let size = (bits.number(16)? + 1, bits.number(16)? + 1);
    Some(Frame::Key(Header { coded_size: size, size, chroma, bit_depth, color }))
}

const fn chroma(half_width: bool, half_height: bool) -> Option<Chroma> {
    match (half_width, half_height) {
        (true, true) => Some(Chroma::Yuv420),
        (true, false) => Some(Chroma::Yuv422),
        (false, false) => Some(Chroma::Yuv444),
        (false, true) => None,
    }
}

/// `color_space` (section 7.2.2).
const fn matrix(space: u32) -> Option<Matrix> {
    match space {
        1 | 3 => Some(Matrix::Bt601),
        2 => Some(Matrix::Bt709),
        4 => Some(Matrix::Smpte240m),
        5 => Some(Matrix::Bt2020),
        _ => None,
    }
}
