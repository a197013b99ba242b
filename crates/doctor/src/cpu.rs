//! The processor, on which labels are made where there is no GPU.

use std::fs;
use std::thread;

use serde::Serialize;

/// The processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cpu {
    /// Its name, where the kernel tells it.
    pub model: Option<String>,
    /// How many threads this process can run at once.
    pub threads: usize,
    /// The machine's memory in bytes, where the kernel tells it.
    pub memory: Option<u64>,
}

impl Cpu {
    /// This machine's.
    #[must_use]
    pub fn look() -> Self {
        Self {
            model: value("/proc/cpuinfo", "model name"),
            threads: thread::available_parallelism().map_or(1, Into::into),
            memory: value("/proc/meminfo", "MemTotal").and_then(|text| kibibytes(&text)),
        }
    }
}

/// What `file` says of `key`, in lines of `key : value`.
fn value(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == key).map(|(_, v)| v.to_owned())
}

/// The bytes of `16384 kB`.
fn kibibytes(text: &str) -> Option<u64> {
    text.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
