//! Spatial pyramid pooling (He et al. 2015, as YOLO and RTMDet use it): the image beside its maxima over 5x5, 9x9 and 13x13 windows.

mod kernel;

use cubecl::prelude::*;

use crate::launch::{lines, vector_width};
use crate::{DeviceSlice, Element};

/// `[x, maxpool5(x), maxpool9(x), maxpool13(x)]` over channels; windows are centred, stride 1, and stop at the image's edge.
/// A NaN in a window is the window's maximum, as in torch. `x` `[n, h, w, c]` (`image`), result `[n, h, w, 4c]`.
///
/// # Panics
/// If `x` is of another size.
#[must_use]
pub fn spp<E: Element>(client: &Client, x: &DeviceSlice<E>, image: [usize; 4]) -> DeviceSlice<E> {
    let [images, height, width, channels] = image;
    assert_eq!(x.len(), images * height * width * channels, "spp: x of {image:?}");
    let y = DeviceSlice::empty(client, 4 * x.len());
    if y.is_empty() {
        return y;
    }
    let vector = vector_width::<E>(client, &[channels]);
    let (cubes, dim) = lines(x.len() / vector);
    let across = DeviceSlice::<E>::empty(client, 3 * x.len());
    kernel::across::launch::<E>(
        client,
        cubes.clone(),
        dim,
        vector,
        x.vectors(vector),
        across.vectors(vector),
        (x.len() / vector) as u32,
        width as u32,
        (channels / vector) as u32,
    );
    kernel::down::launch::<E>(
        client,
        cubes,
        dim,
        vector,
        x.vectors(vector),
        across.vectors(vector),
        y.vectors(vector),
        (x.len() / vector) as u32,
        height as u32,
        width as u32,
        (channels / vector) as u32,
    );
    y
}
