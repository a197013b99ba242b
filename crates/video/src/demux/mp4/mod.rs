//! MP4 and QuickTime files, fragmented or not: the video track's samples and what the movie box says of them.
//!
//! ISO/IEC 14496-12 and the QuickTime file format. Only headers and tables are read, each through a small window.

mod boxes;
mod edits;
mod fragments;
mod sample_entry;
mod sample_tables;

use swingpose_core::Timebase;

use super::bytes::{MediaFile, Window};
use super::{SampleTable, Track};
use crate::error::VideoError;
use crate::info::{Codec, Rotation};
use boxes::{BoxRange, top_level};
use edits::Edit;
use fragments::{Defaults, FragmentReader};
use sample_entry::SampleEntry;
use sample_tables::SampleTables;

/// Reads the index of `file`.
pub(super) fn read(file: &MediaFile) -> Result<Track, VideoError> {
    let mut notes = Vec::new();
    let (moov, moofs) = find_movie(file, &mut notes)?;
    let movie = Movie::read(file, moov)?;
    let found = movie.video_track(file)?;
    let timebase = Timebase::new(1, found.timescale)
        .ok_or_else(|| file.malformed("the mdhd box", found.start, "its timescale is 0"))?;
    let entry = SampleEntry::read(file, found.descriptions)?;
    let samples = read_samples(file, &movie, &found, &moofs, &mut notes)?;
    Ok(Track {
        codec: entry.codec,
        config: entry.config,
        stripped: Vec::new(),
        rotation: rotation_of(product(found.matrix, movie.matrix)),
        timebase,
        color: entry.color,
        samples,
        notes,
    })
}

/// The movie box and the fragments, in the order of the file.
fn find_movie(file: &MediaFile, notes: &mut Vec<String>) -> Result<(BoxRange, Vec<BoxRange>), VideoError> {
    let mut moov = None;
    let mut moofs = Vec::new();
    for found in top_level(file) {
        let found = match found {
            Ok(found) => found,
            // What follows the movie may be anything; without a movie it is what is wrong with the file.
            Err(error) if moov.is_none() => return Err(error),
            Err(error) => {
                notes.push(error.to_string());
                break;
            }
        };
        match &found.kind {
            b"moov" if found.end > file.len() => return Err(file.truncated("the moov box", found.end)),
            b"moov" => moov = moov.or(Some(found)),
            b"moof" if found.end > file.len() => {
                notes.push(file.truncated("the last moof box", found.end).to_string());
            }
            b"moof" => moofs.push(found),
            _ if found.end > file.len() && moov.is_none() => {
                return Err(file.truncated("a box before the moov box (the index)", found.end));
            }
            _ => {}
        }
    }
    let missing = "there is none: the recording was never finished, or the file is cut short";
    let moov = moov.ok_or_else(|| file.malformed("the moov box (the index)", file.len(), missing))?;
    Ok((moov, moofs))
}

/// What the movie box says.
struct Movie {
    timescale: u32,
    matrix: Matrix,
    defaults: Option<BoxRange>,
    tracks: Vec<MovieTrack>,
}

/// One `trak`, as far as choosing needs.
struct MovieTrack {
    start: u64,
    id: u32,
    enabled: bool,
    matrix: Matrix,
    handler: [u8; 4],
    timescale: u32,
    edit_list: Option<BoxRange>,
    sample_table: Option<BoxRange>,
}

/// The video track that is decoded.
struct VideoTrack {
    start: u64,
    id: u32,
    timescale: u32,
    matrix: Matrix,
    edit_list: Option<BoxRange>,
    descriptions: BoxRange,
    tables: SampleTables,
}

impl Movie {
    fn read(file: &MediaFile, moov: BoxRange) -> Result<Self, VideoError> {
        let mut movie = Self { timescale: 1, matrix: UPRIGHT, defaults: None, tracks: Vec::new() };
        for child in moov.children(file) {
            let child = child?;
            match &child.kind {
                b"mvhd" => {
                    let mut window = child.window(file);
                    let header = Header::read(&mut window, "the mvhd box")?;
                    movie.timescale = header.word;
                    movie.matrix = header.matrix(&mut window, 0, "the mvhd box")?;
                }
                b"mvex" => movie.defaults = Some(child),
                b"trak" => movie.tracks.extend(MovieTrack::read(file, child)?),
                _ => {}
            }
        }
        Ok(movie)
    }

    /// The first video track: one that is decoded before one that is not, an enabled one before a disabled one.
    fn video_track(&self, file: &MediaFile) -> Result<VideoTrack, VideoError> {
        let mut best: Option<(bool, bool, VideoTrack)> = None;
        for track in self.tracks.iter().filter(|track| track.handler == *b"vide") {
            let Some(found) = track.with_tables(file)? else { continue };
            let known =
                SampleEntry::read(file, found.descriptions).is_ok_and(|entry| !matches!(entry.codec, Codec::Other(_)));
            if best.as_ref().is_none_or(|best| (best.0, best.1) < (known, track.enabled)) {
                best = Some((known, track.enabled, found));
            }
        }
        best.map(|(_, _, track)| track).ok_or_else(|| {
            let names: Vec<_> = self.tracks.iter().map(|track| handler_name(track.handler)).collect();
            VideoError::NoVideoTrack { path: file.path().to_owned(), tracks: names.join(", ") }
        })
    }
}

impl MovieTrack {
    /// The track in `trak`; `None` where it has no media.
    fn read(file: &MediaFile, trak: BoxRange) -> Result<Option<Self>, VideoError> {
        let (Some(header), Some(media)) = (trak.child(file, b"tkhd")?, trak.child(file, b"mdia")?) else {
            return Ok(None);
        };
        let (Some(media_header), Some(handler)) = (media.child(file, b"mdhd")?, media.child(file, b"hdlr")?) else {
            return Ok(None);
        };
        let mut window = header.window(file);
        let header = Header::read(&mut window, "the tkhd box")?;
        let matrix = header.matrix(&mut window, 4, "the tkhd box")?;
        let timescale = Header::read(&mut media_header.window(file), "the mdhd box")?.word;
        let mut window = handler.window(file);
        window.skip(8);
        let handler = window.bytes("the hdlr box")?;
        let grandchild = |parent: BoxRange, kind, name| match parent.child(file, kind) {
            Ok(Some(child)) => child.child(file, name),
            nothing => nothing,
        };
        let edit_list = grandchild(trak, b"edts", b"elst")?;
        let sample_table = grandchild(media, b"minf", b"stbl")?;
        Ok(Some(Self {
            start: trak.start,
            id: header.word,
            enabled: header.flags & 1 != 0,
            matrix,
            handler,
            timescale,
            edit_list,
            sample_table,
        }))
    }

    fn with_tables(&self, file: &MediaFile) -> Result<Option<VideoTrack>, VideoError> {
        let Some(table) = self.sample_table else { return Ok(None) };
        let Some(descriptions) = table.child(file, b"stsd")? else { return Ok(None) };
        let &Self { start, id, timescale, matrix, edit_list, .. } = self;
        let tables = SampleTables::find(file, table)?;
        Ok(Some(VideoTrack { start, id, timescale, matrix, edit_list, descriptions, tables }))
    }
}

/// The samples of the movie box and of the fragments, edit list applied.
fn read_samples(
    file: &MediaFile,
    movie: &Movie,
    track: &VideoTrack,
    moofs: &[BoxRange],
    notes: &mut Vec<String>,
) -> Result<SampleTable, VideoError> {
    let edits = match track.edit_list {
        Some(list) => Edit::read_list(file, list, track.timescale, movie.timescale)?,
        None => Vec::new(),
    };
    let (composed, decode_time) = track.tables.read(file, notes)?;
    let decode_time_of = |index| track.tables.decode_time(file, index);
    let mut samples = edits::apply(file, composed, &edits, decode_time_of)?;
    let (delay, begin) = edits::start_of(&edits);
    let mut reader = FragmentReader {
        file,
        track: track.id,
        defaults: match movie.defaults {
            Some(mvex) => Defaults::read(file, mvex, track.id)?,
            None => Defaults::default(),
        },
        shift: delay.saturating_sub(begin),
        decode_time,
    };
    for &moof in moofs {
        if let Err(error) = reader.read(moof, &mut samples) {
            notes.push(error.to_string());
        }
    }
    Ok(samples)
}

/// What `mvhd`, `tkhd` and `mdhd` begin with, and for the first two the matrix they go on with.
struct Header {
    flags: u32,
    /// The timescale, or in `tkhd` the track's number.
    word: u32,
    /// Bytes of the duration.
    duration_bytes: u64,
}

impl Header {
    fn read(window: &mut Window<'_>, part: &'static str) -> Result<Self, VideoError> {
        let version_and_flags = window.u32(part)?;
        let wide = version_and_flags >> 24 == 1;
        window.skip(if wide { 16 } else { 8 });
        let word = window.u32(part)?;
        Ok(Self { flags: version_and_flags & 0xFF_FFFF, word, duration_bytes: if wide { 8 } else { 4 } })
    }

    /// The first two columns `a b c d` of the matrix, which stands `between` bytes and 16 more after the word.
    fn matrix(&self, window: &mut Window<'_>, between: u64, part: &'static str) -> Result<Matrix, VideoError> {
        window.skip(between + self.duration_bytes + 16);
        let [a, b, _, c, d] = {
            let mut words = [0; 5];
            for word in &mut words {
                *word = window.u32(part)?.cast_signed();
            }
            words
        };
        Ok([a, b, c, d])
    }
}

/// `a b c d` of a matrix that takes a row `(x, y)` to `(a x + c y, b x + d y)`, in 1/65536.
type Matrix = [i32; 4];

const UPRIGHT: Matrix = [1 << 16, 0, 0, 1 << 16];

/// The track's matrix followed by the movie's, in any scale.
fn product([a, b, c, d]: Matrix, [e, f, g, h]: Matrix) -> [f64; 4] {
    let dot = |p: i32, q: i32, r: i32, s: i32| f64::from(p) * f64::from(q) + f64::from(r) * f64::from(s);
    [dot(a, e, b, g), dot(a, f, b, h), dot(c, e, d, g), dot(c, f, d, h)]
}

/// The clockwise turn of a matrix: where it takes the rightward axis.
fn rotation_of([a, b, _, _]: [f64; 4]) -> Rotation {
    Rotation::from_degrees(b.atan2(a).to_degrees().round() as i32)
}

/// What a track holds, for the message that there is no video.
fn handler_name(handler: [u8; 4]) -> String {
    match &handler {
        b"soun" => "audio".to_owned(),
        b"text" | b"sbtl" | b"subt" => "subtitles".to_owned(),
        b"tmcd" => "timecode".to_owned(),
        b"vide" => "video without an index".to_owned(),
        other => other.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_turns_as_players_turn() {
        const ONE: i32 = 1 << 16;
        let turned = |track, movie| rotation_of(product(track, movie)).degrees();
        assert_eq!(turned(UPRIGHT, UPRIGHT), 0);
        assert_eq!(turned([0, ONE, -ONE, 0], UPRIGHT), 90);
        assert_eq!(turned([-ONE, 0, 0, -ONE], UPRIGHT), 180);
        assert_eq!(turned([0, -ONE, ONE, 0], UPRIGHT), 270);
        assert_eq!(turned([0, ONE, -ONE, 0], [0, ONE, -ONE, 0]), 180);
        assert_eq!(turned([0; 4], UPRIGHT), 0);
    }
}
