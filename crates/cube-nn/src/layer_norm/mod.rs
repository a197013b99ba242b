//! Layer normalisation over the channels of each token (Ba et al. 2016): `(x - mean) / sqrt(var + eps) * weight + bias`.

#[cfg(feature = "cuda")]
mod cuda;
mod kernel;

use cubecl::prelude::*;

use crate::launch::vector_width;
use crate::rows::{ROWS, cube_dim};
use crate::{DeviceSlice, Element};

/// Normalises each token to zero mean and unit (biased) variance, then scales and shifts its channels: `x` and the result `[t, c]`,
/// of all images together, `weight` and `bias` `[c]`.
///
/// # Panics
/// If the buffers do not fit together.
#[must_use]
pub fn layer_norm<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<f32>,
    bias: &DeviceSlice<f32>,
    eps: f64,
    channels: usize,
) -> DeviceSlice<E> {
    assert!(channels > 0 && x.len().is_multiple_of(channels), "layer_norm: {} numbers of {channels} channels", x.len());
    assert_eq!([weight.len(), bias.len()], [channels; 2], "layer_norm: weight and bias of {channels} channels");
    let y = DeviceSlice::empty(client, x.len());
    if y.is_empty() {
        return y;
    }
    #[cfg(feature = "cuda")]
    if cuda::launch(client, x, (weight, bias), &y, eps, channels) {
        return y;
    }
    let tokens = (x.len() / channels) as u32;
    let vector = vector_width::<E>(client, &[channels]);
    let cubes = tokens.div_ceil(ROWS);
    let across = cubes.min(1 << 15);
    kernel::layer_norm::launch::<E>(
        client,
        CubeCount::Static(across, cubes.div_ceil(across), 1),
        cube_dim(),
        vector,
        x.vectors(vector),
        weight.vectors(vector),
        bias.vectors(vector),
        y.vectors(vector),
        tokens,
        (channels / vector) as u32,
        eps as f32,
    );
    y
}
