//! Containers to tracks: which samples hold the pictures, where they lie, when they are shown.
//!
//! [`Format::of`] looks at the first bytes, [`Media::read`] hands the file to the reader of its container; out comes a
//! [`Track`], whose access units the decoding threads ask for. The readers are our own: the index must be walked without loading the file, edit lists applied and
//! hostile tables refused, and the crates at hand load samples, panic on missing tables or leave edits to the caller.

mod access;
mod bytes;
mod codec_config;
mod matroska;
mod mp4;
mod samples;

use swingpose_core::Timebase;

pub(crate) use access::PictureKind;
pub(crate) use bytes::MediaFile;
pub(crate) use codec_config::{CodecConfig, Framing};
pub(crate) use samples::{Sample, SampleTable};

use crate::annexb;
use crate::error::{LossCause, VideoError};
use crate::info::{Codec, Rotation};

/// A video track, as its container describes it.
#[derive(Debug)]
pub(crate) struct Track {
    /// The compression.
    pub(crate) codec: Codec,
    /// How samples are framed, and the parameter sets that go before them.
    pub(crate) config: CodecConfig,
    /// Bytes taken off the front of every sample by the container (Matroska's header stripping).
    pub(crate) stripped: Vec<u8>,
    /// The turn that makes pictures upright.
    pub(crate) rotation: Rotation,
    /// What a tick is.
    pub(crate) timebase: Timebase,
    /// The colour that the container names.
    pub(crate) color: ContainerColor,
    /// The samples, in decode order.
    pub(crate) samples: SampleTable,
    /// What the reader had to pass over, for the summary.
    pub(crate) notes: Vec<String>,
}

/// The colour that a container names, by H.273's numbers: used where the bitstream does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContainerColor {
    /// MatrixCoefficients.
    pub(crate) matrix: Option<u8>,
    /// VideoFullRangeFlag.
    pub(crate) full_range: Option<bool>,
}

/// What the first bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// MP4 or QuickTime.
    Mp4,
    /// Matroska or WebM.
    Matroska,
    /// A PNG picture.
    Png,
    /// A JPEG picture.
    Jpeg,
    /// Something else, in words.
    Unknown(&'static str),
}

impl Format {
    /// The format that begins with `head`.
    pub(crate) fn of(head: &[u8; 16]) -> Self {
        /// Box types that an MP4 or QuickTime file may begin with.
        const FIRST_BOXES: [&[u8; 4]; 10] =
            [b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"sidx"];
        let [_, _, _, _, kind @ ..] = head;
        if FIRST_BOXES.iter().any(|first| kind.starts_with(*first)) {
            return Self::Mp4;
        }
        match head {
            [0x1A, 0x45, 0xDF, 0xA3, ..] => Self::Matroska,
            [0x89, b'P', b'N', b'G', ..] => Self::Png,
            [0xFF, 0xD8, 0xFF, ..] => Self::Jpeg,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => Self::Unknown("an AVI file"),
            [b'F', b'L', b'V', ..] => Self::Unknown("a Flash video"),
            [0x30, 0x26, 0xB2, 0x75, ..] => Self::Unknown("a Windows Media file"),
            [0, 0, 1, 0xBA, ..] => Self::Unknown("an MPEG program stream"),
            [0, 0, 1, ..] | [0, 0, 0, 1, ..] => Self::Unknown("a raw elementary stream: put it into an MP4"),
            [b'G', b'I', b'F', b'8', ..] => Self::Unknown("a GIF picture"),
            [0x47, ..] => Self::Unknown("perhaps an MPEG transport stream"),
            [0, 0, 0, 0, 0, 0, 0, 0, ..] => Self::Unknown("it begins with zeros"),
            _ if head.iter().all(|&byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || byte == 0) => {
                Self::Unknown("it looks like text")
            }
            _ => Self::Unknown("its first bytes are of no known format"),
        }
    }
}

/// A file and its video track: what the decoding threads share.
pub(crate) struct Media {
    pub(crate) file: MediaFile,
    pub(crate) track: Track,
}

impl Media {
    /// Reads the index of `file`, which begins as `format`.
    pub(crate) fn read(file: MediaFile, format: Format) -> Result<Self, VideoError> {
        let path = || file.path().to_owned();
        let mut track = match format {
            Format::Mp4 => mp4::read(&file),
            Format::Matroska => matroska::read(&file),
            Format::Unknown(looks_like) => Err(VideoError::UnknownFormat { path: path(), looks_like }),
            Format::Png | Format::Jpeg => Err(VideoError::UnknownFormat { path: path(), looks_like: "a picture" }),
        }?;
        if track.samples.len() == 0 {
            return Err(VideoError::NoFrames { path: path() });
        }
        track.samples.hide_undecodable(&file, &track.codec, track.config.framing);
        Ok(Self { file, track })
    }

    /// What the picture of `sample` needs to be decoded.
    pub(crate) fn picture_kind(&self, sample: &Sample) -> PictureKind {
        PictureKind::of(&self.file, sample, self.track.config.framing)
    }

    /// Puts `sample` into `unit` as decoders take it: Annex B for the NAL codecs, parameter sets first at sync samples.
    pub(crate) fn access_unit(&self, sample: &Sample, unit: &mut Vec<u8>) -> Result<(), LossCause> {
        let Track { config, stripped, .. } = &self.track;
        let (length, needed) = (self.file.len(), sample.offset.saturating_add(sample.size.into()));
        if needed > length {
            return Err(LossCause::Truncated { needed, length });
        }
        unit.clear();
        if sample.sync {
            unit.extend_from_slice(&config.parameter_sets);
        }
        let start = unit.len();
        unit.extend_from_slice(stripped);
        let body = unit.len();
        // A sample is no longer than MAX_SAMPLE_BYTES, and within the file.
        unit.resize(body + sample.size as usize, 0);
        let failed = |error: std::io::Error| LossCause::Read { offset: sample.offset, reason: error.to_string() };
        self.file.read_at(sample.offset, &mut unit[body..]).map_err(failed)?;
        let whole = match config.framing {
            Framing::AvcNalUnits(bytes) | Framing::HevcNalUnits(bytes) => {
                annexb::from_length_prefixed(unit, start, bytes)
            }
            Framing::Obus | Framing::Vp9Frame | Framing::Opaque => true,
        };
        if whole { Ok(()) } else { Err(LossCause::NalUnits { offset: sample.offset }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_told_by_its_first_bytes() {
        let told = |bytes: &[u8]| {
            let mut head = [0; 16];
            head[..bytes.len()].copy_from_slice(bytes);
            Format::of(&head)
        };
        assert_eq!(told(b"\0\0\0\x20ftypisom"), Format::Mp4);
        assert_eq!(told(b"\x1A\x45\xDF\xA3"), Format::Matroska);
        assert_eq!(told(b"\x89PNG\r\n\x1a\n"), Format::Png);
        assert_eq!(told(b"RIFF\x01\x02\x03\x04AVI LIST"), Format::Unknown("an AVI file"));
        assert_eq!(told(b"just some words."), Format::Unknown("it looks like text"));
        assert_eq!(told(&[0; 16]), Format::Unknown("it begins with zeros"));
    }
}
