//! What stands between the networks, on one frame: letterbox, crop, DARK-UDP, suppression, decoding.
//!
//! Each operation is first held against its scalar reference, then timed: the median of the runs, in milliseconds. Pictures and
//! maps are made here. `RAYON_NUM_THREADS=1` gives the time on one core.

use std::hint::black_box;

use swingpose_kernels::detect_decode::{Level, TestCfg, detect_decode};
use swingpose_kernels::{crop_udp, dark_udp, detect_decode as detect, letterbox, nms};

const SIDE: usize = 640;
const CROP: (usize, usize) = (192, 256);
const HEATMAPS: (usize, usize, usize) = (17, 64, 48);

fn main() {
    // Inside the thread pool, as the pipeline runs them: from outside, a run would wait for a thread to wake.
    rayon::scope(|_| report());
}

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn report() {
    println!("{:<44}{:>9}", "operation", "ms");
    for line in [
        letterbox_of(1920, 1080),
        letterbox_of(1080, 1920),
        letterbox_of(1280, 720),
        letterbox_of(3840, 2160),
        crop_of(1920, 1080),
        dark_udp_of_a_person(),
        nms_of(1_000, 1),
        nms_of(10_000, 1),
        nms_of(30_000, 80),
        detect_decode_of(1, -4.0),
        detect_decode_of(80, -11.0),
    ] {
        println!("{:<44}{:>9.3}", line.what, line.milliseconds);
    }
}

struct Line {
    what: String,
    milliseconds: f64,
}

/// The median of 51 runs.
fn time<T>(what: String, run: impl FnMut() -> T) -> Line {
    Line { what, milliseconds: swingpose_benches::time(51, run).median_ms }
}

fn letterbox_of(width: usize, height: usize) -> Line {
    let frame = noise_bytes(3 * width * height);
    let boxed = letterbox::letterbox(&frame, width, height, SIDE);
    let (to_width, to_height) = letterbox::content_size(width, height, SIDE);
    let plain = letterbox::reference::resize(&frame, [width, height], [to_width, to_height]);
    for (row, plain) in boxed.pixels.chunks_exact(3 * SIDE).zip(plain.chunks_exact(3 * to_width)) {
        assert_eq!(&row[..3 * to_width], plain, "letterbox {width}x{height}");
    }
    let mut input = vec![0.0; boxed.pixels.len()];
    time(format!("letterbox and normalize {width}x{height}"), || {
        let boxed = letterbox::letterbox(black_box(&frame), width, height, SIDE);
        letterbox::normalize(&boxed.pixels, black_box(&mut input));
    })
}

fn crop_of(width: usize, height: usize) -> Line {
    let frame = noise_bytes(3 * width * height);
    let (center, scale) = crop_udp::center_scale([700.0, 100.0, 1100.0, 1000.0], 0.75, 1.25);
    let matrix = crop_udp::warp_matrix(center, scale, CROP);
    let plain = crop_udp::reference::crop(&frame, [width, height], &matrix, [CROP.0, CROP.1]);
    assert_eq!(crop_udp::crop(&frame, width, height, &matrix, CROP), plain, "crop");
    let mut input = vec![0.0; plain.len()];
    time(format!("crop and normalize from {width}x{height}"), || {
        let pixels = crop_udp::crop(black_box(&frame), width, height, &matrix, CROP);
        crop_udp::normalize(&pixels, black_box(&mut input));
    })
}

fn dark_udp_of_a_person() -> Line {
    let (keypoints, height, width) = HEATMAPS;
    let value = |i: usize| {
        let (k, y, x) = (i / (height * width), i / width % height, i % width);
        let distance = (x as f32 - 12.3 - k as f32).powi(2) + (y as f32 - 20.4 - k as f32).powi(2);
        0.9 * (-distance / 8.0).exp()
    };
    let heatmaps: Vec<f32> = (0..keypoints * height * width).map(value).collect();
    let plain = dark_udp::reference::decode(&heatmaps, height, width);
    for (found, plain) in dark_udp::decode(&heatmaps, keypoints, height, width).iter().zip(plain) {
        assert!(found.iter().zip(plain).all(|(a, b)| (a - b).abs() < 1e-4), "dark_udp: {found:?} for {plain:?}");
    }
    time(format!("dark_udp of {keypoints} maps"), || dark_udp::decode(black_box(&heatmaps), keypoints, height, width))
}

fn nms_of(boxes: usize, classes: u32) -> Line {
    let mut draw = noise();
    let corners: Vec<[f32; 4]> = (0..boxes)
        .map(|_| {
            let [x, y, width, height] = [640.0, 640.0, 100.0, 100.0].map(|below| draw() * below);
            [x, y, x + width, y + height]
        })
        .collect();
    let scores: Vec<f32> = (0..boxes).map(|_| draw()).collect();
    let labels: Vec<u32> = (0..boxes).map(|_| (draw() * classes as f32) as u32).collect();
    let mut plain = nms::reference::batched_nms(&corners, &scores, &labels, 0.65);
    plain.truncate(300);
    let run = || nms::batched_nms(black_box(&corners), &scores, &labels, 0.65, 300);
    assert_eq!(run(), plain, "nms of {boxes} boxes");
    time(format!("nms of {boxes} boxes, {classes} classes, to 300"), run)
}

/// Logits spread by 4 around `middle`, so that some hundreds to thousands are candidates.
fn detect_decode_of(classes: usize, middle: f32) -> Line {
    let mut draw = noise();
    let maps = [(80, 8), (40, 16), (20, 32)].map(|(side, stride): (usize, usize)| {
        let logits: Vec<f32> = (0..side * side * classes).map(|_| middle + 8.0 * draw() - 4.0).collect();
        let distances: Vec<f32> = (0..side * side * 4).map(|_| 5.0 + 80.0 * draw()).collect();
        (logits, distances, side, stride)
    });
    let levels = maps.each_ref().map(|&(ref cls_scores, ref bbox_preds, width, stride)| Level {
        cls_scores,
        bbox_preds,
        width,
        stride,
    });
    let cfg = if classes == 1 {
        TestCfg { score_thr: 0.05, nms_pre: 1000, iou_threshold: 0.6, max_per_img: 100 }
    } else {
        TestCfg { score_thr: 0.001, nms_pre: 30_000, iou_threshold: 0.65, max_per_img: 300 }
    };
    let run = || detect_decode(black_box(&levels), classes, SIDE, (0.5, 0.5), &cfg);
    assert_eq!(run(), detect::reference::detect_decode(&levels, classes, SIDE, (0.5, 0.5), &cfg), "detect_decode");
    time(format!("detect_decode of {classes} classes"), run)
}

/// Numbers in 0..1, the same in every run.
fn noise() -> impl FnMut() -> f32 {
    let mut state = 7_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32
    }
}

fn noise_bytes(count: usize) -> Vec<u8> {
    let mut draw = noise();
    (0..count).map(|_| (draw() * 256.0) as u8).collect()
}
