//! Two maps of one size side by side in the channels.

mod kernel;

use cubecl::prelude::*;

use crate::launch::{lines, vector_width};
use crate::{DeviceSlice, Element};

/// `[a, b]` over channels: `a` `[.., a_channels]`, `b` `[.., b_channels]`, result `[.., a_channels + b_channels]`.
///
/// # Panics
/// If they have not as many pixels each.
#[must_use]
pub fn concat<E: Element>(
    client: &Client,
    a: &DeviceSlice<E>,
    b: &DeviceSlice<E>,
    a_channels: usize,
    b_channels: usize,
) -> DeviceSlice<E> {
    let pixels = a.len() / a_channels;
    assert_eq!([a.len(), b.len()], [pixels * a_channels, pixels * b_channels], "concat: two maps of one size");
    let y = DeviceSlice::empty(client, a.len() + b.len());
    if y.is_empty() {
        return y;
    }
    let vector = vector_width::<E>(client, &[a_channels, b_channels]);
    let (cubes, dim) = lines(y.len() / vector);
    kernel::concat::launch::<E>(
        client,
        cubes,
        dim,
        vector,
        a.vectors(vector),
        b.vectors(vector),
        y.vectors(vector),
        (y.len() / vector) as u32,
        (a_channels / vector) as u32,
        (b_channels / vector) as u32,
    );
    y
}
