//! Keypoints in one launch: a block a map.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;
use swingpose_cube_nn::cuda::{Argument, Buffers, Geometry, Kernel, Source, capability};
use swingpose_cube_nn::{Element, Numbers};

use super::MapShape;
use super::launch::Maps;
use crate::DeviceSlice;

static SOURCE: Source = Source { name: "dark_udp.cu", text: include_str!("dark_udp.cu") };

/// As in the source.
const THREADS: u32 = 256;
/// What a grid's second axis takes.
const MOST_CROPS: usize = 65_535;

/// Puts it into the stream if the kernel takes the sizes; `false`, and nothing done, otherwise.
pub(super) fn launch<E: Element>(
    client: &Client,
    maps: &Maps<'_, E>,
    parts: &DeviceSlice<f32>,
    found: &DeviceSlice<f32>,
    shape: MapShape,
) -> bool {
    let MapShape { keypoints, height, width } = shape;
    let crops = parts.len() / 4;
    if crops > MOST_CROPS || !parts.is_aligned(16) || capability(client).is_none() {
        return false;
    }
    // A kernel keeps the shared memory that its first launch asks for, so there is one for each size.
    let mut defines: Vec<(&str, &dyn std::fmt::Display)> = vec![("HEIGHT", &height), ("WIDTH", &width)];
    if E::NUMBERS == Numbers::F32 {
        defines.push(("INPUT_F32", &1));
    }
    // What is read and what is blurred across.
    let shared = (2 * height * width * size_of::<f32>()) as u32;
    let geometry = Geometry { grid: [keypoints as u32, crops as u32, 1], block: THREADS, shared };
    let read = [maps.own.handle(), maps.mirrored.handle(), maps.partners.handle(), parts.handle()];
    let buffers = Buffers { read: &read, written: &[found.handle()] };
    let numbers = [keypoints, usize::from(maps.flip)].map(|number| Argument::U32(number as u32));
    // SAFETY: `dark_udp` has checked the maps, the partners and the parts against the shape; a block a map.
    unsafe {
        Kernel::new::<E>(&SOURCE, "dark_udp", &defines).launch(client, geometry, buffers, numbers);
    }
    true
}
