//! The feature pyramid's top-down step: a map doubled in size by repetition, beside the finer map of that size.

mod kernel;

use cubecl::prelude::*;

use crate::launch::{lines, vector_width};
use crate::{DeviceSlice, Element};

/// `[nearest x2 of x, skip]` over channels: `x` `[n, h, w, c]` (`image`), `skip` `[n, 2h, 2w, skip_channels]`, result
/// `[n, 2h, 2w, c + skip_channels]`.
///
/// # Panics
/// If the buffers do not fit together.
#[must_use]
pub fn upsample_concat<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    skip: &DeviceSlice<E>,
    image: [usize; 4],
    skip_channels: usize,
) -> DeviceSlice<E> {
    let [images, height, width, channels] = image;
    assert_eq!(x.len(), images * height * width * channels, "upsample_concat: x of {image:?}");
    assert_eq!(skip.len(), 4 * images * height * width * skip_channels, "upsample_concat: skip for x of {image:?}");
    let y = DeviceSlice::empty(client, 4 * x.len() + skip.len());
    if y.is_empty() {
        return y;
    }
    let vector = vector_width::<E>(client, &[channels, skip_channels]);
    let (cubes, dim) = lines(y.len() / vector);
    kernel::upsample_concat::launch::<E>(
        client,
        cubes,
        dim,
        vector,
        x.vectors(vector),
        skip.vectors(vector),
        y.vectors(vector),
        (y.len() / vector) as u32,
        width as u32,
        (channels / vector) as u32,
        (skip_channels / vector) as u32,
    );
    y
}
