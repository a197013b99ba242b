//! H.264: a fast decoder for what nearly every camera records, a wide one for the rest.
//!
//! `rusty_h264-decoder` takes progressive 8-bit 4:2:0. It was measured bit-exact there, except where a slice is shorter
//! than a row of macroblocks, and it refuses fields, other chroma layouts and explicit weights of B pictures. `rust_h264`
//! takes all of those at about two thirds of the speed. The choice is made per access unit from the parameter sets and
//! the slices' positions; a stream that leaves the fast decoder's ground between two sync samples is decoded again from
//! the last one by the wide decoder, which then keeps it.

use std::collections::BTreeMap;

use rust_h264::decoder::{ChromaFormat, Decoder as WideDecoder, Frame};
use rust_h264::nal::parse_annex_b;

use super::header::{self, Header, h264::nal_type, nal};
use super::{Engine, Role, TimedPicture, damaged, packed, resolve, unsupported};
use crate::color::{ColorDescription, ColorSpec};
use crate::error::DecodeError;
use crate::frame::{Chroma, Picture, Plane, Planes};
use crate::info::Codec;

/// Compressed bytes kept for decoding again; a longer stretch without a sync sample moves to the wide decoder.
const REPLAY_LIMIT: usize = 64 << 20;

/// The H.264 engine.
pub(super) struct H264 {
    container: ColorDescription,
    sps: BTreeMap<u32, header::h264::Sps>,
    pps: BTreeMap<u32, header::h264::Pps>,
    active: Active,
    /// Pictures shown before the sync access unit that decoding started at, if that was no IDR: they may need the
    /// pictures before it.
    leading_before: Option<i64>,
    fresh: bool,
}

enum Active {
    Fast {
        decoder: Box<rusty_h264_decoder::Decoder>,
        /// The access units since the last sync sample.
        since_sync: Vec<Vec<u8>>,
        bytes: usize,
    },
    Wide(Box<WideDecoder>),
}

/// The stream that an access unit belongs to, and whether the fast decoder is known to be exact on it.
struct Needs {
    header: Header,
    color: ColorSpec,
    fast: bool,
}

impl H264 {
    pub(super) fn new(container: ColorDescription) -> Self {
        Self {
            container,
            sps: BTreeMap::new(),
            pps: BTreeMap::new(),
            active: Active::fast(),
            leading_before: None,
            fresh: true,
        }
    }

    fn keep_parameter_sets(&mut self, access_unit: &[u8]) {
        for unit in nal::nal_units(access_unit) {
            match nal_type::of(unit) {
                nal_type::SPS => {
                    if let Some(sps) = header::h264::sps(unit) {
                        self.sps.insert(sps.id, sps);
                    }
                }
                nal_type::PPS => {
                    if let Some(pps) = header::h264::pps(unit) {
                        self.pps.insert(pps.id, pps);
                    }
                }
                _ => {}
            }
        }
    }

    fn needs(&self, access_unit: &[u8]) -> Result<Needs, DecodeError> {
        let mut found: Option<(&header::h264::Sps, bool)> = None;
        let mut last_start = None;
        for unit in slices(access_unit) {
            let slice = header::h264::slice(unit).ok_or_else(|| lost("a slice header is cut"))?;
            let pps = self.pps.get(&slice.pps).ok_or_else(|| lost("its picture parameter set is missing"))?;
            let sps = self.sps.get(&pps.sps).ok_or_else(|| lost("its sequence parameter set is missing"))?;
            check_supported(sps, *pps)?;
            let far_enough =
                last_start.is_none_or(|last| slice.first_macroblock >= sps.macroblock_columns.saturating_add(last));
            last_start = Some(slice.first_macroblock);
            let fast = found.is_none_or(|(_, fast)| fast) && far_enough && suits_fast(sps, *pps);
            found = Some((sps, fast));
        }
        let (sps, fast) = found.ok_or_else(|| lost("it holds no slice"))?;
        Ok(Needs { header: sps.header, color: resolve(&Codec::H264, sps.header.color, self.container)?, fast })
    }
}

impl Engine for H264 {
    fn role(&self, access_unit: &[u8]) -> Role {
        let mut units = slices(access_unit).peekable();
        if units.peek().is_none() {
            return Role::Reference;
        }
        if is_idr(access_unit) {
            return Role::Sync;
        }
        let has_sps = nal::nal_units(access_unit).any(|unit| nal_type::of(unit) == nal_type::SPS);
        let intra = |unit| header::h264::slice(unit).is_some_and(|slice| slice.intra);
        if has_sps && slices(access_unit).all(intra) {
            Role::Sync
        } else if units.all(|unit| unit[0] >> 5 & 3 == 0) {
            Role::Disposable
        } else {
            Role::Reference
        }
    }

    fn decode(&mut self, access_unit: &[u8], pts: i64, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        self.keep_parameter_sets(access_unit);
        let needs = self.needs(access_unit)?;
        let sync = self.role(access_unit) == Role::Sync;
        if sync {
            self.leading_before = (self.fresh && !is_idr(access_unit)).then_some(pts);
            self.fresh = false;
        }
        if self.leading_before.is_some_and(|start| pts < start) {
            return Ok(());
        }
        let picture = match &mut self.active {
            Active::Fast { decoder, since_sync, bytes } if needs.fast && (sync || *bytes < REPLAY_LIMIT) => {
                if sync {
                    since_sync.clear();
                    *bytes = 0;
                }
                *bytes += access_unit.len();
                since_sync.push(access_unit.to_vec());
                decode_fast(decoder, access_unit, &needs)?
            }
            _ => decode_wide(self.active.widen()?, access_unit, &needs)?,
        };
        out.push((pts, picture));
        Ok(())
    }

    fn flush(&mut self, _: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        Ok(())
    }

    fn reset(&mut self) {
        self.active = match self.active {
            Active::Fast { .. } => Active::fast(),
            Active::Wide(_) => Active::Wide(Box::default()),
        };
        self.sps.clear();
        self.pps.clear();
        self.leading_before = None;
        self.fresh = true;
    }

    fn codec(&self) -> Codec {
        Codec::H264
    }
}

impl Active {
    fn fast() -> Self {
        Self::Fast { decoder: Box::default(), since_sync: Vec::new(), bytes: 0 }
    }

    /// The wide decoder, brought to where the fast one was.
    fn widen(&mut self) -> Result<&mut WideDecoder, DecodeError> {
        if let Self::Fast { since_sync, .. } = self {
            let mut wide = Box::<WideDecoder>::default();
            for access_unit in std::mem::take(since_sync) {
                feed_wide(&mut wide, &access_unit)?;
            }
            *self = Self::Wide(wide);
        }
        match self {
            Self::Wide(wide) => Ok(wide),
            Self::Fast { .. } => unreachable!("it was made wide above"),
        }
    }
}

fn lost(reason: impl Into<String>) -> DecodeError {
    damaged(&Codec::H264, reason)
}

fn slices(access_unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    nal::nal_units(access_unit).filter(|unit| matches!(nal_type::of(unit), nal_type::SLICE | nal_type::IDR_SLICE))
}

fn is_idr(access_unit: &[u8]) -> bool {
    slices(access_unit).any(|unit| nal_type::of(unit) == nal_type::IDR_SLICE)
}

/// Refuses by name what neither decoder takes.
fn check_supported(sps: &header::h264::Sps, pps: header::h264::Pps) -> Result<(), DecodeError> {
    let tool = match sps.header {
        Header { chroma: Chroma::Yuv444, .. } => "4:4:4 chroma".to_owned(),
        _ if sps.lossless => "lossless coding".to_owned(),
        Header { bit_depth, .. } if bit_depth != sps.chroma_depth || ![8, 10].contains(&bit_depth) => {
            format!("{bit_depth}-bit luma with {}-bit chroma", sps.chroma_depth)
        }
        _ if pps.slice_groups => "flexible macroblock ordering".to_owned(),
        _ if sps.profile == 88 => "data partitioning".to_owned(),
        _ => return Ok(()),
    };
    Err(unsupported(&Codec::H264, format!("{tool} (profile {})", header::h264::profile_name(sps.profile))))
}

fn suits_fast(sps: &header::h264::Sps, pps: header::h264::Pps) -> bool {
    sps.frames_only
        && sps.order_type != 1
        && sps.header.chroma == Chroma::Yuv420
        && sps.header.bit_depth == 8
        && !pps.explicit_bipredictive_weights
}

fn decode_fast(
    decoder: &mut rusty_h264_decoder::Decoder,
    access_unit: &[u8],
    needs: &Needs,
) -> Result<Picture, DecodeError> {
    let frame = decoder
        .decode(access_unit)
        .map_err(|error| lost(error.to_string()))?
        .ok_or_else(|| lost("slices of the picture are missing"))?;
    let planes = [packed(frame.y, frame.width), packed(frame.u, frame.width / 2), packed(frame.v, frame.width / 2)];
    finish((frame.width, frame.height), Planes::U8(planes), needs)
}

fn decode_wide(decoder: &mut WideDecoder, access_unit: &[u8], needs: &Needs) -> Result<Picture, DecodeError> {
    let frame = feed_wide(decoder, access_unit)?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    let widths = [width, frame.chroma_width() as usize, frame.chroma_width() as usize];
    // Monochrome comes with grey chroma planes that are not needed.
    let planes = match needs.header.chroma {
        Chroma::Mono => [frame.y, Vec::new(), Vec::new()],
        _ => [frame.y, frame.u, frame.v],
    };
    let [y, u, v] = planes;
    let planes = if frame.bit_depth == 8 {
        Planes::U8([packed(y, widths[0]), packed(u, widths[1]), packed(v, widths[2])])
    } else {
        Planes::U16([wide_plane(&y, widths[0]), wide_plane(&u, widths[1]), wide_plane(&v, widths[2])])
    };
    finish((width, height), planes, needs)
}

/// Feeds a whole access unit and takes its picture: both fields of it, if it is coded so.
fn feed_wide(decoder: &mut WideDecoder, access_unit: &[u8]) -> Result<Frame, DecodeError> {
    let mut failed = None;
    for unit in parse_annex_b(access_unit) {
        match decoder.decode_nal(&unit) {
            Ok(None) => {}
            Ok(Some(_)) => failed = Some(lost("it holds more than one picture")),
            Err(error) => failed = Some(lost(error.to_string())),
        }
    }
    // Taken even after a failure, so that it does not come out with the next access unit.
    let frame = decoder.flush().filter(|frame| !has_hole(frame));
    match failed {
        Some(error) => Err(error),
        None => frame.ok_or_else(|| lost("slices of the picture are missing")),
    }
}

/// Whether a macroblock was reached by no slice. `rust_h264` passes over a damaged slice that is not a picture's first and
/// says nothing; what it leaves there is zero in all three planes, which is no colour: a green darker than black. Four
/// samples in each macroblock's middle tell, where deblocking does not smear its neighbours over it.
fn has_hole(frame: &Frame) -> bool {
    let (luma_width, width, height) =
        (frame.width as usize, frame.chroma_width() as usize, frame.chroma_height() as usize);
    let (block_height, luma_rows) = match frame.chroma_format {
        ChromaFormat::Yuv420 => (8, 2),
        ChromaFormat::Yuv422 => (16, 1),
    };
    let empty = |plane: &[u8], width: usize, x: usize, y: usize| {
        (0..4).all(|corner| frame.sample(plane, (y + corner / 2) * width + x + corner % 2) == 0)
    };
    let rows = (block_height / 2..height.saturating_sub(1)).step_by(block_height);
    let mut middles = rows.flat_map(|y| (4..width.saturating_sub(1)).step_by(8).map(move |x| (x, y)));
    middles.any(|(x, y)| {
        empty(&frame.u, width, x, y)
            && empty(&frame.v, width, x, y)
            && empty(&frame.y, luma_width, 2 * x, luma_rows * y)
    })
}

fn wide_plane(bytes: &[u8], width: usize) -> Plane<u16> {
    packed(bytes.as_chunks().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect(), width)
}

fn finish(size: (usize, usize), planes: Planes, needs: &Needs) -> Result<Picture, DecodeError> {
    let expected = (needs.header.size.0 as usize, needs.header.size.1 as usize);
    if size != expected {
        return Err(lost(format!("a picture of {size:?} where {expected:?} was announced")));
    }
    Picture::new(size, needs.header.chroma, needs.header.bit_depth, planes, needs.color)
        .ok_or_else(|| lost("the picture is smaller than announced"))
}
