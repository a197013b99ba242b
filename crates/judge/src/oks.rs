//! Object keypoint similarity (OKS): how alike two poses are, from 0 to 1, as COCO measures it.
//!
//! `OKS = mean over the counted keypoints of exp(-d^2 / (2 a (2 sigma)^2))`, where `d` is the distance in pixels, `a` the
//! person's area and `sigma` the keypoint's constant ([`OKS_SIGMAS`]). From pycocotools' `computeOks`, whose order of
//! operations is kept so that values that tie there tie here.

use swingpose_core::skeleton::{KEYPOINT_COUNT, OKS_SIGMAS};

/// The squared distance of each keypoint to its counterpart, in square pixels.
pub type SquaredDistances = [f64; KEYPOINT_COUNT];

/// numpy's `spacing(1)`, which keeps an area of 0 from dividing.
const SPACING: f64 = f64::EPSILON;
/// numpy adds this many partial sums side by side.
const LANES: usize = 8;

/// The similarity of two poses on a person of `area` square pixels. Where no keypoint is counted, all are, as in COCO. A
/// keypoint whose distance is not a number is as far away as can be.
#[must_use]
pub fn oks(distances: &SquaredDistances, counted: &[bool; KEYPOINT_COUNT], area: f64) -> f64 {
    let any = counted.contains(&true);
    let mut terms = [0.0; KEYPOINT_COUNT];
    let mut length = 0;
    for (keypoint, &distance) in distances.iter().enumerate() {
        if counted[keypoint] || !any {
            terms[length] = likeness(keypoint, distance, area);
            length += 1;
        }
    }
    numpy_sum(&terms[..length]) / length as f64
}

fn likeness(keypoint: usize, distance: f64, area: f64) -> f64 {
    let width = OKS_SIGMAS[keypoint] * 2.0;
    let exponent = distance / (width * width) / (area + SPACING) / 2.0;
    if exponent.is_nan() { 0.0 } else { (-exponent).exp() }
}

/// The sum in the order in which numpy adds up to 128 numbers: from 8 on, in 8 lanes, then the lanes in pairs.
fn numpy_sum(terms: &[f64]) -> f64 {
    let (chunks, rest) = terms.as_chunks::<LANES>();
    let lanes = chunks.iter().copied().reduce(|sum, chunk| std::array::from_fn(|lane| sum[lane] + chunk[lane]));
    let whole = lanes.map_or(0.0, |l| ((l[0] + l[1]) + (l[2] + l[3])) + ((l[4] + l[5]) + (l[6] + l[7])));
    rest.iter().fold(whole, |sum, term| sum + term)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [bool; KEYPOINT_COUNT] = [true; KEYPOINT_COUNT];

    #[test]
    fn a_pose_is_wholly_like_itself_whatever_its_area() {
        for area in [0.0, 1.0, 1e6] {
            assert_eq!(oks(&[0.0; KEYPOINT_COUNT], &ALL, area), 1.0);
        }
    }

    #[test]
    fn at_one_standard_deviation_a_keypoint_counts_exp_of_minus_a_half() {
        let area = 10_000.0;
        // One deviation is 2 sigma times the root of the area.
        let distances = OKS_SIGMAS.map(|sigma| (2.0 * sigma * 100.0).powi(2));
        assert!((oks(&distances, &ALL, area) - (-0.5_f64).exp()).abs() < 1e-15);
    }

    #[test]
    fn only_counted_keypoints_count_and_all_where_none_does() {
        let mut distances = [f64::INFINITY; KEYPOINT_COUNT];
        distances[3] = 0.0;
        let mut counted = [false; KEYPOINT_COUNT];
        assert_eq!(oks(&distances, &counted, 50.0), 1.0 / 17.0);
        counted[3] = true;
        assert_eq!(oks(&distances, &counted, 50.0), 1.0);
        counted[4] = true;
        assert_eq!(oks(&distances, &counted, 50.0), 0.5);
    }

    #[test]
    fn what_is_not_a_number_is_far_away() {
        let mut distances = [0.0; KEYPOINT_COUNT];
        distances[0] = f64::NAN;
        assert_eq!(oks(&distances, &ALL, 50.0), 16.0 / 17.0);
    }

    #[test]
    fn sums_are_those_of_numpy() {
        // float(numpy.sum([1 / (i + 3) for i in range(17)])) and of the first 7
        let terms: [f64; KEYPOINT_COUNT] = std::array::from_fn(|i| 1.0 / (i + 3) as f64);
        assert_eq!(numpy_sum(&terms), NUMPY_17);
        assert_eq!(numpy_sum(&terms[..7]), NUMPY_7);
    }

    const NUMPY_17: f64 = 2.047739657143682;
    const NUMPY_7: f64 = 1.328968253968254;
}
