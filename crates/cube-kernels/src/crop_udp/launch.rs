//! Two launches a batch: a cube a box to place the crops, then a cube for 16 x 16 pixels of a crop.

use cubecl::prelude::*;

use super::{CropBatch, CropBoxes, CropShape, kernel};
use crate::launch::{cubes, tiles};
use crate::{DeviceSlice, FrameBatch};

/// Cuts a crop for each of `boxes`, box `i` out of frame `owners[i]`, in `F` (f32, or f16 where the device has it).
///
/// # Panics
/// If the boxes, their mask and `owners` are not equally many, an owner is no frame, or a crop's side is below 2.
#[must_use]
pub fn crop_udp<F: Float + CubeElement>(
    client: &Client,
    frames: &FrameBatch,
    boxes: &CropBoxes,
    owners: &[u32],
    shape: CropShape,
) -> CropBatch<F> {
    let (m, (width, height)) = (owners.len(), shape.size);
    assert!(boxes.corners.len() == 4 * m && boxes.live.len() == m, "crop_udp: {m} owners");
    assert!(owners.iter().all(|&owner| (owner as usize) < frames.len()), "crop_udp: {} frames", frames.len());
    assert!(width > 1 && height > 1, "crop_udp: crops of {width}x{height}");
    let pixels = DeviceSlice::empty(client, m * width * height * 3);
    let parts = DeviceSlice::empty(client, 4 * m);
    if m > 0 {
        let positions = DeviceSlice::<i32>::empty(client, m * (width + height));
        let (count, dim) = cubes(m, 1);
        kernel::plan::launch(
            client,
            count,
            dim,
            boxes.corners.arg(),
            boxes.live.arg(),
            parts.arg(),
            positions.arg(),
            width as u32,
            height as u32,
            shape.padding,
        );
        let (count, dim) = tiles(width, height, m);
        kernel::crop::launch::<F>(
            client,
            count,
            dim,
            frames.words.arg(),
            frames.fields.arg(),
            DeviceSlice::new(client, owners).arg(),
            positions.arg(),
            pixels.arg(),
            width as u32,
            height as u32,
        );
    }
    CropBatch { pixels, parts }
}
