//! The container readers, on any bytes: seed it with tests/media/clips.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| swingpose_video::fuzz::container(bytes));
