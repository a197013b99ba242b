//! Length-prefixed NAL units to Annex B, on any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| swingpose_video::fuzz::nal_units(bytes));
