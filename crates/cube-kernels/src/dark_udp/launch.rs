//! Two launches a batch: a cube a map, then a unit a keypoint.

use cubecl::prelude::*;

use super::{Flipped, MAX_AREA, MapShape, kernel};
use crate::DeviceSlice;
use crate::launch::{cubes, lines};

/// `[m, k, 3]`: x, y in frame pixels and the score of every map of `heatmaps`, `[m, k, height, width]`, of f32, f16 or bf16.
/// `parts` is what [`crop_udp`](crate::crop_udp::crop_udp) said of the crops.
///
/// # Panics
/// If the buffers do not fit together, a side is below 2, a map has more than [`MAX_AREA`] pixels, or a mirrored index names no
/// keypoint.
#[must_use]
pub fn dark_udp<E: Float + CubeElement>(
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
    let records = DeviceSlice::<f32>::empty(client, m * keypoints * kernel::RECORD);
    let (count, dim) = cubes(keypoints, m);
    kernel::read::launch::<E>(
        client,
        count,
        dim,
        heatmaps.arg(),
        mirrored.arg(),
        DeviceSlice::new(client, &indices).arg(),
        records.arg(),
        keypoints as u32,
        height as u32,
        width as u32,
        area,
        flipped.is_some(),
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
    found
}
