//! DARK-UDP one pixel at a time in f64: the blur as a sum over its whole square, nothing shared between pixels.

use super::{Bottom, CEILING, FLOOR, Neighbourhood, Peak, REACH, gaussian_kernel, restore};

/// What `decode` returns, computed plainly. `heatmaps` is `[k, height, width]`.
#[must_use]
pub fn decode(heatmaps: &[f32], height: usize, width: usize) -> Vec<[f32; 3]> {
    let peaks: Vec<Peak> = heatmaps.chunks_exact(height * width).map(|map| peak(map, width)).collect();
    let logs: Vec<Vec<f64>> = blur(heatmaps, height, width)
        .chunks_exact(height * width)
        .map(|map| map.iter().map(|&value| libm::log(value.clamp(f64::from(FLOOR), f64::from(CEILING)))).collect())
        .collect();
    let keypoint = |(k, peak): (usize, &Peak)| {
        let previous = &logs[(k + logs.len() - 1) % logs.len()];
        let bottom = Bottom { left: previous[(height - 1) * width], right: previous[height * width - 1] };
        let (start, around) = if peak.value <= 0.0 {
            ([-1.0, -1.0], Neighbourhood::outside(logs[k][0], &bottom))
        } else {
            let around = Neighbourhood::around(peak, [width, height], |x, y| logs[k][y * width + x]);
            ([peak.x as f64, peak.y as f64], around)
        };
        let step = around.newton_step();
        [(start[0] + step[0]) as f32, (start[1] + step[1]) as f32, peak.value]
    };
    peaks.iter().enumerate().map(keypoint).collect()
}

/// Maps blurred and scaled back to their old maximum: mmpose's `gaussian_blur(heatmaps, 11)`.
#[must_use]
pub fn blur(heatmaps: &[f32], height: usize, width: usize) -> Vec<f64> {
    let kernel = gaussian_kernel();
    let mut blurred = Vec::with_capacity(heatmaps.len());
    for map in heatmaps.chunks_exact(height * width) {
        let at = |x: usize, y: usize| {
            let mut sum = 0.0;
            for row in y.saturating_sub(REACH)..(y + REACH + 1).min(height) {
                for col in x.saturating_sub(REACH)..(x + REACH + 1).min(width) {
                    sum += f64::from(map[row * width + col]) * kernel[row + REACH - y] * kernel[col + REACH - x];
                }
            }
            sum
        };
        let sums: Vec<f64> = (0..map.len()).map(|i| at(i % width, i / width)).collect();
        let largest = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let factor = restore(f64::from(peak(map, width).value), largest);
        blurred.extend(sums.iter().map(|sum| sum * factor));
    }
    blurred
}

fn peak(map: &[f32], width: usize) -> Peak {
    let mut best = Peak { x: 0, y: 0, value: f32::NEG_INFINITY };
    for (i, &value) in map.iter().enumerate() {
        if value.is_nan() {
            return Peak { x: i % width, y: i / width, value };
        }
        if value > best.value {
            best = Peak { x: i % width, y: i / width, value };
        }
    }
    best
}
