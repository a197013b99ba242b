//! What a device's decoder can do, asked before a stream is given to it.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use nvdec_sys::cuviddec::{DecodeCaps, chroma, surface_format};

use crate::context::Context;
use crate::error::NvdecError;
use crate::format::{Codec, StreamFormat};

/// What a device can do for one codec, chroma format and bit depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Decoding engines for it.
    pub engines: u32,
    /// The smallest coded columns and rows.
    pub min_size: (u32, u32),
    /// The largest coded columns and rows.
    pub max_size: (u32, u32),
    /// The most macroblocks of 256 pixels in a picture.
    pub max_macroblocks: u32,
    output_formats: u16,
}

impl Capabilities {
    /// What `context`'s device can do for 4:2:0 streams of `codec` with `bit_depth` bits; `None` if it has no engine for
    /// them.
    ///
    /// # Errors
    /// The failed call.
    pub fn of(context: &Context, codec: Codec, bit_depth: u8) -> Result<Option<Self>, NvdecError> {
        let mut caps = DecodeCaps {
            codec_type: codec.number(),
            chroma_format: chroma::YUV420,
            bit_depth_minus8: u32::from(bit_depth.saturating_sub(8)),
            ..DecodeCaps::default()
        };
        let _current = context.enter()?;
        // SAFETY: `caps` lives through the call and the context is current.
        context.check("cuvidGetDecoderCaps", unsafe { (context.cuvid().get_decoder_caps)(&raw mut caps) })?;
        Ok((caps.is_supported != 0).then(|| Self {
            engines: caps.num_nvdecs.into(),
            min_size: (caps.min_width.into(), caps.min_height.into()),
            max_size: (caps.max_width, caps.max_height),
            max_macroblocks: caps.max_mb_count,
            output_formats: caps.output_format_mask,
        }))
    }

    /// Asks whether `context`'s device decodes streams of `format`.
    ///
    /// # Errors
    /// [`NvdecError::Unsupported`], which says what it lacks for them; or the failed call.
    pub fn check(context: &Context, format: &StreamFormat) -> Result<(), NvdecError> {
        let lacks = |lacks: String| NvdecError::Unsupported {
            codec: format.codec,
            bit_depth: format.bit_depth,
            size: format.coded_size,
            lacks,
        };
        match format.chroma_format {
            chroma::YUV420 => {}
            chroma::MONOCHROME => return Err(lacks("monochrome is not read from it".to_owned())),
            chroma::YUV422 => return Err(lacks("4:2:2 is not read from it".to_owned())),
            chroma::YUV444 => return Err(lacks("4:4:4 is not read from it".to_owned())),
            other => return Err(lacks(format!("chroma format {other} is unknown"))),
        }
        let Some(able) = Self::of(context, format.codec, format.bit_depth)? else {
            return Err(lacks("it has no engine for the codec at this depth".to_owned()));
        };
        able.shortfall(format).map_or(Ok(()), |shortfall| Err(lacks(shortfall)))
    }

    fn shortfall(&self, format: &StreamFormat) -> Option<String> {
        let (width, height) = format.coded_size;
        let output = if format.is_deep() { surface_format::P016 } else { surface_format::NV12 };
        if width < self.min_size.0 || height < self.min_size.1 {
            Some(format!("the least is {}x{}", self.min_size.0, self.min_size.1))
        } else if width > self.max_size.0 || height > self.max_size.1 {
            Some(format!("the most is {}x{}", self.max_size.0, self.max_size.1))
        } else if u64::from(width) * u64::from(height) / 256 > self.max_macroblocks.into() {
            Some(format!("the most is {} macroblocks", self.max_macroblocks))
        } else if self.output_formats >> output & 1 == 0 {
            Some(format!("it does not give {}", if format.is_deep() { "P016" } else { "NV12" }))
        } else if format.shown.width == 0 || format.shown.height == 0 {
            Some("nothing of it is shown".to_owned())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_said() {
        let able = Capabilities {
            engines: 7,
            min_size: (48, 16),
            max_size: (4096, 4096),
            max_macroblocks: 65536,
            output_formats: 1,
        };
        let lacks = |bit_depth, size| able.shortfall(&StreamFormat::expected(Codec::H264, bit_depth, size));
        assert_eq!(lacks(8, (1920, 1080)), None);
        assert_eq!(lacks(8, (32, 32)).as_deref(), Some("the least is 48x16"));
        assert_eq!(lacks(8, (8192, 32)).as_deref(), Some("the most is 4096x4096"));
        assert_eq!(lacks(10, (1920, 1080)).as_deref(), Some("it does not give P016"));
        assert_eq!(lacks(8, (64, 0)).as_deref(), Some("the least is 48x16"));
    }
}
