//! CubeCL's devices: the vocabulary there (`ops`), and the way from a Burn tensor to its numbers on the device and back, for
//! operations that stand between the networks.

mod ops;

use burn::backend::Cube;
use burn::tensor::{DType, Device, Shape, Tensor};
use burn_cubecl::CubeDevice;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use swingpose_cube_nn::{DeviceSlice, Element, Numbers};

#[doc(hidden)]
pub mod for_with_number {
    pub use burn::tensor::DType;
    pub use half::{bf16, f16};
}

/// Evaluates `$body` with `$number` the Rust type of what `$dtype`, a `DType` or `FloatDType` of Burn's, names: f32, f16 or bf16.
///
/// # Panics
/// For any other type.
#[macro_export]
macro_rules! with_number {
    ($dtype:expr, $number:ident => $body:expr) => {{
        use $crate::cube::for_with_number as types;
        match types::DType::from($dtype) {
            types::DType::F32 => {
                type $number = f32;
                $body
            }
            types::DType::F16 => {
                type $number = types::f16;
                $body
            }
            types::DType::BF16 => {
                type $number = types::bf16;
                $body
            }
            other => panic!("the networks are computed in f32, f16 or bf16, not in {other:?}"),
        }
    }};
}

/// A GPU, as CubeCL drives it and as Burn names it.
#[derive(Clone)]
pub struct Gpu {
    client: Client,
    device: CubeDevice,
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gpu").field("device", &self.device).finish_non_exhaustive()
    }
}

impl Gpu {
    /// The GPU that `device` is; `None` for a device that is no CubeCL one.
    #[must_use]
    pub fn of(device: &Device) -> Option<Self> {
        let CubeTensor { client, device, .. } = Tensor::<1>::empty([1], device).try_into_primitive::<Cube>().ok()?;
        Some(Self { client, device })
    }

    /// What CubeCL's kernels are launched with.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// `numbers`, row-major, as a tensor in the same memory.
    ///
    /// # Panics
    /// If there are not as many as `shape` says.
    #[must_use]
    pub fn tensor<E: Element, const D: usize>(&self, numbers: &DeviceSlice<E>, shape: [usize; D]) -> Tensor<D> {
        assert_eq!(numbers.len(), shape.iter().product::<usize>(), "{} numbers as {shape:?}", numbers.len());
        Tensor::from_primitive::<Cube>(self.primitive(numbers, shape))
    }

    fn primitive<E: Element, const D: usize>(&self, numbers: &DeviceSlice<E>, shape: [usize; D]) -> CubeTensor {
        let (client, device) = (self.client.clone(), self.device.clone());
        CubeTensor::new_contiguous(client, device, Shape::from(shape), numbers.handle().clone(), dtype::<E>())
    }
}

/// The numbers of a tensor, row-major, on its device.
///
/// # Panics
/// If the tensor is of another number type, or on no CubeCL device.
#[must_use]
pub fn numbers<E: Element, const D: usize>(tensor: Tensor<D>) -> DeviceSlice<E> {
    let tensor = tensor.try_into_primitive::<Cube>();
    slice(tensor.unwrap_or_else(|elsewhere| panic!("the tensor is on no GPU: {elsewhere:?}")))
}

fn slice<E: Element>(x: CubeTensor) -> DeviceSlice<E> {
    assert!(x.dtype == dtype::<E>(), "{:?} where {:?} is wanted", x.dtype, dtype::<E>());
    let x = into_contiguous(x);
    let len = x.meta.shape().num_elements();
    DeviceSlice::from_handle(x.handle, len)
}

/// Burn's name for `E`.
const fn dtype<E: Element>() -> DType {
    match E::NUMBERS {
        Numbers::F32 => DType::F32,
        Numbers::F16 => DType::F16,
        Numbers::Bf16 => DType::BF16,
    }
}
