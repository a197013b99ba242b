//! Why nothing can be drawn.

use thiserror::Error;

/// Why nothing can be drawn.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OverlayError {
    /// A picture without pixels, or with more than can be drawn on.
    #[error("a picture of {width} x {height} pixels cannot be drawn on")]
    Size {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
}
