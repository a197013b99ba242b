//! The `stsd` box: which codec a track holds, its configuration record and its colour.
//!
//! ISO/IEC 14496-12 8.5.2 and 12.1.3 (visual sample entry), 14496-15 for the NAL codecs; the QuickTime file format
//! for the older four-character codes.

use super::boxes::BoxRange;
use crate::demux::bytes::MediaFile;
use crate::demux::{CodecConfig, ContainerColor, Framing};
use crate::error::VideoError;
use crate::info::Codec;

/// Contents of a visual sample entry before its boxes.
const VISUAL_ENTRY_BYTES: u64 = 78;

/// The first sample entry of a track.
#[derive(Debug)]
pub(super) struct SampleEntry {
    pub(super) codec: Codec,
    pub(super) config: CodecConfig,
    pub(super) color: ContainerColor,
}

/// What a four-character code stands for.
enum Kind {
    Avc,
    Hevc,
    Av1,
    Vp9,
    Other(&'static str),
}

/// Codes of sample entries; a Dolby Vision entry (`dva1`, `dvh1`, ...) holds the record of the codec below it.
const KINDS: [(&[u8; 4], Kind); 33] = [
    (b"avc1", Kind::Avc),
    (b"avc2", Kind::Avc),
    (b"avc3", Kind::Avc),
    (b"avc4", Kind::Avc),
    (b"dva1", Kind::Avc),
    (b"dvav", Kind::Avc),
    (b"hvc1", Kind::Hevc),
    (b"hev1", Kind::Hevc),
    (b"dvh1", Kind::Hevc),
    (b"dvhe", Kind::Hevc),
    (b"av01", Kind::Av1),
    (b"dav1", Kind::Av1),
    (b"vp09", Kind::Vp9),
    (b"vp08", Kind::Other("vp8")),
    (b"mp4v", Kind::Other("mpeg4")),
    (b"s263", Kind::Other("h263")),
    (b"h263", Kind::Other("h263")),
    (b"jpeg", Kind::Other("mjpeg")),
    (b"mjpa", Kind::Other("mjpeg")),
    (b"mjpb", Kind::Other("mjpegb")),
    (b"png ", Kind::Other("png")),
    (b"apch", Kind::Other("prores")),
    (b"apcn", Kind::Other("prores")),
    (b"apcs", Kind::Other("prores")),
    (b"apco", Kind::Other("prores")),
    (b"ap4h", Kind::Other("prores")),
    (b"ap4x", Kind::Other("prores")),
    (b"aprn", Kind::Other("prores_raw")),
    (b"AVdn", Kind::Other("dnxhd")),
    (b"SVQ3", Kind::Other("svq3")),
    (b"CFHD", Kind::Other("cfhd")),
    (b"vvc1", Kind::Other("vvc")),
    (b"encv", Kind::Other("encrypted")),
];

impl SampleEntry {
    /// The first entry of `stsd`.
    pub(super) fn read(file: &MediaFile, stsd: BoxRange) -> Result<Self, VideoError> {
        let none = || file.malformed("the stsd box", stsd.start, "it holds no sample entry");
        let entry = stsd.children_after(file, 8).next().ok_or_else(none)??;
        let kind = KINDS.iter().find(|(code, _)| **code == entry.kind).map(|(_, kind)| kind);
        let bare = |codec, framing| Ok((codec, CodecConfig::bare(framing)));
        let (codec, config) = match kind {
            Some(Kind::Avc) => record(file, entry, b"avcC", CodecConfig::avc).map(|config| (Codec::H264, config)),
            Some(Kind::Hevc) => record(file, entry, b"hvcC", CodecConfig::hevc).map(|config| (Codec::Hevc, config)),
            Some(Kind::Av1) => record(file, entry, b"av1C", CodecConfig::av1).map(|config| (Codec::Av1, config)),
            Some(Kind::Vp9) => bare(Codec::Vp9, Framing::Vp9Frame),
            Some(Kind::Other(name)) => bare(Codec::Other((*name).to_owned()), Framing::Opaque),
            None => bare(Codec::Other(entry.kind.escape_ascii().to_string()), Framing::Opaque),
        }?;
        let color = read_color(file, entry);
        Ok(Self { codec, config, color })
    }
}

/// The configuration record in box `kind` of `entry`.
fn record(
    file: &MediaFile,
    entry: BoxRange,
    kind: &'static [u8; 4],
    read: impl Fn(&[u8]) -> Option<CodecConfig>,
) -> Result<CodecConfig, VideoError> {
    let part = "the codec's configuration (avcC, hvcC or av1C)";
    let mut children = entry.children_after(file, VISUAL_ENTRY_BYTES);
    let found = children.find(|child| !matches!(child, Ok(child) if child.kind != *kind)).transpose()?;
    let found = found.ok_or_else(|| file.malformed(part, entry.start, "there is none"))?;
    let mut body = found.window(file);
    let bytes = body.take(body.left(), part)?;
    read(&bytes).ok_or_else(|| file.malformed(part, found.start, "its contents do not add up"))
}

/// The `colr` box of `entry`; a broken one says nothing.
fn read_color(file: &MediaFile, entry: BoxRange) -> ContainerColor {
    let mut children = entry.children_after(file, VISUAL_ENTRY_BYTES).map_while(Result::ok);
    let Some(colr) = children.find(|child| child.kind == *b"colr") else {
        return ContainerColor::default();
    };
    let mut body = colr.window(file);
    match body.bytes::<10>("the colr box") {
        // nclx: primaries, transfer, matrix (16 bits each), full range (1 bit); nclc has no range.
        Ok([b'n', b'c', b'l', form, _, _, _, _, 0, matrix]) => {
            let range = body.u8("the colr box").ok().filter(|_| form == b'x');
            ContainerColor { matrix: Some(matrix), full_range: range.map(|byte| byte & 0x80 != 0) }
        }
        _ => ContainerColor::default(),
    }
}
