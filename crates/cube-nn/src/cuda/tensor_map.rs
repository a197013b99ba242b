//! Descriptions of images and matrices for Hopper's copy engine, which a kernel takes by value and `__grid_constant__`. Boxes arrive in
//! shared memory in rows of 128 bytes, swizzled as the tensor cores read them; what lies outside arrives as zeros.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use std::ffi::{c_int, c_void};

use cudarc::driver::sys as driver;

use super::stream::{CudaError, check};
use crate::{Element, Numbers};

/// Numbers of a row in shared memory.
pub const ROW: usize = 64;

/// A `CUtensorMap`.
#[derive(Clone, Copy, Debug)]
pub struct TensorMap(pub(super) driver::CUtensorMap);

/// How an output pixel's window lies on an image.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// `[rows, columns]`.
    pub kernel: [usize; 2],
    /// Input pixels from one output pixel to the next, both ways.
    pub stride: usize,
    /// Zeros around the image.
    pub padding: usize,
}

impl TensorMap {
    /// A dense tensor at `address`, of `sizes` from the dimension that varies fastest, to be copied in boxes of [`ROW`] of that and
    /// of `sides` of the others.
    ///
    /// # Errors
    /// The driver refuses it: an address or a pitch that is no multiple of 16 bytes, or sizes beyond its own.
    pub fn boxes<E: Element, const N: usize>(
        address: u64,
        sizes: [usize; N],
        sides: [usize; N],
    ) -> Result<Self, CudaError> {
        let (mut map, shape) = (empty(), sizes.map(|size| size as u64));
        let (pitches, sides) = (pitches::<E>(&sizes), sides.map(|side| side as u32));
        let steps = [1; N];
        // SAFETY: every array has as many entries as dimensions, the pitches one fewer, and all live through the call.
        let made = unsafe {
            driver::cuTensorMapEncodeTiled(
                &raw mut map,
                numbers::<E>()?,
                N as u32,
                address as *mut c_void,
                shape.as_ptr(),
                pitches.as_ptr(),
                sides.as_ptr(),
                steps.as_ptr(),
                driver::CUtensorMapInterleave::CU_TENSOR_MAP_INTERLEAVE_NONE,
                driver::CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_128B,
                driver::CUtensorMapL2promotion::CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
                driver::CUtensorMapFloatOOBfill::CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
            )
        };
        check("cuTensorMapEncodeTiled", made)?;
        Ok(Self(map))
    }

    /// Images `[n, h, w, i]` at `address`, of which `pixels` output pixels in a row are copied as one tap of their windows sees them, in
    /// boxes of [`ROW`] inputs: a column of the image unfolded.
    ///
    /// # Errors
    /// As for [`boxes`](Self::boxes); a padding beyond 128 or a stride beyond 8.
    pub fn columns<E: Element>(
        address: u64,
        image: [usize; 4],
        window: Window,
        pixels: usize,
    ) -> Result<Self, CudaError> {
        let [n, h, w, i] = image;
        let (mut map, sizes) = (empty(), [i, w, h, n]);
        let (shape, pitches) = (sizes.map(|size| size as u64), pitches::<E>(&sizes));
        let Window { kernel: [rows, columns], stride, padding } = window;
        let before = [-(padding as c_int); 2];
        let after = [columns, rows].map(|taps| padding as c_int + 1 - taps as c_int);
        let steps = [1, stride as u32, stride as u32, 1];
        // SAFETY: the arrays have an entry for each of four dimensions, the pitches one fewer, the corners one for each side of an
        // image; all live through the call.
        let made = unsafe {
            driver::cuTensorMapEncodeIm2col(
                &raw mut map,
                numbers::<E>()?,
                4,
                address as *mut c_void,
                shape.as_ptr(),
                pitches.as_ptr(),
                before.as_ptr(),
                after.as_ptr(),
                ROW as u32,
                pixels as u32,
                steps.as_ptr(),
                driver::CUtensorMapInterleave::CU_TENSOR_MAP_INTERLEAVE_NONE,
                driver::CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_128B,
                driver::CUtensorMapL2promotion::CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
                driver::CUtensorMapFloatOOBfill::CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
            )
        };
        check("cuTensorMapEncodeIm2col", made)?;
        Ok(Self(map))
    }
}

const fn empty() -> driver::CUtensorMap {
    driver::CUtensorMap { opaque: [0; 16] }
}

/// Bytes from one to the next in each dimension but the fastest.
fn pitches<E: Element>(sizes: &[usize]) -> Vec<u64> {
    let mut pitch = size_of::<E>();
    let dense = sizes.iter().map(|size| {
        pitch *= size;
        pitch as u64
    });
    dense.take(sizes.len() - 1).collect()
}

fn numbers<E: Element>() -> Result<driver::CUtensorMapDataType, CudaError> {
    match E::NUMBERS {
        Numbers::F16 => Ok(driver::CUtensorMapDataType::CU_TENSOR_MAP_DATA_TYPE_FLOAT16),
        Numbers::Bf16 => Ok(driver::CUtensorMapDataType::CU_TENSOR_MAP_DATA_TYPE_BFLOAT16),
        Numbers::F32 => {
            Err(CudaError::Driver { call: "cuTensorMapEncode", code: "rows of 128 bytes hold halves".into() })
        }
    }
}
