//! VP9 through `rusty_vp9`; its 8-bit planes are moved out, the deeper ones brought from bytes to samples.

use super::{Engine, Role, TimedPicture, damaged, header, packed, resolve, unsupported};
use crate::color::{ColorDescription, ColorSpec};
use crate::error::DecodeError;
use crate::frame::{Chroma, Picture, Planes};
use crate::info::Codec;

/// The most frames that one superframe packs (VP9 bitstream specification, annex B).
const FRAMES_IN_SUPERFRAME: usize = 8;

/// The VP9 engine.
pub(super) struct Vp9 {
    container: ColorDescription,
    decoder: Box<rusty_vp9::Vp9Decoder>,
    color: ColorSpec,
}

impl Vp9 {
    pub(super) fn new(container: ColorDescription) -> Self {
        Self { container, decoder: Box::default(), color: container.spec() }
    }
}

impl Engine for Vp9 {
    fn role(&self, access_unit: &[u8]) -> Role {
        match header::vp9::frame(access_unit) {
            Some(header::vp9::Frame::Key(_)) => Role::Sync,
            Some(header::vp9::Frame::Inter) | None => Role::Reference,
        }
    }

    fn decode(&mut self, access_unit: &[u8], pts: i64, out: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        if let Some(header::vp9::Frame::Key(header)) = header::vp9::frame(access_unit) {
            self.color = resolve(&Codec::Vp9, header.color, self.container)?;
        }
        self.decoder.push(access_unit, Some(pts)).map_err(error)?;
        let (mut shown, mut failed) = (None, None);
        for _ in 0..FRAMES_IN_SUPERFRAME {
            match self.decoder.next_frame() {
                Ok(frame) => shown = Some(frame),
                // Said of a hidden frame as well as of an empty queue.
                Err(rusty_vp9::Error::Again) => {}
                Err(other) => failed = Some(error(other)),
            }
        }
        match (failed, shown) {
            (Some(failed), _) => return Err(failed),
            (None, None) => return Err(damaged(&Codec::Vp9, "it shows no picture")),
            (None, Some(frame)) => {
                let picture = picture(frame, self.color)
                    .ok_or_else(|| damaged(&Codec::Vp9, "the picture is smaller than announced"))?;
                out.push((pts, picture));
            }
        }
        Ok(())
    }

    fn flush(&mut self, _: &mut Vec<TimedPicture>) -> Result<(), DecodeError> {
        Ok(())
    }

    fn reset(&mut self) {
        *self.decoder = Default::default();
    }

    fn codec(&self) -> Codec {
        Codec::Vp9
    }
}

fn error(error: rusty_vp9::Error) -> DecodeError {
    match error {
        rusty_vp9::Error::Unsupported(what) => unsupported(&Codec::Vp9, what),
        error => damaged(&Codec::Vp9, error.to_string()),
    }
}

fn picture(frame: rusty_vp9::DecodedFrame, color: ColorSpec) -> Option<Picture> {
    let chroma = match (frame.subsampling_x, frame.subsampling_y) {
        (1, 1) => Chroma::Yuv420,
        (1, 0) => Chroma::Yuv422,
        (0, 0) => Chroma::Yuv444,
        _ => return None,
    };
    let depth = u8::try_from(frame.bit_depth).ok()?;
    let planes: [Vec<u8>; 3] = frame.planes.try_into().ok()?;
    let strides: [usize; 3] = frame.strides.try_into().ok()?;
    let [y, u, v] = planes;
    let planes = if depth == 8 {
        Planes::U8([packed(y, strides[0]), packed(u, strides[1]), packed(v, strides[2])])
    } else {
        let samples =
            |bytes: &[u8]| bytes.as_chunks().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect::<Vec<_>>();
        Planes::U16([
            packed(samples(&y), strides[0] / 2),
            packed(samples(&u), strides[1] / 2),
            packed(samples(&v), strides[2] / 2),
        ])
    };
    Picture::new((frame.width as usize, frame.height as usize), chroma, depth, planes, color)
}
