//! Keypoints against the host's and mmpose's: golden maps, peaks at borders, maps without a peak, whole networks' maps, the flip test.

use cubecl::client::Client;
use half::f16;
use swingpose_cube_kernels::DeviceSlice;
use swingpose_cube_kernels::dark_udp::{Flipped, MapShape, dark_udp};
use swingpose_kernels::dark_udp as host;

use crate::fixture::Fixture;
use crate::noise::Noise;
use swingpose_cube_nn::device::client;

const SHAPE: MapShape = MapShape { keypoints: 17, height: 64, width: 48 };
const POSES: [&str; 5] = ["vitpose_nano", "vitpose_small", "vitpose_base", "vitpose_large", "vitpose_huge"];

/// A part of the frame whose pixels are the heatmap's.
fn heatmap_pixels(shape: MapShape) -> [f32; 4] {
    let [width, height] = [shape.width, shape.height].map(|cells| cells as f32 - 1.0);
    [width * 0.5, height * 0.5, width, height]
}

fn decode(client: &Client, heatmaps: &[f32], parts: &[[f32; 4]], shape: MapShape) -> Vec<[f32; 3]> {
    let (heatmaps, parts) = (DeviceSlice::new(client, heatmaps), DeviceSlice::new(client, parts.as_flattened()));
    let found = dark_udp::<f32>(client, &heatmaps, None, &parts, shape).read(client).unwrap();
    found.as_chunks().0.to_vec()
}

/// The larger of the two distances along an axis.
fn apart(a: [f32; 3], b: [f32; 3]) -> f32 {
    (a[0] - b[0]).abs().max((a[1] - b[1]).abs())
}

#[test]
fn every_golden_heatmap_decodes_as_mmpose_decodes_it() {
    let client = client();
    let fixture = Fixture::open("codec_udp");
    let (heatmaps, golden) = (fixture.f32("heatmaps"), fixture.f64("keypoints_hm"));
    let scores = fixture.f32("scores");
    let shape = MapShape { keypoints: scores.len(), ..SHAPE };
    let found = decode(&client, &heatmaps, &[heatmap_pixels(shape)], shape);
    let hosts = host::decode(&heatmaps, shape.keypoints, shape.height, shape.width);
    let mut worst = [0.0_f64; 2];
    for (k, [x, y, score]) in found.into_iter().enumerate() {
        let distance = (f64::from(x) - golden[2 * k]).hypot(f64::from(y) - golden[2 * k + 1]);
        assert!(distance < 1e-4, "map {k}, {}: ({x}, {y}) is {distance} off", fixture.json("labels")[k]);
        assert_eq!(score, scores[k], "map {k}");
        let from_host = f64::from(apart([x, y, score], hosts[k]));
        worst = [worst[0].max(distance), worst[1].max(from_host)];
    }
    print_figures(worst);
}

#[expect(clippy::print_stderr, reason = "a figure for who runs the test by hand")]
fn print_figures(worst: [f64; 2]) {
    eprintln!("dark_udp: at most {} px from mmpose's and {} px from the host's", worst[0], worst[1]);
}

/// A Gaussian bump.
fn bump(x: f32, y: f32, sigma: f32, height: f32, shape: MapShape) -> impl Iterator<Item = f32> {
    (0..shape.height * shape.width).map(move |i| {
        let (column, row) = ((i % shape.width) as f32, (i / shape.width) as f32);
        height * (-((column - x).powi(2) + (row - y).powi(2)) / (2.0 * sigma * sigma)).exp()
    })
}

#[test]
fn peaks_anywhere_and_maps_of_odd_sizes_are_the_hosts() {
    let client = client();
    let mut noise = Noise::new(1);
    let mut worst = 0.0_f64;
    for (height, width) in [(64, 48), (17, 5), (2, 2), (96, 72), (3, 40)] {
        let shape = MapShape { keypoints: 12, height, width };
        let (right, bottom) = (width as f32 - 1.0, height as f32 - 1.0);
        let mut peaks = vec![(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom), (right * 0.5, 0.2)];
        // Beyond the map's edges too.
        peaks.extend((0..7).map(|_| (noise.unit() * (right + 4.0) - 2.0, noise.unit() * (bottom + 4.0) - 2.0)));
        let maps: Vec<f32> =
            peaks.iter().flat_map(|&(x, y)| bump(x, y, 2.0, 0.3 + 0.7 * noise.unit(), shape)).collect();
        let found = decode(&client, &maps, &[heatmap_pixels(shape)], shape);
        for (k, (found, expected)) in found.iter().zip(host::decode(&maps, 12, height, width)).enumerate() {
            assert!(apart(*found, expected) < 1e-4, "{width}x{height}, {:?}: {found:?} for {expected:?}", peaks[k]);
            assert_eq!(found[2], expected[2]);
            worst = worst.max(f64::from(apart(*found, expected)));
        }
    }
    print_figures([f64::NAN, worst]);
}

#[test]
fn maps_without_a_positive_value_start_outside_and_ties_at_the_first() {
    let client = client();
    let shape = MapShape { keypoints: 5, height: 7, width: 6 };
    let mut noise = Noise::new(2);
    let mut maps: Vec<f32> = (0..42).map(|_| -noise.unit()).collect();
    maps.extend([0.0; 42]);
    maps.extend((0..42).map(|i| if i == 9 || i == 31 { 0.8 } else { 0.1 }));
    maps.extend([0.25; 42]);
    maps.extend((0..42).map(|_| -0.5 - noise.unit()));
    let found = decode(&client, &maps, &[heatmap_pixels(shape)], shape);
    for (k, (found, expected)) in found.iter().zip(host::decode(&maps, 5, 7, 6)).enumerate() {
        assert!(apart(*found, expected) < 1e-3, "map {k}: {found:?} for {expected:?}");
        assert_eq!(found[2], expected[2], "map {k}");
    }
    assert_eq!(decode(&client, &[0.0; 5 * 42], &[heatmap_pixels(shape)], shape), [[-1.0, -1.0, 0.0]; 5]);
}

#[test]
fn maps_that_hold_no_number_give_no_number() {
    let client = client();
    let shape = MapShape { keypoints: 3, height: 4, width: 5 };
    let mut maps = vec![0.1; 3 * 20];
    maps[7] = f32::NAN;
    maps[20 + 4] = f32::INFINITY;
    let found = decode(&client, &maps, &[heatmap_pixels(shape)], shape);
    assert!(found[0].iter().all(|number| number.is_nan()), "{found:?}");
    assert!(found[1][..2].iter().all(|number| number.is_nan()) && found[1][2] == f32::INFINITY, "{found:?}");
    assert!(found[2].iter().all(|number| number.is_finite()), "{found:?}");
}

#[test]
fn whole_networks_maps_decode_in_the_frame_with_and_without_the_flip_test() {
    const FLIP_INDICES: [usize; 17] = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15];
    let client = client();
    let mut noise = Noise::new(3);
    let mut distances = Vec::new();
    for name in POSES {
        let fixture = Fixture::open(name);
        let [center, scale]: [[f32; 2]; 2] =
            ["input_center", "input_scale"].map(|key| serde_json::from_value(fixture.json(key)).unwrap());
        let part = [center[0], center[1], scale[0], scale[1]];
        let heatmaps = fixture.f32("heatmaps");
        let mirrored: Vec<f32> = heatmaps.iter().map(|value| value + 0.01 * noise.unit()).collect();
        let mean = host::flip_average(&heatmaps, &mirrored, &FLIP_INDICES, 48);
        let [own, flipped] = [&heatmaps, &mirrored].map(|maps| DeviceSlice::new(&client, maps.as_slice()));
        let flipped = Flipped { heatmaps: flipped, indices: &FLIP_INDICES };
        let parts = DeviceSlice::new(&client, &part);
        for (flipped, maps) in [(None, &heatmaps), (Some(&flipped), &mean)] {
            let found = dark_udp::<f32>(&client, &own, flipped, &parts, SHAPE).read(&client).unwrap();
            for (found, [x, y, score]) in found.as_chunks::<3>().0.iter().zip(host::decode(maps, 17, 64, 48)) {
                let [x, y] = host::to_frame([x, y], (48, 64), center, scale);
                distances.push(apart(*found, [x, y, score]));
                assert_eq!(found[2], score, "{name}");
            }
        }
    }
    // The networks are untrained and their maps noise, on which the step magnifies the last bits of the blur.
    distances.sort_by(f32::total_cmp);
    let (most, all) = (distances[distances.len() * 9 / 10], distances[distances.len() - 1]);
    print_figures([f64::from(most), f64::from(all)]);
    assert_eq!(distances.len(), 5 * 2 * 17);
    assert!(most < 1e-3 && all < 0.2, "nine in ten within {most} px, all within {all} px");
}

#[test]
fn a_batch_is_its_crops_one_by_one_and_half_precision_is_what_it_holds() {
    let client = client();
    let shape = MapShape { keypoints: 2, height: 12, width: 9 };
    let mut noise = Noise::new(5);
    let halves: Vec<f16> = (0..3 * 2 * 108).map(|_| f16::from_f32(noise.unit())).collect();
    let maps: Vec<f32> = halves.iter().map(|value| value.to_f32()).collect();
    let parts = [[3.0, 4.0, 5.0, 6.0], heatmap_pixels(shape), [50.0, 60.0, 70.0, 80.0]];
    let together = decode(&client, &maps, &parts, shape);
    for (i, found) in together.chunks_exact(2).enumerate() {
        assert_eq!(found, decode(&client, &maps[i * 216..][..216], &parts[i..=i], shape), "crop {i}");
    }
    let (halves, parts) = (DeviceSlice::new(&client, &halves), DeviceSlice::new(&client, parts.as_flattened()));
    let found = dark_udp::<f16>(&client, &halves, None, &parts, shape).read(&client).unwrap();
    assert_eq!(found, together.as_flattened());
    assert_eq!(decode(&client, &[], &[], shape), [[0.0; 3]; 0]);
}
