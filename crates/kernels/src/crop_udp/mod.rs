//! A person's box to the pose network's input: UDP's warp (Huang et al. 2020, "The Devil is in the Details", as mmpose 1.3's
//! `TopdownAffine(use_udp=True)`), cut with OpenCV 4.9's `warpAffine` to the last bit, then, by [`normalize`], ViTPose's input.
//! In: an upright BGR frame and a box in its pixels. Out: `[h, w, 3]` BGR bytes; the frame's outside is black.

mod host;
pub mod inverse;
pub mod reference;

use crate::normalization::Normalization;

/// mmpose's `PoseDataPreprocessor` of the ViTPose configurations: BGR becomes RGB.
static NORMALIZATION: Normalization = Normalization::new([2, 1, 0], [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]);

/// The part of the frame a box asks for: its centre and size, grown by `padding` (mmpose: 1.25) and then on one side, to
/// `aspect` (width over height of the network's input).
///
/// Numbers that are not finite go through: check boxes that come from outside before (`BoundingBox::is_proper`).
#[must_use]
pub fn center_scale([x1, y1, x2, y2]: [f32; 4], aspect: f32, padding: f32) -> ([f32; 2], [f32; 2]) {
    let (width, height) = ((x2 - x1) * padding, (y2 - y1) * padding);
    let scale = if width > height * aspect { [width, width / aspect] } else { [height * aspect, height] };
    ([(x2 + x1) * 0.5, (y2 + y1) * 0.5], scale)
}

/// The affine map from frame pixels to pixels of a `width` x `height` crop, as OpenCV's 2x3 matrix, row by row. UDP: the centres of
/// the crop's first and last pixels, not their outer edges, lie on the edges of the part of the frame.
#[must_use]
pub fn warp_matrix(center: [f32; 2], scale: [f32; 2], (width, height): (usize, usize)) -> [f32; 6] {
    // In f64, rounded once, as numpy computes it.
    let axis = |center: f32, scale: f32, side: usize| {
        let (center, scale) = (f64::from(center), f64::from(scale));
        let factor = (side as f64 - 1.0) / scale;
        (factor as f32, (factor * (0.5 * scale - center)) as f32)
    };
    let (scale_x, shift_x) = axis(center[0], scale[0], width);
    let (scale_y, shift_y) = axis(center[1], scale[1], height);
    [scale_x, 0.0, shift_x, 0.0, scale_y, shift_y]
}

/// Cuts the crop `matrix` maps to out of a BGR frame, `[height, width, 3]`: bilinear, the frame's outside black, and any affine
/// `matrix` (turned, mirrored) allowed. A matrix that has no finite inverse, as a box without inside gives, cuts a black crop.
///
/// # Panics
/// If `bgr` is not `3 * width * height` bytes.
#[must_use]
pub fn crop(bgr: &[u8], width: usize, height: usize, matrix: &[f32; 6], size: (usize, usize)) -> Vec<u8> {
    assert_eq!(bgr.len(), 3 * width * height, "crop: bytes of a {width}x{height} BGR frame");
    host::crop(bgr, [width, height], matrix, [size.0, size.1])
}

/// BGR bytes to ViTPose's input, `(x - mean) / std`, RGB and channels last.
///
/// # Panics
/// If `out` is not as long as `pixels`, or that is no whole number of pixels.
pub fn normalize(pixels: &[u8], out: &mut [f32]) {
    NORMALIZATION.apply(pixels, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_box_grows_in_height_and_a_tall_one_in_width() {
        assert_eq!(center_scale([0.0, 0.0, 96.0, 32.0], 0.75, 1.25), ([48.0, 16.0], [120.0, 160.0]));
        assert_eq!(center_scale([0.0, 0.0, 30.0, 80.0], 0.75, 1.25), ([15.0, 40.0], [75.0, 100.0]));
    }

    #[test]
    fn corner_pixels_of_the_crop_lie_on_the_corners_of_the_box() {
        let m = warp_matrix([100.0, 200.0], [60.0, 80.0], (192, 256)).map(f64::from);
        let crop = |x: f64, y: f64| (m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]);
        for ((x, y), corner) in [((70.0, 160.0), (0.0, 0.0)), ((130.0, 240.0), (191.0, 255.0))] {
            let at = crop(x, y);
            assert!((at.0 - corner.0).abs() < 1e-4 && (at.1 - corner.1).abs() < 1e-4, "{at:?} for {corner:?}");
        }
    }

    #[test]
    fn a_matrix_of_the_identity_copies_and_blackens_the_outside() {
        let frame: Vec<u8> = (1..=12).collect();
        let cut = crop(&frame, 2, 2, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], (3, 3));
        assert_eq!(cut, [&frame[..6], &[0; 3], &frame[6..], &[0; 12]].concat());
    }

    #[test]
    fn boxes_without_inside_or_number_cut_black_crops() {
        for bad in [
            [5.0, 5.0, 5.0, 5.0],
            [f32::NAN, 0.0, 4.0, 4.0],
            [0.0, 0.0, f32::INFINITY, 4.0],
            [-3e38, -3e38, 3e38, 3e38],
        ] {
            let (center, scale) = center_scale(bad, 0.75, 1.25);
            let cut = crop(&[255; 300], 10, 10, &warp_matrix(center, scale, (6, 8)), (6, 8));
            assert_eq!(cut, [0; 6 * 8 * 3], "{bad:?}");
        }
    }
}
