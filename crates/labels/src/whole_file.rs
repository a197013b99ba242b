//! A file that appears only whole: written under a temporary name in its own folder, then renamed.

use crate::error::LabelsError;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// A file that is being written. Dropped before [`WholeFile::finish`], nothing is left of it; a process that is killed
/// leaves only the temporary file, which starts with a dot and ends in `.unfinished`.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    temporary: NamedTempFile,
}

impl WholeFile {
    /// Starts the file that will be `path`; what stands there stays until [`WholeFile::finish`].
    ///
    /// # Errors
    /// [`LabelsError::Write`] where its folder takes no file.
    pub fn create(path: &Path) -> Result<Self, LabelsError> {
        let refusal = |source| LabelsError::Write { path: path.to_owned(), source };
        let name = path.file_name().ok_or_else(|| LabelsError::NoFileName { path: path.to_owned() })?;
        let mut prefix = OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(".unfinished");
        readable_as_any_new_file(&mut builder);
        let temporary = builder.tempfile_in(folder(path)).map_err(refusal)?;
        Ok(Self { path: path.to_owned(), temporary })
    }

    /// The name that the file will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it another name to have, in whatever folder of the same file system.
    pub(crate) fn rename(&mut self, path: &Path) {
        self.path = path.to_owned();
    }

    /// The file itself, for what must be read back or patched.
    pub(crate) fn file_mut(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Gives the file its name, replacing what stood there, once every byte is on the disk.
    ///
    /// # Errors
    /// [`LabelsError::Write`]; then the temporary file is gone, and what stood there before still stands.
    pub fn finish(self) -> Result<(), LabelsError> {
        let Self { path, temporary } = self;
        let named = temporary.as_file().sync_all().and_then(|()| temporary.persist(&path).map_err(|e| e.error));
        named.and_then(|_| sync_folder(folder(&path))).map_err(|source| LabelsError::Write { path, source })
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

/// The folder that `path` lies in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Temporary files are made for their owner's eyes only; this one becomes a file like any other, by the user's umask.
#[cfg(unix)]
fn readable_as_any_new_file(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn readable_as_any_new_file(_: &mut Builder<'_, '_>) {}

/// A rename is on the disk only when its folder is.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("é.jsonl");
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(folder.path()), ["é.jsonl"]);
    }

    #[test]
    fn an_unfinished_file_leaves_nothing_and_spares_what_stood_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels");
        std::fs::write(&path, b"old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["labels"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("labels");
        let error = WholeFile::create(&path).unwrap_err();
        assert!(matches!(&error, LabelsError::Write { path: named, .. } if *named == path), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_it_as_they_may_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        WholeFile::create(&folder.path().join("ours")).unwrap().finish().unwrap();
        File::create(folder.path().join("any")).unwrap();
        assert_eq!(mode("ours"), mode("any"));
    }
}
