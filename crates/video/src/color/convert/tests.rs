//! Against swscale's pictures and against the same formula in `f64`.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::color::{ColorSpec, Matrix, Range};
use crate::frame::Chroma;

const MATRICES: [Matrix; 3] = [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020];
const RANGES: [Range; 2] = [Range::Limited, Range::Full];
const TURNS: [Rotation; 4] = [Rotation::None, Rotation::Cw90, Rotation::Cw180, Rotation::Cw270];

fn split<T>(mut samples: Vec<T>, chroma: Chroma, width: usize, height: usize) -> [Plane<T>; 3] {
    let (columns, rows) = chroma.plane_size(width, height);
    let v = samples.split_off(width * height + columns * rows);
    let u = samples.split_off(width * height);
    [Plane { samples, stride: width }, Plane { samples: u, stride: columns }, Plane { samples: v, stride: columns }]
}

fn picture(bytes: &[u8], chroma: Chroma, depth: u8, size: (usize, usize), color: ColorSpec) -> Picture {
    let planes = if depth == 8 {
        Planes::U8(split(bytes.to_vec(), chroma, size.0, size.1))
    } else {
        let samples = bytes.as_chunks().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
        Planes::U16(split(samples, chroma, size.0, size.1))
    };
    Picture::new(size, chroma, depth, planes, color).unwrap()
}

/// The conversion as formulas: every output from all inputs, in f64.
fn reference(picture: &Picture) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let (columns, rows) = picture.chroma().plane_size(width, height);
    let unit = f64::from(1 << (picture.bit_depth() - 8));
    let sample = |plane: usize, x: usize, y: usize| match picture.planes() {
        Planes::U8(planes) => f64::from(planes[plane].row(y, x + 1)[x]) / unit,
        Planes::U16(planes) => f64::from(planes[plane].row(y, x + 1)[x]) / unit,
        Planes::Bgr(_) => unreachable!(),
    };
    let taps = |i: usize, n_in: usize, n_out: usize| -> Vec<(usize, f64)> {
        if n_in == n_out {
            return vec![(i, 1.0)];
        }
        let step = (n_in as f64 * 65536.0 / n_out as f64).round() / 65536.0;
        let position = (i as f64 + 0.5) * step - 0.5;
        let first = position.floor() - 1.0;
        let weight = |tap: f64| match (position - tap).abs() {
            _ if tap < (position - 1.5).trunc() => 0.0,
            d if d < 1.0 => 1.4 * d.powi(3) - 2.4 * d.powi(2) + 1.0,
            d => -0.6 * d.powi(3) + 3.0 * d.powi(2) - 4.8 * d + 2.4,
        };
        let taps = [0.0, 1.0, 2.0, 3.0].map(|tap| first + tap);
        let sum: f64 = taps.iter().map(|&tap| weight(tap)).sum();
        taps.iter().map(|&tap| (tap.clamp(0.0, n_in as f64 - 1.0) as usize, weight(tap) / sum)).collect()
    };
    let chroma = |plane: usize, x: usize, y: usize| -> f64 {
        if rows == 0 {
            return 0.0;
        }
        let across = taps(x, columns, width);
        let row = |y| across.iter().map(|&(x, w)| w * (sample(plane, x, y) - 128.0)).sum::<f64>().min(128.0);
        taps(y, rows, height).iter().map(|&(y, w)| w * row(y)).sum()
    };
    let (kr, kb) = picture.color().matrix.luma_weights();
    let (black, luma_gain, chroma_gain) = match picture.color().range {
        Range::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
        Range::Full => (0.0, 1.0, 1.0),
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    pixels
        .flat_map(|(x, y)| {
            let luma = (sample(0, x, y) - black) * luma_gain;
            let (u, v) = (chroma(1, x, y) * chroma_gain, chroma(2, x, y) * chroma_gain);
            let (blue, red) = (luma + 2.0 * (1.0 - kb) * u, luma + 2.0 * (1.0 - kr) * v);
            let green = (luma - kr * red - kb * blue) / (1.0 - kr - kb);
            [blue, green, red].map(|level| level.round().clamp(0.0, 255.0) as u8)
        })
        .collect()
}

fn farthest(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn swscale_agrees_within_two_levels_for_every_matrix_range_depth_and_parity() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/color");
    let mut seen = 0;
    for (format, chroma, depth) in [
        ("yuv420p", Chroma::Yuv420, 8),
        ("yuv420p10le", Chroma::Yuv420, 10),
        ("yuv420p12le", Chroma::Yuv420, 12),
        ("yuv422p", Chroma::Yuv422, 8),
        ("yuv444p", Chroma::Yuv444, 8),
    ] {
        for size in [(34, 18), (33, 17), (34, 17), (33, 18)] {
            let Ok(bytes) = fs::read(format!("{folder}/{format}_{}x{}.bin", size.0, size.1)) else { continue };
            let (columns, rows) = chroma.plane_size(size.0, size.1);
            let stored = (size.0 * size.1 + 2 * columns * rows) * if depth == 8 { 1 } else { 2 };
            let (planes, goldens) = bytes.split_at(stored);
            let spaces = MATRICES.into_iter().flat_map(|matrix| RANGES.map(|range| ColorSpec { matrix, range }));
            for (color, golden) in spaces.zip(goldens.chunks_exact(size.0 * size.1 * 3)) {
                let bgr = to_bgr(&picture(planes, chroma, depth, size, color), Rotation::None);
                let distance = farthest(&bgr.data, golden);
                assert!(distance <= 2, "{format} {size:?} {color:?}: {distance} levels apart");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 14 * 6);
}

fn any_picture() -> impl Strategy<Value = Picture> {
    let chroma = prop_oneof![Just(Chroma::Mono), Just(Chroma::Yuv420), Just(Chroma::Yuv422), Just(Chroma::Yuv444)];
    let matrix = prop_oneof![
        Just(Matrix::Bt601),
        Just(Matrix::Bt709),
        Just(Matrix::Bt2020),
        Just(Matrix::Fcc),
        Just(Matrix::Smpte240m)
    ];
    let color = (matrix, any::<bool>()).prop_map(|(matrix, full)| ColorSpec { matrix, range: Range::from_flag(full) });
    (1..40_usize, 1..40_usize, chroma, prop_oneof![Just(8_u8), Just(10), Just(12)], color).prop_flat_map(
        |(width, height, chroma, depth, color)| {
            let (columns, rows) = chroma.plane_size(width, height);
            let count = width * height + 2 * columns * rows;
            let mask = (1_u16 << depth) - 1;
            proptest::collection::vec(any::<u16>(), count).prop_map(move |samples| {
                let bytes: Vec<u8> = samples
                    .iter()
                    .flat_map(|&sample| match depth {
                        8 => vec![sample as u8],
                        _ => (sample & mask).to_le_bytes().to_vec(),
                    })
                    .collect();
                picture(&bytes, chroma, depth, (width, height), color)
            })
        },
    )
}

proptest! {
    #[test]
    fn the_integers_stay_within_one_level_of_the_formulas(picture in any_picture()) {
        let bgr = to_bgr(&picture, Rotation::None);
        prop_assert!(farthest(&bgr.data, &reference(&picture)) <= 1);
    }

    #[test]
    fn a_turn_moves_every_pixel_to_its_place(picture in any_picture()) {
        let upright = to_bgr(&picture, Rotation::None);
        let as_file = Picture::from_bgr(upright.clone()).unwrap();
        let (width, height) = (upright.width, upright.height);
        for rotation in TURNS {
            let turned = to_bgr(&picture, rotation);
            prop_assert_eq!(&turned, &to_bgr(&as_file, rotation));
            for (i, pixel) in upright.data.as_chunks::<3>().0.iter().enumerate() {
                let (x, y) = (i % width, i / width);
                let (to_x, to_y) = match rotation {
                    Rotation::None => (x, y),
                    Rotation::Cw90 => (height - 1 - y, x),
                    Rotation::Cw180 => (width - 1 - x, height - 1 - y),
                    Rotation::Cw270 => (y, width - 1 - x),
                };
                prop_assert_eq!(&turned.data.as_chunks::<3>().0[to_y * turned.width + to_x], pixel);
            }
        }
    }
}

#[test]
fn padding_between_rows_is_not_read() {
    let padded = |width: usize, rows: usize| Plane {
        samples: (0..rows * (width + 5)).map(|i| if i % (width + 5) < width { 90 } else { 255 }).collect(),
        stride: width + 5,
    };
    let planes = Planes::U8([padded(6, 4), padded(3, 2), padded(3, 2)]);
    let picture = Picture::new((6, 4), Chroma::Yuv420, 8, planes, ColorSpec::default()).unwrap();
    let bgr = to_bgr(&picture, Rotation::None);
    assert!(bgr.data.as_chunks::<3>().0.iter().all(|pixel| pixel == &bgr.data[..3]));
}
