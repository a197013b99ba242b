//! How the benchmarks time: `image.rs` and `models.rs` call it once their results have been held against the reference. What they
//! measured is in `README.md`.

use std::hint::black_box;
use std::time::Instant;

/// How long runs took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// The median.
    pub median_ms: f64,
    /// The fastest.
    pub fastest_ms: f64,
}

/// Times `runs` runs, one after the other.
///
/// # Panics
/// If there are to be none.
pub fn time<T>(runs: usize, mut run: impl FnMut() -> T) -> Timing {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    Timing { median_ms: times[runs / 2], fastest_ms: times[0] }
}
