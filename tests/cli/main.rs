//! The `swingpose` command in process, on real footage, with the nano networks of `tests/fixtures/checkpoints`.
//!
//! `program` runs a command line and keeps what it said; then one module a command, and `labeler` for the library below.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]

mod bench;
mod compare;
mod eval;
mod inspect;
mod label;
mod labeler;
mod overlay;
mod program;
mod qc;
mod verify;
