//! NVIDIA's video decoder (NVDEC), safely: compressed pictures in, surfaces in the device's memory out.
//!
//! A [`Context`] is a device's primary context, the one that CUDA libraries share. A [`Session`] is one decoder and the
//! parser in front of it; [`Pool`] keeps sessions from file to file, as a decoder takes tens of milliseconds to make. Fed
//! with a [`Packet`], a session hands every finished picture to a closure as a [`Surface`], which is read in place and is
//! unmapped when it is dropped, or after an event. [`decode_chunk`] holds what comes out of a part of a stream to the times
//! that part must give. Nothing is linked: without a driver, [`Context::open`] says what to install.

mod capabilities;
mod chunk;
mod context;
mod decoder;
mod error;
mod format;
mod health;
#[cfg(feature = "mock")]
pub mod mock;
mod options;
mod parser;
mod pool;
mod roll;
mod session;
mod stream;
mod surface;

pub use capabilities::Capabilities;
pub use chunk::{Chunk, ChunkReport, Samples, decode_chunk};
pub use context::Context;
pub use error::NvdecError;
pub use format::{Area, Codec, ColorCodes, StreamFormat};
pub use nvdec_sys::{Libraries, LoadError};
pub use options::{Deinterlace, Options};
pub use parser::{Packet, Parser};
pub use pool::{Lease, Pool};
pub use roll::Deviation;
pub use session::{Counts, Session};
pub use stream::{Event, Stream};
pub use surface::{PixelFormat, Plane, Status, Surface};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
