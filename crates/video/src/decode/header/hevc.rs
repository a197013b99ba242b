//! HEVC sequence parameter sets: ITU-T H.265 sections 7.3.1.2, 7.3.2.2, 7.3.3, 7.3.4, 7.3.7 and E.2.1.

use super::bits::Bits;
use super::nal::payload;
use super::{Header, vui_color};
use crate::color::ColorDescription;

/// What a NAL unit holds (table 7-1), by its first byte.
pub(in crate::decode) mod nal_type {
    pub(in crate::decode) const LAST_SUB_LAYER_NON_REFERENCE: u8 = 14;
    pub(in crate::decode) const FIRST_INTRA: u8 = 16;
    pub(in crate::decode) const LAST_INTRA: u8 = 23;
    pub(in crate::decode) const LAST_SLICE: u8 = 31;
    pub(in crate::decode) const SPS: u8 = 33;

    pub(in crate::decode) const fn of(nal: &[u8]) -> u8 {
        match nal.first() {
            Some(byte) => *byte >> 1 & 63,
            None => u8::MAX,
        }
    }
}

/// The sub-layer of a NAL unit, from 0.
pub(in crate::decode) fn temporal_id(nal: &[u8]) -> u8 {
    nal.get(1).map_or(0, |byte| (byte & 7).saturating_sub(1))
}

/// A sequence parameter set.
#[derive(Clone, Debug)]
pub(in crate::decode) struct Sps {
    pub(in crate::decode) profile: u8,
    pub(in crate::decode) header: Header,
    /// The highest sub-layer that pictures of the sequence use.
    pub(in crate::decode) top_sub_layer: u8,
}

/// Parses a sequence parameter set NAL unit.
pub(in crate::decode) fn sps(nal: &[u8]) -> Option<Sps> {
    let payload = payload(nal, 2, usize::MAX);
    let mut bits = Bits::new(&payload);
    bits.skip(4)?;
    let top_sub_layer = bits.number(3)?;
    bits.flag()?;
    let profile = profile_and_level(&mut bits, top_sub_layer)?;
    bits.golomb()?;
    let chroma_code = bits.golomb()?;
    if chroma_code == 3 {
        bits.flag()?;
    }
    let chroma = super::chroma(chroma_code)?;
    let coded_size = (bits.golomb()?, bits.golomb()?);
    let (columns, rows) = chroma.plane_size(2, 2);
    let unit = |samples: usize| if samples == 1 { 2 } else { 1 };
    let size = super::cropped(&mut bits, coded_size, (unit(columns), unit(rows)))?;
    let bit_depth = 8 + u8::try_from(bits.golomb()?).ok().filter(|&more| more <= 8)?;
    bits.golomb()?;
    // A stream cut after its sizes still decodes: only the colour stays unknown.
    let color = color(&mut bits, top_sub_layer, chroma).unwrap_or(Ok(ColorDescription::default()));
    let header = Header { coded_size, size, chroma, bit_depth, color };
    Some(Sps { profile, header, top_sub_layer: top_sub_layer as u8 })
}

/// Section 7.3.3; returns `general_profile_idc`.
fn profile_and_level(bits: &mut Bits<'_>, top_sub_layer: u32) -> Option<u8> {
    bits.skip(3)?;
    let profile = bits.number(5)? as u8;
    bits.skip(32 + 48 + 8)?;
    let mut present = Vec::new();
    for _ in 0..top_sub_layer {
        present.push((bits.flag()?, bits.flag()?));
    }
    if top_sub_layer > 0 {
        bits.skip(2 * (8 - top_sub_layer as usize))?;
    }
    for (profile, level) in present {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    Some(profile)
}

/// What stands between the bit depths and the usability information, and of that the colour.
fn color(bits: &mut Bits<'_>, top_sub_layer: u32, chroma: crate::frame::Chroma) -> Option<super::Color> {
    let order_bits = bits.golomb()?.checked_add(4).filter(|&bits| bits <= 16)?;
    let layers = if bits.flag()? { top_sub_layer + 1 } else { 1 };
    (0..3 * layers).try_for_each(|_| bits.golomb().map(drop))?;
    (0..6).try_for_each(|_| bits.golomb().map(drop))?;
    if bits.flag()? && bits.flag()? {
        skip_scaling_lists(bits)?;
    }
    bits.skip(2)?;
    if bits.flag()? {
        bits.skip(8)?;
        bits.golomb()?;
        bits.golomb()?;
        bits.flag()?;
    }
    skip_reference_sets(bits)?;
    if bits.flag()? {
        let pictures = bits.golomb().filter(|&pictures| pictures <= 32)?;
        bits.skip(pictures as usize * (order_bits as usize + 1))?;
    }
    bits.skip(2)?;
    vui_color(bits, chroma)
}

/// Section 7.3.4.
fn skip_scaling_lists(bits: &mut Bits<'_>) -> Option<()> {
    for size in 0..4_u32 {
        for _ in 0..if size == 3 { 2 } else { 6 } {
            if bits.flag()? {
                if size > 1 {
                    bits.signed_golomb()?;
                }
                (0..64.min(16 << (2 * size))).try_for_each(|_| bits.signed_golomb().map(drop))?;
            } else {
                bits.golomb()?;
            }
        }
    }
    Some(())
}

/// Section 7.3.7, for every set of the sequence: a set may be coded as changes of the one before it.
fn skip_reference_sets(bits: &mut Bits<'_>) -> Option<()> {
    let sets = bits.golomb().filter(|&sets| sets <= 64)?;
    let mut pictures_before = 0;
    for set in 0..sets {
        pictures_before = if set > 0 && bits.flag()? {
            bits.flag()?;
            bits.golomb()?;
            let mut pictures = 0;
            for _ in 0..=pictures_before {
                let used = bits.flag()?;
                if used || bits.flag()? {
                    pictures += 1;
                }
            }
            pictures
        } else {
            let pictures = bits.golomb()?.checked_add(bits.golomb()?).filter(|&pictures| pictures <= 32)?;
            for _ in 0..pictures {
                bits.golomb()?;
                bits.flag()?;
            }
            pictures
        };
    }
    Some(())
}

/// The name of a profile (annex A).
pub(in crate::decode) const fn profile_name(profile: u8) -> &'static str {
    match profile {
        1 => "Main",
        2 => "Main 10",
        3 => "Main Still Picture",
        4 => "Format Range Extensions",
        5 => "High Throughput",
        6 | 7 => "Multiview or Scalable",
        8 => "3D",
        9 | 11 => "Screen Content Coding",
        _ => "of an unknown number",
    }
}
