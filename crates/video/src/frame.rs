//! A decoded picture in the planes its decoder left, and the upright BGR image the models read.
//!
//! Filled by `decode` (video) and `still` (picture files); turned to BGR by `color`; carried with its index and time as a
//! [`DecodedFrame`] to whoever labels it.

use swingpose_core::FrameIndex;

use crate::color::{self, ColorSpec, Matrix, Range};
use crate::info::Rotation;

/// How many chroma samples a picture has for its luma samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chroma {
    /// Luma alone (4:0:0).
    Mono,
    /// Half the columns, half the rows.
    Yuv420,
    /// Half the columns, every row.
    Yuv422,
    /// One chroma pair a pixel.
    Yuv444,
}

impl Chroma {
    /// The size `(columns, rows)` of each chroma plane of a picture of `width` x `height`; odd sizes round up.
    #[must_use]
    pub const fn plane_size(self, width: usize, height: usize) -> (usize, usize) {
        match self {
            Self::Mono => (0, 0),
            Self::Yuv420 => (width.div_ceil(2), height.div_ceil(2)),
            Self::Yuv422 => (width.div_ceil(2), height),
            Self::Yuv444 => (width, height),
        }
    }
}

/// One plane of samples; row `r` starts at `samples[r * stride]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plane<T> {
    /// The samples, rows one after another.
    pub samples: Vec<T>,
    /// Samples from the start of one row to the start of the next.
    pub stride: usize,
}

impl<T> Plane<T> {
    /// The first `width` samples of row `row`.
    ///
    /// # Panics
    /// If the plane has no such row.
    #[must_use]
    pub fn row(&self, row: usize, width: usize) -> &[T] {
        &self.samples[row * self.stride..][..width]
    }

    fn holds(&self, (columns, rows): (usize, usize)) -> bool {
        rows == 0
            || columns <= self.stride
                && (rows - 1).checked_mul(self.stride).and_then(|n| n.checked_add(columns)) <= Some(self.samples.len())
    }
}

/// The samples of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planes {
    /// Y, Cb, Cr of 8 bits.
    U8([Plane<u8>; 3]),
    /// Y, Cb, Cr of more than 8 bits, in the low bits of each sample.
    U16([Plane<u16>; 3]),
    /// Interleaved B, G, R of 8 bits, rows without padding: what a picture file holds.
    Bgr(Vec<u8>),
}

/// A decoded picture as coded: cropped to what is displayed, not yet rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    chroma: Chroma,
    bit_depth: u8,
    planes: Planes,
    color: ColorSpec,
}

impl Picture {
    /// A picture of `width` x `height` luma samples of `bit_depth` bits.
    ///
    /// `None` if the planes are too small for the size, the depth is not 8 for `U8` or 9 to 14 for `U16`, or a side is 0.
    #[must_use]
    pub fn new(
        (width, height): (usize, usize),
        chroma: Chroma,
        bit_depth: u8,
        planes: Planes,
        color: ColorSpec,
    ) -> Option<Self> {
        let sizes = [(width, height), chroma.plane_size(width, height), chroma.plane_size(width, height)];
        let fits = match &planes {
            Planes::U8(planes) => bit_depth == 8 && planes.iter().zip(sizes).all(|(plane, size)| plane.holds(size)),
            Planes::U16(planes) => {
                (9..=14).contains(&bit_depth) && planes.iter().zip(sizes).all(|(plane, size)| plane.holds(size))
            }
            Planes::Bgr(_) => false,
        };
        (fits && width > 0 && height > 0).then_some(Self { width, height, chroma, bit_depth, planes, color })
    }

    /// A picture that is BGR already; `None` if `bgr` is not `3 * width * height` bytes or a side is 0.
    #[must_use]
    pub fn from_bgr(image: BgrImage) -> Option<Self> {
        let BgrImage { width, height, data } = image;
        let bytes = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(3))?;
        (bytes > 0 && data.len() == bytes).then_some(Self {
            width,
            height,
            chroma: Chroma::Yuv444,
            bit_depth: 8,
            planes: Planes::Bgr(data),
            color: ColorSpec { matrix: Matrix::Bt601, range: Range::Full },
        })
    }

    /// Displayed columns, before rotation.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Displayed rows, before rotation.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The chroma layout (4:4:4 for a BGR picture).
    #[must_use]
    pub const fn chroma(&self) -> Chroma {
        self.chroma
    }

    /// Bits a sample.
    #[must_use]
    pub const fn bit_depth(&self) -> u8 {
        self.bit_depth
    }

    /// The samples.
    #[must_use]
    pub const fn planes(&self) -> &Planes {
        &self.planes
    }

    /// What the samples mean.
    #[must_use]
    pub const fn color(&self) -> ColorSpec {
        self.color
    }
}

/// A picture of the presentation: which frame it is, when it is shown, and which way up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedFrame {
    /// The frame's number in display order.
    pub index: FrameIndex,
    /// When it is shown, in ticks of the stream's timebase.
    pub pts: i64,
    /// The picture as coded.
    pub picture: Picture,
    /// The turn that makes it upright.
    pub rotation: Rotation,
}

impl DecodedFrame {
    /// The upright picture as 8-bit BGR, as `cv2.imread` gives it.
    #[must_use]
    pub fn to_bgr(&self) -> BgrImage {
        color::to_bgr(&self.picture, self.rotation)
    }
}

/// An 8-bit image, B, G, R interleaved, rows without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BgrImage {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `3 * width * height` bytes.
    pub data: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(columns: usize, rows: usize) -> Plane<u8> {
        Plane { samples: vec![0; columns * rows], stride: columns }
    }

    fn yuv420(width: usize, height: usize, luma: Plane<u8>, chroma: Plane<u8>) -> Option<Picture> {
        let planes = Planes::U8([luma, chroma.clone(), chroma]);
        Picture::new((width, height), Chroma::Yuv420, 8, planes, ColorSpec::default())
    }

    #[test]
    fn odd_sizes_round_chroma_up() {
        assert_eq!(Chroma::Yuv420.plane_size(5, 3), (3, 2));
        assert_eq!(Chroma::Yuv422.plane_size(5, 3), (3, 3));
        assert!(yuv420(5, 3, plane(5, 3), plane(3, 2)).is_some());
        assert!(yuv420(5, 3, plane(5, 3), plane(2, 1)).is_none());
    }

    #[test]
    fn a_picture_smaller_than_it_says_is_refused() {
        assert!(yuv420(4, 4, plane(4, 3), plane(2, 2)).is_none());
        assert!(yuv420(4, 4, plane(3, 16), plane(2, 2)).is_none());
        assert!(yuv420(0, 4, plane(4, 4), plane(2, 2)).is_none());
        assert!(Picture::from_bgr(BgrImage { width: 2, height: 2, data: vec![0; 11] }).is_none());
    }

    #[test]
    fn the_last_row_needs_no_padding() {
        let luma = Plane { samples: vec![0; 8 + 8 + 4], stride: 8 };
        assert!(yuv420(4, 3, luma, plane(2, 2)).is_some());
    }
}
