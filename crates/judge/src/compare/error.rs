//! Why two label files cannot be compared. Each variant holds the facts; A and B stand for the files, in their order.

use std::fmt;
use swingpose_core::Timebase;
use swingpose_labels::LabelsError;
use thiserror::Error;

/// One of the two label files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The reference.
    A,
    /// What is judged.
    B,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

/// Why two label files cannot be compared.
#[derive(Debug, Error)]
pub enum CompareError {
    /// They were made from different files.
    #[error(
        "A labels {a_name} (SHA-256 {a_sha256}) and B labels {b_name} (SHA-256 {b_sha256}), which are different files: \
         compare two label files of one and the same input"
    )]
    Inputs {
        /// The input's name in A.
        a_name: String,
        /// Its hash.
        a_sha256: String,
        /// The input's name in B.
        b_name: String,
        /// Its hash.
        b_sha256: String,
    },
    /// They speak of pixels of different pictures.
    #[error(
        "A is in pixels of {}x{} and B in pixels of {}x{}: label the input again with one version of swingpose",
        a.0, a.1, b.0, b.1
    )]
    Sizes {
        /// Width and height in A.
        a: (u32, u32),
        /// Width and height in B.
        b: (u32, u32),
    },
    /// They count time differently.
    #[error(
        "A counts time in {}/{} s and B in {}/{} s: label the input again with one version of swingpose",
        a.num, a.den, b.num, b.den
    )]
    Timebases {
        /// A tick of A.
        a: Timebase,
        /// A tick of B.
        b: Timebase,
    },
    /// A frame is in one of them only.
    #[error(
        "frame {frame} is in {side} only, so the two do not line up: label the input twice with the same --frames, and see \
         that neither run lost frames"
    )]
    Frames {
        /// The frame.
        frame: u64,
        /// Where it is.
        side: Side,
    },
    /// A frame has two times.
    #[error(
        "frame {frame} is at tick {a} in A and at tick {b} in B, so the two do not line up: label the input again with one \
         version of swingpose"
    )]
    Times {
        /// The frame.
        frame: u64,
        /// Its time in A.
        a: i64,
        /// Its time in B.
        b: i64,
    },
    /// One of them could not be read; the error names the file.
    #[error(transparent)]
    Labels(#[from] LabelsError),
}
