//! The seal of a label file: the SHA-256 of all its bytes, kept in its own metadata.
//!
//! The digest is that of the file in which the digest's own 64 characters are `0`. Whatever byte changes afterwards, in
//! the table, the metadata or the seal, the file no longer reads as labels; and the Parquet decoder only ever sees bytes
//! that an encoder wrote. Parquet alone would not notice a changed number.

use crate::error::{Damage, LabelsError};
use parquet::file::metadata::KeyValue;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The metadata that holds the seal.
pub(super) const KEY: &str = "swingpose.sha256";

/// Characters of a SHA-256 in hex.
const LENGTH: usize = 64;
/// What stands in the digest's place while the digest is taken.
const BLANK: [u8; LENGTH] = [b'0'; LENGTH];
/// What Parquet files start and end with.
const MAGIC: &[u8] = b"PAR1";
/// After the metadata come its length and the magic.
const TRAILER: u64 = 8;
/// The seal is the last of the key-value metadata, after which come only `created_by` and a few bytes a column.
const SEARCHED: u64 = 1 << 16;

/// The metadata of a file that is still to be sealed.
pub(super) fn blank() -> KeyValue {
    KeyValue::new(KEY.to_owned(), String::from_utf8_lossy(&BLANK).into_owned())
}

/// Seals the finished Parquet file `file`, which was written with a [`blank`] seal.
pub(super) fn apply(file: &mut File, path: &Path) -> Result<(), LabelsError> {
    let place = locate(file, path)?;
    let refusal = |source| LabelsError::Write { path: path.to_owned(), source };
    let seal = digest(file, place).map_err(refusal)?;
    file.seek(SeekFrom::Start(place)).and_then(|_| file.write_all(seal.as_bytes())).map_err(refusal)
}

/// Checks that `file` is as it was sealed.
///
/// # Errors
/// [`LabelsError::NotParquet`], [`LabelsError::NotLabels`] for a Parquet file without a seal, [`LabelsError::Damaged`]
/// for one that has lost its end or whose seal is broken, [`LabelsError::Read`].
pub(super) fn verify(file: &mut File, path: &Path) -> Result<(), LabelsError> {
    let place = locate(file, path)?;
    let mut stated = BLANK;
    let refusal = |source| LabelsError::Read { path: path.to_owned(), source };
    read_at(file, place, &mut stated).map_err(refusal)?;
    let found = digest(file, place).map_err(refusal)?;
    if stated == found.as_bytes() {
        return Ok(());
    }
    Err(Damage::Digest { expected: String::from_utf8_lossy(&stated).into_owned(), found }.of(path))
}

/// Where the seal's characters stand in `file`.
fn locate(file: &mut File, path: &Path) -> Result<u64, LabelsError> {
    let refusal = |source| LabelsError::Read { path: path.to_owned(), source };
    let bytes = file.seek(SeekFrom::End(0)).map_err(refusal)?;
    let mut head = [0; MAGIC.len()];
    if bytes < head.len() as u64 {
        return Err(LabelsError::NotParquet { path: path.to_owned() });
    }
    read_at(file, 0, &mut head).map_err(refusal)?;
    if head != MAGIC {
        return Err(LabelsError::NotParquet { path: path.to_owned() });
    }
    let end = footer_end(file, bytes).map_err(refusal)?.ok_or_else(|| Damage::CutShort { bytes }.of(path))?;
    let start = end.saturating_sub(SEARCHED);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(start)).map_err(refusal)?;
    file.take(end - start).read_to_end(&mut tail).map_err(refusal)?;
    let mark = mark();
    let found = tail.windows(mark.len() + LENGTH).rposition(|window| window.starts_with(&mark));
    let offset = found.ok_or_else(|| LabelsError::NotLabels { path: path.to_owned(), missing: KEY })?;
    Ok(start + (offset + mark.len()) as u64)
}

/// Where the metadata ends, if the file ends as a Parquet file does.
fn footer_end(file: &mut File, bytes: u64) -> io::Result<Option<u64>> {
    let Some(end) = bytes.checked_sub(TRAILER).filter(|end| *end >= MAGIC.len() as u64) else { return Ok(None) };
    let mut trailer = [0; TRAILER as usize];
    read_at(file, end, &mut trailer)?;
    Ok((trailer.ends_with(MAGIC)).then_some(end))
}

/// What stands before the seal's characters: its key, then the header of a string of 64 bytes as the second field of a
/// structure, in Thrift's compact protocol.
fn mark() -> Vec<u8> {
    [KEY.as_bytes(), &[0x18, LENGTH as u8]].concat()
}

/// The SHA-256 of `file` in lower-case hex, taken as if the 64 bytes from `place` were [`BLANK`].
fn digest(file: &mut File, place: u64) -> io::Result<String> {
    let mut hash = Sha256::new();
    file.seek(SeekFrom::Start(0))?;
    io::copy(&mut file.take(place), &mut hash)?;
    hash.update(BLANK);
    file.seek(SeekFrom::Start(place + LENGTH as u64))?;
    io::copy(file, &mut hash)?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn read_at(file: &mut File, place: u64, bytes: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(place))?;
    file.read_exact(bytes)
}
