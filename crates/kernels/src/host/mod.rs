//! What the host forms share: burn-flex tensors seen as slices, and slices made into tensors.

pub(crate) mod border;
pub(crate) mod elementary;
pub(crate) mod lanes;
pub(crate) mod memory;
pub(crate) mod product;

use std::ops::Deref;

use burn::backend::{DType, TensorMetadata};
use burn::tensor::Shape;
use burn_flex::{FlexTensor, Layout};

/// A row-major f32 tensor of `D` axes, borrowed from burn-flex where it already was row-major.
pub(crate) struct Array<const D: usize> {
    tensor: FlexTensor,
    pub(crate) shape: [usize; D],
}

impl<const D: usize> Deref for Array<D> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.tensor.as_slice().expect("`array` made it row-major f32")
    }
}

/// The elements of `tensor` in row-major order.
///
/// # Panics
/// If the tensor is not f32 or has not `D` axes.
pub(crate) fn array<const D: usize>(tensor: FlexTensor) -> Array<D> {
    assert_eq!(TensorMetadata::dtype(&tensor), DType::F32, "the host forms compute in f32: cast the tensor first");
    let shape: [usize; D] = tensor.layout().shape().dims();
    let tensor = if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() };
    Array { tensor, shape }
}

/// A tensor that takes over `values`, which are in row-major order of `shape`.
pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    debug_assert_eq!(values.len(), shape.iter().product::<usize>());
    FlexTensor::new(memory::bytes(values), Layout::contiguous(Shape::from(shape)), DType::F32)
}
