//! A few rows of an image with zeros around them, in memory that each thread keeps: what convolutions read instead of
//! asking at every tap whether it is inside.

use std::cell::RefCell;
use std::ops::Range;

thread_local! {
    /// Reused by every call of a thread, so that its pages are faulted in once.
    static ROWS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Bytes of bordered rows that leave room for weights and results in a second-level cache.
const CACHED: usize = 256 << 10;

/// Which rows of which image.
pub(crate) struct Window<'a> {
    /// Row-major `[h, w, c]`.
    pub(crate) image: &'a [f32],
    pub(crate) size: [usize; 3],
    /// Rows counted in the bordered image, whose first row is zeros.
    pub(crate) rows: Range<usize>,
    /// Zeros on all four sides.
    pub(crate) border: usize,
}

/// Calls `read` with the window's rows, each `w + 2 border` pixels wide. `read` must not wait for other tasks.
pub(crate) fn with_border<R>(window: &Window, read: impl FnOnce(&[f32]) -> R) -> R {
    let [height, width, channels] = window.size;
    let row_len = (width + 2 * window.border) * channels;
    ROWS.with_borrow_mut(|rows| {
        let len = window.rows.len() * row_len;
        if rows.len() < len {
            rows.resize(len, 0.0);
        }
        for (target, row) in rows.chunks_exact_mut(row_len).zip(window.rows.clone()) {
            match row.checked_sub(window.border).filter(|&row| row < height) {
                None => target.fill(0.0),
                Some(row) => {
                    let (left, rest) = target.split_at_mut(window.border * channels);
                    let (pixels, right) = rest.split_at_mut(width * channels);
                    left.fill(0.0);
                    pixels.copy_from_slice(&window.image[row * width * channels..][..width * channels]);
                    right.fill(0.0);
                }
            }
        }
        read(&rows[..len])
    })
}

/// Rows of the result that one task makes: about an eighth of the image, fewer where its input would not stay cached.
/// An even number if possible, so that tiles of pixels come out whole. `row_len` is a bordered input row, of which
/// each row of the result needs `stride` more.
pub(crate) fn task_rows(rows: usize, row_len: usize, stride: usize) -> usize {
    let cached = CACHED / (size_of::<f32>() * row_len * stride).max(1);
    let rows = rows.div_ceil(8).min(cached);
    (rows & !1).max(1)
}
