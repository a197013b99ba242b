//! What can go wrong, as facts: which call with which code, which stream asks for what the device lacks.

use nvdec_sys::LoadError;
use thiserror::Error;

use crate::format::Codec;

/// Why a stream cannot be decoded here.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NvdecError {
    /// The driver's libraries cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// There is no device of this number.
    #[error("there is no CUDA device {asked}: the driver sees {found}; check CUDA_VISIBLE_DEVICES")]
    NoDevice {
        /// The number asked for.
        asked: u32,
        /// How many there are.
        found: u32,
    },
    /// A call to the driver failed.
    #[error("{call} failed with CUDA error {code} ({name})")]
    Call {
        /// The C function.
        call: &'static str,
        /// The `CUresult`.
        code: u32,
        /// Its name and description.
        name: String,
    },
    /// The device decodes no such stream.
    #[error("this device's NVDEC does not decode {codec}, {bit_depth}-bit, {}x{} ({lacks}): decode it on the CPU", size.0, size.1)]
    Unsupported {
        /// The codec.
        codec: Codec,
        /// Bits a sample.
        bit_depth: u8,
        /// Coded columns and rows.
        size: (u32, u32),
        /// What exactly is lacking.
        lacks: String,
    },
}

impl NvdecError {
    /// Whether another decoder can take the stream: the device works, but not for this one.
    #[must_use]
    pub const fn is_unsupported(&self) -> bool {
        matches!(self, Self::Unsupported { .. })
    }

    /// Whether the device, or the program's context on it, is gone: no call will succeed any more.
    #[must_use]
    pub fn is_device_gone(&self) -> bool {
        /// `CUDA_ERROR_DEINITIALIZED`, `_NO_DEVICE`, `_INVALID_CONTEXT`, `_ECC_UNCORRECTABLE`, and those after which a
        /// context is of no more use: `_ILLEGAL_ADDRESS`, `_LAUNCH_TIMEOUT`, `_CONTEXT_IS_DESTROYED`, `_ASSERT`,
        /// `_HARDWARE_STACK_ERROR` to `_LAUNCH_FAILED`.
        const CODES: [u32; 14] = [4, 100, 201, 214, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719];
        matches!(self, Self::Call { code, .. } if CODES.contains(code))
    }

    /// Whether this is what a call says of damaged pictures, and not of a device or a context that is gone.
    pub(crate) fn is_damage(&self) -> bool {
        /// `CUDA_ERROR_INVALID_VALUE`, `CUDA_ERROR_MAP_FAILED`, `CUDA_ERROR_UNKNOWN`.
        const CODES: [u32; 3] = [1, 205, 999];
        matches!(self, Self::Call { code, .. } if CODES.contains(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_and_what_to_do() {
        let error = NvdecError::Unsupported {
            codec: Codec::Av1,
            bit_depth: 8,
            size: (1920, 1080),
            lacks: "it has no engine for the codec".to_owned(),
        };
        assert!(error.is_unsupported());
        assert_eq!(
            error.to_string(),
            "this device's NVDEC does not decode AV1, 8-bit, 1920x1080 (it has no engine for the codec): decode it on \
             the CPU"
        );
    }
}
