//! Activation and residual by themselves, for a product that was left with its bias alone.

use std::ops::Range;

use cubecl::prelude::*;

use crate::activation::{Activation, activate_each};
use crate::launch::{item, lines, vector_width};
use crate::{DeviceSlice, Element};

/// `act(y) + residual` in place, on some `rows` of `y`, `[.., outputs]`. A residual is counted from the beginning of `y`.
pub(crate) fn finish<E: Element>(
    client: &Client,
    y: &DeviceSlice<E>,
    act: Activation,
    residual: Option<&DeviceSlice<E>>,
    outputs: usize,
    rows: Range<usize>,
) {
    let (first, count) = (rows.start * outputs, rows.len() * outputs);
    if count == 0 || act == Activation::None && residual.is_none() {
        return;
    }
    assert!(rows.end * outputs <= y.len(), "finish: rows to {}", rows.end);
    let repeat = residual.map_or(outputs, DeviceSlice::len);
    let width = vector_width::<E>(client, &[outputs, repeat]);
    // Unless there is one to add, a number that is not looked at.
    let nothing = DeviceSlice::empty(client, width);
    let (cubes, dim) = lines(count / width);
    act_and_add::launch::<E>(
        client,
        cubes,
        dim,
        width,
        y.vectors(width),
        residual.unwrap_or(&nothing).vectors(width),
        (first / width) as u32,
        (count / width) as u32,
        (repeat / width) as u32,
        act,
        residual.is_some(),
    );
}

#[cube(launch)]
fn act_and_add<E: Float, N: Size>(
    y: &mut [Vector<E, N>],
    added: &[Vector<E, N>],
    first: u32,
    count: u32,
    repeat: u32,
    #[comptime] act: Activation,
    #[comptime] add: bool,
) {
    if item() < count {
        let at = first + item();
        let mut result = activate_each::<N>(Vector::cast_from(y[at as usize]), act);
        if add {
            result += Vector::cast_from(added[(at % repeat) as usize]);
        }
        y[at as usize] = Vector::cast_from(result);
    }
}
