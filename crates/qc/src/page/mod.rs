//! Pages for a person to read: one a video ([`video`]), and an index over many ([`index`]).
//!
//! A page is one file of HTML that needs nothing else: no script, no network, pictures and style within. It is well-formed as XML
//! too. `html` writes elements, `plot` draws the timeline, `words` says numbers as they are read, `style.css` is what it looks
//! like, on a screen by day and by night and on paper.

mod facts;
mod frames;
mod html;
mod index;
mod plot;
mod tables;
mod video;
mod words;

pub use frames::Thumbnail;
pub use index::{Entry, index};
pub use video::video;

/// What pages look like.
const STYLE: &str = include_str!("style.css");
