//! The GPU path: frames from the chip's decoder to keypoints, none of which the host sees in between.
//!
//! `ring` holds the frames, `detect` and `estimate` run the kernels around the networks, whose vocabulary is that of the CPU path.
//! What comes back to the host are boxes and keypoints.

pub(crate) mod detect;
pub(crate) mod estimate;
pub(crate) mod gpus;
pub(crate) mod ring;

use burn::tensor::{Device, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use swingpose_cube_nn::cuda::free_memory;
use swingpose_kernels::cube::Gpu;
use swingpose_video::{Choice, NvdecVideo, SourceOptions, VideoInfo};

use self::ring::FrameRing;
use crate::decoding::DECODERS;
use crate::error::PipelineError;

/// Bytes of decoded frames on their way, for each input: a good second of 1080p at 240 fps, and less than the 2 GiB that the
/// kernels can address.
const RING_BYTES: usize = 1 << 30;

/// With less, decoders wait for each other.
const LEAST_RING_BYTES: usize = 64 << 20;

/// A GPU to label on.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) gpu: Gpu,
    /// The chip's decoders, or why there are none.
    pub(crate) decoders: Result<Arc<nvdec::Pool>, String>,
}

impl Engine {
    /// The GPU that `device` is, which has number `ordinal`.
    pub(crate) fn new(device: &Device, ordinal: u16) -> Option<Self> {
        let gpu = Gpu::of(device)?;
        let context = nvdec::Context::open(u32::from(ordinal));
        let pool = context.map(|context| Arc::new(nvdec::Pool::new(context, nvdec::Options::default())));
        Some(Self { gpu, decoders: pool.map_err(|error| error.to_string()) })
    }

    /// Makes decoders for `input` ahead. Whatever keeps it from having them is told where it is decoded.
    pub(crate) fn prepare_decoders(&self, input: &Path) {
        let Ok(pool) = &self.decoders else { return };
        if let Ok(Choice::Nvdec(video)) = NvdecVideo::open(input, &SourceOptions::default(), pool) {
            video.prepare(DECODERS);
        }
    }

    /// Room for the frames of a video, from number `first` on: less, where memory is short. What is left is shared with the
    /// other videos in flight.
    pub(crate) fn ring(&self, info: &VideoInfo, first: u64) -> Result<Arc<FrameRing>, PipelineError> {
        let mut bytes = (free_memory(self.gpu.client())? / 4).clamp(LEAST_RING_BYTES, RING_BYTES);
        loop {
            match FrameRing::new(&self.gpu, info, first, bytes) {
                Err(error) if error.is_out_of_memory() && bytes > LEAST_RING_BYTES => bytes /= 2,
                ring => return ring,
            }
        }
    }
}

/// Waits until `answer` is computed, or could not be.
pub(crate) fn computed(answer: Tensor<4>) -> Result<(), PipelineError> {
    let answer = answer.slice([0..1, 0..1, 0..1, 0..1]).try_into_data();
    answer.map(drop).map_err(|error| PipelineError::GpuPanic { said: error.to_string() })
}

/// What `work` comes to. The networks' operations have no errors: what fails in them, an allocation before all, panics.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, PipelineError>) -> Result<T, PipelineError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        Err(PipelineError::GpuPanic { said: said.unwrap_or_else(|| "without a word".to_owned()) })
    })
}
