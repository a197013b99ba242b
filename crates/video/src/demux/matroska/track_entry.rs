//! What a track says of itself: its codec and configuration, its colour and rotation, how its blocks are packed.

use super::element::{Element, id};
use crate::demux::bytes::MediaFile;
use crate::demux::{CodecConfig, ContainerColor, Framing};
use crate::error::VideoError;
use crate::info::Codec;

/// A track entry, as far as decoding needs.
#[derive(Debug, Default)]
pub(super) struct TrackEntry {
    pub(super) number: u64,
    pub(super) kind: u64,
    codec_id: String,
    codec_private: Vec<u8>,
    pub(super) color: ContainerColor,
    /// In degrees, counter-clockwise.
    pub(super) roll: f64,
    /// What was cut off the front of each block.
    pub(super) stripped: Vec<u8>,
    encoded: bool,
}

/// `TrackType` of pictures.
pub(super) const VIDEO_TRACK: u64 = 1;

impl TrackEntry {
    pub(super) fn read(file: &MediaFile, entry: Element) -> Result<Self, VideoError> {
        let mut track = Self::default();
        for child in entry.children(file) {
            let child = child?;
            match child.id {
                id::TRACK_NUMBER => track.number = child.unsigned(file)?,
                id::TRACK_TYPE => track.kind = child.unsigned(file)?,
                id::CODEC_ID => {
                    track.codec_id = String::from_utf8_lossy(&child.bytes(file)?).trim_end_matches('\0').to_owned();
                }
                id::CODEC_PRIVATE => track.codec_private = child.bytes(file)?,
                id::VIDEO => track.read_video(file, child)?,
                id::CONTENT_ENCODINGS => track.read_encodings(file, child)?,
                _ => {}
            }
        }
        Ok(track)
    }

    fn read_video(&mut self, file: &MediaFile, video: Element) -> Result<(), VideoError> {
        for child in video.children(file) {
            let child = child?;
            if !matches!(child.id, id::COLOUR | id::PROJECTION) {
                continue;
            }
            for field in child.children(file) {
                let field = field?;
                match field.id {
                    id::MATRIX_COEFFICIENTS => self.color.matrix = u8::try_from(field.unsigned(file)?).ok(),
                    // 1 is broadcast range, 2 full; 0 and 3 do not say.
                    id::RANGE => {
                        self.color.full_range = match field.unsigned(file)? {
                            1 => Some(false),
                            2 => Some(true),
                            _ => None,
                        }
                    }
                    id::PROJECTION_POSE_ROLL => self.roll = field.float(file)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Header stripping is undone; compressed or encrypted blocks are not read.
    fn read_encodings(&mut self, file: &MediaFile, encodings: Element) -> Result<(), VideoError> {
        for encoding in encodings.children(file) {
            let encoding = encoding?;
            if encoding.id != id::CONTENT_ENCODING {
                continue;
            }
            for child in encoding.children(file) {
                let child = child?;
                match child.id {
                    id::CONTENT_COMPRESSION => self.read_compression(file, child)?,
                    id::CONTENT_ENCRYPTION => self.encoded = true,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn read_compression(&mut self, file: &MediaFile, compression: Element) -> Result<(), VideoError> {
        const HEADER_STRIPPING: u64 = 3;
        let mut algorithm = 0;
        let mut settings = Vec::new();
        for child in compression.children(file) {
            let child = child?;
            match child.id {
                id::CONTENT_COMP_ALGO => algorithm = child.unsigned(file)?,
                id::CONTENT_COMP_SETTINGS => settings = child.bytes(file)?,
                _ => {}
            }
        }
        if algorithm == HEADER_STRIPPING {
            self.stripped = settings;
        } else {
            self.encoded = true;
        }
        Ok(())
    }

    /// What a track of this type holds, for the message that there is no video.
    pub(super) const fn kind_name(&self) -> &'static str {
        match self.kind {
            1 => "video",
            2 => "audio",
            17 => "subtitles",
            _ => "other",
        }
    }

    pub(super) fn codec(&self, file: &MediaFile, start: u64) -> Result<(Codec, CodecConfig), VideoError> {
        let bare = |codec, framing| Ok((codec, CodecConfig::bare(framing)));
        let record = |codec, config: Option<CodecConfig>| {
            let broken = || file.malformed("the codec's configuration", start, "its contents do not add up");
            Ok((codec, config.ok_or_else(broken)?))
        };
        if self.encoded {
            return bare(Codec::Other("compressed or encrypted".to_owned()), Framing::Opaque);
        }
        match self.codec_id.as_str() {
            "V_MPEG4/ISO/AVC" => record(Codec::H264, CodecConfig::avc(&self.codec_private)),
            "V_MPEGH/ISO/HEVC" => record(Codec::Hevc, CodecConfig::hevc(&self.codec_private)),
            // Early AV1 files have no record: their key frames carry the sequence header.
            "V_AV1" if self.codec_private.is_empty() => bare(Codec::Av1, Framing::Obus),
            "V_AV1" => record(Codec::Av1, CodecConfig::av1(&self.codec_private)),
            "V_VP9" => bare(Codec::Vp9, Framing::Vp9Frame),
            other => bare(Codec::Other(other.trim_start_matches("V_").to_ascii_lowercase()), Framing::Opaque),
        }
    }
}
