//! Whether a sample is what its container says: the first bytes of its picture, read without the rest.
//!
//! A sync flag is only a claim, and decoding that begins at a false one gives wrong pictures. The types come from the NAL
//! unit headers (ITU-T H.264 table 7-1, H.265 table 7-1), the AV1 frame header (5.9.2) and the VP9 one (6.2).

use super::bytes::{MediaFile, Window};
use super::{Framing, Sample, SampleTable};
use crate::info::Codec;

/// What decoding a picture takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PictureKind {
    /// Nothing before it.
    RandomAccess,
    /// Pictures before the random-access picture that it follows (HEVC's RASL), so it is skipped where decoding begins
    /// at that one.
    SkippedLeading,
    /// Pictures before it, or what this reader does not know.
    Other,
}

/// The units looked at before giving up: parameter sets, SEI and delimiters stand before a picture, but not this many.
const MOST_UNITS: usize = 64;

impl PictureKind {
    /// The first picture of `sample`; one that cannot be read is [`PictureKind::Other`].
    pub(crate) fn of(file: &MediaFile, sample: &Sample, framing: Framing) -> Self {
        let end = sample.offset.saturating_add(sample.size.into());
        if end > file.len() {
            return Self::Other;
        }
        let mut window = file.window(sample.offset, end);
        let found = match framing {
            Framing::AvcNalUnits(bytes) => nal_unit(&mut window, bytes, |[header, slice]| match header & 31 {
                5 => Some(Self::RandomAccess),
                // A recovery point: the first macroblock is 0 (one bit), the slice type I (7 or 2, Exp-Golomb).
                1 if slice == 0b1000_1000 || slice >> 4 == 0b1011 => Some(Self::RandomAccess),
                1..=4 => Some(Self::Other),
                _ => None,
            }),
            Framing::HevcNalUnits(bytes) => nal_unit(&mut window, bytes, |[header, _]| match header >> 1 & 63 {
                16..=23 => Some(Self::RandomAccess),
                8 | 9 => Some(Self::SkippedLeading),
                0..=31 => Some(Self::Other),
                _ => None,
            }),
            Framing::Obus => obu(&mut window),
            Framing::Vp9Frame => window.u8("a frame").ok().map(vp9_frame),
            Framing::Opaque => None,
        };
        found.unwrap_or(Self::Other)
    }
}

/// The first of the sample's NAL units that `kind` knows by its first two bytes.
fn nal_unit(
    window: &mut Window<'_>,
    length_bytes: u8,
    kind: impl Fn([u8; 2]) -> Option<PictureKind>,
) -> Option<PictureKind> {
    for _ in 0..MOST_UNITS {
        let mut length = 0;
        for _ in 0..length_bytes {
            length = length << 8 | u64::from(window.u8("a NAL unit").ok()?);
        }
        if length < 2 {
            window.skip(length);
            continue;
        }
        if let Some(found) = kind(window.bytes("a NAL unit").ok()?) {
            return Some(found);
        }
        window.skip(length - 2);
    }
    None
}

/// The first frame header of a temporal unit: a key frame that is not the repeat of an earlier frame starts decoding.
fn obu(window: &mut Window<'_>) -> Option<PictureKind> {
    const FRAME_HEADER: u8 = 3;
    const FRAME: u8 = 6;
    for _ in 0..MOST_UNITS {
        let header = window.u8("an OBU").ok()?;
        if header & 4 != 0 {
            window.skip(1);
        }
        // Only the last unit of a sample may go without its size.
        let size = if header & 2 != 0 { leb128(window)? } else { window.left() };
        if matches!(header >> 3 & 15, FRAME_HEADER | FRAME) {
            // show_existing_frame is the first bit, frame_type the next two; 0 is a key frame.
            let key = window.u8("an OBU").ok()? >> 5 == 0;
            return Some(if key { PictureKind::RandomAccess } else { PictureKind::Other });
        }
        window.skip(size);
    }
    None
}

fn leb128(window: &mut Window<'_>) -> Option<u64> {
    let mut value = 0;
    for shift in (0..56).step_by(7) {
        let byte = window.u8("an OBU").ok()?;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// By the first byte of a VP9 frame header: marker (2 bits), profile (2), one reserved bit in profile 3, then
/// `show_existing_frame` and `frame_type`.
const fn vp9_frame(first: u8) -> PictureKind {
    let reserved = if first & 0x30 == 0x30 { 1 } else { 0 };
    let key = first >> 6 == 2 && first & (0x0C >> reserved) == 0;
    if key { PictureKind::RandomAccess } else { PictureKind::Other }
}

impl SampleTable {
    /// Hides the pictures that no decoder shows: HEVC's skipped leading pictures of a random-access picture that decoding
    /// begins at, because nothing before it is there.
    pub(super) fn hide_undecodable(&mut self, file: &MediaFile, codec: &Codec, framing: Framing) {
        if *codec != Codec::Hevc {
            return;
        }
        let starts: Vec<_> = (0..self.len()).filter(|&index| self.starts_run(index)).collect();
        for start in starts {
            let first = self.get(start);
            let leading = self.numbered(start + 1..self.len()).take_while(|(_, sample)| sample.pts < first.pts);
            let is_skipped = |sample| PictureKind::of(file, &sample, framing) == PictureKind::SkippedLeading;
            let skipped: Vec<_> = leading.filter(|&(_, sample)| is_skipped(sample)).map(|(index, _)| index).collect();
            for index in skipped {
                self.hide(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn picture(bytes: &[u8], framing: Framing) -> PictureKind {
        let file = MediaFile::from_bytes(Path::new("sample"), bytes.to_vec());
        let sample = Sample { offset: 0, size: bytes.len() as u32, pts: 0, sync: true, hidden: false };
        PictureKind::of(&file, &sample, framing)
    }

    #[test]
    fn nal_units_before_the_picture_are_passed_over() {
        let avc = Framing::AvcNalUnits(2);
        assert_eq!(picture(&[0, 2, 0x09, 0xF0, 0, 3, 0x06, 1, 1, 0, 2, 0x65, 0xB8], avc), PictureKind::RandomAccess);
        assert_eq!(picture(&[0, 1, 0x0A, 0, 2, 0x41, 0x88], avc), PictureKind::RandomAccess);
        assert_eq!(picture(&[0, 2, 0x09, 0xF0, 0, 2, 0x41, 0x9A], avc), PictureKind::Other);
        assert_eq!(picture(&[0, 9, 0x09], avc), PictureKind::Other);
        let hevc = Framing::HevcNalUnits(1);
        assert_eq!(picture(&[2, 0x4E, 1, 2, 21 << 1, 1], hevc), PictureKind::RandomAccess);
        assert_eq!(picture(&[2, 9 << 1, 1], hevc), PictureKind::SkippedLeading);
        assert_eq!(picture(&[2, 1 << 1, 1], hevc), PictureKind::Other);
    }

    #[test]
    fn key_frames_of_av1_and_vp9_are_told_by_their_headers() {
        assert_eq!(picture(&[0x12, 0, 0x0A, 1, 0, 0x32, 1, 0x10], Framing::Obus), PictureKind::RandomAccess);
        assert_eq!(picture(&[0x12, 0, 0x32, 1, 0x30], Framing::Obus), PictureKind::Other);
        assert_eq!(picture(&[0x12, 0, 0x1A, 1, 0x80], Framing::Obus), PictureKind::Other);
        assert_eq!(picture(&[0x82], Framing::Vp9Frame), PictureKind::RandomAccess);
        assert_eq!(picture(&[0x86], Framing::Vp9Frame), PictureKind::Other);
        assert_eq!(picture(&[0x88], Framing::Vp9Frame), PictureKind::Other);
    }
}
