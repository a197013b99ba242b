//! EBML: element headers, the values in them, and the elements within one. Every number is held to the file's bounds.

use crate::demux::bytes::{MediaFile, Window};
use crate::error::VideoError;

/// Element identifiers, as RFC 9559 section 5 numbers them.
pub(super) mod id {
    pub(in crate::demux::matroska) const SEGMENT: u32 = 0x1853_8067;
    pub(in crate::demux::matroska) const INFO: u32 = 0x1549_A966;
    pub(in crate::demux::matroska) const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub(in crate::demux::matroska) const TRACKS: u32 = 0x1654_AE6B;
    pub(in crate::demux::matroska) const TRACK_ENTRY: u32 = 0xAE;
    pub(in crate::demux::matroska) const TRACK_NUMBER: u32 = 0xD7;
    pub(in crate::demux::matroska) const TRACK_TYPE: u32 = 0x83;
    pub(in crate::demux::matroska) const CODEC_ID: u32 = 0x86;
    pub(in crate::demux::matroska) const CODEC_PRIVATE: u32 = 0x63A2;
    pub(in crate::demux::matroska) const VIDEO: u32 = 0xE0;
    pub(in crate::demux::matroska) const COLOUR: u32 = 0x55B0;
    pub(in crate::demux::matroska) const MATRIX_COEFFICIENTS: u32 = 0x55B1;
    pub(in crate::demux::matroska) const RANGE: u32 = 0x55B9;
    pub(in crate::demux::matroska) const PROJECTION: u32 = 0x7670;
    pub(in crate::demux::matroska) const PROJECTION_POSE_ROLL: u32 = 0x7675;
    pub(in crate::demux::matroska) const CONTENT_ENCODINGS: u32 = 0x6D80;
    pub(in crate::demux::matroska) const CONTENT_ENCODING: u32 = 0x6240;
    pub(in crate::demux::matroska) const CONTENT_COMPRESSION: u32 = 0x5034;
    pub(in crate::demux::matroska) const CONTENT_COMP_ALGO: u32 = 0x4254;
    pub(in crate::demux::matroska) const CONTENT_COMP_SETTINGS: u32 = 0x4255;
    pub(in crate::demux::matroska) const CONTENT_ENCRYPTION: u32 = 0x5035;
    pub(in crate::demux::matroska) const CLUSTER: u32 = 0x1F43_B675;
    pub(in crate::demux::matroska) const TIMESTAMP: u32 = 0xE7;
    pub(in crate::demux::matroska) const SIMPLE_BLOCK: u32 = 0xA3;
    pub(in crate::demux::matroska) const BLOCK_GROUP: u32 = 0xA0;
    pub(in crate::demux::matroska) const BLOCK: u32 = 0xA1;
    pub(in crate::demux::matroska) const REFERENCE_BLOCK: u32 = 0xFB;
}

/// What messages call an element.
pub(super) const ELEMENT: &str = "an element";

/// An element: what it is and where its contents lie; they end at the file's end where the size is unknown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) id: u32,
    pub(super) start: u64,
    pub(super) body: u64,
    pub(super) end: u64,
    pub(super) size_known: bool,
}

impl Element {
    pub(super) fn read(file: &MediaFile, window: &mut Window<'_>) -> Result<Self, VideoError> {
        let start = window.position();
        let id = read_vint(file, window, 4, true)?.0;
        let (size, unknown) = read_vint(file, window, 8, false)?;
        let body = window.position();
        let end = if unknown { file.len() } else { body.saturating_add(size) };
        // Four bytes at most, so the identifier fits.
        Ok(Self { id: u32::try_from(id).unwrap_or(0), start, body, end, size_known: !unknown })
    }

    /// The elements within one that lies in the file whole.
    pub(super) fn children<'a>(&self, file: &'a MediaFile) -> Children<'a> {
        Children { file, window: file.window(self.body, self.end.min(file.len())) }
    }

    pub(super) fn unsigned(&self, file: &MediaFile) -> Result<u64, VideoError> {
        let mut window = file.window(self.body, self.end);
        if window.left() > 8 {
            return Err(file.malformed(ELEMENT, self.start, "a number of more than 8 bytes"));
        }
        let mut value = 0;
        while window.left() > 0 {
            value = value << 8 | u64::from(window.u8(ELEMENT)?);
        }
        Ok(value)
    }

    pub(super) fn float(&self, file: &MediaFile) -> Result<f64, VideoError> {
        let mut window = file.window(self.body, self.end);
        match window.left() {
            0 => Ok(0.0),
            4 => Ok(f32::from_bits(window.u32(ELEMENT)?).into()),
            8 => Ok(f64::from_bits(window.u64(ELEMENT)?)),
            _ => Err(file.malformed(ELEMENT, self.start, "a floating-point number of neither 4 nor 8 bytes")),
        }
    }

    pub(super) fn bytes(&self, file: &MediaFile) -> Result<Vec<u8>, VideoError> {
        let mut window = file.window(self.body, self.end);
        window.take(window.left(), ELEMENT)
    }
}

/// A variable-length number (RFC 8794 section 4) of at most `longest` bytes, its marker kept where it is an identifier;
/// and whether all its bits are ones, which says "unknown".
pub(super) fn read_vint(
    file: &MediaFile,
    window: &mut Window<'_>,
    longest: u32,
    keep_marker: bool,
) -> Result<(u64, bool), VideoError> {
    let start = window.position();
    let first = window.u8(ELEMENT)?;
    let extra = first.leading_zeros();
    if extra >= longest {
        return Err(file.malformed(ELEMENT, start, "its identifier or size is no variable-length number"));
    }
    let mut value = u64::from(if keep_marker { first } else { first & (0x7F >> extra) });
    for _ in 0..extra {
        value = value << 8 | u64::from(window.u8(ELEMENT)?);
    }
    Ok((value, value == (1 << (7 * (extra + 1))) - 1))
}

/// The elements of a range; after an error there are no more.
pub(super) struct Children<'a> {
    file: &'a MediaFile,
    window: Window<'a>,
}

impl Iterator for Children<'_> {
    type Item = Result<Element, VideoError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.window.left() == 0 {
            return None;
        }
        let left_end = self.window.position() + self.window.left();
        let found = Element::read(self.file, &mut self.window).and_then(|element| {
            let fits = element.size_known && element.end <= left_end;
            let broken = || self.file.malformed(ELEMENT, element.start, "it reaches beyond the element around it");
            fits.then_some(element).ok_or_else(broken)
        });
        let end = found.as_ref().map_or(left_end, |element| element.end);
        self.window.skip(end.saturating_sub(self.window.position()));
        Some(found)
    }
}
