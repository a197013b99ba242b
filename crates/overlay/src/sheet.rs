//! Many frames of one video on one picture, row by row, with a title and what the colours mean.

use crate::canvas::Canvas;
use crate::draw::draw_scaled;
use crate::error::OverlayError;
use crate::person::View;
use crate::style::{LEFT, RIGHT, Style};
use crate::text;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use std::num::NonZeroU32;
use swingpose_core::FrameLabels;

const BACKGROUND: Rgb<u8> = Rgb([18, 20, 24]);
const NAME: Rgb<u8> = Rgb([240, 242, 245]);
const NOTE: Rgb<u8> = Rgb([150, 156, 166]);

/// Pixels between frames, and around them.
const GAP: u32 = 10;
/// Pixels of the strip for the title, and of its text.
const STRIP: u32 = 52;
const TEXT: f32 = 22.0;
/// What the frames together are to fit into, in pixels.
const ROOM: (f64, f64) = (1920.0, 2160.0);
/// Small frames are enlarged, at most so much.
const LARGEST: f64 = 2.0;
/// Width over height that a sheet should have.
const SHAPE: f64 = 1.35;

/// What stands above the frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Title {
    /// The video.
    pub name: String,
    /// What else is to be known of it.
    pub note: String,
}

/// Where `count` frames of one size lie on a sheet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Frames side by side.
    pub columns: u32,
    /// Frames above each other.
    pub rows: u32,
    /// Width and height of a frame on the sheet, in pixels.
    pub cell: (u32, u32),
    /// Width and height of a frame before.
    frame: (u32, u32),
}

impl Layout {
    /// The layout of `count` frames of `frame` = (width, height) pixels: as many side by side as make the sheet a little
    /// wider than high, with few places left empty.
    #[must_use]
    pub fn new(count: NonZeroU32, frame: (u32, u32)) -> Self {
        let count = count.get();
        let (width, height) = (f64::from(frame.0.max(1)), f64::from(frame.1.max(1)));
        let cost = |columns: u32| {
            let rows = count.div_ceil(columns);
            let shape = f64::from(columns) * width / (f64::from(rows) * height);
            (shape / SHAPE).ln().abs() + 0.4 * f64::from(columns * rows - count)
        };
        let columns = (1..=count).min_by(|&a, &b| cost(a).total_cmp(&cost(b))).unwrap_or(1);
        let rows = count.div_ceil(columns);
        let fit = (ROOM.0 / (f64::from(columns) * width)).min(ROOM.1 / (f64::from(rows) * height)).min(LARGEST);
        let cell = ((width * fit).round().max(1.0) as u32, (height * fit).round().max(1.0) as u32);
        Self { columns, rows, cell, frame }
    }

    /// How many frames show a video of this frame size well: fewer where they are wide, so that each stays large.
    #[must_use]
    pub const fn usual_count((width, height): (u32, u32)) -> NonZeroU32 {
        const FEW: NonZeroU32 = NonZeroU32::new(6).expect("6 is not 0");
        const MANY: NonZeroU32 = NonZeroU32::new(8).expect("8 is not 0");
        if width < height { MANY } else { FEW }
    }

    /// Width and height of the sheet, in pixels.
    #[must_use]
    pub const fn size(&self) -> (u32, u32) {
        (self.columns * (self.cell.0 + GAP) + GAP, STRIP + self.rows * (self.cell.1 + GAP))
    }

    /// The upper left corner of the place `index`, counted row by row.
    const fn place(&self, index: u32) -> (u32, u32) {
        let (column, row) = (index % self.columns, index / self.columns);
        (GAP + column * (self.cell.0 + GAP), STRIP + row * (self.cell.1 + GAP))
    }
}

/// A picture of many frames, filled one by one.
#[derive(Clone, Debug)]
pub struct Sheet {
    layout: Layout,
    picture: RgbImage,
    filled: u32,
}

impl Sheet {
    /// A sheet without frames.
    ///
    /// # Errors
    /// [`OverlayError::Size`].
    pub fn new(layout: Layout, title: &Title) -> Result<Self, OverlayError> {
        let (width, height) = layout.size();
        let mut picture = RgbImage::from_pixel(width, height, BACKGROUND);
        let mut canvas = Canvas::of(&picture)?;
        write_title(&mut canvas, title);
        canvas.show(&mut picture);
        Ok(Self { layout, picture, filled: 0 })
    }

    /// Puts the upright frame `picture`, with `labels` in its pixels drawn on it, on the next place. A frame of another
    /// size than the layout's is scaled to the same place; one more than there are places is let go.
    ///
    /// # Errors
    /// [`OverlayError::Size`].
    pub fn push(&mut self, picture: &RgbImage, labels: &FrameLabels, style: &Style) -> Result<(), OverlayError> {
        let (width, height) = picture.dimensions();
        if width == 0 || height == 0 {
            return Err(OverlayError::Size { width, height });
        }
        let (width, height) = self.layout.cell;
        let mut cell = imageops::resize(picture, width, height, FilterType::Triangle);
        let scale = (width as f32 / picture.width() as f32, height as f32 / picture.height() as f32);
        draw_scaled(&mut cell, labels, View { scale }, style)?;
        let (left, top) = self.layout.place(self.filled);
        imageops::replace(&mut self.picture, &cell, i64::from(left), i64::from(top));
        self.filled += 1;
        Ok(())
    }

    /// The finished picture.
    #[must_use]
    pub fn into_picture(self) -> RgbImage {
        self.picture
    }
}

/// The name and the note on the left, the colours' meaning on the right where there is room for it.
fn write_title(canvas: &mut Canvas, title: &Title) {
    let baseline = (STRIP as f32 + text::CAPITALS * TEXT) / 2.0;
    let margin = GAP as f32 + 4.0;
    let legend = legend_width();
    let beside = canvas.width() - legend - 3.0 * margin;
    let has_legend = beside > legend;
    let room = if has_legend { beside } else { canvas.width() - 2.0 * margin };
    let name = text::fitted(&title.name, TEXT, room);
    canvas.text(&name, TEXT, (margin, baseline), NAME);
    let after = text::width(&name, TEXT) + TEXT;
    let note = text::fitted(&title.note, TEXT, room - after);
    canvas.text(&note, TEXT, (margin + after, baseline), NOTE);
    if has_legend {
        write_legend(canvas, canvas.width() - legend - margin, baseline);
    }
}

/// The sides, as the person in the picture has them.
const SIDES: [(&str, Rgb<u8>); 2] = [("left", LEFT), ("right", RIGHT)];
/// Pixels of a legend's dot and the space around it.
const DOT: f32 = 0.9 * TEXT;

fn legend_width() -> f32 {
    SIDES.iter().map(|(word, _)| DOT + text::width(word, TEXT)).sum::<f32>() + TEXT
}

fn write_legend(canvas: &mut Canvas, mut x: f32, baseline: f32) {
    for (word, colour) in SIDES {
        canvas.disc((x + 0.3 * TEXT, baseline - 0.35 * TEXT), 0.3 * TEXT, 0.0, colour);
        canvas.text(word, TEXT, (x + DOT, baseline), NAME);
        x += DOT + text::width(word, TEXT) + TEXT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swingpose_core::FrameIndex;

    fn layout(count: u32, frame: (u32, u32)) -> Layout {
        Layout::new(NonZeroU32::new(count).unwrap(), frame)
    }

    fn nobody(frame: u64) -> FrameLabels {
        FrameLabels { frame: FrameIndex(frame), pts: 0, time_s: 0.0, people: vec![] }
    }

    #[test]
    fn the_usual_sheets_are_wider_than_high_and_full() {
        for (frame, columns, rows) in [((1080, 1920), 4, 2), ((1920, 1080), 2, 3), ((1000, 1000), 3, 2)] {
            let layout = Layout::new(Layout::usual_count(frame), frame);
            assert_eq!((layout.columns, layout.rows), (columns, rows), "{frame:?}");
            let (width, height) = layout.size();
            assert!(width > height && width < 2000 && height < 2400, "{layout:?}");
        }
    }

    #[test]
    fn every_layout_holds_its_frames_and_stays_small() {
        for count in 1..=100 {
            for frame in [(1, 1), (16, 9000), (9000, 16), (3840, 2160), (0, 7)] {
                let layout = layout(count, frame);
                let (width, height) = layout.size();
                assert!(layout.columns * layout.rows >= count, "{layout:?}");
                assert!(width <= 1920 + 101 * (GAP + 1) && height <= 2160 + STRIP + 100 * (GAP + 1), "{layout:?}");
            }
        }
    }

    #[test]
    fn frames_stand_row_by_row_in_their_own_colours() {
        let layout = layout(3, (400, 300));
        let mut sheet = Sheet::new(layout, &Title::default()).unwrap();
        let style = Style { caption: false, ..Style::default() };
        let colours = [Rgb([200, 0, 0]), Rgb([0, 200, 0]), Rgb([0, 0, 200])];
        for (number, colour) in (0..).zip(colours) {
            sheet.push(&RgbImage::from_pixel(400, 300, colour), &nobody(number), &style).unwrap();
        }
        sheet.push(&RgbImage::new(400, 300), &nobody(3), &style).unwrap();
        let picture = sheet.into_picture();
        assert_eq!(picture.dimensions(), layout.size());
        for (index, colour) in (0..).zip(colours) {
            let (left, top) = layout.place(index);
            let (right, bottom) = (left + layout.cell.0 - 1, top + layout.cell.1 - 1);
            assert_eq!([*picture.get_pixel(left, top), *picture.get_pixel(right, bottom)], [colour; 2]);
            assert_eq!(*picture.get_pixel(left - 1, top), BACKGROUND);
        }
    }

    #[test]
    fn a_title_of_any_length_stays_in_its_strip() {
        let long = "a very long name ".repeat(30);
        for frame in [(8, 8), (1080, 1920)] {
            let layout = layout(2, frame);
            let plain = Sheet::new(layout, &Title::default()).unwrap().into_picture();
            let titled = Sheet::new(layout, &Title { name: long.clone(), note: long.clone() }).unwrap().into_picture();
            let below = |picture: &RgbImage| picture.rows().skip(STRIP as usize).flatten().copied().collect::<Vec<_>>();
            assert_eq!(below(&plain), below(&titled));
        }
    }

    #[test]
    fn a_frame_without_pixels_is_refused() {
        let mut sheet = Sheet::new(layout(1, (8, 8)), &Title::default()).unwrap();
        let refusal = sheet.push(&RgbImage::new(0, 3), &nobody(0), &Style::default());
        assert_eq!(refusal, Err(OverlayError::Size { width: 0, height: 3 }));
    }
}
