//! The bytes of an input, read piecewise: positioned reads for samples, a small window for walking an index.
//!
//! Everything that parses a container goes through [`MediaFile`], so that no parser holds a file in memory and every
//! read beyond the end is an error that names the file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::{VideoError, read_error};

/// Bytes that can be read anywhere, from several threads at once.
trait ReadAt: Send + Sync {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let from = usize::try_from(offset).ok().and_then(|start| self.get(start..)?.get(..buffer.len()));
        buffer.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// An input: its path for messages, its length, and its bytes by position.
pub(crate) struct MediaFile {
    path: PathBuf,
    length: u64,
    bytes: Box<dyn ReadAt>,
}

impl MediaFile {
    /// Opens the file at `path`; an empty file or a folder is an error.
    pub(crate) fn open(path: &Path) -> Result<Self, VideoError> {
        let failed = |source| VideoError::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        if metadata.len() == 0 {
            return Err(VideoError::Empty { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), length: metadata.len(), bytes: Box::new(file) })
    }

    /// `bytes` as if they were the file `path`.
    pub(crate) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), length: bytes.len() as u64, bytes: Box::new(bytes) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn len(&self) -> u64 {
        self.length
    }

    /// Fills `buffer` from `offset`.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.bytes.read_exact_at(buffer, offset)
    }

    /// The first bytes of the file, at most `N`, the rest zeros.
    pub(crate) fn head<const N: usize>(&self) -> Result<[u8; N], VideoError> {
        let mut head = [0; N];
        let present = N.min(usize::try_from(self.length).unwrap_or(N));
        self.read_at(0, &mut head[..present]).map_err(read_error(&self.path, 0))?;
        Ok(head)
    }

    /// A reader of `range`, which must lie within the file.
    pub(crate) const fn window(&self, start: u64, end: u64) -> Window<'_> {
        Window { file: self, position: start, end, buffer: Vec::new(), buffer_start: 0 }
    }

    /// The error of finding `part` broken at `offset`.
    pub(crate) fn malformed(&self, part: &'static str, offset: u64, problem: &'static str) -> VideoError {
        VideoError::Malformed { path: self.path.clone(), part, offset, problem }
    }

    /// The error of `part` reaching beyond the end of the file.
    pub(crate) fn truncated(&self, part: &'static str, needed: u64) -> VideoError {
        VideoError::Truncated { path: self.path.clone(), part, needed, length: self.length }
    }
}

/// How many bytes a [`Window`] reads at once: a page, as skipping from header to header reads little of each.
const WINDOW_BYTES: u64 = 4096;

/// The most that is read into memory in one piece while indexing: no configuration record comes near it.
const MAX_TAKEN_BYTES: u64 = 1 << 20;

/// A forward reader of a range of a file, big-endian, with one page of it in memory.
pub(crate) struct Window<'a> {
    file: &'a MediaFile,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
    buffer_start: u64,
}

impl Window<'_> {
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// Bytes left in the range.
    pub(crate) const fn left(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    /// Goes `count` bytes on; beyond the range's end the reads fail.
    pub(crate) const fn skip(&mut self, count: u64) {
        self.position = self.position.saturating_add(count);
    }

    /// The next `N` bytes; `part` is what is being read, for the error when the range ends before.
    pub(crate) fn bytes<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], VideoError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, part)?;
        Ok(bytes)
    }

    /// The next `count` bytes; more than are left, or than a configuration record can have, are refused.
    pub(crate) fn take(&mut self, count: u64, part: &'static str) -> Result<Vec<u8>, VideoError> {
        if count > self.left() {
            return Err(self.too_short(part));
        }
        if count > MAX_TAKEN_BYTES {
            return Err(self.file.malformed(part, self.position, "it is absurdly large"));
        }
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(usize::MAX)];
        self.file.read_at(self.position, &mut bytes).map_err(read_error(&self.file.path, self.position))?;
        self.position += count;
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self, part: &'static str) -> Result<u8, VideoError> {
        self.bytes(part).map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self, part: &'static str) -> Result<u16, VideoError> {
        self.bytes(part).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, part: &'static str) -> Result<u32, VideoError> {
        self.bytes(part).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, part: &'static str) -> Result<u64, VideoError> {
        self.bytes(part).map(u64::from_be_bytes)
    }

    fn fill(&mut self, out: &mut [u8], part: &'static str) -> Result<(), VideoError> {
        if out.len() as u64 > self.left() {
            return Err(self.too_short(part));
        }
        let inside = |window: &Self| {
            let start = usize::try_from(window.position.checked_sub(window.buffer_start)?).ok()?;
            window.buffer.get(start..)?.get(..out.len()).map(|_| start)
        };
        let start = match inside(self) {
            Some(start) => start,
            None => {
                let ahead = self.left().min(WINDOW_BYTES.max(out.len() as u64));
                self.buffer.resize(usize::try_from(ahead).unwrap_or(out.len()), 0);
                self.buffer_start = self.position;
                self.file
                    .read_at(self.position, &mut self.buffer)
                    .map_err(read_error(&self.file.path, self.position))?;
                0
            }
        };
        out.copy_from_slice(&self.buffer[start..start + out.len()]);
        self.position += out.len() as u64;
        Ok(())
    }

    fn too_short(&self, part: &'static str) -> VideoError {
        self.file.malformed(part, self.position, "it ends before its contents do")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_reads_across_its_pages_and_stops_at_its_end() {
        let bytes: Vec<u8> = (0..10_000_u32).flat_map(u32::to_be_bytes).collect();
        let file = MediaFile::from_bytes(Path::new("numbers"), bytes);
        let mut window = file.window(4, 39_998);
        for expected in 1..9_999 {
            assert_eq!(window.u32("number").unwrap(), expected);
        }
        assert_eq!(window.left(), 2);
        assert!(matches!(window.u32("number"), Err(VideoError::Malformed { offset: 39_996, .. })));
        assert!(window.take(3, "number").is_err());
        assert_eq!(window.take(2, "number").unwrap(), [0, 0]);
    }

    #[test]
    fn a_skip_beyond_the_end_fails_on_the_next_read() {
        let file = MediaFile::from_bytes(Path::new("short"), vec![0; 16]);
        let mut window = file.window(0, 16);
        window.skip(u64::MAX);
        assert_eq!(window.left(), 0);
        assert!(window.u8("byte").is_err());
    }
}
