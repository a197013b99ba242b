//! What has been answered for: the one door to the sink for all threads, and how far a thread's chunk has come.
//!
//! A sink's panic is kept here, so that it neither unwinds through a decoder nor leaves other threads waiting in the sink;
//! the caller gets it when all threads have ended.

use std::any::Any;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nvdec::{NvdecError, Surface};
use swingpose_core::FrameIndex;

use super::FrameSink;
use crate::decoding::{Item, ItemSink};
use crate::error::{LossCause, VideoError};
use crate::source::SourceStats;

/// The sink, for all threads.
pub(super) struct Outlet<'a> {
    sink: &'a dyn FrameSink,
    path: &'a Path,
    /// Nothing more is to be given.
    over: AtomicBool,
    account: Mutex<Account>,
}

#[derive(Default)]
struct Account {
    decoded: u64,
    lost: Vec<Range<u64>>,
    /// Each with the first frame that it is about.
    notes: Vec<(u64, String)>,
    /// What the sink panicked with.
    panic: Option<Box<dyn Any + Send>>,
}

impl<'a> Outlet<'a> {
    pub(super) fn new(sink: &'a dyn FrameSink, path: &'a Path) -> Self {
        Self { sink, path, over: AtomicBool::new(false), account: Mutex::default() }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Remarks on `frames`.
    pub(super) fn note(&self, frames: &Range<u64>, text: &str) {
        let note = format!("frames {}..{} {text}", frames.start, frames.end);
        self.account().notes.push((frames.start, note));
    }

    /// The device is gone: nothing more comes, from any thread.
    pub(super) fn end(&self, source: NvdecError) {
        let error = VideoError::Device { path: self.path.to_owned(), source };
        if !self.over.swap(true, Ordering::SeqCst) {
            // Whatever is answered, it was the last.
            let _ = self.call(|sink| sink.failed(error));
        }
    }

    /// What all threads together have answered, the container's `notes` first.
    pub(super) fn finish(self, notes: Vec<String>) -> SourceStats {
        let account = self.account.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Account { decoded, mut lost, notes: mut remarks, panic } = account;
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        remarks.sort_by_key(|&(frame, _)| frame);
        lost.sort_by_key(|frames| frames.start);
        let mut stats = SourceStats { decoded, notes, ..SourceStats::default() };
        stats.notes.extend(remarks.into_iter().map(|(_, note)| note));
        lost.into_iter().for_each(|frames| stats.lose(frames));
        stats
    }

    fn give(&self, call: impl FnOnce(&dyn FrameSink) -> ControlFlow<()>) -> ControlFlow<()> {
        if self.is_over() {
            return ControlFlow::Break(());
        }
        let flow = self.call(call);
        if flow.is_break() {
            self.over.store(true, Ordering::SeqCst);
        }
        flow
    }

    fn call(&self, call: impl FnOnce(&dyn FrameSink) -> ControlFlow<()>) -> ControlFlow<()> {
        catch_unwind(AssertUnwindSafe(|| call(self.sink))).unwrap_or_else(|panic| {
            self.sink_panicked(panic);
            ControlFlow::Break(())
        })
    }

    fn sink_panicked(&self, panic: Box<dyn Any + Send>) {
        self.over.store(true, Ordering::SeqCst);
        self.account().panic.get_or_insert(panic);
        let error = VideoError::SinkPanicked { path: self.path.to_owned() };
        // A sink that panics at this too has told the threads in it by its poisoned lock, or cannot.
        drop(catch_unwind(AssertUnwindSafe(|| self.sink.failed(error))));
    }

    // Nothing of a caller runs under the lock.
    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wanted frames of one chunk, as they are answered for.
pub(super) struct Answers<'a> {
    outlet: &'a Outlet<'a>,
    /// The frame that the chip gives next: those before the wanted ones are dropped.
    next: u64,
    wanted: Range<u64>,
}

impl<'a> Answers<'a> {
    /// Of the frames `of_chunk`, those that are `wanted`.
    pub(super) fn new(outlet: &'a Outlet<'a>, of_chunk: &Range<u64>, wanted: &Range<u64>) -> Self {
        let wanted = of_chunk.start.max(wanted.start)..of_chunk.end.min(wanted.end);
        Self { outlet, next: of_chunk.start, wanted }
    }

    /// The wanted frames that have not been answered for.
    pub(super) fn left(&self) -> Range<u64> {
        self.next.max(self.wanted.start)..self.wanted.end
    }

    /// Gives the surface of the next frame.
    pub(super) fn surface(&mut self, surface: Surface<'_>) -> ControlFlow<()> {
        let index = self.next;
        self.next += 1;
        if index < self.wanted.start {
            return ControlFlow::Continue(());
        }
        let pts = surface.pts();
        self.outlet.give(|sink| sink.surface(FrameIndex(index), pts, surface))?;
        self.outlet.account().decoded += 1;
        if self.left().is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Says that the frames left are lost.
    pub(super) fn lose_rest(&mut self, cause: LossCause) {
        let frames = self.left();
        if !frames.is_empty() {
            self.lose(frames, cause);
        }
    }

    fn lose(&mut self, frames: Range<u64>, cause: LossCause) {
        self.next = frames.end;
        let error = VideoError::Lost { path: self.outlet.path.to_owned(), frames: frames.clone(), cause };
        if !self.outlet.is_over() {
            self.outlet.account().lost.push(frames);
            // A break is seen by whoever gives next.
            let _ = self.outlet.give(|sink| sink.failed(error));
        }
    }
}

impl ItemSink for Answers<'_> {
    fn take(&mut self, item: Item) -> bool {
        match item {
            Ok(frame) => {
                self.next = frame.index.0 + 1;
                if self.outlet.give(|sink| sink.picture(frame)).is_continue() {
                    self.outlet.account().decoded += 1;
                }
            }
            Err(VideoError::Lost { frames, cause, .. }) => self.lose(frames, cause),
            // No decoder of the CPU takes the stream: what the chip does not give of it is lost, and no more.
            Err(VideoError::Decoder { source, .. }) => self.lose_rest(source.into()),
            Err(_) => {}
        }
        !self.outlet.is_over()
    }

    fn is_over(&self) -> bool {
        self.outlet.is_over()
    }
}
