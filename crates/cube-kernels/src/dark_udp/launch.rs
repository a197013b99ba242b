//! Two launches a batch: a cube a map, then a unit a keypoint. In CUDA C++ it is one.

use cubecl::prelude::*;

use super::{Flipped, MAX_AREA, MapShape, kernel};
use crate::launch::{cubes, lines};
use crate::{DeviceSlice, Element};

/// `[m, k, 3]`: x, y in frame pixels and the score of every map of `heatmaps`, `[m, k, height, width]`, of f32, f16 or bf16.
/// `parts` is what [`crop_udp`](crate::crop_udp::crop_udp) said of the crops.
///
/// # Panics
/// If the buffers do not fit together, a side is below 2, a map has more than [`MAX_AREA`] pixels, or a mirrored index names no
/// keypoint.
#[must_use]
pub fn dark_udp<E: Element>(
    client: &Client,
    heatmaps: &DeviceSlice<E>,
    flipped: Option<&Flipped<'_, E>>,
    parts: &DeviceSlice<f32>,
    shape: MapShape,
) -> DeviceSlice<f32> {
    let MapShape { keypoints, height, width } = shape;
    let (area, m) = (height * width, parts.len() / 4);
    assert!(height > 1 && width > 1 && area <= MAX_AREA, "dark_udp: maps of {width}x{height}");
    assert_eq!(heatmaps.len(), m * keypoints * area, "dark_udp: {m} x {keypoints} maps of {width}x{height}");
    let straight: Vec<usize> = (0..keypoints).collect();
    let (mirrored, indices) = flipped.map_or((heatmaps, straight.as_slice()), |it| (&it.heatmaps, it.indices));
    assert_eq!(mirrored.len(), heatmaps.len(), "dark_udp: as many mirrored maps");
    assert!(indices.len() == keypoints && indices.iter().all(|&other| other < keypoints), "dark_udp: {indices:?}");
    let found = DeviceSlice::empty(client, m * keypoints * 3);
    if found.is_empty() {
        return found;
    }
    let indices: Vec<u32> = indices.iter().map(|&index| index as u32).collect();
    let partners = DeviceSlice::new(client, &indices);
    let maps = Maps { own: heatmaps, mirrored, partners: &partners, flip: flipped.is_some() };
    #[cfg(feature = "cuda")]
    if super::cuda::launch(client, &maps, parts, &found, shape) {
        return found;
    }
    read_and_refine(client, &maps, parts, &found, shape);
    found
}

/// The maps of the crops, and what stands for them in the mirror: themselves where there is none.
pub(super) struct Maps<'a, E> {
    pub(super) own: &'a DeviceSlice<E>,
    pub(super) mirrored: &'a DeviceSlice<E>,
    pub(super) partners: &'a DeviceSlice<u32>,
    pub(super) flip: bool,
}

fn read_and_refine<E: Element>(
    client: &Client,
    maps: &Maps<'_, E>,
    parts: &DeviceSlice<f32>,
    found: &DeviceSlice<f32>,
    shape: MapShape,
) {
    let MapShape { keypoints, height, width } = shape;
    let m = parts.len() / 4;
    let records = DeviceSlice::<f32>::empty(client, m * keypoints * kernel::RECORD);
    let (count, dim) = cubes(keypoints, m);
    kernel::read::launch::<E>(
        client,
        count,
        dim,
        maps.own.arg(),
        maps.mirrored.arg(),
        maps.partners.arg(),
        records.arg(),
        keypoints as u32,
        height as u32,
        width as u32,
        height * width,
        maps.flip,
    );
    let (count, dim) = lines(m * keypoints, 1);
    kernel::refine::launch(
        client,
        count,
        dim,
        records.arg(),
        parts.arg(),
        found.arg(),
        (m * keypoints) as u32,
        keypoints as u32,
        height as u32,
        width as u32,
    );
}
