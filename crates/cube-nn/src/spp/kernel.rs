//! `across`: the maxima of each row's windows of 5, 9 and 13. `down`: the maxima of those over as many rows. A unit a vector of
//! channels of a pixel in both.

use cubecl::prelude::*;

use crate::elementary::is_nan;
use crate::launch::item;

/// How far the largest window reaches.
const REACH: u32 = 6;

/// Writes `[n, h, w, 3, c]` for `count` vectors of `x`; `channels` counts vectors.
#[cube(launch)]
pub(super) fn across<E: Float, N: Size>(
    x: &[Vector<E, N>],
    maxima: &mut [Vector<E, N>],
    count: u32,
    width: u32,
    channels: u32,
) {
    let at = item();
    if at < count {
        let pixel = at / channels;
        let col = pixel % width;
        let middle = Vector::<f32, N>::cast_from(x[at as usize]);
        let mut five = middle;
        let mut nine = middle;
        let mut thirteen = middle;
        #[unroll]
        for place in 0..comptime!(2 * REACH + 1) {
            // Below zero is beyond any row, as a u32.
            let from = col + place - comptime!(REACH);
            if from < width {
                let number = Vector::<f32, N>::cast_from(x[(at + place * channels - REACH * channels) as usize]);
                let apart = comptime!(place.abs_diff(REACH));
                if comptime!(apart <= 2) {
                    five = larger::<N>(five, number);
                }
                if comptime!(apart <= 4) {
                    nine = larger::<N>(nine, number);
                }
                thirteen = larger::<N>(thirteen, number);
            }
        }
        let to = pixel * 3 * channels + at % channels;
        maxima[to as usize] = Vector::cast_from(five);
        maxima[(to + channels) as usize] = Vector::cast_from(nine);
        maxima[(to + 2 * channels) as usize] = Vector::cast_from(thirteen);
    }
}

/// Writes `[n, h, w, 4, c]`: `x`, and the maxima over columns of what [`across`] wrote.
#[cube(launch)]
pub(super) fn down<E: Float, N: Size>(
    x: &[Vector<E, N>],
    maxima: &[Vector<E, N>],
    y: &mut [Vector<E, N>],
    count: u32,
    height: u32,
    width: u32,
    channels: u32,
) {
    let at = item();
    if at < count {
        let pixel = at / channels;
        let channel = at % channels;
        let row = pixel / width % height;
        y[(pixel * 4 * channels + channel) as usize] = x[at as usize];
        #[unroll]
        for window in 0..3u32 {
            let reach = comptime!(2 * (window + 1));
            let own = (pixel * 3 + window) * channels + channel;
            let mut most = Vector::<f32, N>::cast_from(maxima[own as usize]);
            #[unroll]
            for place in 0..comptime!(2 * reach + 1) {
                // Below zero is beyond any column, as a u32.
                let from = row + place - reach;
                if from < height {
                    let near = own + (place * 3 * width * channels) - reach * 3 * width * channels;
                    most = larger::<N>(most, Vector::cast_from(maxima[near as usize]));
                }
            }
            y[((pixel * 4 + window + 1) * channels + channel) as usize] = Vector::cast_from(most);
        }
    }
}

/// The larger numbers of two vectors, where NaN is larger than any.
#[cube]
fn larger<N: Size>(a: Vector<f32, N>, b: Vector<f32, N>) -> Vector<f32, N> {
    let mut most = a;
    #[unroll]
    for i in 0..N::value() {
        let number = b.extract(i);
        let so_far = a.extract(i);
        most.insert(i, select(is_nan(number) || (number > so_far && !is_nan(so_far)), number, so_far));
    }
    most
}
