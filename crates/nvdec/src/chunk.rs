//! A part of a stream, decoded by itself and held to the times it must give.
//!
//! A chunk that begins at a picture of an open GOP (HEVC's CRA, H.264's recovery point) is not fed that picture's leading
//! pictures: they refer to the chunk before, which shows them. A decoder drops them in any case, and an H100 with driver 580
//! that was fed them gave the CRA's picture under the time of the one before it. What is skipped, the caller says by the
//! ranges it feeds. If anything but the pictures fed comes out, in display order and undamaged, the chunk is decoded again
//! from an earlier point and held to the same; what even that does not give is not given at all.

use std::ops::{ControlFlow, Range};

use crate::error::NvdecError;
use crate::format::Codec;
use crate::parser::Packet;
use crate::roll::{Answer, Deviation, Roll};
use crate::session::{Counts, Session, Sink};
use crate::surface::Surface;

/// What is fed for a chunk, and what must come of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The pictures' times, in display order.
    pub times: Vec<i64>,
    /// The times of pictures that are decoded for others and belong to no one: they must come too.
    pub hidden: Vec<i64>,
    /// Samples in decode order, beginning at one where decoding can start.
    pub feed: Vec<Range<usize>>,
    /// The same from an earlier such sample on: fed if the first did not give every picture.
    pub feed_again: Vec<Range<usize>>,
    /// The times, in display order, of all pictures that come of `feed_again` before those of `feed`.
    pub before: Vec<i64>,
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
    /// Surfaces handed out: the first so many of the chunk's times.
    pub taken: u64,
    /// Why the chunk was decoded again, if it was.
    pub decoded_again: Option<Deviation>,
    /// Why the pictures after those taken were not handed out; `None` if all were, or the sink broke off.
    pub deviation: Option<Deviation>,
    /// What happened in the last attempt.
    pub counts: Counts,
}

impl ChunkReport {
    /// Whether every picture came that was wanted. If not, the rest are for another decoder to make.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.deviation.is_none()
    }
}

/// Decodes `chunk`; its pictures go to `sink` once each, in display order, up to the first that may be wrong.
///
/// A picture may be wrong if it, or one before it, is missing, comes under another's time, or was decoded after damage,
/// whether or not it is the chunk's own. That ends an attempt, and the second is judged as the first. So what `sink` gets has
/// the status [`Decoded`](crate::Status::Decoded), and is in its place.
///
/// # Errors
/// The stream is one that the device does not decode, or a call failed. What `sink` got before is good.
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
    let mut roll = Roll::new(chunk);
    let mut report = ChunkReport::default();
    attempt(session, codec, &chunk.feed, samples, (&mut roll, &mut report), sink)?;
    if roll.deviation.is_some() && !chunk.feed_again.is_empty() {
        report.decoded_again = roll.deviation;
        roll.begin_again();
        attempt(session, codec, &chunk.feed_again, samples, (&mut roll, &mut report), sink)?;
    }
    report.deviation = roll.deviation;
    Ok(report)
}

fn attempt(
    session: &mut Session,
    codec: Codec,
    feed: &[Range<usize>],
    samples: &mut dyn Samples,
    (roll, report): (&mut Roll, &mut ChunkReport),
    sink: &mut Sink<'_>,
) -> Result<(), NvdecError> {
    let mut parser = session.start(codec)?;
    let mut sink_stopped = false;
    let mut called = |surface: Surface<'_>| match roll.call(surface.pts(), surface.status()) {
        Answer::Take => {
            report.taken += 1;
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
