//! The patches under a convolution's window, one a row, so that the convolution becomes a matrix product.

mod kernel;

use std::ops::Range;

use cubecl::prelude::*;

use crate::launch::{lines, vector_width};
use crate::{DeviceSlice, Element};

/// Patches at a time: images are taken in groups that stay below so many bytes.
const BYTES: usize = 128 << 20;

/// Where a window is laid on an image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// `[n, h, w, c]`.
    pub(crate) image: [usize; 4],
    /// Its rows and columns.
    pub(crate) kernel: [usize; 2],
    /// Pixels from one place to the next, both ways.
    pub(crate) stride: usize,
    /// By how much the first place lies above the image and left of it, where zeros are.
    pub(crate) padding: [usize; 2],
    /// Places down and across.
    pub(crate) places: [usize; 2],
}

impl Window {
    /// Patches an image.
    pub(crate) const fn patches(&self) -> usize {
        self.places[0] * self.places[1]
    }

    /// Numbers a patch.
    pub(crate) const fn patch_len(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.image[3]
    }

    /// The images in groups whose patches are unfolded together.
    pub(crate) fn groups<E>(&self) -> impl Iterator<Item = Range<usize>> + use<E> {
        let images = self.image[0];
        let image_bytes = self.patches() * self.patch_len() * size_of::<E>();
        let group = (BYTES / image_bytes.max(1)).clamp(1, images.max(1));
        (0..images).step_by(group).map(move |first| first..(first + group).min(images))
    }

    /// Room for the patches of the largest group.
    pub(crate) fn room<E: Element>(&self, client: &Client) -> DeviceSlice<E> {
        let images = self.groups::<E>().map(|group| group.len()).max().unwrap_or(0);
        DeviceSlice::empty(client, images * self.patches() * self.patch_len())
    }
}

/// Writes the patches of some `images` to the beginning of `patches`, `[images, places, kernel rows, kernel columns, c]`.
pub(crate) fn unfold<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    window: Window,
    images: Range<usize>,
    patches: &DeviceSlice<E>,
) {
    let [_, height, width, channels] = window.image;
    let vector = vector_width::<E>(client, &[channels]);
    let count = images.len() * window.patches() * window.patch_len() / vector;
    let [kernel_rows, kernel_cols] = window.kernel.map(|side| side as u32);
    let (cubes, dim) = lines(count);
    kernel::unfold::launch::<E>(
        client,
        cubes,
        dim,
        vector,
        x.vectors(vector),
        patches.vectors(vector),
        count as u32,
        images.start as u32,
        height as u32,
        width as u32,
        (channels / vector) as u32,
        window.places[0] as u32,
        window.places[1] as u32,
        window.padding[0] as u32,
        window.padding[1] as u32,
        window.stride as u32,
        kernel_rows,
        kernel_cols,
    );
}
