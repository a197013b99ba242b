//! AV1 through `re_rav1d`, the Rust port of dav1d, on the calling thread and without a frame of delay.
//!
//! Film grain is applied, as FFmpeg does. Its pictures are padded and shared with its reference buffer, so each is copied
//! once, without the padding.

use re_rav1d::{PixelLayout, PlanarImageComponent, Settings};

use super::{Engine, Role, TimedPicture, damaged, header, packed, resolve, unsupported};
use crate::color::{ColorDescription, ColorSpec};
use crate::error::DecodeError;
use crate::frame::{Chroma, Picture, Plane, Planes};
use crate::info::Codec;

/// The AV1 engine.
pub(super) struct Av1 {
    container: ColorDescription,
    /// Opened at the first access unit of a stream.
    decoder: Option<re_rav1d::Decoder>,
    color: ColorSpec,
}

impl Av1 {
    pub(super) fn new(container: ColorDescription) -> Self {
        Self { container, decoder: None, color: container.spec() }
    }
}

fn open() -> Result<re_rav1d::Decoder, DecodeError> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    re_rav1d::Decoder::with_settings(&settings).map_err(error)
}

fn error(error: re_rav1d::Error) -> DecodeError {
    match error {
        re_rav1d::Error::UnsupportedBitstream => unsupported(&Codec::Av1, "a coding tool of this stream"),
        error => damaged(&Codec::Av1, error.to_string()),
    }
}

/// Moves out the pictures that are ready.
fn take(decoder: &mut re_rav1d::Decoder, color: ColorSpec, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
    loop {
        match decoder.get_picture() {
            Ok(coded) => {
                let pts = coded.timestamp().ok_or_else(|| damaged(&Codec::Av1, "a picture without a time"))?;
                let picture = picture(&coded, color)
                    .ok_or_else(|| damaged(&Codec::Av1, "the picture is smaller than announced"))?;
                out.push((pts, picture));
            }
            Err(re_rav1d::Error::Again) => return Ok(()),
            Err(failed) => return Err(error(failed)),
        }
    }
}

impl Engine for Av1 {
    fn role(&self, access_unit: &[u8]) -> Role {
        if header::av1::is_sync(access_unit) { Role::Sync } else { Role::Reference }
    }

    fn decode(&mut self, access_unit: &[u8], pts: i64, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        if let Some(header) = header::av1::sequence(access_unit) {
            self.color = resolve(&Codec::Av1, header.color, self.container)?;
        }
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => none.insert(open()?),
        };
        let given = out.len();
        let mut sent = decoder.send_data(access_unit.to_vec(), None, Some(pts), None);
        while sent == Err(re_rav1d::Error::Again) {
            take(decoder, self.color, out)?;
            sent = decoder.send_pending_data();
        }
        sent.map_err(error)?;
        take(decoder, self.color, out)?;
        if out.len() == given { Err(damaged(&Codec::Av1, "it shows no picture")) } else { Ok(()) }
    }

    fn flush(&mut self, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        self.decoder.as_mut().map_or(Ok(()), |decoder| take(decoder, self.color, out))
    }

    fn reset(&mut self) {
        // A decoder left waiting with data refuses more, so a new one is made rather than this one flushed.
        self.decoder = None;
    }

    fn codec(&self) -> Codec {
        Codec::Av1
    }
}

fn picture(coded: &re_rav1d::Picture, color: ColorSpec) -> Option<Picture> {
    let size = (coded.width() as usize, coded.height() as usize);
    let chroma = match coded.pixel_layout() {
        PixelLayout::I400 => Chroma::Mono,
        PixelLayout::I420 => Chroma::Yuv420,
        PixelLayout::I422 => Chroma::Yuv422,
        PixelLayout::I444 => Chroma::Yuv444,
    };
    let chroma_size = chroma.plane_size(size.0, size.1);
    let components = [
        (PlanarImageComponent::Y, size),
        (PlanarImageComponent::U, chroma_size),
        (PlanarImageComponent::V, chroma_size),
    ];
    let depth = u8::try_from(coded.bit_depth()).ok()?;
    let planes = if depth == 8 {
        let [y, u, v] = components.map(|(component, size)| plane(coded, component, size, 1, |bytes| bytes.to_vec()));
        Planes::U8([y?, u?, v?])
    } else {
        let samples = |bytes: &[u8]| bytes.as_chunks().0.iter().map(|&pair| u16::from_ne_bytes(pair)).collect();
        let [y, u, v] = components.map(|(component, size)| plane(coded, component, size, 2, samples));
        Planes::U16([y?, u?, v?])
    };
    Picture::new(size, chroma, depth, planes, color)
}

/// The rows of a plane whose samples take `bytes` bytes, without the padding; `None` if they are not all there.
fn plane<T>(
    coded: &re_rav1d::Picture,
    component: PlanarImageComponent,
    (width, height): (usize, usize),
    bytes: usize,
    samples: impl Fn(&[u8]) -> Vec<T>,
) -> Option<Plane<T>> {
    if height == 0 {
        return Some(packed(Vec::new(), 0));
    }
    let stride = coded.stride(component) as usize;
    let data = coded.plane(component);
    let mut rows = Vec::with_capacity(width * height);
    for row in 0..height {
        let start = row.checked_mul(stride)?;
        rows.extend(samples(data.get(start..start + width * bytes)?));
    }
    Some(packed(rows, width))
}
