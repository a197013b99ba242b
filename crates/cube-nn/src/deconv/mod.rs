//! The heatmap head's upsampling layer: a transposed 4x4 convolution of stride 2 and padding 1, which doubles the image.
//! Batch normalisation is folded into `w` and `b` beforehand.
//!
//! Output pixels whose rows and columns are even or odd alike are a phase, and each of the four phases is a convolution by a 2x2 kernel,
//! a quarter of the weights. They are matrix products of unfolded patches, and are woven into one image at the end.

mod kernel;

use cubecl::prelude::*;

use crate::launch::{lines, vector_width};
use crate::product::{Bias, Epilogue, product_into};
use crate::unfold::{Window, unfold};
use crate::{Activation, DeviceSlice, Element, linear};

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// `[n, h, w, i]`.
    pub image: [usize; 4],
    /// `o`.
    pub outputs: usize,
}

impl Shape {
    /// `[n, 2h, 2w, o]` of the result.
    #[must_use]
    pub const fn output(&self) -> [usize; 4] {
        let [images, height, width, _] = self.image;
        [images, 2 * height, 2 * width, self.outputs]
    }
}

/// `act(conv_transpose2d(x, weight, stride 2, padding 1) + bias)`: `x` `[n, h, w, i]`, `bias` `[o]`, result `[n, 2h, 2w, o]`, and
/// `weight` `[o, 4, 4, i]`: torch's `[i, o, 4, 4]` permuted by `(1, 2, 3, 0)`.
///
/// # Panics
/// If the buffers do not fit the shape.
#[must_use]
pub fn deconv<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<E>,
    bias: &DeviceSlice<f32>,
    act: Activation,
    shape: Shape,
) -> DeviceSlice<E> {
    let [images, height, width, inputs] = shape.image;
    let outputs = shape.outputs;
    let pixels = images * height * width;
    assert_eq!(x.len(), pixels * inputs, "deconv: x of {shape:?}");
    assert_eq!(weight.len(), outputs * 16 * inputs, "deconv: weight of {shape:?}");
    assert_eq!(bias.len(), outputs, "deconv: bias of {outputs} outputs");
    let y = DeviceSlice::empty(client, 4 * pixels * outputs);
    if y.is_empty() {
        return y;
    }
    let epilogue = Epilogue { bias: Bias::Exact(bias), act, residual: None };
    #[cfg(feature = "cuda")]
    if crate::conv::cuda::deconv(client, (x, weight), epilogue, &y, (shape.image, outputs)) {
        return y;
    }
    let phases = DeviceSlice::empty(client, y.len());
    let mut room = None;
    for phase in 0..4 {
        let (odd_row, odd_col) = (phase / 2, phase % 2);
        let window = Window {
            image: shape.image,
            kernel: [2, 2],
            stride: 1,
            padding: [1 - odd_row, 1 - odd_col],
            places: [height, width],
        };
        let patches = &*room.get_or_insert_with(|| window.room(client));
        let taps = phase_weight(client, weight, phase, inputs, outputs);
        for group in window.groups::<E>() {
            unfold(client, x, window, group.clone(), patches);
            let product_shape =
                linear::Shape { rows: group.len() * height * width, inputs: window.patch_len(), outputs };
            let first_row = phase * pixels + group.start * height * width;
            product_into(client, patches, &taps, epilogue, product_shape, &phases, first_row);
        }
    }
    weave(client, &phases, &y, shape);
    y
}

/// `[o, 2, 2, i]`: the taps that fall on the input's pixels where the output's row and column are of this phase.
fn phase_weight<E: Element>(
    client: &Client,
    weight: &DeviceSlice<E>,
    phase: usize,
    inputs: usize,
    outputs: usize,
) -> DeviceSlice<E> {
    let taps = DeviceSlice::empty(client, outputs * 4 * inputs);
    let vector = vector_width::<E>(client, &[inputs]);
    let (cubes, dim) = lines(taps.len() / vector);
    kernel::phase_weight::launch::<E>(
        client,
        cubes,
        dim,
        vector,
        weight.vectors(vector),
        taps.vectors(vector),
        (taps.len() / vector) as u32,
        (inputs / vector) as u32,
        (phase / 2) as u32,
        (phase % 2) as u32,
    );
    taps
}

/// `phases` `[2, 2, n, h, w, o]` as one image `[n, 2h, 2w, o]`.
fn weave<E: Element>(client: &Client, phases: &DeviceSlice<E>, y: &DeviceSlice<E>, shape: Shape) {
    let [images, height, width, _] = shape.image;
    let vector = vector_width::<E>(client, &[shape.outputs]);
    let (cubes, dim) = lines(y.len() / vector);
    kernel::weave::launch::<E>(
        client,
        cubes,
        dim,
        vector,
        phases.vectors(vector),
        y.vectors(vector),
        (y.len() / vector) as u32,
        (images * height) as u32,
        width as u32,
        (shape.outputs / vector) as u32,
    );
}
