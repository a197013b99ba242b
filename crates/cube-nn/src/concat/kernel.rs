//! A unit a vector of the result.

use cubecl::prelude::*;

use crate::launch::item;

/// Writes `count` vectors; channels are counted in vectors.
#[cube(launch)]
pub(super) fn concat<E: Float, N: Size>(
    a: &[Vector<E, N>],
    b: &[Vector<E, N>],
    y: &mut [Vector<E, N>],
    count: u32,
    a_channels: u32,
    b_channels: u32,
) {
    let at = item();
    if at < count {
        let channel = at % (a_channels + b_channels);
        let pixel = at / (a_channels + b_channels);
        if channel < a_channels {
            y[at as usize] = a[(pixel * a_channels + channel) as usize];
        } else {
            y[at as usize] = b[(pixel * b_channels + channel - a_channels) as usize];
        }
    }
}
