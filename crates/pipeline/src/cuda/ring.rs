//! Frames between the decoder and the networks: a ring of places in the GPU's memory.
//!
//! Decoding threads bring frames as they come, several chunks of the video at once; labeling takes them in display order. Frame
//! `i` lies in place `i` modulo the ring's length: a thread that runs ahead waits until the frame that lies there is done with,
//! which is an earlier one, so the threads on earlier chunks never wait for it. A frame is copied once, from the decoder's
//! surface, in the decoder's stream; the networks' stream waits for that copy by an event, and the host for neither.

#![expect(unsafe_code, reason = "copies between the decoder's surfaces and the ring")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use swingpose_core::FrameIndex;
use swingpose_cube_kernels::{DeviceSlice, FrameBatch, FrameLayout, Matrix, Range, Rotation, SampleFormat};
use swingpose_cube_nn::cuda::{CudaError, Event, Pinned, RawStream, copy_rows, with_stream};
use swingpose_kernels::cube::Gpu;
use swingpose_video::{BgrImage, DecodedFrame, FrameSink, VideoError, VideoInfo};

use crate::error::PipelineError;

/// Rows and frames begin at multiples of this many bytes.
const ALIGNMENT: usize = 256;

/// The ring, shared by the decoding threads and labeling.
pub(crate) struct FrameRing {
    gpu: Gpu,
    words: DeviceSlice<u32>,
    memory: Pinned,
    /// Where the first frame's planes lie, and what they mean.
    layout: FrameLayout,
    frame_bytes: usize,
    places: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The frame to hand out next.
    next: u64,
    /// Frames handed out and not yet done with.
    out: BTreeSet<u64>,
    /// What came and was not handed out, by its first frame.
    came: BTreeMap<u64, Came>,
    /// What ends it all.
    failure: Option<PipelineError>,
    /// The decoder is at its end.
    ended: bool,
    /// Nobody takes frames any more.
    closed: bool,
}

enum Came {
    Surface {
        pts: i64,
        /// Behind the copy.
        copied: Event,
    },
    Picture {
        pts: i64,
        image: BgrImage,
    },
    Lost(VideoError),
}

/// What is handed out.
pub(crate) enum Taken {
    /// A frame in the ring, and its time.
    Frame(i64, RingFrame),
    /// A frame that the chip left to the CPU: its number, its time, and the upright picture.
    Picture(FrameIndex, i64, BgrImage),
    /// Frames that could not be decoded.
    Lost(VideoError),
}

/// A frame in the ring. Its place is free again when this is dropped, so whatever reads it must be over by then.
pub(crate) struct RingFrame {
    ring: Arc<FrameRing>,
    pub(crate) index: FrameIndex,
    copied: Event,
}

impl FrameRing {
    /// A ring of at most `bytes`, for the frames of a video from number `first` on.
    pub(crate) fn new(gpu: &Gpu, info: &VideoInfo, first: u64, bytes: usize) -> Result<Arc<Self>, PipelineError> {
        let (layout, frame_bytes) = layout(info);
        let places = (bytes / frame_bytes).max(1);
        let words = DeviceSlice::empty(gpu.client(), places * frame_bytes / size_of::<u32>());
        let memory = Pinned::new(gpu.client(), words.handle())?;
        let state = Mutex::new(State { next: first, ..State::default() });
        let (gpu, places) = (gpu.clone(), places as u64);
        Ok(Arc::new(Self { gpu, words, memory, layout, frame_bytes, places, state, changed: Condvar::new() }))
    }

    /// How many frames may be held at once. Whoever waits for another while it holds as many waits forever.
    pub(crate) const fn places(&self) -> usize {
        self.places as usize
    }

    /// The next frame, or frames that were lost; `None` at the end.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Result<Taken, PipelineError>> {
        let mut state = self.lock();
        loop {
            if let Some(failure) = state.failure.take() {
                state.closed = true;
                self.changed.notify_all();
                return Some(Err(failure));
            }
            let next = state.next;
            match state.came.remove(&next) {
                Some(Came::Surface { pts, copied }) => {
                    state.next += 1;
                    state.out.insert(next);
                    let frame = RingFrame { ring: Arc::clone(self), index: FrameIndex(next), copied };
                    return Some(Ok(Taken::Frame(pts, frame)));
                }
                Some(Came::Picture { pts, image }) => {
                    state.next += 1;
                    self.changed.notify_all();
                    return Some(Ok(Taken::Picture(FrameIndex(next), pts, image)));
                }
                Some(Came::Lost(error)) => {
                    state.next = match &error {
                        VideoError::Lost { frames, .. } => frames.end.max(next + 1),
                        _ => next + 1,
                    };
                    self.changed.notify_all();
                    return Some(Ok(Taken::Lost(error)));
                }
                None if state.ended || state.closed => return None,
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// The decoder will bring nothing more.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Nothing will be taken any more: threads that wait for room give up.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the place of frame `index` is free; `false` if nothing is taken any more.
    fn wait_for_room(&self, index: u64) -> bool {
        let mut state = self.lock();
        loop {
            let oldest = state.out.first().copied().unwrap_or(state.next);
            if state.closed || state.failure.is_some() {
                return false;
            }
            if index < oldest + self.places {
                return true;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The byte where the planes of frame `index` begin.
    const fn offset(&self, index: u64) -> usize {
        (index % self.places) as usize * self.frame_bytes
    }

    fn arrive(&self, index: u64, came: Result<Came, PipelineError>) -> ControlFlow<()> {
        let mut state = self.lock();
        let flow = match came {
            Ok(came) => {
                state.came.insert(index, came);
                ControlFlow::Continue(())
            }
            Err(failure) => {
                state.failure.get_or_insert(failure);
                ControlFlow::Break(())
            }
        };
        self.changed.notify_all();
        flow
    }

    /// Copies a surface to its place, and gives it back to the decoder behind the copy.
    fn copy(&self, index: u64, surface: nvdec::Surface<'_>) -> Result<Event, PipelineError> {
        // SAFETY: a stream of the primary context, which lives as long as the surface's session.
        let stream = unsafe { RawStream::new(surface.stream().as_raw()) };
        let start = self.memory.address() + self.offset(index) as u64;
        let FrameLayout { pitch, chroma, .. } = self.layout;
        for (plane, at) in [(surface.luma(), 0), (surface.chroma(), chroma)] {
            let (from, to) = ((plane.pointer, plane.pitch), (start + at as u64, pitch));
            // SAFETY: the surface stays mapped until the event below; the place is this frame's alone and as large as the
            // picture, whose size does not change.
            unsafe { copy_rows(stream, from, to, (plane.row_bytes, plane.rows)) }?;
        }
        let copied = Event::record(stream)?;
        let behind = nvdec::Event::record(surface.stream()).map_err(|source| PipelineError::Nvdec { source })?;
        surface.release_after(behind);
        Ok(copied)
    }
}

impl FrameSink for FrameRing {
    fn surface(&self, index: FrameIndex, pts: i64, surface: nvdec::Surface<'_>) -> ControlFlow<()> {
        if !self.wait_for_room(index.0) {
            return ControlFlow::Break(());
        }
        let copied = self.copy(index.0, surface);
        self.arrive(index.0, copied.map(|copied| Came::Surface { pts, copied }))
    }

    fn picture(&self, frame: DecodedFrame) -> ControlFlow<()> {
        let index = frame.index.0;
        if !self.wait_for_room(index) {
            return ControlFlow::Break(());
        }
        self.arrive(index, Ok(Came::Picture { pts: frame.pts, image: frame.to_bgr() }))
    }

    fn failed(&self, error: VideoError) -> ControlFlow<()> {
        let first_lost = match &error {
            VideoError::Lost { frames, .. } => Some(frames.start),
            _ => None,
        };
        match first_lost {
            Some(first) => self.arrive(first, Ok(Came::Lost(error))),
            None => self.arrive(0, Err(error.into())),
        }
    }
}

impl RingFrame {
    /// The upright picture's width and height.
    pub(crate) fn size(&self) -> (u32, u32) {
        let (width, height) = self.ring.layout.upright();
        (width as u32, height as u32)
    }

    fn layout(&self) -> FrameLayout {
        let (layout, offset) = (self.ring.layout, self.ring.offset(self.index.0));
        FrameLayout { luma: offset + layout.luma, chroma: offset + layout.chroma, ..layout }
    }
}

impl Drop for RingFrame {
    fn drop(&mut self) {
        self.ring.lock().out.remove(&self.index.0);
        self.ring.changed.notify_all();
    }
}

/// `frames`, all of one ring, as the kernels take them; the last is repeated until there are `count`.
pub(crate) fn batch(frames: &[&RingFrame], count: usize) -> Result<Option<FrameBatch>, CudaError> {
    let Some(last) = frames.last() else { return Ok(None) };
    let ring = &last.ring;
    with_stream(ring.gpu.client(), &[], |stream, _| {
        frames.iter().try_for_each(|frame| frame.copied.hold_back(stream))
    })??;
    let padding = std::iter::repeat_n(last, count.saturating_sub(frames.len()));
    let layouts = frames.iter().chain(padding).map(|frame| frame.layout());
    Ok(Some(FrameBatch::new(ring.gpu.client(), ring.words.clone(), layouts.collect())))
}

/// How a frame of the video lies in its place, and how many bytes the place has.
fn layout(info: &VideoInfo) -> (FrameLayout, usize) {
    let (width, height) = stored_size(info);
    let format = if info.bit_depth > 8 { SampleFormat::P016 } else { SampleFormat::Nv12 };
    let sample = if info.bit_depth > 8 { 2 } else { 1 };
    let pitch = (width.next_multiple_of(2) * sample).next_multiple_of(ALIGNMENT);
    let rows = height.next_multiple_of(2);
    let (red, blue) = info.color.matrix.luma_weights();
    let layout = FrameLayout {
        width,
        height,
        pitch,
        luma: 0,
        chroma: pitch * rows,
        format,
        matrix: Matrix { red, blue },
        range: match info.color.range {
            swingpose_video::Range::Limited => Range::Limited,
            swingpose_video::Range::Full => Range::Full,
        },
        rotation: match info.rotation {
            swingpose_video::Rotation::None => Rotation::None,
            swingpose_video::Rotation::Cw90 => Rotation::Cw90,
            swingpose_video::Rotation::Cw180 => Rotation::Cw180,
            swingpose_video::Rotation::Cw270 => Rotation::Cw270,
        },
    };
    (layout, pitch * rows * 3 / 2)
}

/// Width and height before the rotation.
const fn stored_size(info: &VideoInfo) -> (usize, usize) {
    let (width, height) = (info.size.0 as usize, info.size.1 as usize);
    match info.rotation {
        swingpose_video::Rotation::None | swingpose_video::Rotation::Cw180 => (width, height),
        swingpose_video::Rotation::Cw90 | swingpose_video::Rotation::Cw270 => (height, width),
    }
}
