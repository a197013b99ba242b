//! HEVC Main and Main 10 through `rusty_h265`, which was measured bit-exact and the fastest of the pure-Rust decoders.
//!
//! Its pictures are shared with its reference buffer and hold 16-bit samples at coded size, so each is copied once: to 8
//! bits where that is its depth, and cropped.

use super::header::{self, hevc::nal_type, nal};
use super::{Engine, Role, TimedPicture, damaged, packed, resolve, unsupported};
use crate::color::{ColorDescription, ColorSpec};
use crate::error::DecodeError;
use crate::frame::{Chroma, Picture, Plane, Planes};
use crate::info::Codec;

/// The HEVC engine.
pub(super) struct Hevc {
    container: ColorDescription,
    decoder: Box<rusty_h265::Decoder>,
    /// The sequence parameter set and the colour in force for the pictures that are decoded.
    sps: Option<(header::hevc::Sps, ColorSpec)>,
}

impl Hevc {
    pub(super) fn new(container: ColorDescription) -> Self {
        Self { container, decoder: Box::default(), sps: None }
    }

    /// Takes a new sequence parameter set, after giving out the pictures of the old one.
    fn keep_parameter_sets(&mut self, access_unit: &[u8], out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        for unit in nal::nal_units(access_unit).filter(|unit| nal_type::of(unit) == nal_type::SPS) {
            let Some(sps) = header::hevc::sps(unit) else { continue };
            if !matches!(sps.profile, 0..=3) || sps.header.bit_depth > 10 {
                return Err(unsupported(&Codec::Hevc, describe(&sps)));
            }
            let color = resolve(&Codec::Hevc, sps.header.color, self.container)?;
            if self.sps.as_ref().is_some_and(|(_, before)| *before != color) {
                self.decoder.flush();
                self.take(out)?;
            }
            self.sps = Some((sps, color));
        }
        Ok(())
    }

    /// Moves out the pictures that are ready.
    fn take(&mut self, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        let color = self.sps.as_ref().map(|(_, color)| *color).unwrap_or_default();
        while let Ok(frame) = self.decoder.next_frame() {
            let pts = frame.pts.ok_or_else(|| damaged(&Codec::Hevc, "a picture belongs to no access unit"))?;
            let picture = picture(&frame.picture, color)
                .ok_or_else(|| damaged(&Codec::Hevc, "the picture is smaller than announced"))?;
            out.push((pts, picture));
        }
        Ok(())
    }
}

impl Engine for Hevc {
    fn role(&self, access_unit: &[u8]) -> Role {
        let Some(slice) = nal::nal_units(access_unit).find(|unit| nal_type::of(unit) <= nal_type::LAST_SLICE) else {
            return Role::Reference;
        };
        let kind = nal_type::of(slice);
        let top = self.sps.as_ref().map_or(0, |(sps, _)| sps.top_sub_layer);
        if (nal_type::FIRST_INTRA..=nal_type::LAST_INTRA).contains(&kind) {
            Role::Sync
        } else if kind <= nal_type::LAST_SUB_LAYER_NON_REFERENCE
            && kind.is_multiple_of(2)
            && header::hevc::temporal_id(slice) == top
        {
            // Not needed within its sub-layer, and there is none above.
            Role::Disposable
        } else {
            Role::Reference
        }
    }

    fn decode(&mut self, access_unit: &[u8], pts: i64, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        self.keep_parameter_sets(access_unit, out)?;
        let pushed = self.decoder.push_annexb(access_unit, Some(pts));
        self.take(out)?;
        pushed.map_err(|error| match error {
            rusty_h265::Error::Unsupported(what) => {
                let profile = self.sps.as_ref().map_or_else(String::new, |(sps, _)| format!(" ({})", describe(sps)));
                unsupported(&Codec::Hevc, what + &profile)
            }
            error => damaged(&Codec::Hevc, error.to_string()),
        })
    }

    fn flush(&mut self, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        self.decoder.flush();
        self.take(out)
    }

    fn reset(&mut self) {
        *self.decoder = Default::default();
        self.sps = None;
    }

    fn codec(&self) -> Codec {
        Codec::Hevc
    }
}

fn describe(sps: &header::hevc::Sps) -> String {
    let chroma = match sps.header.chroma {
        Chroma::Mono => "monochrome",
        Chroma::Yuv420 => "4:2:0",
        Chroma::Yuv422 => "4:2:2",
        Chroma::Yuv444 => "4:4:4",
    };
    format!("profile {}, {chroma} {}-bit", header::hevc::profile_name(sps.profile), sps.header.bit_depth)
}

/// A cropped copy; `None` if the crop does not fit.
fn picture(coded: &rusty_h265::Picture, color: ColorSpec) -> Option<Picture> {
    let (left, top, width, height) = coded.crop;
    let chroma = match coded.chroma_format_idc {
        0 => Chroma::Mono,
        1 => Chroma::Yuv420,
        2 => Chroma::Yuv422,
        _ => Chroma::Yuv444,
    };
    let (columns, rows) = chroma.plane_size(width, height);
    let (chroma_left, chroma_top) = chroma.plane_size(left, top);
    let windows = [
        (left, top, width, height),
        (chroma_left, chroma_top, columns, rows),
        (chroma_left, chroma_top, columns, rows),
    ];
    let depth = coded.bit_depth_luma;
    let planes = if depth == 8 {
        let planes = [0, 1, 2].map(|i| crop(&coded.planes[i], windows[i], |sample| sample as u8));
        let [y, u, v] = planes;
        Planes::U8([y?, u?, v?])
    } else {
        let planes = [0, 1, 2].map(|i| crop(&coded.planes[i], windows[i], |sample| sample));
        let [y, u, v] = planes;
        Planes::U16([y?, u?, v?])
    };
    Picture::new((width, height), chroma, depth, planes, color)
}

fn crop<T>(
    plane: &rusty_h265::Plane,
    (left, top, width, height): (usize, usize, usize, usize),
    convert: impl Fn(u16) -> T + Copy,
) -> Option<Plane<T>> {
    let mut samples = Vec::with_capacity(width * height);
    for row in top..top + height {
        let start = row.checked_mul(plane.stride)?.checked_add(left)?;
        samples.extend(plane.data.get(start..start.checked_add(width)?)?.iter().map(|&sample| convert(sample)));
    }
    Some(packed(samples, width))
}
