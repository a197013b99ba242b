//! Lines of text as outlines, in the font that comes with the crate (`font/README.md`).

use std::sync::LazyLock;
use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

static FONT: LazyLock<Face<'static>> = LazyLock::new(|| {
    Face::parse(include_bytes!("../font/Roboto-Medium-Latin.ttf"), 0).expect("the crate's own font can be read")
});

/// What a line ends in where it was cut.
const ELLIPSIS: char = '…';

/// The height of capital letters, in parts of the text's size.
pub(crate) const CAPITALS: f32 = 0.71;

/// A letter that the font lacks is drawn as its empty box.
fn glyph(letter: char) -> GlyphId {
    FONT.glyph_index(letter).unwrap_or_default()
}

/// Pixels a unit of the font, for text of `size` pixels.
fn scale(size: f32) -> f32 {
    size / f32::from(FONT.units_per_em())
}

fn advance(letter: char, size: f32) -> f32 {
    f32::from(FONT.glyph_hor_advance(glyph(letter)).unwrap_or_default()) * scale(size)
}

/// How wide `text` is, in pixels, set in `size` pixels.
pub(crate) fn width(text: &str, size: f32) -> f32 {
    text.chars().map(|letter| advance(letter, size)).sum()
}

/// `text`, cut so that it is at most `limit` pixels wide; empty where not a letter fits.
pub(crate) fn fitted(text: &str, size: f32, limit: f32) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let mut room = limit - advance(ELLIPSIS, size);
    let fitting = text.chars().take_while(|&letter| {
        room -= advance(letter, size);
        room >= 0.0
    });
    let mut cut: String = fitting.collect();
    cut.truncate(cut.trim_end().len());
    if !cut.is_empty() {
        cut.push(ELLIPSIS);
    }
    cut
}

/// The outline of `text`, its first letter's origin at (`x`, `baseline`); `None` where there is nothing to see.
pub(crate) fn outline(text: &str, size: f32, x: f32, baseline: f32) -> Option<Path> {
    let mut pen = Pen { path: PathBuilder::new(), x, baseline, scale: scale(size) };
    for letter in text.chars() {
        FONT.outline_glyph(glyph(letter), &mut pen);
        pen.x += advance(letter, size);
    }
    pen.path.finish()
}

/// Takes the font's outlines, whose y points up, to pixels.
struct Pen {
    path: PathBuilder,
    x: f32,
    baseline: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.baseline - y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_on_the_baseline_and_are_as_wide_as_said() {
        let bounds = outline("E0", 100.0, 10.0, 200.0).unwrap().bounds();
        assert!(
            (bounds.bottom() - 200.0).abs() < 2.0 && (bounds.height() - 100.0 * CAPITALS).abs() < 4.0,
            "{bounds:?}"
        );
        assert!(bounds.left() >= 10.0 && bounds.right() <= 10.0 + width("E0", 100.0), "{bounds:?}");
    }

    #[test]
    fn every_letter_of_ours_is_in_the_font_and_any_other_is_a_box() {
        assert!(" #0123456789.abcdefghijklmnopqrstuvwxyzÄß×…".chars().all(|letter| glyph(letter) != GlyphId(0)));
        assert!(outline("犬", 20.0, 0.0, 20.0).is_some());
        assert!(outline(" ", 20.0, 0.0, 20.0).is_none());
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let whole = width("a_long_name.mp4", 20.0);
        assert_eq!(fitted("a_long_name.mp4", 20.0, whole + 1.0), "a_long_name.mp4");
        let cut = fitted("a_long_name.mp4", 20.0, whole / 2.0);
        assert!(cut.starts_with("a_lon") && cut.ends_with('…') && width(&cut, 20.0) <= whole / 2.0, "{cut}");
        assert_eq!(fitted("犬", 20.0, 1.0), "");
    }
}
