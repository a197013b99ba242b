//! How fast each stage is by itself, on the device and in the numbers that a [`Labeler`] labels with.
//!
//! In: a loaded [`Labeler`]. Out: [`Timed`] rows, each the median of several runs, and the [`Ceiling`] of the same device in the same
//! process to hold them against. On a GPU work is enqueued many times over and waited for once, as labeling does.

#[cfg(feature = "cuda")]
mod gpu;
mod host;

use crate::device::is_gpu;
use crate::error::PipelineError;
use crate::labeler::{BoxSource, Labeler};
use burn::tensor::{Distribution, Tensor};
use std::path::Path;
use std::time::{Duration, Instant};
use swingpose_kernels::{Activation, linear};
use swingpose_models::Placement;
use swingpose_video::SourceOptions;

use crate::decoding::Decoded;

/// Width and height of the frames, and the box of the one person in each, who is as high as the picture.
const SIZE: [usize; 2] = [1920, 1080];
const PERSON: [f32; 4] = [700.0, 0.0, 1220.0, 1080.0];

/// Runs of which the median is taken.
const RUNS: usize = 5;

/// What a run takes at least, so that its beginning and end do not count.
const LEAST: Duration = Duration::from_millis(200);

/// Sides of the square matrices whose product is the ceiling, on a GPU and on a CPU.
const GPU_PRODUCT: usize = 8192;
const CPU_PRODUCT: usize = 1024;

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    /// What was timed.
    pub what: String,
    /// Frames or crops that went together.
    pub batch: usize,
    /// Milliseconds a batch, the median.
    pub ms: f64,
    /// Floating-point operations a batch, two a multiplication and addition; `None` for what is not bound by them.
    pub flops: Option<f64>,
}

impl Timed {
    /// A network of so many `flops` for one of the batch.
    fn network(what: String, batch: usize, ms: f64, flops: u64) -> Self {
        Self { what, batch, ms, flops: Some(flops as f64 * batch as f64) }
    }

    /// What is around a network.
    fn around(what: &str, batch: usize, ms: f64) -> Self {
        Self { what: what.to_owned(), batch, ms, flops: None }
    }
}

/// What the device can do at best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceiling {
    /// Side of the square matrices multiplied.
    pub side: usize,
    /// 10¹² floating-point operations a second, in the labeler's numbers.
    pub tflops: f64,
}

/// A decoded input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecodedRate {
    /// Frames that came.
    pub frames: u64,
    /// Until the first of them was there.
    pub first: Duration,
    /// Until the last.
    pub all: Duration,
}

impl Labeler {
    /// The rate of a large matrix product.
    ///
    /// # Errors
    /// What the device fails with.
    pub fn time_ceiling(&self) -> Result<Ceiling, PipelineError> {
        self.run(|| {
            let place = self.pose.placement();
            let side = if is_gpu(place) { GPU_PRODUCT } else { CPU_PRODUCT };
            let random = |shape: [usize; 2]| -> Tensor<2> {
                Tensor::<2>::random(shape, Distribution::Uniform(-1.0, 1.0), &place.device).cast(place.numbers)
            };
            let (x, weight) = (random([side, side]).reshape([1, side, side]), random([side, side]));
            let bias = Tensor::zeros([side], &place.device);
            let ms = timed(place, || {
                linear(x.clone(), weight.clone(), bias.clone(), Activation::None, None).reshape([1, 1, side, side])
            })?;
            Ok(Ceiling { side, tflops: 2.0 * (side as f64).powi(3) / ms / 1e9 })
        })
    }

    /// The detector's network, and what is around it: frames of 1920x1080 to its input, its answer to people's boxes. Nothing where
    /// there is no detector.
    ///
    /// # Errors
    /// What the device fails with.
    pub fn time_detector(&self) -> Result<Vec<Timed>, PipelineError> {
        let BoxSource::Detector(detector) = &self.boxes else { return Ok(Vec::new()) };
        self.run(|| {
            let (batch, place, pixels) = (detector.batch.get(), detector.placement(), noise(&detector.nothing()));
            let ms = timed(place, || detector.answer(pixels.clone()))?;
            let network = Timed::network(detector.architecture(), batch, ms, detector.flops());
            #[cfg(feature = "cuda")]
            if is_gpu(place) {
                return Ok([vec![network], gpu::around_detector(detector)?].concat());
            }
            Ok([vec![network], host::around_detector(detector)].concat())
        })
    }

    /// The pose network, and what is around it: boxes to its input, heatmaps to keypoints.
    ///
    /// # Errors
    /// What the device fails with.
    pub fn time_pose(&self) -> Result<Vec<Timed>, PipelineError> {
        self.run(|| {
            let (batch, place, pixels) = (self.pose.batch.get(), self.pose.placement(), noise(&self.pose.nothing()));
            let ms = timed(place, || self.pose.answer(pixels.clone()))?;
            let network = Timed::network(self.pose.architecture(), batch, ms, self.pose.flops());
            #[cfg(feature = "cuda")]
            if is_gpu(place) {
                return Ok([vec![network], gpu::around_pose(&self.pose)?].concat());
            }
            Ok([vec![network], host::around_pose(&self.pose)].concat())
        })
    }

    /// Decodes all of `input` to where labeling takes its frames, and does nothing with them.
    ///
    /// # Errors
    /// An input that cannot be decoded.
    pub fn time_decoding(&self, input: &Path) -> Result<DecodedRate, PipelineError> {
        let start = Instant::now();
        let decoding = self.decoding(input, &SourceOptions::default())?;
        let mut rate = DecodedRate { frames: 0, first: Duration::ZERO, all: Duration::ZERO };
        while let Some(decoded) = decoding.next() {
            match decoded {
                Decoded::Frame(..) => {
                    if rate.frames == 0 {
                        rate.first = start.elapsed();
                    }
                    rate.frames += 1;
                }
                Decoded::Lost(_) => {}
                Decoded::Failed(error) => return Err(error),
            }
        }
        rate.all = start.elapsed();
        Ok(rate)
    }
}

/// Milliseconds of one `work`, the median over [`RUNS`] runs.
fn timed(place: &Placement, work: impl Fn() -> Tensor<4>) -> Result<f64, PipelineError> {
    let run = |times: usize| {
        let start = Instant::now();
        let mut last = None;
        for _ in 0..times {
            last = Some(work());
        }
        finished(place, last).map(|()| start.elapsed())
    };
    // The first compiles kernels; the second says how many are enough.
    run(1)?;
    let once = run(1)?;
    let times = (LEAST.as_secs_f64() / once.as_secs_f64()).ceil().clamp(1.0, 1000.0) as usize;
    let mut runs = (0..RUNS).map(|_| run(times)).collect::<Result<Vec<_>, _>>()?;
    runs.sort();
    Ok(runs[RUNS / 2].as_secs_f64() * 1e3 / times as f64)
}

/// Pixels that are not all alike: a GPU takes less power for zeros, and its clock falls less.
fn noise(like: &Tensor<4>) -> Tensor<4> {
    let numbers = Tensor::<4>::random(like.shape(), Distribution::Normal(0.0, 1.0), &like.device());
    numbers.cast(like.dtype())
}

/// Waits for a GPU; what a CPU computed is there.
fn finished(place: &Placement, answer: Option<Tensor<4>>) -> Result<(), PipelineError> {
    #[cfg(feature = "cuda")]
    if let Some(answer) = answer.filter(|_| is_gpu(place)) {
        return crate::cuda::computed(answer);
    }
    #[cfg(not(feature = "cuda"))]
    let _computed = (place, answer);
    Ok(())
}
