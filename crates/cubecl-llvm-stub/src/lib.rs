//! Stand-in for `cubecl-llvm`, put in its place by `[patch.crates-io]` in the workspace's Cargo.toml.
//!
//! `cubecl-cuda` depends on `cubecl-llvm` whether or not its LLVM compiler is used, and the build script of the real
//! one downloads a prebuilt LLVM. We compile kernels with NVRTC (`cubecl-cuda`'s `cpp` feature), where none of that
//! code can be reached: this crate has the names that `cubecl-cuda` 0.11.3 mentions, and nothing behind them.

use core::fmt;
use cubecl_core::ir::nvidia::SmArch;
use cubecl_core::prelude::KernelDefinition;
use cubecl_runtime::compiler::{CompilationError, Compiler};
use cubecl_runtime::kernel::BufferIOAttr;

/// What the real crate compiles for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LlvmTarget {
    /// The host.
    Cpu,
    /// NVIDIA's PTX.
    Nvptx,
}

/// The compiler that is not here: [`Compiler::compile`] refuses.
#[derive(Clone, Debug)]
pub struct PlironCompiler {
    /// What it would compile for.
    pub target: LlvmTarget,
}

/// The options that `cubecl-cuda` fills in.
#[derive(Debug, Default, Clone)]
pub struct PlironOptions {
    /// The target architecture's name.
    pub arch: Option<String>,
    /// The streaming multiprocessor's generation.
    pub sm_arch: Option<SmArch>,
    /// The PTX version to emit.
    pub ptx_version: Option<nvptx::ptx_version::PtxVersion>,
    /// Whether `__grid_constant__` parameters may be used.
    pub grid_constants: bool,
}

/// A compiled PTX module; never made here.
#[derive(Clone, Debug)]
pub struct NvptxModule {
    /// The text, zero-terminated.
    pub ptx: Vec<core::ffi::c_char>,
    /// The kernel's symbol.
    pub entrypoint: String,
    /// The LLVM text that it came from.
    pub ir: String,
    /// Static shared memory in bytes.
    pub shared_memory_size: usize,
    /// How each buffer is used.
    pub io: Vec<BufferIOAttr>,
}

/// What compilation gives; never made here.
#[derive(Clone, Debug)]
pub enum PlironArtifact {
    /// Code for an NVIDIA GPU.
    NvptxCode(NvptxModule),
    /// Code for anything else.
    Other,
}

impl fmt::Display for PlironArtifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no artifact: cubecl-llvm is replaced by a stand-in in this build")
    }
}

impl Compiler for PlironCompiler {
    type Representation = PlironArtifact;
    type CompilationOptions = PlironOptions;

    fn compile(
        &mut self,
        _kernel: KernelDefinition,
        _options: &Self::CompilationOptions,
    ) -> Result<Self::Representation, CompilationError> {
        unreachable!("cubecl-llvm is replaced by a stand-in in this build: cubecl-cuda's `cpp` feature must be on")
    }

    fn extension(&self) -> &'static str {
        "ll"
    }

    fn lang_tag(&self) -> &'static str {
        "llvm"
    }
}

/// Paths of the real crate's NVPTX half.
pub mod nvptx {
    /// PTX versions.
    pub mod ptx_version {
        use core::fmt;

        /// A PTX version; none is ever made here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct PtxVersion(u32);

        impl PtxVersion {
            /// The newest version that a driver takes: none, since nothing here emits PTX.
            #[must_use]
            pub fn for_driver(_driver: i32) -> Option<Self> {
                None
            }
        }

        impl fmt::Display for PtxVersion {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "ptx{}", self.0)
            }
        }
    }
}

/// Paths of the real crate's shared half.
pub mod shared {
    /// Which device features the LLVM compiler can lower.
    pub mod lowered_features {
        use cubecl_core::ir::DeviceProperties;

        /// What would be compiled for.
        pub enum GpuTarget {
            /// NVIDIA's PTX.
            Nvptx,
        }

        /// Takes away what the LLVM compiler cannot lower: nothing, since it is not the one in use.
        pub fn restrict_features(_properties: &mut DeviceProperties, _target: GpuTarget) {}
    }
}
