//! The image and decoding operations against what OpenCV, mmdet and mmpose computed (`tests/fixtures/oracle`), against their
//! own scalar references, and against properties they must have.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its golden has failed")]

mod crop_udp;
mod dark_udp;
mod detect_decode;
mod fixture;
mod letterbox;
mod nms;
