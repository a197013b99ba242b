//! Labels that are not finished yet: segments in `<stem>.poses.partial/`, which the end joins into the label file.
//!
//! A segment is a table like the label file's, sealed and with the same provenance, that holds the frames of one stretch of
//! the input. It gets its name when it is whole and on the disk, so whatever ends the process leaves whole segments and
//! nothing that looks like one. [`Unfinished`] takes hold of what an earlier run has left, one process at a time (`lock`);
//! [`SegmentWriter`] adds to it. Joining writes the frames of all segments as if they had never been apart: the label file
//! does not depend on where it was cut, nor on how often it was begun.

mod lock;
mod segment;
#[cfg(test)]
mod tests;
mod unfinished;
mod writer;

pub(crate) use segment::Stretch;
pub use unfinished::{Joined, Unfinished};
pub use writer::SegmentWriter;
