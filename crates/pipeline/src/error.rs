//! Everything that can go wrong between a file and its labels. Each variant holds the facts; its message says what to do.

use crate::device::{DeviceChoice, Precision};
use std::path::PathBuf;
use swingpose_core::{BoundingBox, FramePx};
use swingpose_labels::LabelsError;
use swingpose_models::checkpoint::CheckpointError;
use swingpose_video::VideoError;
use thiserror::Error;

/// Why an option's text has no meaning.
#[derive(Debug, Error, PartialEq)]
pub enum OptionError {
    /// Not a mode.
    #[error("there is no mode `{found}`: use hifi, turbo or fast")]
    Mode {
        /// What was typed.
        found: String,
    },
    /// Not a range of frames.
    #[error("`{found}` is no range of frames: write A..B with A below B (B itself is left out), A.. or ..B")]
    FrameRange {
        /// What was typed.
        found: String,
    },
    /// Not a threshold.
    #[error("`{found}` is no score: use a number from 0 to 1")]
    ScoreThreshold {
        /// What was typed.
        found: String,
    },
    /// Not a device.
    #[error("there is no device `{found}`: use auto, cpu, cuda, cuda:0,1 or cuda:all")]
    Device {
        /// What was typed.
        found: String,
    },
    /// Not a precision.
    #[error("there is no precision `{found}`: use fp32, fp16 or bf16")]
    Precision {
        /// What was typed.
        found: String,
    },
}

/// What is wrong with a line of a file of boxes.
#[derive(Debug, Error)]
pub enum BoxProblem {
    /// The wrong number of columns.
    #[error("expected frame,x1,y1,x2,y2 and perhaps a score, found {found} columns")]
    Columns {
        /// How many there are.
        found: usize,
    },
    /// Text where a number belongs.
    #[error("`{found}` in column {column} is not a number it can hold")]
    Number {
        /// The column's name.
        column: &'static str,
        /// What stands there.
        found: String,
    },
    /// Not a frame in JSON.
    #[error("expected {{\"frame\":N,\"people\":[{{\"box\":[x1,y1,x2,y2]}}, ...]}}: {source}")]
    Json {
        /// What the JSON reader says.
        source: serde_json::Error,
    },
    /// A box with no inside.
    #[error("the box {found:?} has no inside: x1 must be below x2 and y1 below y2")]
    Improper {
        /// The box.
        found: [f32; 4],
    },
    /// Two lines for one frame, where a line holds the whole frame.
    #[error("frame {frame} already stands in line {first_line}")]
    Repeated {
        /// The frame.
        frame: u64,
        /// The line that came first.
        first_line: usize,
    },
    /// A frame that the video does not have.
    #[error("there is no frame {frame}: the input has {frames}, counted from 0")]
    NoSuchFrame {
        /// The frame.
        frame: u64,
        /// How many frames there are.
        frames: u64,
    },
    /// A box that misses the picture.
    #[error("the box {found:?} lies outside the picture of {} x {} pixels", size.0, size.1)]
    Outside {
        /// The box.
        found: BoundingBox<FramePx>,
        /// Width and height of the upright picture.
        size: (u32, u32),
    },
}

/// Why labels cannot be made on a GPU.
#[derive(Clone, Debug, Error)]
pub enum NoGpu {
    /// Something is not there; the message says what to install.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Missing(#[from] swingpose_doctor::Missing),
    /// There is no GPU of this number.
    #[error("there is no GPU {ordinal}: this machine has {count}, counted from 0")]
    NoSuch {
        /// The number asked for.
        ordinal: u16,
        /// How many there are.
        count: usize,
    },
    /// The program was built for the CPU alone.
    #[error("this program was built without the feature `cuda`")]
    NotBuilt,
}

impl NoGpu {
    /// Whether there is a GPU all the same.
    pub(crate) const fn is_of_a_gpu(&self) -> bool {
        match self {
            #[cfg(feature = "cuda")]
            Self::Missing(missing) => {
                use swingpose_doctor::Missing::{NoDevice, NoDriver};
                !matches!(missing, NoDriver { .. } | NoDevice { .. })
            }
            Self::NoSuch { .. } | Self::NotBuilt => false,
        }
    }
}

/// Why a run cannot start, or why an input has no labels.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// A GPU was asked for, and cannot be used.
    #[error("{asked}: {why}; or label on the CPU with --device cpu")]
    NoCuda {
        /// The device asked for.
        asked: DeviceChoice,
        /// What is missing, and what to do.
        why: NoGpu,
    },
    /// More than one device for one labeler.
    #[error("{asked}: a labeler is for one device; make one for each")]
    SeveralDevices {
        /// The devices asked for.
        asked: DeviceChoice,
    },
    /// The GPU failed.
    #[cfg(feature = "cuda")]
    #[error("the GPU failed: {0}")]
    Cuda(#[from] swingpose_cube_nn::cuda::CudaError),
    /// The GPU's video decoder failed.
    #[cfg(feature = "cuda")]
    #[error("the GPU's video decoder failed")]
    Nvdec {
        /// The call.
        source: nvdec::NvdecError,
    },
    /// What was computed on the GPU cannot be had.
    #[cfg(feature = "cuda")]
    #[error("the GPU failed: {0}")]
    Gpu(#[from] cubecl::server::ServerError),
    /// A precision that the CPU does not compute in.
    #[error("{asked}: the CPU computes in fp32 only; leave --precision out")]
    CpuPrecision {
        /// The precision asked for.
        asked: Precision,
    },
    /// The thread pool could not be made.
    #[error("cannot start {threads} threads")]
    Threads {
        /// How many.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// An operation on the GPU failed.
    #[cfg(feature = "cuda")]
    #[error("the GPU failed: {}", cause(said))]
    GpuPanic {
        /// What it failed with.
        said: String,
    },
    /// The GPU's memory is too small, or in use.
    #[cfg(feature = "cuda")]
    #[error(
        "the GPU has not the memory for these networks, even for one crop at a time ({said}): see with `nvidia-smi` what \
             uses it, or take smaller networks"
    )]
    GpuMemory {
        /// What could not be had.
        said: String,
    },
    /// Weights that cannot be used.
    #[error("{}: cannot use these weights", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// A pose network whose keypoints are not the 17 of COCO.
    #[error("{}: {found} keypoints, and labels hold the 17 of COCO", path.display())]
    Keypoints {
        /// The file.
        path: PathBuf,
        /// How many keypoints the network has.
        found: usize,
    },
    /// A file that cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of boxes in no known format.
    #[error("{}: boxes are read from .jsonl and .csv files", path.display())]
    BoxesFormat {
        /// The file.
        path: PathBuf,
    },
    /// A bad line in a file of boxes.
    #[error("{}, line {line}: {problem}", path.display())]
    Boxes {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: BoxProblem,
    },
    /// The video or picture cannot be decoded.
    #[error(transparent)]
    Video(#[from] VideoError),
    /// The decoding thread ended without a word.
    #[error("{}: decoding ended unexpectedly; please report it with the file", path.display())]
    Decoding {
        /// The input.
        path: PathBuf,
    },
    /// Not one frame came out.
    #[error("{}: no frame could be decoded{}", path.display(), first_loss.as_ref().map(|loss| format!("; {loss}")).unwrap_or_default())]
    NoFrames {
        /// The input.
        path: PathBuf,
        /// The first remark on the input: which frames were lost, and why.
        first_loss: Option<String>,
    },
    /// Labels of something else stand where the new ones would go.
    #[error("{}: labels of another input or made otherwise ({difference}); --overwrite replaces them", path.display())]
    Exists {
        /// The label file.
        path: PathBuf,
        /// What differs.
        difference: String,
    },
    /// Labels of something else were begun where the new ones would go.
    #[error(
        "{}: labels were begun from another input or otherwise ({difference}); go on as they were begun, or begin anew \
         with --overwrite",
        path.display()
    )]
    Begun {
        /// The folder of unfinished labels.
        path: PathBuf,
        /// What differs.
        difference: String,
    },
    /// The input is not what it was when its labeling began.
    #[error("{}: it has changed, or is gone, since its labeling began; label it again when it is whole", path.display())]
    InputChanged {
        /// The input.
        path: PathBuf,
    },
    /// Something else than whole labels stands where the new ones would go.
    #[error("{}: exists and cannot be taken for finished work; --overwrite replaces it", path.display())]
    ExistsDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: LabelsError,
    },
    /// The label file cannot be written.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// The reporter asked to stop.
    #[error("interrupted; what is labeled is kept, and the same command goes on from there")]
    Interrupted,
}

#[cfg(feature = "cuda")]
impl PipelineError {
    /// Whether memory of the GPU is lacking.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        // CubeCL's words where an allocation fails, which come as text from wherever they were first met.
        let said = match self {
            Self::GpuPanic { said } => said.clone(),
            _ => self.to_string(),
        };
        ["out of device memory", "can't allocate buffer", "OUT_OF_MEMORY"].iter().any(|words| said.contains(words))
    }
}

/// What CubeCL's words come down to: it names causes of causes, each on the line after `Caused by:`.
#[cfg(feature = "cuda")]
fn cause(said: &str) -> &str {
    let lines = || said.lines().map(str::trim);
    let causes = lines().zip(lines().skip(1)).filter(|(before, _)| *before == "Caused by:");
    causes.last().map_or_else(|| lines().next().unwrap_or_default(), |(_, cause)| cause)
}

#[cfg(test)]
#[cfg(feature = "cuda")]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_memory_is_known_and_named_however_deep_it_lies() {
        let said = "the GPU's buffers cannot be had: Several failures at once\nCaused by:\n  The bytes were never written\n\
                    Caused by:\n  out of device memory allocating 14680064 bytes\nNo backtrace available\nAsked at:\nsomewhere";
        let error = PipelineError::GpuPanic { said: said.to_owned() };
        assert!(error.is_out_of_memory());
        assert_eq!(error.to_string(), "the GPU failed: out of device memory allocating 14680064 bytes");
        let error = PipelineError::GpuPanic { said: "a kernel failed\nat once".to_owned() };
        assert!(!error.is_out_of_memory());
        assert_eq!(error.to_string(), "the GPU failed: a kernel failed");
    }
}
