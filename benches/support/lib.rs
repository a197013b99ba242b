//! The benchmarks are `image.rs` and `models.rs`, each a program of its own; what they measured is in `README.md`.
