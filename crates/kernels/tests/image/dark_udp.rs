//! DARK-UDP against mmpose's `UDPHeatmap.decode`, against its f64 reference, and under mirroring and shifting.

use proptest::prelude::*;
use swingpose_kernels::dark_udp::{decode, flip_average, gaussian_kernel, reference, to_frame};

use crate::fixture::Fixture;

const HEIGHT: usize = 64;
const WIDTH: usize = 48;
const AREA: usize = HEIGHT * WIDTH;
const POSES: [&str; 5] = ["vitpose_nano", "vitpose_small", "vitpose_base", "vitpose_large", "vitpose_huge"];

#[test]
fn every_golden_heatmap_decodes_as_mmpose_decodes_it() {
    let fixture = Fixture::open("codec_udp");
    let (heatmaps, golden) = (fixture.f32("heatmaps"), fixture.f64("keypoints_hm"));
    let (scores, labels) = (fixture.f32("scores"), fixture.json("labels"));
    let maps = scores.len();
    assert_eq!(maps, 38);
    for (form, found) in
        [("host", decode(&heatmaps, maps, HEIGHT, WIDTH)), ("reference", reference::decode(&heatmaps, HEIGHT, WIDTH))]
    {
        for (k, [x, y, score]) in found.into_iter().enumerate() {
            let distance = (f64::from(x) - golden[2 * k]).hypot(f64::from(y) - golden[2 * k + 1]);
            assert!(distance < 1e-4, "{form}, map {k}, {}: ({x}, {y}) is {distance} off", labels[k]);
            assert_eq!(score, scores[k], "{form}, map {k}");
        }
    }
}

#[test]
fn the_blur_and_its_kernel_are_opencvs() {
    let fixture = Fixture::open("codec_udp");
    for (weight, golden) in gaussian_kernel().iter().zip(fixture.f64("gauss_kernel11")) {
        assert!((weight - golden).abs() < 1e-16, "{weight} for {golden}");
    }
    let blurred = reference::blur(&fixture.f32("heatmaps"), HEIGHT, WIDTH);
    let sample = fixture.f32("blurred_sample");
    assert_eq!(sample.len(), 38 * 8 * 6);
    for (i, golden) in sample.into_iter().enumerate() {
        let (k, y, x) = (i / 48, i / 6 % 8 * 8, i % 6 * 8);
        let value = blurred[k * AREA + y * WIDTH + x];
        assert!((value - f64::from(golden)).abs() < 1e-6, "map {k} at ({x}, {y}): {value} for {golden}");
    }
}

#[test]
fn heatmaps_of_whole_networks_decode_to_mmposes_keypoints_in_the_frame() {
    let mut distances = Vec::new();
    for name in POSES {
        let fixture = Fixture::open(name);
        let [center, scale] =
            ["input_center", "input_scale"].map(|key| serde_json::from_value(fixture.json(key)).unwrap());
        for (heatmaps, suffix) in [("heatmaps", ""), ("heatmaps_flip_avg", "_flip")] {
            let keypoints = fixture.f64(&format!("keypoints{suffix}"));
            let scores = fixture.f32(&format!("scores{suffix}"));
            for (k, [x, y, score]) in decode(&fixture.f32(heatmaps), 17, HEIGHT, WIDTH).into_iter().enumerate() {
                let point = to_frame([x, y], (WIDTH, HEIGHT), center, scale).map(f64::from);
                distances.push((point[0] - keypoints[2 * k]).hypot(point[1] - keypoints[2 * k + 1]));
                assert_eq!(score, scores[k], "{name}{suffix}, keypoint {k}");
            }
        }
    }
    // The networks are untrained and their maps noise, on which the step magnifies the last bits of numpy's logarithm.
    distances.sort_by(f64::total_cmp);
    let (most, all) = (distances[distances.len() * 9 / 10], distances[distances.len() - 1]);
    assert_eq!(distances.len(), 5 * 2 * 17);
    assert!(most < 1e-3 && all < 0.2, "nine in ten within {most} px, all within {all} px");
}

#[test]
fn the_flip_average_of_a_map_and_its_mirror_is_the_map() {
    const FLIP_INDICES: [usize; 17] = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15];
    let heatmaps = Fixture::open("vitpose_nano").f32("heatmaps");
    let mirrored: Vec<f32> = FLIP_INDICES.iter().flat_map(|&k| mirror(&heatmaps[k * AREA..][..AREA])).collect();
    assert!(flip_average(&heatmaps, &mirrored, &FLIP_INDICES, WIDTH) == heatmaps);
}

fn mirror(map: &[f32]) -> Vec<f32> {
    map.chunks_exact(WIDTH).flat_map(|row| row.iter().rev().copied()).collect()
}

/// A Gaussian bump that is exactly zero further than `reach` from the pixel nearest its centre.
fn bump(x: f64, y: f64, sigma: f64, height: f64, reach: i32) -> Vec<f32> {
    let pixel = |i: usize| {
        let (column, row) = ((i % WIDTH) as f64, (i / WIDTH) as f64);
        let near = (column - x.round()).abs().max((row - y.round()).abs()) <= f64::from(reach);
        let distance = (column - x).powi(2) + (row - y).powi(2);
        if near { (height * (-distance / (2.0 * sigma * sigma)).exp()) as f32 } else { 0.0 }
    };
    (0..AREA).map(pixel).collect()
}

proptest! {
    #[test]
    fn a_mirrored_map_has_a_mirrored_keypoint(
        // Not between two pixels: there the first of two equal values is the left one in both.
        x in 0_u32..47, y in 0_u32..63, dx in -0.49_f64..0.49, dy in -0.49_f64..0.49, sigma in 1.6_f64..3.0, height in 0.1_f64..1.2,
    ) {
        let map = bump(f64::from(x) + dx, f64::from(y) + dy, sigma, height, 64);
        let ([a], [b]) = (one(&map), one(&mirror(&map)));
        prop_assert!((a[0] + b[0] - 47.0).abs() < 1e-4 && (a[1] - b[1]).abs() < 1e-4, "{:?} and {:?}", a, b);
        prop_assert_eq!(a[2], b[2]);
    }

    #[test]
    fn a_shifted_map_has_a_shifted_keypoint(
        dx in 0_i32..12, dy in 0_i32..24, x in -0.49_f64..0.49, y in -0.49_f64..0.49, sigma in 1.6_f64..3.0,
    ) {
        let at = |dx: i32, dy: i32| {
            let [point] = one(&bump(18.0 + x + f64::from(dx), 18.0 + y + f64::from(dy), sigma, 0.7, 12));
            point
        };
        let (still, moved) = (at(0, 0), at(dx, dy));
        let off = [moved[0] - still[0] - dx as f32, moved[1] - still[1] - dy as f32];
        prop_assert!(off[0].abs() < 1e-4 && off[1].abs() < 1e-4, "{:?}", off);
    }

    #[test]
    fn a_gaussian_is_found_at_its_centre(x in 12.0_f64..35.0, y in 12.0_f64..51.0, sigma in 1.6_f64..2.4) {
        let [[found_x, found_y, _]] = one(&bump(x, y, sigma, 0.9, 64));
        prop_assert!((f64::from(found_x) - x).hypot(f64::from(found_y) - y) < 0.02, "({}, {})", found_x, found_y);
    }

    #[test]
    fn the_host_form_equals_the_reference_on_maps_of_any_size(
        size in (1_usize..40, 1_usize..40), at in (0.0_f64..1.0, 0.0_f64..1.0), sigma in 1.5_f64..3.0, height in 0.05_f64..40.0,
    ) {
        let (width, rows) = size;
        let (x, y) = (at.0 * (width - 1) as f64, at.1 * (rows - 1) as f64);
        let value = |i: usize| {
            let distance = ((i % width) as f64 - x).powi(2) + ((i / width) as f64 - y).powi(2);
            (height * (-distance / (2.0 * sigma * sigma)).exp()) as f32
        };
        let map: Vec<f32> = (0..width * rows).map(value).collect();
        let (host, plain) = (decode(&map, 1, rows, width), reference::decode(&map, rows, width));
        // Over a few pixels a map hardly curves, and the step magnifies the last bits of its logarithms.
        let near = if width.min(rows) < 4 { 0.1 } else { 1e-3 };
        prop_assert!(host[0].iter().zip(plain[0]).all(|(a, b)| (a - b).abs() < near), "{:?} for {:?}", host, plain);
    }
}

fn one(map: &[f32]) -> [[f32; 3]; 1] {
    [decode(map, 1, HEIGHT, WIDTH)[0]]
}
