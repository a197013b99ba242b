//! A folder that appears only whole: filled under a temporary name beside its place, then renamed.

use crate::error::LabelsError;
use crate::whole_file::{folder, sync_folder};
use std::fs::{create_dir_all, read_dir, remove_dir};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tempfile::{Builder, TempDir};

/// A folder that is being filled. Dropped before [`WholeFolder::finish`], nothing is left of it; a process that is killed
/// leaves only the temporary folder, which starts with a dot and ends in `.unfinished`.
#[derive(Debug)]
pub struct WholeFolder {
    path: PathBuf,
    temporary: TempDir,
}

impl WholeFolder {
    /// Starts the folder that will be `path`, and makes those that it lies in.
    ///
    /// # Errors
    /// [`LabelsError::FolderTaken`] where something lies there already, [`LabelsError::Write`].
    pub fn create(path: &Path) -> Result<Self, LabelsError> {
        let refusal = |source| LabelsError::Write { path: path.to_owned(), source };
        let name = path.file_name().ok_or_else(|| LabelsError::NoFileName { path: path.to_owned() })?;
        let is_taken = read_dir(path).map_or_else(
            |error| error.kind() != ErrorKind::NotFound, // a file, or a folder that cannot be looked into
            |mut entries| entries.next().is_some(),
        );
        if is_taken {
            return Err(LabelsError::FolderTaken { path: path.to_owned() });
        }
        create_dir_all(folder(path)).map_err(refusal)?;
        let prefix = format!(".{}.", name.to_string_lossy());
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(".unfinished");
        readable_as_any_new_folder(&mut builder);
        let temporary = builder.tempdir_in(folder(path)).map_err(refusal)?;
        Ok(Self { path: path.to_owned(), temporary })
    }

    /// Writes the file `name`.
    ///
    /// # Errors
    /// [`LabelsError::Write`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), LabelsError> {
        std::fs::write(self.temporary.path().join(name), bytes)
            .map_err(|source| LabelsError::Write { path: self.path.join(name), source })
    }

    /// Gives the folder its name. Its files are on the disk when the system has written them, which many small files
    /// are not worth waiting for.
    ///
    /// # Errors
    /// [`LabelsError::Write`]; then nothing is left of it.
    pub fn finish(self) -> Result<(), LabelsError> {
        let Self { path, temporary } = self;
        // An empty folder may stand there, and is not renamed over everywhere.
        let cleared = remove_dir(&path).or_else(|e| if e.kind() == ErrorKind::NotFound { Ok(()) } else { Err(e) });
        let named = cleared.and_then(|()| std::fs::rename(temporary.path(), &path));
        named.and_then(|()| sync_folder(folder(&path))).map_err(|source| LabelsError::Write { path, source })?;
        // What it was called is gone; there is nothing to be removed.
        let _ = temporary.keep();
        Ok(())
    }
}

/// Temporary folders are made for their owner's eyes only; this one becomes a folder like any other, by the user's umask.
#[cfg(unix)]
fn readable_as_any_new_folder(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o777));
}

#[cfg(not(unix))]
fn readable_as_any_new_folder(_: &mut Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_its_name_only_when_it_is_finished() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("new/frames");
        for is_empty_there in [false, true] {
            let inner = WholeFolder::create(&path).unwrap();
            inner.write("1.txt", b"one").unwrap();
            assert_eq!(path.exists(), is_empty_there);
            inner.finish().unwrap();
            assert_eq!(std::fs::read(path.join("1.txt")).unwrap(), b"one");
            assert_eq!(read_dir(outer.path().join("new")).unwrap().count(), 1);
            std::fs::remove_file(path.join("1.txt")).unwrap();
        }
    }

    #[test]
    fn what_lies_there_is_spared_and_an_unfinished_folder_leaves_nothing() {
        let outer = tempfile::tempdir().unwrap();
        let (taken, file) = (outer.path().join("taken"), outer.path().join("taken/file"));
        std::fs::create_dir(&taken).unwrap();
        std::fs::write(&file, "kept").unwrap();
        for path in [&taken, &file] {
            let refusal = WholeFolder::create(path).unwrap_err();
            assert!(matches!(&refusal, LabelsError::FolderTaken { path: named } if named == path), "{refusal}");
        }
        drop(WholeFolder::create(&outer.path().join("new")).unwrap());
        assert_eq!(read_dir(outer.path()).unwrap().count(), 1);
    }
}
