//! Labels in the formats of other programs, one file a format. Each is a [`LabelSink`](crate::LabelSink) over a stream,
//! to be fed from a label file as it is read, frame by frame.

pub mod jsonl;
