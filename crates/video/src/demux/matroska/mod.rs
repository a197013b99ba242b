//! Matroska and WebM files: the first video track's blocks, found by walking the element headers.
//!
//! RFC 8794 (EBML) and RFC 9559 (Matroska). `element` reads headers and values, `track_entry` what a track says of itself; the
//! walk here is flat: segments, clusters and block groups are entered, all else is skipped by its size, so clusters of
//! unknown size (live recordings) need no special case. Damage makes it look for the next cluster. Times are in the
//! segment's own ticks, which are milliseconds in nearly every file.

mod element;
#[cfg(test)]
mod tests;
mod track_entry;

use super::bytes::MediaFile;
use super::{Sample, SampleTable, Track};
use crate::error::VideoError;
use crate::info::Rotation;
use element::{ELEMENT, Element, id, read_vint};
use swingpose_core::Timebase;
use track_entry::{TrackEntry, VIDEO_TRACK};

const BLOCK: &str = "a block";

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
