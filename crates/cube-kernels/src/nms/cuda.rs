//! Suppression in one launch: a block an image sorts and suppresses its boxes.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;
use swingpose_cube_nn::cuda::{Argument, Buffers, Geometry, Kernel, Source, capability};

use super::{Boxes, Choice};
use crate::DeviceSlice;

static SOURCE: Source = Source { name: "nms.cu", text: concat!(include_str!("keys.cuh"), include_str!("nms.cu")) };

/// As in the source.
const THREADS: u32 = 1024;
/// The places of an image that fit its shared memory; fewer than those from which on classes are always apart.
const MOST_BOXES: usize = 4096;
const MOST_KEPT: usize = 512;

/// Puts it into the stream if the kernel takes the sizes; `false`, and nothing done, otherwise. `pictures`, `[n, 2]`, are what the
/// people are cut to.
pub(super) fn launch(client: &Client, boxes: &Boxes, kept: &Boxes, iou_threshold: f32, choice: Choice<'_>) -> bool {
    if boxes.capacity > MOST_BOXES || kept.capacity > MOST_KEPT || capability(client).is_none() {
        return false;
    }
    let (people, score_threshold, pictures) = match choice {
        Choice::All => (0, 0.0, None),
        Choice::People { score_threshold, pictures } => (1, score_threshold, Some(pictures)),
    };
    // Nobody looks at the pictures of those that are not cut.
    let pictures = pictures.map_or_else(|| boxes.corners.handle(), DeviceSlice::handle);
    let [from, to] = [boxes, kept].map(Boxes::handles);
    let buffers = Buffers { read: &[from.as_slice(), &[pictures]].concat(), written: &to };
    let numbers = [
        Argument::U32(boxes.capacity as u32),
        Argument::U32(kept.capacity as u32),
        Argument::F32(iou_threshold),
        Argument::U32(people),
        Argument::F32(score_threshold),
    ];
    let geometry = Geometry { grid: [boxes.n as u32, 1, 1], block: THREADS, shared: 0 };
    // SAFETY: both have the places that they say (`Boxes::check`), and no more than the kernel has room for; a block an image.
    unsafe {
        Kernel::new::<f32>(&SOURCE, "nms", &[]).launch(client, geometry, buffers, numbers);
    }
    true
}
