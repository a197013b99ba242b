//! Numbers in another type, a unit each.

use cubecl::prelude::*;

use crate::launch::{item, lines};
use crate::{DeviceSlice, Element};

/// The same numbers in f32.
#[must_use]
pub fn widened<E: Element>(client: &Client, x: &DeviceSlice<E>) -> DeviceSlice<f32> {
    cast(client, x)
}

/// The numbers rounded to `B`.
pub(crate) fn cast<A: Element, B: Element>(client: &Client, x: &DeviceSlice<A>) -> DeviceSlice<B> {
    let y = DeviceSlice::empty(client, x.len());
    let (cubes, dim) = lines(x.len());
    cast_each::launch::<A, B>(client, cubes, dim, x.arg(), y.arg());
    y
}

#[cube(launch)]
fn cast_each<A: Float, B: Float>(from: &[A], to: &mut [B]) {
    let at = item() as usize;
    if at < to.len() {
        to[at] = B::cast_from(from[at]);
    }
}
