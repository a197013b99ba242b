//! The layer as one tiled matrix product, with everything else done to a tile while it is in registers.

use super::Shape;
use crate::Activation;
use crate::host::memory;
use crate::host::product::{Dense, Panels, Runs};

/// `act(x weightᵀ + bias) + residual` over row-major slices; a residual shorter than the result repeats.
/// `image_rows` divides `shape.rows`.
pub fn linear(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    act: Activation,
    residual: Option<&[f32]>,
    shape: Shape,
    image_rows: usize,
) -> Vec<f32> {
    let panels = Panels::pack(weight, shape.outputs, shape.inputs, &Runs { starts: &[0], len: shape.inputs });
    let mut y = memory::take(shape.rows * shape.outputs);
    Dense { x, panels: &panels, bias, act, residual, rows: image_rows }.run(&mut y);
    y
}
