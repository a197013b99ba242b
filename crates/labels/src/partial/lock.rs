//! One process at a time: an advisory lock of the operating system on a file in the folder of segments.
//!
//! The system lets go of it when the process ends, however it ends, so no lock is ever left behind. On NFS it holds between
//! machines where the server keeps locks (version 4 always does, older ones with `lockd`), and within one machine where the
//! folder is mounted with `nolock` or `local_lock`.

use crate::error::LabelsError;
use std::fs::{File, TryLockError, create_dir, remove_file};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The file's name in the folder of segments.
const NAME: &str = "lock";

/// The folder goes when its labels are finished; whoever comes in just then makes it anew, and is unlucky so often at most.
const ATTEMPTS: usize = 16;

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
    /// Why nothing is locked: the file system cannot.
    pub(super) lacking: Option<io::Error>,
}

impl Lock {
    /// Takes the lock of `folder`, which is made if it is not there, for the labels `output`.
    pub(super) fn take(folder: &Path, output: &Path) -> Result<Self, LabelsError> {
        let refusal = |source| LabelsError::Write { path: folder.to_owned(), source };
        let path = folder.join(NAME);
        for _ in 0..ATTEMPTS {
            match create_dir(folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(refusal(error)),
                _ => {}
            }
            let mut file = match File::options().read(true).write(true).create(true).truncate(false).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(refusal(error)),
            };
            let lacking = match file.try_lock() {
                Ok(()) => None,
                Err(TryLockError::WouldBlock) => {
                    return Err(LabelsError::InUse { output: output.to_owned(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(error)) => Some(error),
            };
            if still_has_its_name(&file, &path) {
                sign(&mut file).map_err(refusal)?;
                return Ok(Self { path, _file: file, lacking });
            }
        }
        Err(LabelsError::InUse { output: output.to_owned(), holder: None })
    }

    /// Takes the file away, of which nothing will be asked any more.
    pub(super) fn remove(&self) {
        // What stays of it stands in nobody's way.
        let _ = remove_file(&self.path);
    }
}

/// Whether `path` is `file`: the process that held the lock before may have removed the file that was opened here.
#[cfg(unix)]
fn still_has_its_name(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same =
        |one: &std::fs::Metadata, other: &std::fs::Metadata| (one.dev(), one.ino()) == (other.dev(), other.ino());
    matches!((file.metadata(), std::fs::metadata(path)), (Ok(one), Ok(other)) if same(&one, &other))
}

#[cfg(not(unix))]
fn still_has_its_name(_: &File, _: &Path) -> bool {
    // A file that is open keeps its name there.
    true
}

/// Writes who holds the lock, for whoever is kept out.
fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    write!(file, "{}", std::process::id())
}

/// The process that has signed, if it has by now.
fn holder(file: &mut File) -> Option<u32> {
    let mut signed = String::new();
    file.take(16).read_to_string(&mut signed).ok()?;
    signed.parse().ok()
}
