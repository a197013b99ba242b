//! Weights in the order the tile loop reads them: panels of one to four vectors of outputs, input after input.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::transpose::transpose;
use crate::host::memory;

/// The most vectors a panel is wide; with its tile height it fills the registers.
const WIDEST: usize = 4;

/// Where the inputs of one output lie: runs of `len` numbers at these places of the output's weights.
pub(crate) struct Runs<'a> {
    /// First number of each run, from the start of the output's weights.
    pub(crate) starts: &'a [usize],
    /// Numbers in each run.
    pub(crate) len: usize,
}

/// One panel's place in the result.
#[derive(Clone, Copy)]
pub(crate) struct Panel {
    /// First output.
    pub(crate) column: usize,
    /// Vectors of outputs.
    pub(crate) vectors: usize,
    /// First output of the last vector. Where the outputs do not fill it, it reaches back over the one before: those
    /// outputs come out twice, the same, and every vector is whole.
    pub(crate) last: usize,
}

/// Packed weights. Only if all outputs are fewer than a vector has lanes, the lanes left over are zero.
pub(crate) struct Panels {
    packed: Vec<f32>,
    panels: Vec<Panel>,
    lanes: usize,
    outputs: usize,
    depth: usize,
}

impl Drop for Panels {
    fn drop(&mut self) {
        memory::give(std::mem::take(&mut self.packed));
    }
}

impl Panels {
    /// Packs `outputs` rows of `weight`, `stride` apart, of which `runs` are the inputs.
    pub(crate) fn pack(weight: &[f32], outputs: usize, stride: usize, runs: &Runs) -> Self {
        let mut panels = Self::new(outputs, runs.starts.len() * runs.len);
        panels.parts().into_par_iter().for_each(|part| part.transpose(weight, stride, runs));
        panels
    }

    /// As [`Self::pack`], without help from other threads: for use inside a task.
    pub(crate) fn pack_here(weight: &[f32], outputs: usize, stride: usize, runs: &Runs) -> Self {
        let mut panels = Self::new(outputs, runs.starts.len() * runs.len);
        panels.parts().into_iter().for_each(|part| part.transpose(weight, stride, runs));
        panels
    }

    /// Packs a right side that lies input after input: `depth` rows of `outputs` numbers, `stride` apart.
    pub(crate) fn copy_here(weight: &[f32], outputs: usize, stride: usize, depth: usize) -> Self {
        let mut panels = Self::new(outputs, depth);
        panels.parts().into_iter().for_each(|part| part.copy(weight, stride));
        panels
    }

    /// The layout for this processor, with the weights still to be written.
    fn new(outputs: usize, depth: usize) -> Self {
        let lanes = Arch::new().dispatch(Lanes);
        let (mut panels, mut column) = (Vec::new(), 0);
        for vectors in widths(outputs.div_ceil(lanes)) {
            let next = column + vectors * lanes;
            panels.push(Panel { column, vectors, last: next.min(outputs).saturating_sub(lanes) });
            column = next;
        }
        Self { packed: memory::take(column * depth), panels, lanes, outputs, depth }
    }

    /// Inputs of an output.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Outputs of a vector: as many as it has lanes, or all there are.
    pub(crate) fn vector_outputs(&self) -> usize {
        self.lanes.min(self.outputs)
    }

    /// The panels, from the first output to the last, with their weights.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Panel, &[f32])> {
        let packed =
            |panel: &Panel| &self.packed[panel.column * self.depth..][..panel.vectors * self.lanes * self.depth];
        self.panels.iter().map(move |panel| (*panel, packed(panel)))
    }

    /// Each panel with its memory.
    fn parts(&mut self) -> Vec<Part<'_>> {
        let (lanes, outputs) = (self.lanes, self.vector_outputs());
        let mut rest = self.packed.as_mut_slice();
        let mut parts = Vec::with_capacity(self.panels.len());
        for &panel in &self.panels {
            let (packed, others) = rest.split_at_mut(panel.vectors * lanes * self.depth);
            parts.push(Part { panel, lanes, outputs, packed });
            rest = others;
        }
        parts
    }
}

/// A panel whose weights are still to be written.
struct Part<'a> {
    panel: Panel,
    lanes: usize,
    /// Outputs of the last vector.
    outputs: usize,
    packed: &'a mut [f32],
}

impl Part<'_> {
    /// Writes the weights from rows that are `stride` apart.
    fn transpose(self, weight: &[f32], stride: usize, runs: &Runs) {
        let (width, before_last) = (self.panel.vectors * self.lanes, (self.panel.vectors - 1) * self.lanes);
        if self.outputs < self.lanes {
            self.packed.fill(0.0);
        }
        transpose(&weight[self.panel.column * stride..], before_last, stride, runs, self.packed, width);
        let last = &weight[self.panel.last * stride..];
        transpose(last, self.outputs, stride, runs, &mut self.packed[before_last..], width);
    }

    /// Writes the weights from columns of rows that are `stride` apart.
    fn copy(self, weight: &[f32], stride: usize) {
        let (width, before_last) = (self.panel.vectors * self.lanes, (self.panel.vectors - 1) * self.lanes);
        for (packed, weight) in self.packed.chunks_exact_mut(width).zip(weight.chunks(stride)) {
            packed[..before_last].copy_from_slice(&weight[self.panel.column..][..before_last]);
            let (last, none) = packed[before_last..].split_at_mut(self.outputs);
            last.copy_from_slice(&weight[self.panel.last..][..self.outputs]);
            none.fill(0.0);
        }
    }
}

/// Panel widths that add up to `vectors`: threes where they fit, otherwise nearly equal ones.
fn widths(vectors: usize) -> impl Iterator<Item = usize> {
    let widest = if vectors.is_multiple_of(3) { 3 } else { WIDEST };
    let count = vectors.div_ceil(widest);
    (0..count).map(move |panel| (panel + 1) * vectors / count - panel * vectors / count)
}

/// Asks how many f32 a vector of this processor holds.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}
