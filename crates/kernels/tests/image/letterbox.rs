//! Letterboxing against mmdet's `Resize`, `Pad` and normalisation: equal to the last bit.

use proptest::prelude::*;
use swingpose_kernels::letterbox::{Letterboxed, content_size, letterbox, normalize, reference};

use crate::fixture::{Fixture, planar, sha256, synth_image};

#[test]
fn every_golden_frame_equals_mmdets_bytes() {
    let rows = Fixture::open("letterbox").json("rows");
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 12);
    for row in rows {
        let [width, height] = ["w", "h"].map(|key| row[key].as_u64().unwrap() as usize);
        let Letterboxed { pixels, scale } = letterbox(&synth_image(width, height), width, height, 640);
        assert_eq!(sha256(&pixels), row["sha256_hwc_bgr"].as_str().unwrap(), "{width}x{height}");
        for (axis, scale) in [scale.0, scale.1].into_iter().enumerate() {
            let golden = row["scale_factor"][axis].as_f64().unwrap();
            assert!((scale - golden).abs() < 1e-15, "{width}x{height}: {scale} for {golden}");
        }
    }
}

#[test]
fn the_detectors_own_inputs_equal_mmdets() {
    for name in ["rtmdet_nano1", "rtmdet_nano3", "rtmdet_m_person", "rtmdet_m_coco80", "rtmdet_tiny_coco80"] {
        let fixture = Fixture::open(name);
        let image = fixture.text("image").trim_start_matches("synth_image");
        let (width, height): (usize, usize) = serde_json::from_str(&image.replace('(', "[").replace(')', "]")).unwrap();
        let size = fixture.text("input_size").parse().unwrap();
        let boxed = letterbox(&synth_image(width, height), width, height, size);
        assert_eq!(sha256(&planar(&boxed.pixels)), fixture.text("letterbox.sha256_chw_u8"), "{name}");
        if name.starts_with("rtmdet_nano") {
            let mut normalized = vec![0.0; boxed.pixels.len()];
            normalize(&boxed.pixels, &mut normalized);
            assert!(planar(&normalized) == fixture.f32("input"), "{name}: normalised input");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_host_form_equals_the_reference(
        width in 1_usize..150, height in 1_usize..150, size in 1_usize..200, seed in any::<u32>(),
    ) {
        let frame = noise(width, height, seed);
        let boxed = letterbox(&frame, width, height, size);
        let (to_width, to_height) = content_size(width, height, size);
        let resized = reference::resize(&frame, [width, height], [to_width, to_height]);
        for (y, row) in boxed.pixels.chunks_exact(3 * size).enumerate() {
            let inside = if y < to_height { 3 * to_width } else { 0 };
            prop_assert_eq!(&row[..inside], &resized[3 * to_width * y.min(to_height - 1)..][..inside]);
            prop_assert!(row[inside..].iter().all(|&byte| byte == 114));
        }
    }

    #[test]
    fn a_constant_frame_stays_constant(width in 1_usize..100, height in 1_usize..100, size in 1_usize..150, value: u8) {
        let boxed = letterbox(&vec![value; 3 * width * height], width, height, size);
        let (to_width, to_height) = content_size(width, height, size);
        for (i, pixel) in boxed.pixels.chunks_exact(3).enumerate() {
            let inside = i % size < to_width && i / size < to_height;
            prop_assert_eq!(pixel, [if inside { value } else { 114 }; 3]);
        }
    }
}

fn noise(width: usize, height: usize, seed: u32) -> Vec<u8> {
    let step = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*state >> 24) as u8)
    };
    std::iter::repeat(()).scan(seed, |state, ()| step(state)).take(3 * width * height).collect()
}
