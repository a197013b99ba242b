//! The kernels at the sizes the pipeline runs them at, a batch of eight frames with four people each, and of 32 where classes are 80.
//!
//! Each is first held against the host form, then timed: the median of the runs, in milliseconds, each waited for. The device is the
//! most capable one of the runtimes in the build; on a software driver the numbers say nothing about a GPU.

use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

use cubecl::client::Client;
use swingpose_cube_kernels::crop_udp::{CropBoxes, CropShape, crop_udp};
use swingpose_cube_kernels::dark_udp::{MapShape, dark_udp};
use swingpose_cube_kernels::detect_decode::{Level, TestCfg, detect_decode};
use swingpose_cube_kernels::letterbox::letterbox;
use swingpose_cube_kernels::nms::{Boxes, batched_nms};
use swingpose_cube_kernels::{DeviceSlice, FrameBatch};
use swingpose_kernels as host;
use swingpose_video::BgrImage;

#[path = "../tests/cube/frames.rs"]
mod frames;
#[path = "../tests/cube/noise.rs"]
mod noise;

use frames::levels_apart;
use noise::Noise;

const FRAMES: usize = 8;
const SIDE: usize = 640;
const PEOPLE: usize = 4;
const CROP: CropShape = CropShape { size: (192, 256), padding: 1.25 };
const MAPS: MapShape = MapShape { keypoints: 17, height: 64, width: 48 };
const DEVIATIONS: [f32; 3] = [57.375, 57.12, 58.395];

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn main() {
    let client = swingpose_cube_nn::device::client();
    let kinds = frames::kinds(&[(1920, 1080)]);
    let (batch, images) = frames::frames(&client, &kinds[..FRAMES], 1);
    println!("{:<44}{:>9}", client.name(), "ms");
    for (what, milliseconds) in [
        letterbox_line(&client, &batch, &images),
        detect_decode_line(&client, &FEW),
        detect_decode_line(&client, &CROWDED),
        detect_decode_line(&client, &SPARSE),
        nms_line(&client),
        crop_udp_line(&client, &batch, &images),
        dark_udp_line(&client),
    ] {
        println!("{what:<44}{milliseconds:>9.3}");
    }
}

/// The median of 21 runs.
fn time<T>(client: &Client, what: &'static str, run: impl Fn() -> T) -> (&'static str, f64) {
    let once = || {
        let start = Instant::now();
        black_box(run());
        cubecl::future::block_on(client.sync()).expect("kernels that ran before");
        start.elapsed().as_secs_f64() * 1e3
    };
    let mut times: Vec<f64> = (0..21).map(|_| once()).collect();
    times.sort_by(f64::total_cmp);
    (what, times[times.len() / 2])
}

fn read<E: cubecl::CubeElement>(client: &Client, slice: &DeviceSlice<E>) -> Vec<E> {
    slice.read(client).expect("kernels that compile")
}

fn letterbox_line(client: &Client, batch: &FrameBatch, images: &[BgrImage]) -> (&'static str, f64) {
    let run = || letterbox::<f32>(client, batch, SIDE);
    let boxed = host::letterbox::letterbox(&images[0].data, images[0].width, images[0].height, SIDE);
    let mut expected = vec![0.0; boxed.pixels.len()];
    host::letterbox::normalize(&boxed.pixels, &mut expected);
    let (most, _) = levels_apart(&read(client, &run())[..expected.len()], &expected, DEVIATIONS);
    assert!(most < 1.001, "letterbox: {most} levels apart");
    time(client, "letterbox of 8 frames of 1920x1080", run)
}

/// Maps of RTMDet's sizes for `images` and `classes`, whose logits lie evenly in a range.
struct Levels {
    what: &'static str,
    images: usize,
    classes: usize,
    logits: Range<f32>,
    max_per_img: usize,
}

const FEW: Levels =
    Levels { what: "detect_decode of 8 x 8400 cells", images: FRAMES, classes: 1, logits: -8.0..0.0, max_per_img: 100 };
/// With the classes of COCO: all logits above the threshold, and few.
const CROWDED: Levels =
    Levels { what: "80 classes of 32, all above", images: 32, classes: 80, logits: 0.5..5.5, max_per_img: 300 };
const SPARSE: Levels = Levels { what: "80 classes of 32, few above", logits: -7.93..-2.93, ..CROWDED };

fn detect_decode_line(client: &Client, of: &Levels) -> (&'static str, f64) {
    let Levels { what, images, classes, ref logits, max_per_img } = *of;
    let mut noise = Noise::new(classes as u64);
    let mut numbers = |count: usize, range: &Range<f32>| -> Vec<f32> {
        (0..count).map(|_| range.start + (range.end - range.start) * noise.unit()).collect()
    };
    let maps = [(80, 8), (40, 16), (20, 32)].map(|(side, stride): (usize, usize)| {
        let cells = images * side * side;
        (numbers(cells * classes, logits), numbers(cells * 4, &(5.0..85.0)), side, stride)
    });
    let levels = maps.each_ref().map(|(logits, distances, side, stride)| Level {
        cls_scores: DeviceSlice::new(client, logits),
        bbox_preds: DeviceSlice::new(client, distances),
        height: *side,
        width: *side,
        stride: *stride,
    });
    let cfg = TestCfg { score_thr: 0.05, nms_pre: 1000, iou_threshold: 0.6, max_per_img };
    let scales = vec![(0.5, 0.5); images];
    let run = || detect_decode(client, &levels, classes, SIDE, &scales, &cfg);
    let first = maps.each_ref().map(|(logits, distances, side, stride)| host::detect_decode::Level {
        cls_scores: &logits[..side * side * classes],
        bbox_preds: &distances[..side * side * 4],
        width: *side,
        stride: *stride,
    });
    let expected = host::detect_decode::detect_decode(&first, classes, SIDE, scales[0], &cfg);
    let scores: Vec<f32> = expected.iter().map(|found| found.score).collect();
    assert_eq!(read(client, &run().scores)[..scores.len()], scores, "{what}");
    time(client, what, run)
}

fn nms_line(client: &Client) -> (&'static str, f64) {
    let mut noise = Noise::new(3);
    let capacity = 1000;
    let corner = |noise: &mut Noise| {
        let [x, y, width, height] = [640.0, 640.0, 100.0, 100.0].map(|below| noise.unit() * below);
        [x, y, x + width, y + height]
    };
    let corners: Vec<[f32; 4]> = (0..FRAMES * capacity).map(|_| corner(&mut noise)).collect();
    let scores: Vec<f32> = (0..FRAMES * capacity).map(|_| noise.unit()).collect();
    let boxes = Boxes {
        corners: DeviceSlice::new(client, corners.as_flattened()),
        scores: DeviceSlice::new(client, &scores),
        labels: DeviceSlice::new(client, &vec![0; FRAMES * capacity]),
        live: DeviceSlice::new(client, &vec![1; FRAMES * capacity]),
        n: FRAMES,
        capacity,
    };
    let run = || batched_nms(client, &boxes, 0.65, 100);
    let expected = host::nms::batched_nms(&corners[..capacity], &scores[..capacity], &vec![0; capacity], 0.65, 100);
    let expected: Vec<f32> = expected.into_iter().map(|index| scores[index]).collect();
    assert_eq!(read(client, &run().scores)[..expected.len()], expected, "nms");
    time(client, "nms of 8 x 1000 boxes to 100", run)
}

fn crop_udp_line(client: &Client, batch: &FrameBatch, images: &[BgrImage]) -> (&'static str, f64) {
    let corners = [300.0, 100.0, 700.0, 1000.0];
    let boxes = CropBoxes {
        corners: DeviceSlice::new(client, &corners.repeat(FRAMES * PEOPLE)),
        live: DeviceSlice::new(client, &[1; FRAMES * PEOPLE]),
    };
    let owners: Vec<u32> = (0..FRAMES * PEOPLE).map(|i| (i / PEOPLE) as u32).collect();
    let run = || crop_udp::<f32>(client, batch, &boxes, &owners, CROP).pixels;
    let (center, scale) = host::crop_udp::center_scale(corners, 0.75, CROP.padding);
    let matrix = host::crop_udp::warp_matrix(center, scale, CROP.size);
    let cut = host::crop_udp::crop(&images[0].data, images[0].width, images[0].height, &matrix, CROP.size);
    let mut expected = vec![0.0; cut.len()];
    host::crop_udp::normalize(&cut, &mut expected);
    let (most, _) = levels_apart(&read(client, &run())[..expected.len()], &expected, DEVIATIONS);
    assert!(most < 1.1, "crop_udp: {most} levels apart");
    time(client, "crop_udp of 32 people", run)
}

fn dark_udp_line(client: &Client) -> (&'static str, f64) {
    let value = |i: usize| {
        let (k, y, x) = (i / (64 * 48) % 17, i / 48 % 64, i % 48);
        let distance = (x as f32 - 12.3 - k as f32).powi(2) + (y as f32 - 20.4 - k as f32).powi(2);
        0.9 * (-distance / 8.0).exp()
    };
    let people = FRAMES * PEOPLE;
    let maps: Vec<f32> = (0..people * 17 * 64 * 48).map(value).collect();
    let heatmaps = DeviceSlice::new(client, &maps);
    let parts = DeviceSlice::new(client, &[23.5, 31.5, 47.0, 63.0].repeat(people));
    let run = || dark_udp::<f32>(client, &heatmaps, None, &parts, MAPS);
    let expected = host::dark_udp::decode(&maps[..17 * 64 * 48], 17, 64, 48);
    for (found, expected) in read(client, &run()).as_chunks::<3>().0.iter().zip(expected) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "dark_udp: {found:?}, {expected:?}");
    }
    time(client, "dark_udp of 32 x 17 maps", run)
}
