//! Savitzky-Golay and Butterworth against scipy: the values that `tools/fixtures/smoothing.py` recorded.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]
#![expect(clippy::print_stdout, reason = "how near they are is a figure of tests/README.md")]

use serde::Deserialize;
use std::path::Path;
use swingpose_smooth::{Butterworth, Filter, SavitzkyGolay};

/// How far a value of some hundred pixels may be from scipy's, in pixels.
const TOLERANCE: f64 = 1e-8;

#[derive(Deserialize)]
struct Recording {
    rate: f64,
    raw: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    filter: String,
    /// The first so many samples of the raw ones.
    count: usize,
    window: Option<usize>,
    cutoff: Option<f64>,
    order: usize,
    smooth: Vec<f64>,
}

impl Case {
    fn filter(&self) -> Filter {
        match self.filter.as_str() {
            "savgol_filter" => Filter::SavitzkyGolay(SavitzkyGolay::new(self.window.unwrap(), self.order).unwrap()),
            "butter, filtfilt" => Filter::Butterworth(Butterworth::new(self.cutoff.unwrap(), self.order).unwrap()),
            other => panic!("no filter {other}"),
        }
    }
}

#[test]
fn filters_give_what_scipy_gives() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/smoothing/scipy.json");
    let recording: Recording = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let times: Vec<f64> = (0..recording.raw.len()).map(|n| n as f64 / recording.rate).collect();
    assert_eq!(recording.cases.len(), 9);
    let mut largest = 0.0;
    for case in &recording.cases {
        let mut found = recording.raw[..case.count].to_vec();
        case.filter().apply(&times[..case.count], &mut found);
        assert_eq!(found.len(), case.smooth.len());
        let off = found.iter().zip(&case.smooth).map(|(found, smooth)| (found - smooth).abs()).fold(0.0, f64::max);
        assert!(off <= TOLERANCE, "{} of order {}, {} samples: off by {off}", case.filter, case.order, case.count);
        largest = f64::max(largest, off);
    }
    println!("largest difference from scipy {largest:.1e} px");
}
