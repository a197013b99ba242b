//! Candidates of all levels and images in three launches: a histogram finds what the best do not go below, and only those are sorted.

#![expect(unsafe_code, reason = "launches kernels that trust their sizes")]

use cubecl::prelude::*;
use swingpose_cube_nn::cuda::{Argument, Buffers, Geometry, Kernel, Source, capability};

use super::launch::Head;
use crate::DeviceSlice;
use crate::nms::Boxes;

static SOURCE: Source = Source {
    name: "detect_decode.cu",
    text: concat!(include_str!("../nms/keys.cuh"), include_str!("detect_decode.cu")),
};

/// As in the source: threads of a block, logits that it reads, levels that a launch takes, and candidates that a level may have.
const THREADS: u32 = 512;
const CHUNK: usize = 16384;
const LEVELS: usize = 3;
const LISTED: usize = 4096;
/// Words before the slots, and those of a slot: six numbers, the histogram and the list.
const HEADER: usize = 4;
const SLOT: usize = 6 + 4096 + LISTED;
/// Images that a grid's second axis takes.
const MOST_IMAGES: usize = 65_535;
/// Blocks that clear the slots.
const CLEARING: u32 = 128;

/// Puts the launches into the stream if the kernels take the sizes; `false`, and nothing done, otherwise.
pub(super) fn launch(client: &Client, head: &Head<'_>, candidates: &Boxes) -> bool {
    let Head { levels, bests, classes, size, score_thr, .. } = *head;
    let (n, count) = (candidates.n, levels.len());
    let fits = (1..=LEVELS).contains(&count) && n <= MOST_IMAGES && bests.iter().all(|&best| best <= LISTED);
    if !fits || capability(client).is_none() {
        return false;
    }
    let (table, chunks) = table(head);
    let table = DeviceSlice::new(client, &table);
    let state = DeviceSlice::<u32>::empty(client, HEADER + n * count * SLOT);
    // The places of absent levels hold the last one's, which nobody reads.
    let places: [_; LEVELS] = std::array::from_fn(|i| &levels[i.min(count - 1)]);
    let scores = places.map(|level| level.cls_scores.handle());
    let boxes = places.map(|level| level.bbox_preds.handle());
    let over_logits = [chunks as u32, n as u32, 1];
    let counted = [Argument::U32(count as u32)];
    let mapped = [counted[0], Argument::U32(candidates.capacity as u32), Argument::U32(classes as u32)];
    let decoded = [mapped.as_slice(), &[Argument::F32(size as f32)]].concat();
    let slots = [Argument::U32((n * count) as u32), Argument::F32(score_thr)];
    let (state, table) = (state.handle(), table.handle());
    put(client, "prepare", [CLEARING, 1, 1], Buffers { read: &[], written: &[state] }, &slots);
    let read = [scores.as_slice(), &[table]].concat();
    put(client, "histogram", over_logits, Buffers { read: &read, written: &[state] }, &counted);
    let read = [scores.as_slice(), &boxes, &[table]].concat();
    let written = [&[state], candidates.handles().as_slice()].concat();
    put(client, "collect", over_logits, Buffers { read: &read, written: &written }, &decoded);
    true
}

/// The levels as the kernels read them, the factors after them, and how many chunks there are.
fn table(head: &Head<'_>) -> (Vec<u32>, usize) {
    let (mut chunks, mut before) = (0, 0);
    let mut table = Vec::new();
    for (level, &best) in head.levels.iter().zip(head.bests) {
        let logits = level.height * level.width * head.classes;
        table.extend([logits, chunks, level.width, level.stride, best, before].map(|number| number as u32));
        chunks += logits.div_ceil(CHUNK);
        before += best;
    }
    table.extend(head.factors.iter().map(|factor| factor.to_bits()));
    (table, chunks)
}

fn put(client: &Client, entry: &'static str, grid: [u32; 3], buffers: Buffers<'_>, numbers: &[Argument]) {
    let geometry = Geometry { grid, block: THREADS, shared: 0 };
    // SAFETY: `detect_decode` has checked the maps against the levels; the candidates' places and the state are as many as the
    // table says.
    unsafe {
        Kernel::new::<f32>(&SOURCE, entry, &[]).launch(client, geometry, buffers, numbers.iter().copied());
    }
}
