//! swingpose: people's boxes and keypoints for every frame of a sport video.
//!
//! ```no_run
//! use swingpose::prelude::*;
//!
//! let labeler = Labeler::builder("weights/vitpose-h.safetensors")
//!     .boxes(Boxes::Detected("weights/rtmdet-m.safetensors".into()))
//!     .build()?;
//! for labels in labeler.label("swing.mov")? {
//!     let labels = labels?;
//!     println!("{:.3} s: {} people", labels.time_s, labels.people.len());
//! }
//! # Ok::<(), PipelineError>(())
//! ```
//!
//! The flow: a video's upright frames are decoded beside the rest; each goes through the detector, the crops of its
//! people through the pose network, and the heatmaps to keypoints in frame pixels. On a GPU the frames never leave it.
//! The crate never prints: a [`Reporter`] hears how it goes.

mod batch;
mod bench;
pub mod boxes;
#[cfg(feature = "cuda")]
mod cuda;
mod decoding;
mod detect;
mod device;
mod error;
mod estimate;
mod fleet;
mod label_file;
mod labeler;
mod labeling;
#[cfg(not(feature = "cuda"))]
mod no_gpus;
mod options;
pub mod prelude;
mod provenance;
mod reporter;
pub mod schedule;

pub use bench::{Ceiling, DecodedRate, Timed};
pub use device::{CudaDevices, DeviceChoice, Precision, gpu_left_out};
pub use error::{BoxProblem, NoGpu, OptionError, PipelineError};
pub use fleet::{FleetReporter, Job, label_files};
pub use label_file::Existing;
pub use labeler::{Boxes, DEFAULT_POSE, DEFAULT_SEGMENT, Labeler, LabelerBuilder};
pub use labeling::Labeling;
pub use options::{FrameRange, LabelOptions, Mode, ScoreThreshold};
pub use provenance::{FileDigest, digest_file, program};
pub use reporter::{Reporter, Silent, Stage, StageTimes, Summary};
pub use swingpose_track::Primary;
pub use swingpose_video::input::expand;
