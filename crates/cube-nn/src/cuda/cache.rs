//! Compiled kernels on disk, in the user's cache folder: what NVRTC takes seconds for is done once a machine.
//!
//! An entry is found by the hash of all that went into it, and says which hash that was and which its contents have. One that is
//! damaged, cut short or somebody else's is as good as none, and so is a folder that cannot be read or written.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// The first bytes of an entry.
const MAGIC: &[u8; 8] = b"SWPCUBN1";
/// Bytes of a hash.
const HASH: usize = 32;

/// What an entry is found by.
pub(super) struct Key([u8; HASH]);

impl Key {
    /// The key of what is made of `parts`, and of nothing else.
    pub(super) fn new(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    fn path(&self) -> Option<PathBuf> {
        let name: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(folder()?.join(format!("{name}.cubin")))
    }
}

/// `$SWINGPOSE_CACHE`, or `swingpose` in the user's cache folder; none if the user has none, or the variable is empty.
fn folder() -> Option<PathBuf> {
    if let Some(named) = env::var_os("SWINGPOSE_CACHE") {
        return (!named.is_empty()).then(|| PathBuf::from(named).join("kernels"));
    }
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("swingpose").join("kernels"))
}

/// The contents of the entry, if there is a whole one.
pub(super) fn read(key: &Key) -> Option<Vec<u8>> {
    unpack(key, &fs::read(key.path()?).ok()?)
}

/// Keeps `contents` under the key, if that can be done.
pub(super) fn write(key: &Key, contents: &[u8]) {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let Some(path) = key.path() else { return };
    let Some(folder) = path.parent() else { return };
    // Under another name first: whoever reads meanwhile finds a whole entry or none.
    let part = path.with_extension(format!("{}-{}", process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed)));
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&part, pack(key, contents)))
        .and_then(|()| fs::rename(&part, &path));
    if written.is_err() {
        let _left = fs::remove_file(&part);
    }
}

fn pack(key: &Key, contents: &[u8]) -> Vec<u8> {
    [MAGIC.as_slice(), &key.0, &Sha256::digest(contents), contents].concat()
}

fn unpack(key: &Key, entry: &[u8]) -> Option<Vec<u8>> {
    let entry = entry.strip_prefix(MAGIC)?.strip_prefix(&key.0)?;
    let (hash, contents) = entry.split_at_checked(HASH)?;
    (Sha256::digest(contents).as_slice() == hash).then(|| contents.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_what_was_kept_under_its_key_or_none() {
        let (key, other) = (Key::new(&["a", "bc"]), Key::new(&["ab", "c"]));
        let entry = pack(&key, b"cubin");
        assert_eq!(unpack(&key, &entry).as_deref(), Some(b"cubin".as_slice()));
        assert_eq!(unpack(&other, &entry), None, "another's");
        for cut in 0..entry.len() {
            assert_eq!(unpack(&key, &entry[..cut]), None, "cut to {cut}");
            let mut damaged = entry.clone();
            damaged[cut] ^= 1;
            assert_eq!(unpack(&key, &damaged), None, "damaged at {cut}");
        }
    }
}
