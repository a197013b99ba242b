//! H.264 parameter sets and slice headers, as far as choosing a decoder and naming the colour needs them: ITU-T H.264
//! sections 7.3.2.1, 7.3.2.2, 7.3.3 and E.1.1.

use super::bits::Bits;
use super::nal::payload;
use super::{Header, vui_color};
use crate::color::ColorDescription;
use crate::frame::Chroma;

/// What a NAL unit holds (table 7-1), by its first byte.
pub(in crate::decode) mod nal_type {
    pub(in crate::decode) const SLICE: u8 = 1;
    pub(in crate::decode) const IDR_SLICE: u8 = 5;
    pub(in crate::decode) const SPS: u8 = 7;
    pub(in crate::decode) const PPS: u8 = 8;

    pub(in crate::decode) const fn of(nal: &[u8]) -> u8 {
        match nal.first() {
            Some(byte) => *byte & 31,
            None => 0,
        }
    }
}

/// A sequence parameter set.
#[derive(Clone, Debug)]
pub(in crate::decode) struct Sps {
    pub(in crate::decode) id: u32,
    pub(in crate::decode) profile: u8,
    pub(in crate::decode) header: Header,
    pub(in crate::decode) chroma_depth: u8,
    pub(in crate::decode) lossless: bool,
    /// Every picture is a frame: no fields, no mixed macroblocks.
    pub(in crate::decode) frames_only: bool,
    /// How the picture order is coded: 0, 1 or 2.
    pub(in crate::decode) order_type: u32,
    pub(in crate::decode) macroblock_columns: u32,
}

/// What of a picture parameter set decides between the decoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Pps {
    pub(in crate::decode) id: u32,
    pub(in crate::decode) sps: u32,
    pub(in crate::decode) slice_groups: bool,
    pub(in crate::decode) explicit_bipredictive_weights: bool,
}

/// The head of a slice header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Slice {
    pub(in crate::decode) first_macroblock: u32,
    pub(in crate::decode) intra: bool,
    pub(in crate::decode) pps: u32,
}

const PROFILES_WITH_CHROMA_FORMAT: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// Parses a sequence parameter set NAL unit.
pub(in crate::decode) fn sps(nal: &[u8]) -> Option<Sps> {
    let payload = payload(nal, 1, usize::MAX);
    let mut bits = Bits::new(&payload);
    let profile = bits.byte()?;
    bits.skip(16)?;
    let id = bits.golomb()?;
    let (mut chroma_code, mut separate_planes, mut depth, mut chroma_depth, mut lossless) = (1, false, 8, 8, false);
    if PROFILES_WITH_CHROMA_FORMAT.contains(&profile) {
        chroma_code = bits.golomb()?;
        separate_planes = chroma_code == 3 && bits.flag()?;
        depth = 8 + u8::try_from(bits.golomb()?).ok().filter(|&more| more <= 6)?;
        chroma_depth = 8 + u8::try_from(bits.golomb()?).ok().filter(|&more| more <= 6)?;
        lossless = bits.flag()?;
        if bits.flag()? {
            let lists = if chroma_code == 3 { 12 } else { 8 };
            (0..lists).try_for_each(|list| skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 }))?;
        }
    }
    bits.golomb()?;
    let order_type = skip_picture_order(&mut bits)?;
    bits.golomb()?;
    bits.flag()?;
    let macroblock_columns = bits.golomb()?.checked_add(1)?;
    let map_rows = bits.golomb()?.checked_add(1)?;
    let frames_only = bits.flag()?;
    if !frames_only {
        bits.flag()?;
    }
    bits.flag()?;
    let field_factor = if frames_only { 1 } else { 2 };
    let coded_size = (macroblock_columns.checked_mul(16)?, map_rows.checked_mul(16 * field_factor)?);
    let chroma = if separate_planes { Chroma::Yuv444 } else { super::chroma(chroma_code)? };
    let (crop_x, crop_y) = match chroma {
        Chroma::Yuv420 => (2, 2 * field_factor),
        Chroma::Yuv422 => (2, field_factor),
        Chroma::Mono | Chroma::Yuv444 => (1, field_factor),
    };
    let size = super::cropped(&mut bits, coded_size, (crop_x, crop_y))?;
    // A stream cut inside its usability information still decodes: only the colour stays unknown.
    let color = vui_color(&mut bits, chroma).unwrap_or(Ok(ColorDescription::default()));
    let header = Header { coded_size, size, chroma, bit_depth: depth, color };
    Some(Sps { id, profile, header, chroma_depth, lossless, frames_only, order_type, macroblock_columns })
}

fn skip_scaling_list(bits: &mut Bits<'_>, entries: usize) -> Option<()> {
    if !bits.flag()? {
        return Some(());
    }
    let (mut last, mut next) = (8, 8);
    for _ in 0..entries {
        if next != 0 {
            next = (last + bits.signed_golomb()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn skip_picture_order(bits: &mut Bits<'_>) -> Option<u32> {
    let order_type = bits.golomb()?;
    match order_type {
        0 => {
            bits.golomb()?;
        }
        1 => {
            bits.flag()?;
            bits.signed_golomb()?;
            bits.signed_golomb()?;
            let cycle = bits.golomb().filter(|&frames| frames <= 255)?;
            (0..cycle).try_for_each(|_| bits.signed_golomb().map(drop))?;
        }
        _ => {}
    }
    Some(order_type)
}

/// Parses the head of a picture parameter set NAL unit.
pub(in crate::decode) fn pps(nal: &[u8]) -> Option<Pps> {
    let payload = payload(nal, 1, 64);
    let mut bits = Bits::new(&payload);
    let (id, sps) = (bits.golomb()?, bits.golomb()?);
    bits.skip(2)?;
    if bits.golomb()? > 0 {
        return Some(Pps { id, sps, slice_groups: true, explicit_bipredictive_weights: false });
    }
    bits.golomb()?;
    bits.golomb()?;
    bits.flag()?;
    Some(Pps { id, sps, slice_groups: false, explicit_bipredictive_weights: bits.number(2)? == 1 })
}

/// Parses the head of a slice NAL unit.
pub(in crate::decode) fn slice(nal: &[u8]) -> Option<Slice> {
    let payload = payload(nal, 1, 16);
    let mut bits = Bits::new(&payload);
    let first_macroblock = bits.golomb()?;
    let intra = matches!(bits.golomb()? % 5, 2 | 4);
    Some(Slice { first_macroblock, intra, pps: bits.golomb()? })
}

/// The name of a profile (annex A).
pub(in crate::decode) const fn profile_name(profile: u8) -> &'static str {
    match profile {
        66 => "Baseline",
        77 => "Main",
        88 => "Extended",
        100 => "High",
        110 => "High 10",
        122 => "High 4:2:2",
        244 => "High 4:4:4 Predictive",
        44 => "CAVLC 4:4:4 Intra",
        83 | 86 => "Scalable",
        118 | 128 => "Multiview High",
        _ => "of an unknown number",
    }
}
