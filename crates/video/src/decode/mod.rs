//! Access units in, pictures out: one pure-Rust decoder a codec behind one trait.
//!
//! `source` feeds access units in decode order and sorts the pictures by their pts. Each codec's file wraps its decoder
//! crate; what all of them need around it stands here: pictures are only given if every picture they depend on was
//! decoded. After a damaged access unit the stream is closed until the next one where decoding can start, and each access
//! unit refused in between is an error, so that nothing wrong ever looks right.
//!
//! | codec | decoder | takes |
//! | --- | --- | --- |
//! | H.264 | rusty_h264-decoder | 8-bit 4:2:0 frames |
//! | H.264 | rust_h264 | fields, 10-bit, 4:2:2, monochrome |
//! | HEVC | rusty_h265 | Main, Main 10 |
//! | AV1 | re_rav1d | all profiles |
//! | VP9 | rusty_vp9 | all profiles |
//!
//! NVIDIA's decoder is not behind this trait: its pictures stay in the GPU's memory (the crate's feature `nvdec`). What it
//! does not get right comes here.

mod av1;
mod h264;
mod header;
mod hevc;
mod vp9;

use std::collections::VecDeque;

use header::{Color, Header};

use crate::color::{ColorDescription, ColorSpec};
use crate::error::DecodeError;
use crate::frame::{Picture, Plane};
use crate::info::{Codec, StreamHeader};

/// A picture and the pts of the access unit that it came from.
pub type TimedPicture = (i64, Picture);

/// Turns access units into pictures.
pub trait Decoder: Send {
    /// Decodes one access unit: the next in decode order, or any at which decoding can start after [`Decoder::reset`].
    ///
    /// H.264 and HEVC come as Annex B with the parameter sets in band at sync samples, AV1 as a temporal unit of open
    /// bitstream units, VP9 as a frame or superframe. Pictures that became ready are pushed on `out`, each with the pts
    /// of its own access unit, in any order.
    ///
    /// # Errors
    /// [`DecodeError::Unsupported`] if the stream needs what no decoder here has: every later call fails alike.
    /// [`DecodeError::Damaged`] if this access unit gives no picture or a wrong one; the next call may go on.
    fn decode(&mut self, access_unit: &[u8], pts: i64, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError>;

    /// Ends the stream: pushes the pictures still held back. The next access unit starts a new stream.
    ///
    /// # Errors
    /// As [`Decoder::decode`], for the access units that were still in work.
    fn flush(&mut self, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError>;

    /// Forgets the stream, its pictures and its errors.
    fn reset(&mut self);
}

/// A decoder for `codec`; `container` is what the container says of colour, for where the bitstream does not.
///
/// `None` if no decoder for it is built in (picture files have none: they are read whole).
#[must_use]
pub fn decoder(codec: &Codec, container: ColorDescription) -> Option<Box<dyn Decoder>> {
    Some(match codec {
        Codec::H264 => Box::new(Guarded::new(h264::H264::new(container))),
        Codec::Hevc => Box::new(Guarded::new(hevc::Hevc::new(container))),
        Codec::Av1 => Box::new(Guarded::new(av1::Av1::new(container))),
        Codec::Vp9 => Box::new(Guarded::new(vp9::Vp9::new(container))),
        Codec::Png | Codec::Jpeg | Codec::Other(_) => return None,
    })
}

/// What the headers in an access unit say of the stream; `None` if it holds none that can be read.
#[must_use]
pub fn stream_header(codec: &Codec, access_unit: &[u8]) -> Option<StreamHeader> {
    let Header { coded_size, size, chroma, bit_depth, color } = header(codec, access_unit)?;
    let color = color.unwrap_or_default();
    Some(StreamHeader { coded_size, size, chroma, bit_depth, matrix: color.matrix, range: color.range })
}

/// The colour space that the headers in an access unit name, if it is one that no picture here is of.
#[cfg(feature = "nvdec")]
pub(crate) fn strange_color(codec: &Codec, access_unit: &[u8]) -> Option<&'static str> {
    header(codec, access_unit)?.color.err()
}

fn header(codec: &Codec, access_unit: &[u8]) -> Option<Header> {
    Some(match codec {
        Codec::H264 => {
            let is_sps = |nal: &&[u8]| header::h264::nal_type::of(nal) == header::h264::nal_type::SPS;
            header::h264::sps(header::nal::nal_units(access_unit).find(is_sps)?)?.header
        }
        Codec::Hevc => {
            let is_sps = |nal: &&[u8]| header::hevc::nal_type::of(nal) == header::hevc::nal_type::SPS;
            header::hevc::sps(header::nal::nal_units(access_unit).find(is_sps)?)?.header
        }
        Codec::Av1 => header::av1::sequence(access_unit)?,
        Codec::Vp9 => match header::vp9::frame(access_unit)? {
            header::vp9::Frame::Key(header) => header,
            header::vp9::Frame::Inter => return None,
        },
        Codec::Png | Codec::Jpeg | Codec::Other(_) => return None,
    })
}

/// What an access unit is to the ones around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Decoding can start here.
    Sync,
    /// Other pictures may need it.
    Reference,
    /// No other picture needs it.
    Disposable,
}

/// A codec's own decoder, as [`Guarded`] drives it.
trait Engine: Send {
    fn role(&self, access_unit: &[u8]) -> Role;
    fn decode(&mut self, access_unit: &[u8], pts: i64, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError>;
    fn flush(&mut self, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError>;
    fn reset(&mut self);
    fn codec(&self) -> Codec;
}

/// Keeps pictures that depend on damaged ones from coming out.
struct Guarded<E> {
    engine: E,
    gate: Gate,
    /// The pts of damaged access units whose pictures the engine may still give: the newest few.
    damaged: VecDeque<i64>,
}

/// Whether the next access unit can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// A picture that others need is missing (at the start of a stream: all of them).
    Closed,
    /// The stream cannot be decoded at all.
    Refused,
}

/// More than any codec's reorder depth.
const REMEMBERED: usize = 64;

impl<E: Engine> Guarded<E> {
    const fn new(engine: E) -> Self {
        Self { engine, gate: Gate::Closed, damaged: VecDeque::new() }
    }

    fn close(&mut self, error: &DecodeError, role: Role, pts: i64) {
        if self.damaged.len() == REMEMBERED {
            self.damaged.pop_front();
        }
        self.damaged.push_back(pts);
        if matches!(error, DecodeError::Unsupported { .. }) {
            self.gate = Gate::Refused;
        } else if role != Role::Disposable {
            self.gate = Gate::Closed;
        }
    }

    /// Starts again at a sync access unit, after what the engine still holds of the stretch before.
    fn reopen(&mut self, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        let flushed = self.engine.flush(out);
        out.retain(|(pts, _)| !self.damaged.contains(pts));
        self.reset();
        self.gate = Gate::Open;
        flushed
    }
}

impl<E: Engine> Decoder for Guarded<E> {
    fn decode(&mut self, access_unit: &[u8], pts: i64, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        let role = self.engine.role(access_unit);
        let reopened = if self.gate == Gate::Closed && role == Role::Sync { self.reopen(out) } else { Ok(()) };
        if self.gate != Gate::Open {
            return Err(damaged(&self.engine.codec(), "it needs a picture that is missing or damaged"));
        }
        let decoded = self.engine.decode(access_unit, pts, out);
        if let Err(error) = &decoded {
            self.close(error, role, pts);
        }
        out.retain(|(pts, _)| !self.damaged.contains(pts));
        decoded.and(reopened)
    }

    fn flush(&mut self, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        let flushed = self.engine.flush(out);
        out.retain(|(pts, _)| !self.damaged.contains(pts));
        self.reset();
        flushed
    }

    fn reset(&mut self) {
        self.engine.reset();
        self.gate = Gate::Closed;
        self.damaged.clear();
    }
}

fn damaged(codec: &Codec, reason: impl Into<String>) -> DecodeError {
    DecodeError::Damaged { codec: codec.clone(), reason: reason.into() }
}

fn unsupported(codec: &Codec, feature: impl Into<String>) -> DecodeError {
    DecodeError::Unsupported { codec: codec.clone(), feature: feature.into() }
}

/// The colour of a stream whose header says `color`.
fn resolve(codec: &Codec, color: Color, container: ColorDescription) -> Result<ColorSpec, DecodeError> {
    match color {
        Ok(color) => Ok(color.or(container).spec()),
        Err(space) => Err(unsupported(codec, space)),
    }
}

/// A plane of rows without padding.
fn packed<T>(samples: Vec<T>, width: usize) -> Plane<T> {
    Plane { samples, stride: width }
}

#[cfg(test)]
mod tests;
