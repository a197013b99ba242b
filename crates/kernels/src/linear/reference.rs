//! The layer as three nested loops, summed in f64.

use super::Shape;
use crate::Activation;

/// `act(x weightᵀ + bias) + residual` over row-major slices; a residual shorter than the result repeats.
pub fn linear(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    act: Activation,
    residual: Option<&[f32]>,
    shape: Shape,
) -> Vec<f32> {
    let mut y = Vec::with_capacity(shape.rows * shape.outputs);
    for row in 0..shape.rows {
        for output in 0..shape.outputs {
            let mut sum = f64::from(bias[output]);
            for input in 0..shape.inputs {
                sum += f64::from(x[row * shape.inputs + input]) * f64::from(weight[output * shape.inputs + input]);
            }
            let shift = residual.map_or(0.0, |residual| f64::from(residual[y.len() % residual.len()]));
            y.push((act.reference(sum) + shift) as f32);
        }
    }
    y
}
