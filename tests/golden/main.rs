//! Whole networks against what the authors' own code computed (mmdet 3.3, mmpose 1.3 on PyTorch): from the same picture and
//! the same weights, stage by stage, so that a failure names the network and the stage.
//!
//! The three large networks are made of up to 2.5 GB of weights and are run by name:
//! `cargo test -p swingpose-tests --test golden -- --ignored --nocapture` (12 s on two cores, 2.7 GB)

mod batch;
mod demo;
mod detections;
mod dictionary;
mod memory;
mod network;
mod rtmdet;
mod stages;
mod vitpose;
