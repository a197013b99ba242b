//! A frame to the detector's square: resized with its aspect kept, placed top left, the rest grey.
//! In: an upright BGR frame. Out: `[size, size, 3]` BGR bytes equal to mmdet 3.3's `Resize(keep_ratio=True)` and `Pad(114)`
//! over OpenCV 4.9, whose integer arithmetic `taps.rs` and `reference.rs` hold; then, by [`normalize`], RTMDet's input.

mod host;
pub mod reference;
pub mod taps;

use crate::normalization::Normalization;

/// What mmdet pads with.
const GREY: u8 = 114;

/// RTMDet's `data_preprocessor`: BGR stays BGR.
static NORMALIZATION: Normalization = Normalization::new([0, 1, 2], [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]);

/// A frame inside the detector's square.
#[derive(Debug, Clone, PartialEq)]
pub struct Letterboxed {
    /// `[size, size, 3]`, BGR.
    pub pixels: Vec<u8>,
    /// See [`scale()`].
    pub scale: (f64, f64),
}

/// The width and height a `width` x `height` frame has inside the square: the longer side is `size`, the other is rounded
/// to the nearest pixel, and is at least 1 (where mmdet fails: a frame over 1280 times as long as it is wide).
#[must_use]
pub fn content_size(width: usize, height: usize, size: usize) -> (usize, usize) {
    let scale = size as f64 / width.max(height) as f64;
    let scaled = |side: usize| ((side as f64 * scale + 0.5) as usize).max(1);
    (scaled(width), scaled(height))
}

/// Detector pixels a frame pixel of such a frame, across and down. They differ slightly, since both sides are rounded to whole
/// pixels.
#[must_use]
pub fn scale(width: usize, height: usize, size: usize) -> (f64, f64) {
    let (content_width, content_height) = content_size(width, height, size);
    (content_width as f64 / width as f64, content_height as f64 / height as f64)
}

/// Letterboxes an upright BGR frame, `[height, width, 3]`, into a square of `size` pixels a side. Small frames grow.
///
/// # Panics
/// If a side is 0 or `bgr` is not `3 * width * height` bytes.
#[must_use]
pub fn letterbox(bgr: &[u8], width: usize, height: usize, size: usize) -> Letterboxed {
    assert!(width > 0 && height > 0 && size > 0, "letterbox: a {width}x{height} frame into a square of {size}");
    assert_eq!(bgr.len(), 3 * width * height, "letterbox: bytes of a {width}x{height} BGR frame");
    let (content_width, content_height) = content_size(width, height, size);
    let mut pixels = vec![GREY; 3 * size * size];
    host::resize_into(bgr, [width, height], [content_width, content_height], &mut pixels, 3 * size);
    Letterboxed { pixels, scale: scale(width, height, size) }
}

/// BGR bytes to RTMDet's input, `(x - mean) / std`, still BGR and channels last.
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
    fn a_sliver_keeps_one_pixel_of_width() {
        assert_eq!(content_size(1, 10_000, 640), (1, 640));
        let boxed = letterbox(&[9; 30_000], 1, 10_000, 640);
        assert_eq!(boxed.pixels[..6], [9, 9, 9, GREY, GREY, GREY]);
    }

    #[test]
    fn a_frame_of_the_squares_own_size_is_copied() {
        let frame: Vec<u8> = (0..64 * 64 * 3).map(|i| (i * 7 % 251) as u8).collect();
        assert_eq!(letterbox(&frame, 64, 64, 64), Letterboxed { pixels: frame, scale: (1.0, 1.0) });
    }

    #[test]
    fn sides_are_rounded_apart_so_the_two_scales_differ() {
        let boxed = letterbox(&vec![0; 3 * 517 * 333], 517, 333, 640);
        assert_eq!(boxed.scale, (640.0 / 517.0, 412.0 / 333.0));
    }

    #[test]
    #[should_panic(expected = "letterbox: bytes of a 4x4 BGR frame")]
    fn a_frame_of_the_wrong_length_is_refused() {
        let _ = letterbox(&[0; 47], 4, 4, 8);
    }
}
