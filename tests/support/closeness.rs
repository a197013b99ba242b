//! How far a map is from the reference's.

/// The largest difference, each relative to the reference's value there or, where that is smaller, to the root mean
/// square of the reference's map: `max |a - b| / max(|b|, rms(b))`. NaN anywhere is infinitely far.
///
/// Values near zero in a map of ones carry the rounding of the ones they are differences of, so it is the map's
/// size that their error is measured by.
///
/// # Panics
/// If the two are not of one length.
#[must_use]
pub fn relative_error(actual: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(actual.len(), expected.len(), "maps of one size");
    let rms = rms(expected);
    let error = |(&a, &b): (&f32, &f32)| {
        let (a, b) = (f64::from(a), f64::from(b));
        let error = (a - b).abs() / b.abs().max(rms).max(f64::MIN_POSITIVE);
        if error.is_nan() { f64::INFINITY } else { error }
    };
    actual.iter().zip(expected).map(error).fold(0.0, f64::max)
}

fn rms(values: &[f32]) -> f64 {
    let sum: f64 = values.iter().map(|&value| f64::from(value).powi(2)).sum();
    (sum / values.len().max(1) as f64).sqrt()
}

/// Intersection over union of two boxes `[x1, y1, x2, y2]`.
#[must_use]
pub fn iou(a: [f32; 4], b: [f32; 4]) -> f32 {
    let side = |low: f32, high: f32| (high - low).max(0.0);
    let area = |r: [f32; 4]| side(r[0], r[2]) * side(r[1], r[3]);
    let common = side(a[0].max(b[0]), a[2].min(b[2])) * side(a[1].max(b[1]), a[3].min(b[3]));
    let union = area(a) + area(b) - common;
    if union > 0.0 { common / union } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_value_is_measured_by_the_size_of_its_map() {
        let expected = [1.0, -1.0, 1.0, 0.0];
        let error = relative_error(&[1.0, -1.0, 1.0, 1e-3], &expected);
        assert!((error - 1e-3 / 0.75f64.sqrt()).abs() < 1e-6, "{error}");
        assert_eq!(relative_error(&expected, &expected), 0.0);
    }

    #[test]
    fn nan_is_never_close() {
        assert_eq!(relative_error(&[f32::NAN, 1.0], &[0.0, 1.0]), f64::INFINITY);
        assert_eq!(relative_error(&[0.0, 1.0], &[f32::NAN, 1.0]), f64::INFINITY);
    }

    #[test]
    fn iou_of_a_box_with_itself_is_one_and_with_its_half_a_half() {
        let whole = [0.0, 0.0, 2.0, 2.0];
        assert_eq!(iou(whole, whole), 1.0);
        assert_eq!(iou(whole, [0.0, 0.0, 1.0, 2.0]), 0.5);
        assert_eq!(iou(whole, [3.0, 3.0, 4.0, 4.0]), 0.0);
    }
}
