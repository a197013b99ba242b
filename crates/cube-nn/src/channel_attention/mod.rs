//! RTMDet's channel gate: `x * hardsigmoid(fc(mean of x over the image))` (mmdet `ChannelAttention`).
//!
//! `sums` adds up blocks of pixels, `gates` finishes the means and weighs them, `scale` applies what comes out.

#[cfg(feature = "cuda")]
mod cuda;
mod kernel;

use cubecl::prelude::*;

use crate::launch::{lines, vector_width};
use crate::rows::{ROWS, cube_dim};
use crate::{DeviceSlice, Element};

/// Blocks of pixels that an image has at most, and pixels of a block at least.
const BLOCKS: usize = 128;
const PIXELS: usize = 32;

/// Scales each channel of `x` `[n, h, w, c]` (`image`) by a gate between 0 and 1 computed from all channels' means over the image;
/// `hardsigmoid(g) = clamp(g / 6 + 0.5, 0, 1)`. `weight` `[c, c]`, `bias` `[c]`.
///
/// # Panics
/// If the buffers do not fit together, or there are more than 4096 channels.
#[must_use]
pub fn channel_attention<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<E>,
    bias: &DeviceSlice<f32>,
    image: [usize; 4],
) -> DeviceSlice<E> {
    let channels = image[3];
    assert_eq!(x.len(), image.iter().product::<usize>(), "channel_attention: x of {image:?}");
    assert_eq!(weight.len(), channels * channels, "channel_attention: weight of {channels} channels");
    assert_eq!(bias.len(), channels, "channel_attention: bias of {channels} channels");
    // The means lie in shared memory.
    assert!(channels <= 4096, "channel_attention: {channels} channels");
    let y = DeviceSlice::empty(client, x.len());
    if y.is_empty() {
        return y;
    }
    #[cfg(feature = "cuda")]
    if cuda::launch(client, x, (weight, bias), &y, image) {
        return y;
    }
    launch(client, x, (weight, bias), &y, image);
    y
}

/// On any device.
fn launch<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    (weight, bias): (&DeviceSlice<E>, &DeviceSlice<f32>),
    y: &DeviceSlice<E>,
    [images, height, width, channels]: [usize; 4],
) {
    let pixels = height * width;
    // Of the image's size alone: the order of a sum does not depend on the batch.
    let block = pixels.div_ceil(BLOCKS).max(PIXELS);
    let blocks = pixels.div_ceil(block);
    let vector = vector_width::<E>(client, &[channels]);
    let vectors = (channels / vector) as u32;
    let sums = DeviceSlice::<f32>::empty(client, images * blocks * channels);
    let gates = DeviceSlice::<f32>::empty(client, images * channels);
    let (cubes, dim) = lines(sums.len() / vector);
    kernel::sums::launch::<E>(
        client,
        cubes,
        dim,
        vector,
        x.vectors(vector),
        sums.vectors(vector),
        (sums.len() / vector) as u32,
        pixels as u32,
        vectors,
        blocks as u32,
        block as u32,
    );
    kernel::gates::launch::<E>(
        client,
        CubeCount::Static((channels as u32).div_ceil(ROWS), images as u32, 1),
        cube_dim(),
        sums.arg(),
        weight.arg(),
        bias.arg(),
        gates.arg(),
        pixels as u32,
        blocks as u32,
        channels,
    );
    let (cubes, dim) = lines(x.len() / vector);
    kernel::scale::launch::<E>(
        client,
        cubes,
        dim,
        vector,
        x.vectors(vector),
        gates.vectors(vector),
        y.vectors(vector),
        (x.len() / vector) as u32,
        pixels as u32,
        vectors,
    );
}
