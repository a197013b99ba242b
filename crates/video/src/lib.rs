//! Video and pictures to upright frames with exact timestamps.
//!
//! [`input`] turns arguments into files; [`VideoSource`] opens one and yields every displayed frame once, in display
//! order, with its integer presentation time. Inside, `demux` reads the container's index piecewise, `chunk` cuts the
//! samples where decoding can start, [`decode`] turns access units into [`Picture`]s on as many threads as asked, and
//! `source` puts the pictures back into order. The frames do not depend on the number of threads. With the feature `nvdec`,
//! `NvdecVideo` gives the same frames as surfaces in a GPU's memory, decoded there.

mod annexb;
mod chunk;
mod chunked;
pub mod color;
pub mod decode;
mod decoding;
mod demux;
mod display_order;
mod error;
#[cfg(feature = "ffmpeg")]
mod ffmpeg;
mod frame;
#[doc(hidden)]
pub mod fuzz;
mod info;
pub mod input;
#[cfg(feature = "nvdec")]
mod nvdec;
mod packets;
mod queue;
mod source;
mod still;
mod workers;

pub use color::{ColorDescription, ColorSpec, Matrix, Range};
pub use error::{DecodeError, LossCause, VideoError};
pub use frame::{BgrImage, Chroma, DecodedFrame, Picture, Plane, Planes};
pub use info::{Codec, Rotation, StreamHeader, VideoInfo};
#[cfg(feature = "nvdec")]
pub use nvdec::{Choice, FrameSink, NvdecVideo};
pub use packets::{PacketChunk, PacketFile};
pub use source::{SourceOptions, SourceStats, VideoSource};
