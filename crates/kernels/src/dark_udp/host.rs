//! DARK-UDP for processors: a separable blur in f32 over whole rows, then some ten logarithms a keypoint.
//!
//! Sums run in OpenCV's order with fused multiply-adds, as its filters do where the processor has them, and derivatives are f32 as
//! mmpose's: on a flat or noisy map the Newton step magnifies the blur's last bits 10^5 times. Fused operations round alike
//! everywhere, so labels do not depend on the processor; one without them is slow here.

use pulp::{Arch, Simd, WithSimd};

use super::{Bottom, CEILING, FLOOR, GAUSSIAN, Neighbourhood, Peak, REACH, restore};

pub(super) fn decode(heatmaps: &[f32], height: usize, width: usize) -> Vec<[f32; 3]> {
    let mut blur = Blur::new(height, width);
    let maps: Vec<Map> = heatmaps.chunks_exact(height * width).map(|map| Map::read(map, &mut blur)).collect();
    // The first map's previous one is the last.
    let previous = maps.iter().cycle().skip(maps.len().saturating_sub(1));
    maps.iter().zip(previous).map(|(map, previous)| map.keypoint(&previous.bottom)).collect()
}

/// What a keypoint, or its successor, may need of a map.
struct Map {
    peak: Peak,
    around: Neighbourhood<f32>,
    corner: f32,
    bottom: Bottom<f32>,
}

impl Map {
    fn read(map: &[f32], blur: &mut Blur) -> Self {
        let [width, height] = [blur.width, blur.height];
        let peak = peak(map, width);
        blur.apply(map);
        let factor = restore(f64::from(peak.value), f64::from(largest(&blur.blurred))) as f32;
        let log = |x: usize, y: usize| {
            let value = (blur.blurred[y * width + x] * factor).clamp(FLOOR, CEILING);
            libm::log(f64::from(value)) as f32
        };
        Self {
            around: Neighbourhood::around(&peak, [width, height], log),
            corner: log(0, 0),
            bottom: Bottom { left: log(0, height - 1), right: log(width - 1, height - 1) },
            peak,
        }
    }

    fn keypoint(&self, previous: &Bottom<f32>) -> [f32; 3] {
        let (start, around) = if self.peak.value <= 0.0 {
            ([-1.0, -1.0], Neighbourhood::outside(self.corner, previous))
        } else {
            ([self.peak.x as f64, self.peak.y as f64], self.around)
        };
        let step = around.newton_step();
        [(start[0] + step[0]) as f32, (start[1] + step[1]) as f32, self.peak.value]
    }
}

/// The blur's memory, for maps of one size. Outside a map is zero.
struct Blur {
    arch: Arch,
    weights: [f32; REACH + 1],
    height: usize,
    width: usize,
    /// A row with `REACH` zeros on both sides.
    padded: Vec<f32>,
    /// Rows blurred across, with `REACH` rows of zeros above and below.
    across: Vec<f32>,
    blurred: Vec<f32>,
}

impl Blur {
    fn new(height: usize, width: usize) -> Self {
        Self {
            arch: Arch::new(),
            weights: GAUSSIAN.map(|weight| weight as f32),
            height,
            width,
            padded: vec![0.0; width + 2 * REACH],
            across: vec![0.0; (height + 2 * REACH) * width],
            blurred: vec![0.0; height * width],
        }
    }

    fn apply(&mut self, map: &[f32]) {
        self.arch.dispatch(Pass { blur: self, map });
    }
}

/// One map through the blur.
struct Pass<'a> {
    blur: &'a mut Blur,
    map: &'a [f32],
}

impl WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Blur { weights, width, padded, across, blurred, .. } = self.blur;
        let width = *width;
        for (row, out) in self.map.chunks_exact(width).zip(across[REACH * width..].chunks_exact_mut(width)) {
            padded[REACH..REACH + width].copy_from_slice(row);
            blur_across(padded, weights, out);
        }
        for (row, out) in blurred.chunks_exact_mut(width).enumerate() {
            blur_down(&across[row * width..], weights, out);
        }
    }
}

/// A row blurred along itself, from its first weight to its last.
#[inline(always)]
fn blur_across(padded: &[f32], weights: &[f32; REACH + 1], out: &mut [f32]) {
    out.fill(0.0);
    for place in 0..=2 * REACH {
        let weight = weights[place.abs_diff(REACH)];
        for (out, &x) in out.iter_mut().zip(&padded[place..]) {
            *out = x.mul_add(weight, *out);
        }
    }
}

/// The row `REACH` rows below the first of `rows`, blurred with those around it: itself, then pairs from near to far.
#[inline(always)]
fn blur_down(rows: &[f32], weights: &[f32; REACH + 1], out: &mut [f32]) {
    let width = out.len();
    for (out, &x) in out.iter_mut().zip(&rows[REACH * width..]) {
        *out = x * weights[0];
    }
    for (distance, &weight) in weights.iter().enumerate().skip(1) {
        let pairs = rows[(REACH - distance) * width..].iter().zip(&rows[(REACH + distance) * width..]);
        for (out, (above, below)) in out.iter_mut().zip(pairs) {
            *out = (above + below).mul_add(weight, *out);
        }
    }
}

fn peak(map: &[f32], width: usize) -> Peak {
    let value = if map.iter().fold(false, |any, value| any | value.is_nan()) { f32::NAN } else { largest(map) };
    let first = map.iter().position(|&other| other == value).unwrap_or(0);
    Peak { x: first % width, y: first / width, value }
}

/// The largest number, found in lanes that do not wait for each other.
fn largest(map: &[f32]) -> f32 {
    const LANES: usize = 16;
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (blocks, rest) = map.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, &value)| *lane = larger(*lane, value));
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, larger)
}
