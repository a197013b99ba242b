//! Numbers in f32, a unit each.

use cubecl::prelude::*;

use crate::launch::{item, lines};
use crate::{DeviceSlice, Element};

/// The same numbers in f32.
#[must_use]
pub fn widened<E: Element>(client: &Client, x: &DeviceSlice<E>) -> DeviceSlice<f32> {
    let wide = DeviceSlice::empty(client, x.len());
    let (cubes, dim) = lines(x.len());
    widen::launch::<E>(client, cubes, dim, x.arg(), wide.arg());
    wide
}

#[cube(launch)]
fn widen<E: Float>(from: &[E], to: &mut [f32]) {
    let at = item() as usize;
    if at < to.len() {
        to[at] = f32::cast_from(from[at]);
    }
}
