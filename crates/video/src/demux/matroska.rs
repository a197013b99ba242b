//! Matroska and WebM files: the first video track's blocks, found by walking the element headers.
//!
//! RFC 8794 (EBML) and RFC 9559 (Matroska). The walk is flat: segments, clusters and block groups are entered, all else
//! is skipped by its size, so clusters of unknown size (live recordings) need no special case. Damage makes it look for
//! the next cluster. Times are in the segment's own ticks, which are milliseconds in nearly every file.

use swingpose_core::Timebase;

use super::bytes::{MediaFile, Window};
use super::{CodecConfig, ContainerColor, Framing, Sample, SampleTable, Track};
use crate::error::VideoError;
use crate::info::{Codec, Rotation};

/// Element identifiers, as RFC 9559 section 5 numbers them.
mod id {
    pub(super) const SEGMENT: u32 = 0x1853_8067;
    pub(super) const INFO: u32 = 0x1549_A966;
    pub(super) const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub(super) const TRACKS: u32 = 0x1654_AE6B;
    pub(super) const TRACK_ENTRY: u32 = 0xAE;
    pub(super) const TRACK_NUMBER: u32 = 0xD7;
    pub(super) const TRACK_TYPE: u32 = 0x83;
    pub(super) const CODEC_ID: u32 = 0x86;
    pub(super) const CODEC_PRIVATE: u32 = 0x63A2;
    pub(super) const VIDEO: u32 = 0xE0;
    pub(super) const COLOUR: u32 = 0x55B0;
    pub(super) const MATRIX_COEFFICIENTS: u32 = 0x55B1;
    pub(super) const RANGE: u32 = 0x55B9;
    pub(super) const PROJECTION: u32 = 0x7670;
    pub(super) const PROJECTION_POSE_ROLL: u32 = 0x7675;
    pub(super) const CONTENT_ENCODINGS: u32 = 0x6D80;
    pub(super) const CONTENT_ENCODING: u32 = 0x6240;
    pub(super) const CONTENT_COMPRESSION: u32 = 0x5034;
    pub(super) const CONTENT_COMP_ALGO: u32 = 0x4254;
    pub(super) const CONTENT_COMP_SETTINGS: u32 = 0x4255;
    pub(super) const CONTENT_ENCRYPTION: u32 = 0x5035;
    pub(super) const CLUSTER: u32 = 0x1F43_B675;
    pub(super) const TIMESTAMP: u32 = 0xE7;
    pub(super) const SIMPLE_BLOCK: u32 = 0xA3;
    pub(super) const BLOCK_GROUP: u32 = 0xA0;
    pub(super) const BLOCK: u32 = 0xA1;
    pub(super) const REFERENCE_BLOCK: u32 = 0xFB;
}

const ELEMENT: &str = "an element";
const BLOCK: &str = "a block";

/// An element: what it is and where its contents lie; they end at the file's end where the size is unknown.
#[derive(Clone, Copy, Debug)]
struct Element {
    id: u32,
    start: u64,
    body: u64,
    end: u64,
    size_known: bool,
}

impl Element {
    fn read(file: &MediaFile, window: &mut Window<'_>) -> Result<Self, VideoError> {
        let start = window.position();
        let id = read_vint(file, window, 4, true)?.0;
        let (size, unknown) = read_vint(file, window, 8, false)?;
        let body = window.position();
        let end = if unknown { file.len() } else { body.saturating_add(size) };
        // Four bytes at most, so the identifier fits.
        Ok(Self { id: u32::try_from(id).unwrap_or(0), start, body, end, size_known: !unknown })
    }

    /// The elements within one that lies in the file whole.
    fn children<'a>(&self, file: &'a MediaFile) -> Children<'a> {
        Children { file, window: file.window(self.body, self.end.min(file.len())) }
    }

    fn unsigned(&self, file: &MediaFile) -> Result<u64, VideoError> {
        let mut window = file.window(self.body, self.end);
        if window.left() > 8 {
            return Err(file.malformed(ELEMENT, self.start, "a number of more than 8 bytes"));
        }
        let mut value = 0;
        while window.left() > 0 {
            value = value << 8 | u64::from(window.u8(ELEMENT)?);
        }
        Ok(value)
    }

    fn float(&self, file: &MediaFile) -> Result<f64, VideoError> {
        let mut window = file.window(self.body, self.end);
        match window.left() {
            0 => Ok(0.0),
            4 => Ok(f32::from_bits(window.u32(ELEMENT)?).into()),
            8 => Ok(f64::from_bits(window.u64(ELEMENT)?)),
            _ => Err(file.malformed(ELEMENT, self.start, "a floating-point number of neither 4 nor 8 bytes")),
        }
    }

    fn bytes(&self, file: &MediaFile) -> Result<Vec<u8>, VideoError> {
        let mut window = file.window(self.body, self.end);
        window.take(window.left(), ELEMENT)
    }
}

/// A variable-length number (RFC 8794 section 4) of at most `longest` bytes, its marker kept where it is an identifier;
/// and whether all its bits are ones, which says "unknown".
fn read_vint(
    file: &MediaFile,
    window: &mut Window<'_>,
    longest: u32,
    keep_marker: bool,
) -> Result<(u64, bool), VideoError> {
    let start = window.position();
    let first = window.u8(ELEMENT)?;
    let extra = first.leading_zeros();
    if extra >= longest {
        return Err(file.malformed(ELEMENT, start, "its identifier or size is no variable-length number"));
    }
    let mut value = u64::from(if keep_marker { first } else { first & (0x7F >> extra) });
    for _ in 0..extra {
        value = value << 8 | u64::from(window.u8(ELEMENT)?);
    }
    Ok((value, value == (1 << (7 * (extra + 1))) - 1))
}

/// The elements of a range; after an error there are no more.
struct Children<'a> {
    file: &'a MediaFile,
    window: Window<'a>,
}

impl Iterator for Children<'_> {
    type Item = Result<Element, VideoError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.window.left() == 0 {
            return None;
        }
        let left_end = self.window.position() + self.window.left();
        let found = Element::read(self.file, &mut self.window).and_then(|element| {
            let fits = element.size_known && element.end <= left_end;
            let broken = || self.file.malformed(ELEMENT, element.start, "it reaches beyond the element around it");
            fits.then_some(element).ok_or_else(broken)
        });
        let end = found.as_ref().map_or(left_end, |element| element.end);
        self.window.skip(end.saturating_sub(self.window.position()));
        Some(found)
    }
}

/// A track entry, as far as decoding needs.
#[derive(Debug, Default)]
struct TrackEntry {
    number: u64,
    kind: u64,
    codec_id: String,
    codec_private: Vec<u8>,
    color: ContainerColor,
    roll: f64,
    stripped: Vec<u8>,
    encoded: bool,
}

/// `TrackType` of pictures.
const VIDEO_TRACK: u64 = 1;

impl TrackEntry {
    fn read(file: &MediaFile, entry: Element) -> Result<Self, VideoError> {
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
    const fn kind_name(&self) -> &'static str {
        match self.kind {
            1 => "video",
            2 => "audio",
            17 => "subtitles",
            _ => "other",
        }
    }

    fn codec(&self, file: &MediaFile, start: u64) -> Result<(Codec, CodecConfig), VideoError> {
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

/// What the walk through a file has gathered.
struct Walk<'a> {
    file: &'a MediaFile,
    timestamp_scale: u64,
    tracks: Vec<(u64, TrackEntry)>,
    /// The number of the track whose blocks are kept.
    video: Option<u64>,
    cluster_time: i64,
    samples: SampleTable,
    notes: Vec<String>,
}

/// Reads the index of `file`.
pub(super) fn read(file: &MediaFile) -> Result<Track, VideoError> {
    const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;
    let mut walk = Walk {
        file,
        timestamp_scale: NANOSECONDS_PER_MILLISECOND,
        tracks: Vec::new(),
        video: None,
        cluster_time: 0,
        samples: SampleTable::default(),
        notes: Vec::new(),
    };
    walk.run()?;
    let names: Vec<_> = walk.tracks.iter().map(|(_, track)| track.kind_name()).collect();
    let found = walk.tracks.iter().find(|(_, track)| track.kind == VIDEO_TRACK);
    let no_video = || VideoError::NoVideoTrack { path: file.path().to_owned(), tracks: names.join(", ") };
    let (start, track) = found.ok_or_else(no_video)?;
    let (codec, config) = track.codec(file, *start)?;
    Ok(Track {
        codec,
        config,
        stripped: track.stripped.clone(),
        // A roll is counter-clockwise (RFC 9559 5.1.4.1.28.46).
        rotation: Rotation::from_degrees(-track.roll.rem_euclid(360.0).round() as i32),
        timebase: timebase(walk.timestamp_scale)
            .ok_or_else(|| file.malformed("the TimestampScale element", 0, "it cannot be a length of time"))?,
        color: track.color,
        samples: walk.samples,
        notes: walk.notes,
    })
}

/// Ticks of `nanoseconds`, in lowest terms.
fn timebase(nanoseconds: u64) -> Option<Timebase> {
    const SECOND: u64 = 1_000_000_000;
    let (mut divisor, mut rest) = (nanoseconds, SECOND);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let lowest = |value: u64| u32::try_from(value / divisor.max(1)).ok();
    Timebase::new(lowest(nanoseconds)?, lowest(SECOND)?)
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), VideoError> {
        let mut window = self.file.window(0, self.file.len());
        while window.left() > 0 {
            let position = window.position();
            let entered = Element::read(self.file, &mut window).and_then(|element| self.visit(element));
            let next = match entered {
                Ok(next) => next,
                // Until the tracks are known nothing can be made of what follows.
                Err(error) if self.tracks.is_empty() => return Err(error),
                Err(error) => {
                    self.notes.push(error.to_string());
                    next_cluster(self.file, position.saturating_add(1))?
                }
            };
            if next > self.file.len() {
                self.notes.push(self.file.truncated("the last element", next).to_string());
            }
            window = self.file.window(next, self.file.len());
        }
        Ok(())
    }

    /// Takes what `element` says; returns where the next one begins.
    fn visit(&mut self, element: Element) -> Result<u64, VideoError> {
        match element.id {
            id::SEGMENT | id::CLUSTER => return Ok(element.body),
            id::BLOCK_GROUP => self.block_group(element)?,
            id::SIMPLE_BLOCK => self.block(element, |flags| flags & 0x80 != 0)?,
            id::TIMESTAMP => self.cluster_time = i64::try_from(element.unsigned(self.file)?).unwrap_or(i64::MAX),
            id::INFO => {
                for child in element.children(self.file) {
                    let child = child?;
                    if child.id == id::TIMESTAMP_SCALE {
                        self.timestamp_scale = child.unsigned(self.file)?;
                    }
                }
            }
            id::TRACKS if self.tracks.is_empty() => self.read_tracks(element)?,
            _ if element.size_known => {}
            _ => return Err(self.file.malformed(ELEMENT, element.start, "its size is unknown")),
        }
        Ok(element.end)
    }

    fn read_tracks(&mut self, tracks: Element) -> Result<(), VideoError> {
        for entry in tracks.children(self.file) {
            let entry = entry?;
            if entry.id == id::TRACK_ENTRY {
                self.tracks.push((entry.start, TrackEntry::read(self.file, entry)?));
            }
        }
        let video = self.tracks.iter().find(|(_, track)| track.kind == VIDEO_TRACK);
        self.video = video.map(|(_, track)| track.number);
        Ok(())
    }

    fn block_group(&mut self, group: Element) -> Result<(), VideoError> {
        let mut block = None;
        let mut refers = false;
        for child in group.children(self.file) {
            let child = child?;
            match child.id {
                id::BLOCK => block = Some(child),
                id::REFERENCE_BLOCK => refers = true,
                _ => {}
            }
        }
        block.map_or(Ok(()), |block| self.block(block, |_| !refers))
    }

    /// Adds a block, whose `sync` is told by its flags.
    fn block(&mut self, block: Element, sync: impl Fn(u8) -> bool) -> Result<(), VideoError> {
        if !block.size_known {
            return Err(self.file.malformed(BLOCK, block.start, "its size is unknown"));
        }
        let mut window = self.file.window(block.body, block.end.min(self.file.len()));
        let (track, _) = read_vint(self.file, &mut window, 8, false)?;
        if Some(track) != self.video {
            return Ok(());
        }
        let relative = window.u16(BLOCK)?.cast_signed();
        let flags = window.u8(BLOCK)?;
        let laced = flags & 0x06 != 0;
        let offset = window.position();
        let size = u32::try_from(block.end - offset).unwrap_or(0);
        let pts = self.cluster_time.saturating_add(relative.into());
        let sample = Sample { offset, size, pts, sync: sync(flags), hidden: false };
        if laced || !self.samples.push(sample) {
            return Err(self.file.malformed(BLOCK, block.start, "it holds no single picture"));
        }
        Ok(())
    }
}

/// Where the next cluster from `start` on begins; the file's end where there is none.
fn next_cluster(file: &MediaFile, start: u64) -> Result<u64, VideoError> {
    let mut window = file.window(start, file.len());
    let mut last = 0;
    while window.left() > 0 {
        last = last << 8 | u32::from(window.u8(ELEMENT)?);
        if last == id::CLUSTER {
            return Ok(window.position() - 4);
        }
    }
    Ok(file.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// An element with a one-byte size.
    fn element(id: u32, body: &[u8]) -> Vec<u8> {
        let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect();
        [id, vec![0x80 | body.len() as u8], body.to_vec()].concat()
    }

    fn with_tracks(clusters: &[u8]) -> Vec<u8> {
        let entry = [element(id::TRACK_NUMBER, &[1]), element(id::TRACK_TYPE, &[1]), element(id::CODEC_ID, b"V_VP9")];
        let tracks = element(id::TRACKS, &element(id::TRACK_ENTRY, &entry.concat()));
        let header = [0x1A, 0x45, 0xDF, 0xA3, 0x80];
        let segment = [0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        [&header[..], &segment, &tracks, clusters].concat()
    }

    fn cluster(time: u8, blocks: &[&[u8]]) -> Vec<u8> {
        let blocks: Vec<u8> = blocks.iter().flat_map(|block| element(id::SIMPLE_BLOCK, block)).collect();
        // Of unknown size, as live recordings have it.
        [&[0x1F, 0x43, 0xB6, 0x75, 0xFF][..], &element(id::TIMESTAMP, &[time]), &blocks].concat()
    }

    fn times(bytes: Vec<u8>) -> (Vec<(i64, bool)>, usize) {
        let track = read(&MediaFile::from_bytes(Path::new("a.webm"), bytes)).unwrap();
        let samples = track.samples.iter(0..track.samples.len()).map(|sample| (sample.pts, sample.sync));
        (samples.collect(), track.notes.len())
    }

    #[test]
    fn clusters_of_unknown_size_follow_one_another() {
        let first = cluster(10, &[&[0x81, 0, 0, 0x80, 7], &[0x82, 0, 0, 0, 7], &[0x81, 0, 33, 0, 7]]);
        let second = cluster(90, &[&[0x81, 0xFF, 0xFF, 0x80, 7]]);
        assert_eq!(times(with_tracks(&[first, second].concat())), (vec![(10, true), (43, false), (89, true)], 0));
    }

    #[test]
    fn damage_costs_the_rest_of_its_cluster_only() {
        let mut first = cluster(10, &[&[0x81, 0, 0, 0x80, 7]]);
        first.extend_from_slice(&[0, 0, 0, 0]);
        let second = cluster(90, &[&[0x81, 0, 0, 0x80, 7]]);
        assert_eq!(times(with_tracks(&[first, second].concat())), (vec![(10, true), (90, true)], 1));
    }

    #[test]
    fn a_file_without_a_video_track_says_what_it_has() {
        let bytes = with_tracks(&[]);
        let position = bytes.windows(3).position(|bytes| bytes == [0x83, 0x81, 1]).unwrap();
        let mut audio = bytes;
        audio[position + 2] = 2;
        let error = read(&MediaFile::from_bytes(Path::new("voice.mka"), audio)).unwrap_err();
        assert_eq!(error.to_string(), "voice.mka holds no video: its tracks are audio");
    }

    #[test]
    fn a_timebase_is_in_lowest_terms() {
        assert_eq!(timebase(1_000_000), Timebase::new(1, 1000));
        assert_eq!(timebase(41_708_333), Timebase::new(41_708_333, 1_000_000_000));
        assert_eq!(timebase(0), None);
    }
}
