//! Anti-aliased lines, discs, boxes and letters on an opaque picture, each over a dark edge.
//!
//! Coordinates are continuous pixels of the canvas: pixel (0, 0) covers [0, 1). They are finite; what keeps them so, and
//! near the picture, is `person`.

use crate::error::OverlayError;
use crate::style::DARK;
use crate::text;
use image::{Rgb, RgbImage};
use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

/// How much of the background a dark edge hides.
const EDGE: f32 = 0.6;
/// The same of the dark field behind a caption.
const FIELD: f32 = 0.66;

/// A picture being drawn on.
pub(crate) struct Canvas {
    pixels: Pixmap,
}

impl Canvas {
    /// A canvas that shows `picture`.
    pub(crate) fn of(picture: &RgbImage) -> Result<Self, OverlayError> {
        let (width, height) = picture.dimensions();
        let mut pixels = Pixmap::new(width, height).ok_or(OverlayError::Size { width, height })?;
        for (to, from) in pixels.data_mut().as_chunks_mut::<4>().0.iter_mut().zip(picture.as_chunks::<3>().0) {
            *to = [from[0], from[1], from[2], u8::MAX];
        }
        Ok(Self { pixels })
    }

    /// Puts what the canvas shows back into `picture`, which has its size.
    pub(crate) fn show(&self, picture: &mut RgbImage) {
        for (to, from) in picture.as_chunks_mut::<3>().0.iter_mut().zip(self.pixels.data().as_chunks::<4>().0) {
            *to = [from[0], from[1], from[2]];
        }
    }

    pub(crate) fn width(&self) -> f32 {
        self.pixels.width() as f32
    }

    pub(crate) fn height(&self) -> f32 {
        self.pixels.height() as f32
    }

    /// The shorter side.
    pub(crate) fn short_side(&self) -> f32 {
        self.width().min(self.height())
    }

    fn fill(&mut self, path: Option<Path>, colour: Rgb<u8>, alpha: f32) {
        if let Some(path) = path {
            self.pixels.fill_path(&path, &paint(colour, alpha), FillRule::Winding, Transform::identity(), None);
        }
    }

    fn stroke(&mut self, path: &Path, width: f32, colour: Rgb<u8>, alpha: f32) {
        let stroke = Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
        self.pixels.stroke_path(path, &paint(colour, alpha), &stroke, Transform::identity(), None);
    }

    /// A straight line of this width.
    pub(crate) fn line(&mut self, [from, to]: [(f32, f32); 2], width: f32, colour: Rgb<u8>) {
        if let Some(path) = segment(from, to) {
            self.stroke(&path, width, colour, 1.0);
        }
    }

    /// The dark edge of a line: `edge` pixels on every side.
    pub(crate) fn line_edge(&mut self, [from, to]: [(f32, f32); 2], width: f32, edge: f32) {
        if let Some(path) = segment(from, to) {
            self.stroke(&path, width + 2.0 * edge, DARK, EDGE);
        }
    }

    /// A disc in an edge of `edge` pixels.
    pub(crate) fn disc(&mut self, (x, y): (f32, f32), radius: f32, edge: f32, colour: Rgb<u8>) {
        self.fill(PathBuilder::from_circle(x, y, radius + edge), DARK, 0.85);
        self.fill(PathBuilder::from_circle(x, y, radius), colour, 1.0);
    }

    /// The outline of a box, in an edge of `edge` pixels.
    pub(crate) fn rectangle(&mut self, corners: Rect, width: f32, edge: f32, colour: Rgb<u8>) {
        let path = PathBuilder::from_rect(corners);
        self.stroke(&path, width + 2.0 * edge, DARK, EDGE);
        self.stroke(&path, width, colour, 1.0);
    }

    /// Dark text on a field of `colour`, or with `None` light text on a dark field through which the picture shows;
    /// (`x`, `y`) is the field's upper left corner, moved so that the field lies in the picture where it can.
    pub(crate) fn tag(&mut self, text: &str, size: f32, (x, y): (f32, f32), colour: Option<Rgb<u8>>) {
        let (width, height) = tag_size(text, size);
        let x = x.min(self.width() - width).max(0.0);
        let y = y.min(self.height() - height).max(0.0);
        let field = rounded(x, y, width, height, 0.22 * height);
        let (field_colour, alpha, text_colour) = match colour {
            Some(colour) => (colour, 1.0, DARK),
            None => (DARK, FIELD, Rgb([255, 255, 255])),
        };
        self.fill(field, field_colour, alpha);
        let baseline = y + (height + text::CAPITALS * size) / 2.0;
        self.text(text, size, (x + PADDING * size, baseline), text_colour);
    }

    /// Text whose first letter stands at `x` on the baseline `y`.
    pub(crate) fn text(&mut self, text: &str, size: f32, (x, y): (f32, f32), colour: Rgb<u8>) {
        self.fill(text::outline(text, size, x, y), colour, 1.0);
    }
}

/// What a tag's field has beyond its text on the left and on the right, in parts of the text's size.
const PADDING: f32 = 0.4;

/// Width and height of a tag's field.
pub(crate) fn tag_size(text: &str, size: f32) -> (f32, f32) {
    (text::width(text, size) + 2.0 * PADDING * size, 1.4 * size)
}

fn paint(colour: Rgb<u8>, alpha: f32) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    let [red, green, blue] = colour.0;
    let mut colour = Color::from_rgba8(red, green, blue, u8::MAX);
    colour.set_alpha(alpha);
    paint.set_color(colour);
    paint
}

fn segment(from: (f32, f32), to: (f32, f32)) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(from.0, from.1);
    path.line_to(to.0, to.1);
    path.finish()
}

/// A rectangle with round corners.
fn rounded(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Option<Path> {
    let (right, bottom) = (x + width, y + height);
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.line_to(right - radius, y);
    path.quad_to(right, y, right, y + radius);
    path.line_to(right, bottom - radius);
    path.quad_to(right, bottom, right - radius, bottom);
    path.line_to(x + radius, bottom);
    path.quad_to(x, bottom, x, bottom - radius);
    path.line_to(x, y + radius);
    path.quad_to(x, y, x + radius, y);
    path.close();
    path.finish()
}
