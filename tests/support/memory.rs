//! What this process has taken of the machine.

use std::fs;

/// The most memory that was in use at once, in bytes, mapped files included as far as they were read; 0 where the system
/// does not tell (Linux does, in `/proc/self/status`).
#[must_use]
pub fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}
