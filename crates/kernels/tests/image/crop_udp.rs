//! Crops against mmpose's `TopdownAffine(use_udp=True)` over OpenCV: equal to the last bit.

use proptest::prelude::*;
use swingpose_kernels::crop_udp::{center_scale, crop, normalize, reference, warp_matrix};
use swingpose_kernels::dark_udp::to_frame;

use crate::fixture::{Fixture, planar, sha256, synth_image};

const SIZE: (usize, usize) = (192, 256);
const POSES: [&str; 5] = ["vitpose_nano", "vitpose_small", "vitpose_base", "vitpose_large", "vitpose_huge"];

#[test]
fn every_golden_box_is_cut_as_opencv_cuts_it() {
    let fixture = Fixture::open("udp_affine");
    let (frame, hashes) = (synth_image(1280, 720), fixture.json("crop_sha256_hwc_bgr"));
    let (boxes, centers) = (fixture.f32("boxes"), fixture.f32("centers"));
    let (scales, warps) = (fixture.f32("scales"), fixture.f32("warps"));
    assert_eq!(boxes.len(), 8 * 4);
    for (i, xyxy) in boxes.as_chunks::<4>().0.iter().enumerate() {
        let (center, scale) = center_scale(*xyxy, 0.75, 1.25);
        assert_eq!((&center[..], &scale[..]), (&centers[2 * i..][..2], &scales[2 * i..][..2]), "box {i}");
        let matrix = warp_matrix(center, scale, SIZE);
        assert_eq!(matrix, warps[6 * i..][..6], "box {i}");
        let cut = crop(&frame, 1280, 720, &matrix, SIZE);
        assert_eq!(sha256(&cut), hashes[i].as_str().unwrap(), "box {i}");
    }
}

#[test]
fn the_pose_networks_own_inputs_equal_mmposes() {
    let frame = synth_image(1280, 720);
    for name in POSES {
        let fixture = Fixture::open(name);
        let xyxy: [f32; 4] = serde_json::from_value(fixture.json("box")).unwrap();
        let (center, scale) = center_scale(xyxy, 0.75, 1.25);
        assert_eq!(center, serde_json::from_value::<[f32; 2]>(fixture.json("input_center")).unwrap());
        assert_eq!(scale, serde_json::from_value::<[f32; 2]>(fixture.json("input_scale")).unwrap());
        let cut = crop(&frame, 1280, 720, &warp_matrix(center, scale, SIZE), SIZE);
        assert_eq!(sha256(&planar(&cut)), fixture.text("crop_sha256_chw_u8"), "{name}");
        if name == "vitpose_nano" {
            let mut normalized = vec![0.0; cut.len()];
            normalize(&cut, &mut normalized);
            assert!(planar(&normalized) == fixture.f32("input"), "{name}: normalised input");
        }
    }
}

#[test]
fn boxes_far_outside_cut_black_and_no_box_panics() {
    let frame = vec![200; 3 * 40 * 30];
    let far = [1e4, 1e6, 1e9, 1e18, 1e30, 3e38];
    for at in far.into_iter().chain(far.map(|at| -at)) {
        for xyxy in [[at, 0.0, at + 20.0, 20.0], [0.0, at, 20.0, at + 20.0], [at, at, at, at]] {
            assert_eq!(cut(&frame, xyxy), [0; 3 * 6 * 8], "{xyxy:?}");
        }
        // A box this large holds the frame between two of the crop's pixels, or under one.
        let lit = cut(&frame, [-at.abs(), -at.abs(), at.abs(), at.abs()]).iter().filter(|&&byte| byte > 0).count();
        assert!(lit <= 12, "{lit} bytes for a box of {at}");
    }
    assert_eq!(cut(&[], [0.0, 0.0, 4.0, 4.0]), [0; 3 * 6 * 8]);
}

fn cut(frame: &[u8], xyxy: [f32; 4]) -> Vec<u8> {
    let (center, scale) = center_scale(xyxy, 0.75, 1.25);
    let (width, height) = if frame.is_empty() { (0, 0) } else { (40, 30) };
    crop(frame, width, height, &warp_matrix(center, scale, (6, 8)), (6, 8))
}

proptest! {
    #[test]
    fn a_point_of_the_crop_goes_back_to_where_the_warp_took_it_from(
        x1 in -500.0_f32..2000.0, y1 in -500.0_f32..2000.0, width in 4.0_f32..1500.0, height in 4.0_f32..1500.0,
        across in 0.0_f64..1.0, down in 0.0_f64..1.0,
    ) {
        let (center, scale) = center_scale([x1, y1, x1 + width, y1 + height], 0.75, 1.25);
        let m = warp_matrix(center, scale, SIZE).map(f64::from);
        let frame = [0, 1].map(|axis| f64::from(center[axis]) + ([across, down][axis] - 0.5) * f64::from(scale[axis]));
        let crop = [m[0] * frame[0] + m[1] * frame[1] + m[2], m[3] * frame[0] + m[4] * frame[1] + m[5]];
        // UDP: the corner pixels' centres of crop and heatmap fall together.
        let heatmap = [crop[0] / 191.0 * 47.0, crop[1] / 255.0 * 63.0].map(|cell| cell as f32);
        let back = to_frame(heatmap, (48, 64), center, scale);
        for axis in 0..2 {
            prop_assert!((f64::from(back[axis]) - frame[axis]).abs() < 2e-3, "{:?} for {:?}", back, frame);
        }
    }

    #[test]
    fn the_host_form_equals_the_reference(
        terms in prop::array::uniform4(-3.0_f32..3.0), shifts in prop::array::uniform2(-60.0_f32..60.0),
        width in 0_usize..30, height in 0_usize..30, size in (0_usize..24, 0_usize..24),
    ) {
        let frame: Vec<u8> = (0..3 * width * height).map(|i| (i * 89 % 256) as u8).collect();
        let matrix = [terms[0], terms[1], shifts[0], terms[2], terms[3], shifts[1]];
        let plain = reference::crop(&frame, [width, height], &matrix, [size.0, size.1]);
        prop_assert_eq!(crop(&frame, width, height, &matrix, size), plain);
    }

    #[test]
    fn whole_shifts_of_the_frame_and_of_the_box_cancel(dx in 0_usize..20, dy in 0_usize..20) {
        let (width, height) = (90, 80);
        let moved = |x: usize, y: usize| -> Vec<u8> {
            let byte = |i: usize| {
                let (column, row) = (i / 3 % width + 20 - x, i / 3 / width + 20 - y);
                (column * 31 + row * row * 7 + i % 3 * 50) as u8
            };
            (0..3 * width * height).map(byte).collect()
        };
        // Scales that are powers of two leave no rounding for the shift to move.
        let at = |x: usize, y: usize| [2.0, 0.0, -2.0 * (20.0 + x as f32), 0.0, 2.0, -2.0 * (20.0 + y as f32)];
        prop_assert_eq!(
            crop(&moved(0, 0), width, height, &at(0, 0), (48, 64)),
            crop(&moved(dx, dy), width, height, &at(dx, dy), (48, 64))
        );
    }
}
