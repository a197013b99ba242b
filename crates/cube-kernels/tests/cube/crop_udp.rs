//! Crops against the host's, from the same planes and boxes.

use swingpose_cube_kernels::DeviceSlice;
use swingpose_cube_kernels::crop_udp::{CropBatch, CropBoxes, CropShape, crop_udp};
use swingpose_kernels::crop_udp as host;
use swingpose_video::BgrImage;

use crate::frames::{frames, kinds, levels_apart};
use crate::noise::Noise;
use swingpose_cube_nn::device::client;

const DEVIATIONS: [f32; 3] = [58.395, 57.12, 57.375];
const SHAPE: CropShape = CropShape { size: (36, 48), padding: 1.25 };
const PIXELS: usize = 36 * 48 * 3;

fn on_host(image: &BgrImage, corners: [f32; 4]) -> (Vec<f32>, [f32; 4]) {
    let (center, scale) = host::center_scale(corners, 0.75, 1.25);
    let cut =
        host::crop(&image.data, image.width, image.height, &host::warp_matrix(center, scale, SHAPE.size), SHAPE.size);
    let mut out = vec![0.0; cut.len()];
    host::normalize(&cut, &mut out);
    (out, [center[0], center[1], scale[0], scale[1]])
}

fn boxes_of(client: &cubecl::client::Client, corners: &[[f32; 4]]) -> CropBoxes {
    CropBoxes {
        corners: DeviceSlice::new(client, corners.as_flattened()),
        live: DeviceSlice::new(client, &vec![1; corners.len()]),
    }
}

#[test]
fn every_rotation_range_matrix_and_depth_is_the_hosts_to_a_level() {
    let client = client();
    let kinds = kinds(&[(133, 77), (90, 160), (64, 64), (41, 200), (5, 3)]);
    let (batch, images) = frames(&client, &kinds, 4);
    let mut noise = Noise::new(5);
    let (mut corners, mut owners) = (Vec::new(), Vec::new());
    for (owner, image) in images.iter().enumerate() {
        // Inside, over the edges, tiny, and much larger than the frame.
        for spread in [0.5, 1.5, 0.05, 6.0] {
            let [x, y] = [image.width, image.height].map(|side| (noise.unit() - 0.1) * side as f32);
            let [width, height] = [image.width, image.height].map(|side| (noise.unit() + 0.1) * side as f32 * spread);
            corners.push([x, y, x + width, y + height]);
            owners.push(owner as u32);
        }
    }
    let CropBatch { pixels, parts } = crop_udp::<f32>(&client, &batch, &boxes_of(&client, &corners), &owners, SHAPE);
    let (pixels, parts) = (pixels.read(&client).unwrap(), parts.read(&client).unwrap());
    let mut worst = (0.0_f32, 0.0_f64);
    for (i, (corners, found)) in corners.iter().zip(pixels.chunks_exact(PIXELS)).enumerate() {
        let owner = owners[i] as usize;
        let (expected, part) = on_host(&images[owner], *corners);
        assert_eq!(parts[4 * i..][..4], part, "box {i}");
        let (most, mean) = levels_apart(found, &expected, DEVIATIONS);
        assert!(most < 1.001 && mean < 0.05, "{corners:?} of {:?}: {most}, {mean} levels apart", kinds[owner]);
        worst = (worst.0.max(most), worst.1.max(mean));
    }
    print_figures(worst);
}

#[expect(clippy::print_stderr, reason = "a figure for who runs the test by hand")]
fn print_figures(worst: (f32, f64)) {
    eprintln!("crop_udp: at most {} and in the mean {} levels apart", worst.0, worst.1);
}

#[test]
fn whole_pixels_and_halves_fall_on_the_hosts_side() {
    let client = client();
    let (batch, images) = frames(&client, &kinds(&[(128, 128)])[..1], 6);
    let corners: Vec<[f32; 4]> = (0..24)
        .map(|i| {
            let (x, y, side) =
                (f32::from(i as u8) * 0.5, f32::from(i as u8) * 0.25, 8.0 + f32::from(i as u8 % 5) * 7.0);
            [x, y, x + side * 0.75, y + side]
        })
        .collect();
    let crops = crop_udp::<f32>(&client, &batch, &boxes_of(&client, &corners), &[0; 24], SHAPE);
    let pixels = crops.pixels.read(&client).unwrap();
    for (corners, found) in corners.iter().zip(pixels.chunks_exact(PIXELS)) {
        let (most, _) = levels_apart(found, &on_host(&images[0], *corners).0, DEVIATIONS);
        assert!(most < 1.001, "{corners:?}: {most} levels apart");
    }
}

#[test]
fn masked_boxes_and_those_without_inside_or_number_cut_black_crops() {
    let client = client();
    let (batch, _) = frames(&client, &kinds(&[(64, 48)])[..1], 7);
    let corners = [
        [5.0, 5.0, 20.0, 30.0],
        [5.0, 5.0, 5.0, 5.0],
        [f32::NAN, 0.0, 4.0, 4.0],
        [0.0, 0.0, f32::INFINITY, 4.0],
        [-3e38, -3e38, 3e38, 3e38],
        [1e6, 1e6, 1e6 + 20.0, 1e6 + 20.0],
        [-1e9, 0.0, -9e8, 40.0],
    ];
    let mut boxes = boxes_of(&client, &corners);
    boxes.live = DeviceSlice::new(&client, &[0, 1, 1, 1, 1, 1, 1]);
    let pixels = crop_udp::<f32>(&client, &batch, &boxes, &[0; 7], SHAPE).pixels.read(&client).unwrap();
    let mut black = vec![0.0; PIXELS];
    host::normalize(&vec![0; PIXELS], &mut black);
    for (corners, found) in corners.iter().zip(pixels.chunks_exact(PIXELS)) {
        assert!(levels_apart(found, &black, DEVIATIONS).0 < 0.01, "{corners:?}");
    }
}

#[test]
fn a_batch_is_its_crops_one_by_one() {
    let client = client();
    let (batch, _) = frames(&client, &kinds(&[(64, 48), (31, 55)])[..3], 8);
    let corners = [[3.0, 4.0, 30.0, 40.0], [0.0, 0.0, 20.0, 20.0], [10.0, 0.0, 31.0, 54.0], [1.0, 1.0, 9.0, 9.0]];
    let owners = [2, 0, 1, 2];
    let together = crop_udp::<f32>(&client, &batch, &boxes_of(&client, &corners), &owners, SHAPE);
    let together = together.pixels.read(&client).unwrap();
    for (i, found) in together.chunks_exact(PIXELS).enumerate() {
        let alone = crop_udp::<f32>(
            &client,
            &batch.one(&client, owners[i] as usize),
            &boxes_of(&client, &corners[i..=i]),
            &[0],
            SHAPE,
        );
        assert!(found == alone.pixels.read(&client).unwrap(), "crop {i}");
    }
    assert!(crop_udp::<f32>(&client, &batch, &boxes_of(&client, &[]), &[], SHAPE).pixels.is_empty());
}
