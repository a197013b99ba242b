//! A part of a stream, decoded by itself and held to the times it must give.
//!
//! A chunk that begins at a picture of an open GOP (HEVC's CRA, H.264's recovery point) is not fed that picture's leading
//! pictures: they refer to the chunk before, which shows them. A decoder drops them in any case, and an H100 with driver 580
//! that was fed them lost one frame a chunk, the first such being the CRA's own. What is skipped, the caller says by the
//! ranges it feeds. If a chunk gives anything but its times in order, it is decoded again from an earlier point, and that is
//! reported.

use std::ops::{ControlFlow, Range};

use crate::error::NvdecError;
use crate::format::Codec;
use crate::parser::Packet;
use crate::roll::{Answer, Deviation, Roll};
use crate::session::{Counts, Session, Sink};
use crate::surface::{Status, Surface};

/// What is fed for a chunk, and what must come of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The pictures' times, in display order.
    pub times: Vec<i64>,
    /// The times of pictures that are decoded for others and belong to no one.
    pub hidden: Vec<i64>,
    /// Samples in decode order, beginning at one where decoding can start.
    pub feed: Vec<Range<usize>>,
    /// The same from an earlier such sample on: fed if the first did not give every picture.
    pub feed_again: Vec<Range<usize>>,
}

/// Where packets come from.
pub trait Samples {
    /// Puts sample `number` into `data`, in place of what is there, and gives its time and whether decoding can start
    /// there; `None` if it cannot be read.
    fn read(&mut self, number: usize, data: &mut Vec<u8>) -> Option<(i64, bool)>;
}

/// What became of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChunkReport {
    /// Surfaces handed out.
    pub taken: u64,
    /// Those among them whose status was not [`Status::Decoded`].
    pub doubtful: u64,
    /// The times of pictures that never came.
    pub missing: Vec<i64>,
    /// Why the chunk was decoded again, if it was.
    pub decoded_again: Option<Deviation>,
    /// What happened in the last attempt.
    pub counts: Counts,
}

impl ChunkReport {
    /// Whether every picture came, and none is damaged. If not, those that were taken may look right and be wrong: a picture
    /// that never came may be one that they were predicted from.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.doubtful == 0
    }
}

/// Decodes `chunk`; its pictures go to `sink` once each, in display order.
///
/// # Errors
/// The stream is one that the device does not decode, or a call failed.
///
/// # Panics
/// If `sink` does.
pub fn decode_chunk(
    session: &mut Session,
    codec: Codec,
    chunk: &Chunk,
    samples: &mut dyn Samples,
    sink: &mut Sink<'_>,
) -> Result<ChunkReport, NvdecError> {
    let mut roll = Roll::new(&chunk.times, &chunk.hidden);
    let mut report = ChunkReport::default();
    roll.begin(chunk.feed_again.is_empty());
    attempt(session, codec, &chunk.feed, samples, (&mut roll, &mut report), sink)?;
    if roll.deviation.is_some() {
        report.decoded_again = roll.deviation;
        roll.begin(true);
        attempt(session, codec, &chunk.feed_again, samples, (&mut roll, &mut report), sink)?;
    }
    report.missing = roll.missing;
    Ok(report)
}

fn attempt(
    session: &mut Session,
    codec: Codec,
    feed: &[Range<usize>],
    samples: &mut dyn Samples,
    (roll, report): (&mut Roll<'_>, &mut ChunkReport),
    sink: &mut Sink<'_>,
) -> Result<(), NvdecError> {
    let mut parser = session.start(codec)?;
    let mut sink_stopped = false;
    let mut called = |mut surface: Surface<'_>| match roll.call(surface.pts(), surface.status()) {
        Answer::Take => {
            if !roll.missing.is_empty() {
                surface.doubt();
            }
            report.taken += 1;
            report.doubtful += u64::from(surface.status() != Status::Decoded);
            let flow = sink(surface);
            sink_stopped = flow.is_break();
            flow
        }
        Answer::Pass => ControlFlow::Continue(()),
        Answer::Stop => ControlFlow::Break(()),
    };
    let mut data = Vec::new();
    for number in feed.iter().cloned().flatten() {
        let flow = match samples.read(number, &mut data) {
            Some((pts, key)) => parser.feed(Packet { data: &data, pts, key }, &mut called)?,
            None => parser.refuse()?,
        };
        if flow.is_break() {
            break;
        }
    }
    report.counts = parser.finish(&mut called)?;
    if !sink_stopped {
        roll.end();
    }
    Ok(())
}
