//! Frames of noise, twice: as planes the host converts, and as words the device reads.

use cubecl::client::Client;
use swingpose_cube_kernels::{DeviceSlice, FrameBatch, FrameLayout, Matrix, Range, Rotation, SampleFormat};
use swingpose_video::color::{ColorSpec, Matrix as HostMatrix, Range as HostRange, to_bgr};
use swingpose_video::{BgrImage, Chroma, Picture, Plane, Planes, Rotation as HostRotation};

use crate::noise::Noise;

/// What a frame is like; its samples are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) size: (usize, usize),
    pub(crate) depth: u8,
    pub(crate) matrix: usize,
    pub(crate) full: bool,
    pub(crate) turns: usize,
}

const MATRICES: [(Matrix, HostMatrix); 3] =
    [(Matrix::BT601, HostMatrix::Bt601), (Matrix::BT709, HostMatrix::Bt709), (Matrix::BT2020, HostMatrix::Bt2020)];
const TURNS: [(Rotation, HostRotation); 4] = [
    (Rotation::None, HostRotation::None),
    (Rotation::Cw90, HostRotation::Cw90),
    (Rotation::Cw180, HostRotation::Cw180),
    (Rotation::Cw270, HostRotation::Cw270),
];

/// A kind for every combination of rotation, range, matrix and depth, of these sizes in turn.
pub(crate) fn kinds(sizes: &[(usize, usize)]) -> Vec<Kind> {
    let all = (0..48).map(|i| Kind {
        size: sizes[i % sizes.len()],
        depth: [8, 10][i / 24],
        matrix: i / 8 % 3,
        full: i / 4 % 2 == 1,
        turns: i % 4,
    });
    all.collect()
}

/// Frames of these kinds on the device, and their upright BGR by the host's conversion.
pub(crate) fn frames(client: &Client, kinds: &[Kind], seed: u64) -> (FrameBatch, Vec<BgrImage>) {
    let mut noise = Noise::new(seed);
    let mut bytes = Vec::new();
    let mut layouts = Vec::new();
    let mut images = Vec::new();
    for kind in kinds {
        let planes = draw(kind, &mut noise);
        layouts.push(store(kind, &planes, &mut bytes));
        images.push(convert(kind, planes));
    }
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let words: Vec<u32> = bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect();
    (FrameBatch::new(client, DeviceSlice::new(client, &words), layouts), images)
}

/// Smooth with noise on top, so that chroma overshoots here and there and levels are cut at both ends.
fn draw(kind: &Kind, noise: &mut Noise) -> [Plane<u16>; 3] {
    let (width, height) = kind.size;
    let chroma = (width.div_ceil(2), height.div_ceil(2));
    let largest = (1_u32 << kind.depth) - 1;
    [(width, height), chroma, chroma].map(|(columns, rows)| Plane {
        samples: (0..columns * rows)
            .map(|i| match noise.below(4) {
                0 => noise.below(largest + 1),
                1 => [0, largest][noise.below(2) as usize],
                _ => (i as u32 * 3 + i as u32 / columns as u32 * 7) % (largest + 1),
            } as u16)
            .collect(),
        stride: columns,
    })
}

/// The planes as a decoder leaves them: interleaved chroma, rows apart by more than their length, a gap between the planes.
fn store(kind: &Kind, planes: &[Plane<u16>; 3], bytes: &mut Vec<u8>) -> FrameLayout {
    let ((width, height), wide) = (kind.size, kind.depth > 8);
    let sample_bytes = if wide { 2 } else { 1 };
    let pitch = (width.next_multiple_of(2) + 6) * sample_bytes;
    let mut write = |rows: usize, sample: &dyn Fn(usize, usize) -> Option<u16>| {
        let start = bytes.len() + 2;
        bytes.resize(start + rows * pitch, 0xa5);
        for (row, line) in bytes[start..].chunks_exact_mut(pitch).enumerate() {
            for (column, place) in line.chunks_exact_mut(sample_bytes).enumerate() {
                if let Some(sample) = sample(column, row) {
                    let stored = if wide { sample << (16 - kind.depth) } else { sample };
                    place.copy_from_slice(&stored.to_le_bytes()[..sample_bytes]);
                }
            }
        }
        start
    };
    let columns = width.div_ceil(2);
    let luma = write(height, &|x, y| (x < width).then(|| planes[0].samples[y * width + x]));
    let chroma =
        write(height.div_ceil(2), &|x, y| (x < 2 * columns).then(|| planes[1 + x % 2].samples[y * columns + x / 2]));
    FrameLayout {
        width,
        height,
        pitch,
        luma,
        chroma,
        format: if wide { SampleFormat::P016 } else { SampleFormat::Nv12 },
        matrix: MATRICES[kind.matrix].0,
        range: if kind.full { Range::Full } else { Range::Limited },
        rotation: TURNS[kind.turns].0,
    }
}

fn convert(kind: &Kind, planes: [Plane<u16>; 3]) -> BgrImage {
    let planes = if kind.depth == 8 {
        let bytes = |samples: Vec<u16>| samples.into_iter().map(|sample| sample as u8).collect();
        Planes::U8(planes.map(|Plane { samples, stride }| Plane { samples: bytes(samples), stride }))
    } else {
        Planes::U16(planes)
    };
    let color = ColorSpec { matrix: MATRICES[kind.matrix].1, range: HostRange::from_flag(kind.full) };
    let picture = Picture::new(kind.size, Chroma::Yuv420, kind.depth, planes, color).expect("planes of that size");
    to_bgr(&picture, TURNS[kind.turns].1)
}

/// The largest and the mean distance in levels, where `deviations` undo the normalisation of each channel.
pub(crate) fn levels_apart(found: &[f32], expected: &[f32], deviations: [f32; 3]) -> (f32, f64) {
    assert_eq!(found.len(), expected.len());
    let apart = |(i, (a, b)): (usize, (&f32, &f32))| (a - b).abs() * deviations[i % 3];
    let apart: Vec<f32> = found.iter().zip(expected).enumerate().map(apart).collect();
    let mean = apart.iter().map(|&distance| f64::from(distance)).sum::<f64>() / apart.len().max(1) as f64;
    assert!(found.iter().all(|number| number.is_finite()));
    (apart.into_iter().fold(0.0, f32::max), mean)
}
