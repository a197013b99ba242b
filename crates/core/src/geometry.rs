//! Where: points, boxes and affine maps whose coordinate space is part of the type.
//!
//! A pixel's coordinates are those of its centre, as in OpenCV: pixel (0, 0) covers [-0.5, 0.5).

use core::fmt;
use core::marker::PhantomData;
use serde::{Deserialize, Serialize};

/// A coordinate space.
pub trait Space: Copy + 'static {
    /// The space's name, for messages.
    const NAME: &'static str;
}

macro_rules! spaces {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {}
        impl Space for $name {
            const NAME: &'static str = stringify!($name);
        }
    )+};
}

spaces! {
    /// Pixels of the upright frame: rotation applied, display orientation.
    FramePx,
    /// Pixels of the detector's letterboxed input.
    DetectorPx,
    /// Pixels of a person's crop (192x256 for ViTPose).
    CropPx,
    /// Cells of a heatmap (48x64 for ViTPose).
    HeatmapPx,
}

/// A point of space `S`.
#[derive(Serialize, Deserialize)]
#[serde(into = "[f32; 2]", from = "[f32; 2]", bound = "S: Space")]
pub struct Point<S: Space> {
    /// Rightwards.
    pub x: f32,
    /// Downwards.
    pub y: f32,
    space: PhantomData<S>,
}

impl<S: Space> Point<S> {
    /// The point (`x`, `y`).
    #[must_use]
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y, space: PhantomData }
    }
}

/// An axis-aligned box of space `S`, corners `(x1, y1)` and `(x2, y2)`.
#[derive(Serialize, Deserialize)]
#[serde(into = "[f32; 4]", from = "[f32; 4]", bound = "S: Space")]
pub struct BoundingBox<S: Space> {
    /// Left.
    pub x1: f32,
    /// Top.
    pub y1: f32,
    /// Right.
    pub x2: f32,
    /// Bottom.
    pub y2: f32,
    space: PhantomData<S>,
}

impl<S: Space> BoundingBox<S> {
    /// The box with corners (`x1`, `y1`) and (`x2`, `y2`).
    #[must_use]
    pub const fn new(x1: f32, y1: f32, x2: f32, y2: f32) -> Self {
        Self { x1, y1, x2, y2, space: PhantomData }
    }

    /// `x2 - x1`.
    #[must_use]
    pub fn width(self) -> f32 {
        self.x2 - self.x1
    }

    /// `y2 - y1`.
    #[must_use]
    pub fn height(self) -> f32 {
        self.y2 - self.y1
    }

    /// The area; 0 for a box with no inside.
    #[must_use]
    pub fn area(self) -> f32 {
        self.width().max(0.0) * self.height().max(0.0)
    }

    /// Whether all four numbers are finite and the box has an inside.
    #[must_use]
    pub fn is_proper(self) -> bool {
        [self.x1, self.y1, self.x2, self.y2].iter().all(|v| v.is_finite()) && self.x2 > self.x1 && self.y2 > self.y1
    }

    /// Intersection over union, 0 where the union has no area.
    #[must_use]
    pub fn iou(self, other: Self) -> f32 {
        let width = (self.x2.min(other.x2) - self.x1.max(other.x1)).max(0.0);
        let height = (self.y2.min(other.y2) - self.y1.max(other.y1)).max(0.0);
        let intersection = width * height;
        let union = self.area() + other.area() - intersection;
        if union > 0.0 { intersection / union } else { 0.0 }
    }
}

/// Arrays in and out of a spaced type: what serde writes, and what comparison and printing go by.
macro_rules! as_array {
    ($name:ident, $n:literal, $($field:ident),+) => {
        impl<S: Space> From<$name<S>> for [f32; $n] {
            fn from(value: $name<S>) -> Self {
                [$(value.$field),+]
            }
        }
        impl<S: Space> From<[f32; $n]> for $name<S> {
            fn from([$($field),+]: [f32; $n]) -> Self {
                Self::new($($field),+)
            }
        }
        impl<S: Space> Clone for $name<S> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<S: Space> Copy for $name<S> {}
        impl<S: Space> PartialEq for $name<S> {
            fn eq(&self, other: &Self) -> bool {
                <[f32; $n]>::from(*self) == <[f32; $n]>::from(*other)
            }
        }
        impl<S: Space> fmt::Debug for $name<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}<{}>{:?}", stringify!($name), S::NAME, <[f32; $n]>::from(*self))
            }
        }
    };
}

as_array!(Point, 2, x, y);
as_array!(BoundingBox, 4, x1, y1, x2, y2);

/// An affine map from space `From` to space `To`, as OpenCV's 2x3 matrix: `x' = m[0] x + m[1] y + m[2]`,
/// `y' = m[3] x + m[4] y + m[5]`.
pub struct Affine<From: Space, To: Space> {
    /// The matrix, row by row.
    pub matrix: [f64; 6],
    spaces: PhantomData<(From, To)>,
}

impl<From: Space, To: Space> Affine<From, To> {
    /// The map with this row-major 2x3 matrix.
    #[must_use]
    pub const fn new(matrix: [f64; 6]) -> Self {
        Self { matrix, spaces: PhantomData }
    }

    /// A scale about the origin, one factor an axis.
    #[must_use]
    pub const fn scale(x: f64, y: f64) -> Self {
        Self::new([x, 0.0, 0.0, 0.0, y, 0.0])
    }

    /// Where `point` lands.
    #[must_use]
    pub fn apply(&self, point: Point<From>) -> Point<To> {
        let (x, y, m) = (f64::from(point.x), f64::from(point.y), &self.matrix);
        Point::new((m[0] * x + m[1] * y + m[2]) as f32, (m[3] * x + m[4] * y + m[5]) as f32)
    }

    /// The inverse map; `None` if the matrix has none.
    #[must_use]
    pub fn inverse(&self) -> Option<Affine<To, From>> {
        let m = &self.matrix;
        let determinant = m[0] * m[4] - m[1] * m[3];
        if determinant == 0.0 || !determinant.is_finite() {
            return None;
        }
        let (a, b, c, d) = (m[4] / determinant, -m[1] / determinant, -m[3] / determinant, m[0] / determinant);
        Some(Affine::new([a, b, -(a * m[2] + b * m[5]), c, d, -(c * m[2] + d * m[5])]))
    }
}

impl<From: Space, To: Space> Clone for Affine<From, To> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<From: Space, To: Space> Copy for Affine<From, To> {}

impl<From: Space, To: Space> fmt::Debug for Affine<From, To> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Affine<{} -> {}>{:?}", From::NAME, To::NAME, self.matrix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn iou_of_a_box_with_itself_is_one_and_of_apart_boxes_zero() {
        let a = BoundingBox::<FramePx>::new(1.0, 2.0, 5.0, 8.0);
        assert_eq!(a.iou(a), 1.0);
        assert_eq!(a.iou(BoundingBox::new(5.0, 8.0, 9.0, 9.0)), 0.0);
        assert_eq!(a.iou(BoundingBox::new(3.0, 2.0, 7.0, 8.0)), 12.0 / 36.0);
    }

    #[test]
    fn a_box_without_inside_is_not_proper() {
        assert!(!BoundingBox::<FramePx>::new(4.0, 0.0, 4.0, 9.0).is_proper());
        assert!(!BoundingBox::<FramePx>::new(0.0, 0.0, f32::NAN, 9.0).is_proper());
    }

    #[test]
    fn a_singular_map_has_no_inverse() {
        assert!(Affine::<CropPx, FramePx>::new([1.0, 2.0, 0.0, 2.0, 4.0, 0.0]).inverse().is_none());
    }

    proptest! {
        #[test]
        fn a_map_and_its_inverse_are_the_identity(
            scale in 0.01_f64..100.0, skew in -0.5_f64..0.5, dx in -2000.0_f64..2000.0, dy in -2000.0_f64..2000.0,
            x in -4000.0_f32..4000.0, y in -4000.0_f32..4000.0,
        ) {
            let map = Affine::<CropPx, FramePx>::new([scale, skew * scale, dx, -skew * scale, scale, dy]);
            let there = map.matrix;
            let back = map.inverse().expect("a rotation and scale has an inverse").matrix;
            let (x, y) = (f64::from(x), f64::from(y));
            let (u, v) = (there[0] * x + there[1] * y + there[2], there[3] * x + there[4] * y + there[5]);
            let (p, q) = (back[0] * u + back[1] * v + back[2], back[3] * u + back[4] * v + back[5]);
            prop_assert!((p - x).abs() < 1e-6 && (q - y).abs() < 1e-6);
        }
    }
}
