//! The box tree of an ISO base media file (ISO/IEC 14496-12 4.2), walked header by header.
//!
//! A box never reaches beyond its parent here, so the sizes that follow from one can be trusted to lie in the file.

use crate::demux::bytes::{MediaFile, Window};
use crate::error::VideoError;

/// A box: its type and where its contents lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BoxRange {
    /// The four characters.
    pub(super) kind: [u8; 4],
    /// Where its header begins.
    pub(super) start: u64,
    /// Where its contents begin.
    pub(super) body: u64,
    /// Where they end; beyond the file's end only for a top-level box that is cut.
    pub(super) end: u64,
}

impl BoxRange {
    /// A reader of the contents.
    pub(super) const fn window<'a>(&self, file: &'a MediaFile) -> Window<'a> {
        file.window(self.body, self.end)
    }

    /// The boxes within.
    pub(super) const fn children<'a>(&self, file: &'a MediaFile) -> Boxes<'a> {
        Boxes { file, position: self.body, end: self.end, may_be_cut: false }
    }

    /// The boxes within, after `skipped` bytes of other contents.
    pub(super) const fn children_after<'a>(&self, file: &'a MediaFile, skipped: u64) -> Boxes<'a> {
        Boxes { file, position: self.body.saturating_add(skipped), end: self.end, may_be_cut: false }
    }

    /// The first child of this type.
    pub(super) fn child(&self, file: &MediaFile, kind: &[u8; 4]) -> Result<Option<Self>, VideoError> {
        self.children(file).find(|child| !matches!(child, Ok(child) if child.kind != *kind)).transpose()
    }
}

/// The boxes of a range, one after another; after an error there are no more.
pub(super) struct Boxes<'a> {
    file: &'a MediaFile,
    position: u64,
    end: u64,
    may_be_cut: bool,
}

/// The boxes of the file itself.
pub(super) const fn top_level(file: &MediaFile) -> Boxes<'_> {
    Boxes { file, position: 0, end: file.len(), may_be_cut: true }
}

impl Boxes<'_> {
    fn read(&self) -> Result<BoxRange, VideoError> {
        let broken = |problem| Err(self.file.malformed("a box", self.position, problem));
        let mut header = self.file.window(self.position, self.end);
        let size = header.u32("a box header")?;
        let kind = header.bytes("a box header")?;
        let size = match size {
            0 => self.end - self.position,
            1 => header.u64("a box header")?,
            size => size.into(),
        };
        let body = header.position();
        let end = self.position.saturating_add(size);
        if end < body {
            return broken("its size is less than its header");
        }
        if end > self.end && !self.may_be_cut {
            return broken("it reaches beyond the box around it");
        }
        Ok(BoxRange { kind, start: self.position, body, end })
    }
}

impl Iterator for Boxes<'_> {
    type Item = Result<BoxRange, VideoError>;

    fn next(&mut self) -> Option<Self::Item> {
        // QuickTime ends some lists of boxes with four zero bytes.
        if self.end.saturating_sub(self.position) < 8 {
            return None;
        }
        let found = self.read();
        self.position = found.as_ref().map_or(self.end, |found| found.end);
        Some(found)
    }
}
