//! What to run on, and in which arithmetic: the choice that is typed, and what this machine makes of it.
//!
//! A GPU is used where all it takes is there: a driver, NVRTC and the CUDA headers, cuBLASLt. Where the device was left to the
//! program, anything less is the CPU; where a GPU was asked for, it is an error that says what to install.

#[cfg(feature = "cuda")]
use crate::cuda::{Engine, gpus};
use crate::error::{NoGpu, OptionError, PipelineError};
#[cfg(not(feature = "cuda"))]
use crate::no_gpus as gpus;
use burn::tensor::Device;
use std::fmt;
use std::str::FromStr;
use swingpose_core::provenance::DeviceInfo;
use swingpose_models::Placement;

/// The device that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The best there is.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// One or more CUDA devices.
    Cuda(CudaDevices),
}

/// Which CUDA devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CudaDevices {
    /// All of them.
    All,
    /// These, by ordinal; never empty.
    Listed(Vec<u16>),
}

impl DeviceChoice {
    /// The devices that are meant, one by one: a [`Labeler`](crate::Labeler) is for one.
    ///
    /// # Errors
    /// All GPUs are asked for, and none can be used.
    pub fn each(&self) -> Result<Vec<Self>, PipelineError> {
        let one = |ordinal: u16| Self::Cuda(CudaDevices::Listed(vec![ordinal]));
        match self {
            Self::Auto | Self::Cpu => Ok(vec![self.clone()]),
            Self::Cuda(CudaDevices::Listed(ordinals)) => Ok(ordinals.iter().copied().map(one).collect()),
            Self::Cuda(CudaDevices::All) => {
                let ordinals = gpus::ordinals();
                let ordinals = ordinals.map_err(|why| PipelineError::NoCuda { asked: self.clone(), why })?;
                Ok(ordinals.into_iter().map(one).collect())
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(CudaDevices::All) => f.write_str("cuda:all"),
            Self::Cuda(CudaDevices::Listed(ordinals)) => {
                let ordinals: Vec<_> = ordinals.iter().map(u16::to_string).collect();
                write!(f, "cuda:{}", ordinals.join(","))
            }
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let refusal = || OptionError::Device { found: text.to_owned() };
        let ordinals = |list: &str| {
            let ordinals: Result<Vec<u16>, _> = list.split(',').map(str::parse).collect();
            ordinals.map(CudaDevices::Listed).map_err(|_not_a_number| refusal())
        };
        match text.split_once(':') {
            None if text == "auto" => Ok(Self::Auto),
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(CudaDevices::Listed(vec![0]))),
            Some(("cuda", "all")) => Ok(Self::Cuda(CudaDevices::All)),
            Some(("cuda", list)) => Ok(Self::Cuda(ordinals(list)?)),
            _ => Err(refusal()),
        }
    }
}

/// The networks' arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Single precision.
    Fp32,
    /// IEEE half precision.
    Fp16,
    /// bfloat16 for the pose network; a detector, whose boxes it moves too far, takes half precision.
    Bf16,
}

impl Precision {
    const ALL: [Self; 3] = [Self::Fp32, Self::Fp16, Self::Bf16];

    /// The name that is typed and that label files use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Fp16 => "fp16",
            Self::Bf16 => "bf16",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Precision {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let found = Self::ALL.into_iter().find(|precision| precision.as_str() == text);
        found.ok_or_else(|| OptionError::Precision { found: text.to_owned() })
    }
}

/// Why [`DeviceChoice::Auto`] is the CPU on a machine that has a GPU; `None` where it is the GPU, or there is none.
#[must_use]
pub fn gpu_left_out() -> Option<NoGpu> {
    gpus::ordinals().err().filter(NoGpu::is_of_a_gpu)
}

/// A device that can be computed on.
pub(crate) struct Resolved {
    pub(crate) placement: Placement,
    /// What the label file says of it.
    pub(crate) info: DeviceInfo,
    /// What runs around the networks on a GPU.
    #[cfg(feature = "cuda")]
    pub(crate) engine: Option<Engine>,
}

/// What `choice` and `precision` come to on this machine.
pub(crate) fn resolve(choice: &DeviceChoice, precision: Option<Precision>) -> Result<Resolved, PipelineError> {
    match choice {
        DeviceChoice::Cpu => on_cpu(precision),
        DeviceChoice::Auto => match gpus::ordinals().as_deref() {
            Ok([first, ..]) => gpus::resolve(*first, precision),
            _ => on_cpu(precision),
        },
        DeviceChoice::Cuda(_) => match choice.each()?.as_slice() {
            [DeviceChoice::Cuda(CudaDevices::Listed(ordinals))] => gpus::resolve(ordinals[0], precision),
            _ => Err(PipelineError::SeveralDevices { asked: choice.clone() }),
        },
    }
}

fn on_cpu(precision: Option<Precision>) -> Result<Resolved, PipelineError> {
    match precision.unwrap_or(Precision::Fp32) {
        Precision::Fp32 => Ok(Resolved {
            placement: Placement::from(&Device::flex()),
            info: cpu_info(),
            #[cfg(feature = "cuda")]
            engine: None,
        }),
        asked => Err(PipelineError::CpuPrecision { asked }),
    }
}

/// Whether it is a GPU, whose networks take batches of one size.
pub(crate) fn is_gpu(placement: &Placement) -> bool {
    placement.device != Device::flex()
}

fn cpu_info() -> DeviceInfo {
    DeviceInfo {
        kind: "cpu".to_owned(),
        name: cpu_name(),
        driver: None,
        precision: Precision::Fp32.as_str().to_owned(),
    }
}

/// The CPU's model as the system tells it, or its architecture where the system does not.
fn cpu_name() -> String {
    let system = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    model_name(&system).unwrap_or(std::env::consts::ARCH).to_owned()
}

/// The first `model name` of Linux's cpuinfo.
fn model_name(cpuinfo: &str) -> Option<&str> {
    let mut fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.trim() == "model name").map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_spelled_as_it_is_read() {
        for text in ["auto", "cpu", "cuda:0", "cuda:0,1", "cuda:all"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse::<DeviceChoice>().unwrap().to_string(), "cuda:0");
    }

    #[test]
    fn an_unknown_device_is_refused() {
        for text in ["gpu", "cuda:", "cuda:x", "cuda:0,", "cpu:0", ""] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_cpu_computes_in_single_precision() {
        let info = resolve(&DeviceChoice::Cpu, None).unwrap().info;
        assert_eq!((info.kind.as_str(), info.precision.as_str()), ("cpu", "fp32"));
        assert!(!info.name.is_empty());
    }

    #[test]
    fn several_devices_are_meant_one_by_one() {
        let each = |text: &str| text.parse::<DeviceChoice>().unwrap().each().unwrap();
        assert_eq!(each("cpu"), [DeviceChoice::Cpu]);
        assert_eq!(each("cuda:1,0").iter().map(ToString::to_string).collect::<Vec<_>>(), ["cuda:1", "cuda:0"]);
    }

    #[test]
    fn half_precision_is_refused_on_the_cpu() {
        for precision in ["fp16", "bf16"] {
            let refusal = resolve(&DeviceChoice::Cpu, precision.parse().ok()).err().unwrap().to_string();
            assert!(refusal.contains(precision) && refusal.contains("fp32"), "{refusal}");
        }
    }

    #[test]
    fn the_model_name_is_read_from_cpuinfo() {
        let cpuinfo = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some CPU @ 2.00GHz\n";
        assert_eq!(model_name(cpuinfo), Some("Some CPU @ 2.00GHz"));
        assert_eq!(model_name("Hardware: none"), None);
    }
}
