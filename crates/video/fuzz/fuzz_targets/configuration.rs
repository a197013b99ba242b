//! The codec configuration records avcC, hvcC and av1C, on any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| swingpose_video::fuzz::configuration(bytes));
