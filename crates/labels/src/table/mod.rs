//! The label file: a Parquet table in which a row is one person in one frame.
//!
//! In and out: [`FrameLabels`](swingpose_core::FrameLabels), frame by frame. On the way they are `rows`, one row group
//! at a time; `columns` takes rows to and from Parquet, `schema` says which columns there are and how they are
//! coded, `seal` tells a file that is not as it was written.
//!
//! | column | type | null |
//! | --- | --- | --- |
//! | `frame` | int64 | never: the frame's number in display order, from 0 |
//! | `pts` | int64 | never: ticks of the provenance's `input.timebase` |
//! | `time_s` | float64 | never: `pts` in seconds |
//! | `person` | uint32 | where nobody is: the person's number within the frame |
//! | `track` | uint32 | where nobody is or no tracking ran |
//! | `primary` | bool | never; false where nobody is |
//! | `origin` | string | never: `detected`, `carried`, `given`, `whole_frame`, `interpolated`, or `none` where nobody is |
//! | `x1`, `y1`, `x2`, `y2` | float32 | where nobody is: the box, in pixels of the upright frame |
//! | `box_score` | float32 | where nobody is |
//! | `keypoints` | list of struct {`x`, `y`, `score`: float32} | where nobody is; else 17, in COCO's order |
//!
//! Every frame that was decoded has a row; one with nobody has a single row whose `person` is null and whose `origin`
//! is `none`. So `WHERE person IS NOT NULL` are the people, `WHERE "primary"` is the one that the video is about.
//!
//! `frame` is signed because the unsigned 64-bit integers of data frames wrap on subtraction and turn into floats beside
//! signed ones. `keypoints` is a list of structs because every reader knows what that is (fixed-size lists exist only in
//! Arrow, and readers of Parquet without Arrow lose them), because SQL and polars can say `keypoints[10].x` by name, and
//! because x, y and score are then three columns, which compress and load apart.
//!
//! pyarrow, pandas (through pyarrow), polars and duckdb read every value of it; fastparquet does not know the coding of
//! the floats, which makes files a third smaller.
//!
//! The file's key-value metadata holds three strings: `swingpose.format`, the version of all this ([`FORMAT`]);
//! `swingpose.provenance`, a [`Provenance`](swingpose_core::provenance::Provenance) as JSON; and `swingpose.sha256`, the
//! SHA-256 of the whole file in which the digest's own 64 characters are `0`. A file that is not as it was written is
//! refused by the last. Equal labels and provenance make equal bytes.

mod columns;
mod reader;
mod rows;
mod schema;
mod seal;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use reader::read_segment;
pub use reader::{Frames, Labels, read};
pub use writer::LabelWriter;

/// The version of the table's columns and metadata. A reader of another version refuses the file.
pub const FORMAT: &str = "1";

/// The metadata that holds [`FORMAT`].
const FORMAT_KEY: &str = "swingpose.format";
/// The metadata that holds the provenance.
const PROVENANCE_KEY: &str = "swingpose.provenance";
/// The metadata that only a segment of unfinished labels has: which stretch of the input it is.
const SEGMENT_KEY: &str = "swingpose.segment";
