//! Heatmaps to keypoints below the heatmap's pixel: DARK refinement (Zhang et al. 2020, arXiv 1910.06278) as UDP uses it (Huang et
//! al. 2020, arXiv 1911.07524), equal to mmpose 1.3's `UDPHeatmap.decode` with an 11x11 kernel.
//! In: one person's heatmaps `[k, h, w]`. Out: x, y in heatmap pixels, and the score; by [`to_frame`], frame pixels.
//!
//! The score is the map's largest value, before blurring, and may be above 1 or negative; the first of equal ones counts.
//! The map is blurred, scaled back to its old maximum, cut to 0.001..50, and its logarithm's Newton step from the largest value
//! is added: for a Gaussian peak that is its centre. The step is not bounded.
//!
//! A map whose largest value is not positive starts at (-1, -1), outside, where mmpose reads its neighbourhood across the border
//! of the stack of maps: above and to the left lie the last pixels of the previous keypoint's map (of the last one's, for the first).
//! That is kept, so that such keypoints too equal mmpose's; their score says they mean nothing. A map of zeros alone, for which
//! mmpose divides 0 by 0, is not scaled. A NaN or an infinity in a map makes its keypoint NaN, and a NaN its score.

mod host;
pub mod reference;

use std::ops::{Add, Mul, Sub};
use std::sync::LazyLock;

/// The blur reaches this far: mmpose's `blur_kernel_size` 11.
const REACH: usize = 5;
/// OpenCV's choice for that size: `0.3 * ((11 - 1) / 2 - 1) + 0.8`.
const SIGMA: f64 = 2.0;
/// Values are cut to this before the logarithm.
const FLOOR: f32 = 1e-3;
const CEILING: f32 = 50.0;

/// The blur's weights at distances 0 to 5; both sides together add up to 1.
static GAUSSIAN: LazyLock<[f64; REACH + 1]> = LazyLock::new(|| {
    let bell: [f64; REACH + 1] = core::array::from_fn(|at| libm::exp(-((at * at) as f64) / (2.0 * SIGMA * SIGMA)));
    let sum = bell[0] + 2.0 * bell[1..].iter().sum::<f64>();
    bell.map(|weight| weight / sum)
});

/// The blur's 11 weights, as `cv2.getGaussianKernel(11, 0)` gives them.
#[must_use]
pub fn gaussian_kernel() -> [f64; 2 * REACH + 1] {
    core::array::from_fn(|at| GAUSSIAN[at.abs_diff(REACH)])
}

/// `[x, y, score]` of each of `keypoints` heatmaps, x and y in heatmap pixels.
///
/// # Shapes
/// * `heatmaps` `[keypoints, height, width]`
///
/// # Panics
/// If the slice has another length, or a map has no pixels.
#[must_use]
pub fn decode(heatmaps: &[f32], keypoints: usize, height: usize, width: usize) -> Vec<[f32; 3]> {
    assert!(height > 0 && width > 0, "dark_udp: maps of {width}x{height}");
    assert_eq!(heatmaps.len(), keypoints * height * width, "dark_udp: {keypoints} maps of {width}x{height}");
    host::decode(heatmaps, height, width)
}

/// From heatmap pixels to frame pixels: the centres of the map's first and last pixels lie on the edges of the part of the frame that
/// `center` and `scale` (see [`center_scale`](crate::crop_udp::center_scale)) describe.
///
/// `(width, height)` is the heatmap's size, 2 or more each.
#[must_use]
pub fn to_frame(point: [f32; 2], (width, height): (usize, usize), center: [f32; 2], scale: [f32; 2]) -> [f32; 2] {
    let axis = |point: f32, cells: usize, center: f32, scale: f32| {
        let (scale, center) = (f64::from(scale), f64::from(center));
        (f64::from(point) / (cells as f64 - 1.0) * scale + center - 0.5 * scale) as f32
    };
    [axis(point[0], width, center[0], scale[0]), axis(point[1], height, center[1], scale[1])]
}

/// The mean of the heatmaps of a crop and those of the mirrored crop, turned back: mirrored in x, and left and right keypoints swapped
/// by `flip_indices` (for each keypoint, the one that it is in the mirror). mmpose's `flip_test` without `shift_heatmap`.
///
/// # Shapes
/// * `heatmaps`, `flipped` and the result `[k, height, width]` with `k = flip_indices.len()`
///
/// # Panics
/// If the lengths do not fit together, or an index names no keypoint.
#[must_use]
pub fn flip_average(heatmaps: &[f32], flipped: &[f32], flip_indices: &[usize], width: usize) -> Vec<f32> {
    let keypoints = flip_indices.len();
    assert_eq!(heatmaps.len(), flipped.len(), "flip_average: as many mirrored maps");
    assert_eq!(heatmaps.len() % (keypoints * width).max(1), 0, "flip_average: {keypoints} maps in rows of {width}");
    let area = heatmaps.len() / keypoints.max(1);
    let mut mean = heatmaps.to_vec();
    for (mean, &mirror) in mean.chunks_exact_mut(area.max(1)).zip(flip_indices) {
        let other = flipped[mirror * area..][..area].chunks_exact(width);
        for (mean, other) in mean.chunks_exact_mut(width).zip(other) {
            mean.iter_mut().zip(other.iter().rev()).for_each(|(mean, other)| *mean = (*mean + other) * 0.5);
        }
    }
    mean
}

/// The logarithms around a peak, in the map's edge-padded neighbourhood. `T` is the precision derivatives are taken in.
#[derive(Debug, Clone, Copy)]
struct Neighbourhood<T> {
    center: T,
    left: T,
    right: T,
    up: T,
    down: T,
    up_left: T,
    down_right: T,
}

impl<T> Neighbourhood<T>
where
    T: Copy + Add<Output = T> + Sub<Output = T> + Mul<Output = T> + From<f32> + Into<f64>,
{
    /// Read through `log(x, y)` around `peak`; pixels outside are their nearest inside.
    fn around(peak: &Peak, [width, height]: [usize; 2], log: impl Fn(usize, usize) -> T) -> Self {
        let (left, right) = (peak.x.saturating_sub(1), (peak.x + 1).min(width - 1));
        let (up, down) = (peak.y.saturating_sub(1), (peak.y + 1).min(height - 1));
        Self {
            center: log(peak.x, peak.y),
            left: log(left, peak.y),
            right: log(right, peak.y),
            up: log(peak.x, up),
            down: log(peak.x, down),
            up_left: log(left, up),
            down_right: log(right, down),
        }
    }

    /// Around (-1, -1) of a map whose first pixel is `corner`: one row up or one column left begins the previous map's last row or two.
    fn outside(corner: T, previous: &Bottom<T>) -> Self {
        Self {
            center: corner,
            left: previous.right,
            right: corner,
            up: previous.left,
            down: corner,
            up_left: previous.right,
            down_right: corner,
        }
    }

    /// `-H⁻¹ g`, with the gradient and Hessian by differences and `H + 1.19e-7 I` for `H`; no step where that has no inverse.
    fn newton_step(&self) -> [f64; 2] {
        let (half, two) = (T::from(0.5), T::from(2.0));
        let dx: f64 = (half * (self.right - self.left)).into();
        let dy: f64 = (half * (self.down - self.up)).into();
        let dxx: f64 = (self.right - two * self.center + self.left).into();
        let dyy: f64 = (self.down - two * self.center + self.up).into();
        // Term by term in mmpose's order: on flat maps the last bits decide.
        let mixed = self.down_right - self.right - self.down + self.center + self.center - self.left - self.up;
        let dxy: f64 = (half * (mixed + self.up_left)).into();
        let ridge = f64::from(f32::EPSILON);
        let (dxx, dyy) = (dxx + ridge, dyy + ridge);
        let determinant = dxx * dyy - dxy * dxy;
        if determinant == 0.0 {
            return [0.0, 0.0];
        }
        [(dxy * dy - dyy * dx) / determinant, (dxy * dx - dxx * dy) / determinant]
    }
}

/// The logarithms at the two ends of a map's last row.
#[derive(Debug, Clone, Copy)]
struct Bottom<T> {
    left: T,
    right: T,
}

/// The first of a map's largest values; NaN if the map holds one.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Peak {
    x: usize,
    y: usize,
    value: f32,
}

/// What scales a blurred map back to its old maximum.
fn restore(peak: f64, blurred: f64) -> f64 {
    if peak == 0.0 && blurred == 0.0 { 1.0 } else { peak / blurred }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrored_maps_are_turned_back_and_their_sides_swapped() {
        // mmpose: flip_heatmaps(torch.tensor(flipped).view(1, 3, 1, 2), [0, 2, 1], shift_heatmap=False) is 1 0, 5 4, 3 2.
        let mean = flip_average(&[10.0, 20.0, 30.0, 40.0, 50.0, 60.0], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &[0, 2, 1], 2);
        assert_eq!(mean, [5.5, 10.0, 17.5, 22.0, 26.5, 31.0]);
    }

    #[test]
    fn corners_of_the_map_are_corners_of_the_box() {
        let (center, scale) = ([100.0, 200.0], [60.0, 80.0]);
        assert_eq!(to_frame([0.0, 0.0], (48, 64), center, scale), [70.0, 160.0]);
        assert_eq!(to_frame([47.0, 63.0], (48, 64), center, scale), [130.0, 240.0]);
    }

    #[test]
    fn a_quadratic_logarithm_is_refined_exactly() {
        let log = |x: f64, y: f64| -(x - 3.3).powi(2) - 0.5 * (y - 1.8).powi(2) + 0.3 * (x - 3.3) * (y - 1.8);
        let peak = Peak { x: 3, y: 2, value: 1.0 };
        let step = Neighbourhood::around(&peak, [6, 5], |x, y| log(x as f64, y as f64)).newton_step();
        assert!((step[0] - 0.3).abs() < 1e-6 && (step[1] + 0.2).abs() < 1e-6, "{step:?}");
    }

    #[test]
    fn maps_that_hold_no_number_give_no_number() {
        let mut maps = vec![0.1; 3 * 20];
        maps[7] = f32::NAN;
        maps[20 + 4] = f32::INFINITY;
        let found = decode(&maps, 3, 4, 5);
        assert!(found[0].iter().all(|number| number.is_nan()), "{found:?}");
        assert!(found[1][..2].iter().all(|number| number.is_nan()) && found[1][2] == f32::INFINITY, "{found:?}");
        assert!(found[2].iter().all(|number| number.is_finite()), "{found:?}");
    }

    #[test]
    fn maps_of_zeros_stay_outside() {
        assert_eq!(decode(&[0.0; 40], 2, 4, 5), [[-1.0, -1.0, 0.0]; 2]);
        assert_eq!(decode(&[], 0, 4, 5), [[0.0; 3]; 0]);
    }

    #[test]
    fn a_map_of_one_pixel_has_its_peak_there() {
        assert_eq!(decode(&[0.5], 1, 1, 1), [[0.0, 0.0, 0.5]]);
    }
}
