//! Whether the chip decodes a file: what its headers say, held against what the device can do.

use std::ops::Range;

use nvdec::{Capabilities, NvdecError, Pool, StreamFormat};

use crate::chunked::{first_header, first_unit};
use crate::decode;
use crate::demux::PictureKind;
use crate::error::VideoError;
use crate::frame::Chroma;
use crate::info::{Codec, StreamHeader};
use crate::packets::PacketFile;

/// The codec by the chip's name and what the stream is; or what is lacking, in words.
pub(super) type Able = Result<(nvdec::Codec, StreamHeader), String>;

/// Whether the chip of `pool` decodes `file` from the chunk `first` on.
pub(super) fn of(file: &PacketFile, first: Option<&Range<usize>>, pool: &Pool) -> Result<Able, VideoError> {
    let media = &file.media;
    let codec = match &media.track.codec {
        Codec::H264 => nvdec::Codec::H264,
        Codec::Hevc => nvdec::Codec::Hevc,
        Codec::Av1 => nvdec::Codec::Av1,
        Codec::Vp9 => nvdec::Codec::Vp9,
        other => return Ok(Err(format!("{other}: it is not given to NVDEC"))),
    };
    let unit = first_unit(media);
    let header = match first_header(media, &unit) {
        Ok(header) => header,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let sample = media.track.samples.get(first.map_or(0, |numbers| file.plan.first_sample(numbers.start)));
    if media.picture_kind(&sample) != PictureKind::RandomAccess {
        return Ok(Err(format!("{codec}: no sync sample to begin at")));
    }
    if let Some(space) = decode::strange_color(&media.track.codec, &unit) {
        return Ok(Err(format!("{codec}: {space}")));
    }
    let layout = match header.chroma {
        Chroma::Yuv420 => None,
        Chroma::Mono => Some("monochrome"),
        Chroma::Yuv422 => Some("4:2:2"),
        Chroma::Yuv444 => Some("4:4:4"),
    };
    if let Some(layout) = layout {
        return Ok(Err(format!("{codec} {layout}: only 4:2:0 is read from NVDEC")));
    }
    device_lacks(pool, codec, &header)
        .map(|lacks| lacks.map_or(Ok((codec, header)), Err))
        .map_err(|source| VideoError::Device { path: media.file.path().to_owned(), source })
}

/// What a decoder for the stream is to be made for.
pub(super) fn format(codec: nvdec::Codec, header: &StreamHeader) -> StreamFormat {
    StreamFormat { coded_size: header.coded_size, ..StreamFormat::expected(codec, header.bit_depth, header.size) }
}

/// What the device lacks for the stream, if anything; an error only if it is gone.
fn device_lacks(pool: &Pool, codec: nvdec::Codec, header: &StreamHeader) -> Result<Option<String>, NvdecError> {
    match Capabilities::check(pool.context(), &format(codec, header)) {
        Ok(()) => Ok(None),
        Err(error) if error.is_device_gone() => Err(error),
        Err(NvdecError::Unsupported { codec, bit_depth, size: (width, height), lacks }) => {
            let device = pool.context().device_name()?;
            Ok(Some(format!("{codec}, {bit_depth}-bit, {width}x{height}: not decoded by {device} ({lacks})")))
        }
        Err(error) => Ok(Some(error.to_string())),
    }
}
