//! What takes the frames: all of them, few at a time, or some until it has had enough.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;

use nvdec::Surface;
use swingpose_core::FrameIndex;
use swingpose_video::{DecodedFrame, FrameSink, VideoError};

use crate::Alone;
use crate::footage::{Frame, clip, is_real, leave_out, of_cpu};

/// Takes every frame, and notes who decoded it.
#[derive(Default)]
pub(crate) struct Taking {
    frames: Mutex<BTreeMap<u64, Frame>>,
    pub(crate) from_cpu: Mutex<BTreeSet<u64>>,
    pub(crate) lost: Mutex<BTreeSet<u64>>,
    pub(crate) ended: Mutex<Option<VideoError>>,
}

impl Taking {
    fn take(&self, index: u64, frame: Frame) -> ControlFlow<()> {
        assert!(self.frames.lock().unwrap().insert(index, frame).is_none(), "frame {index} comes twice");
        ControlFlow::Continue(())
    }

    pub(crate) fn frames(self) -> BTreeMap<u64, Frame> {
        self.frames.into_inner().unwrap()
    }
}

impl FrameSink for Taking {
    fn surface(&self, index: FrameIndex, pts: i64, surface: Surface<'_>) -> ControlFlow<()> {
        assert_eq!(pts, surface.pts());
        self.take(index.0, Frame::of(&surface))
    }

    fn picture(&self, frame: DecodedFrame) -> ControlFlow<()> {
        self.from_cpu.lock().unwrap().insert(frame.index.0);
        self.take(frame.index.0, of_cpu(&frame))
    }

    fn failed(&self, error: VideoError) -> ControlFlow<()> {
        match error {
            VideoError::Lost { frames, .. } => {
                let mut lost = self.lost.lock().unwrap();
                frames.for_each(|frame| assert!(lost.insert(frame), "frame {frame} is lost twice"));
            }
            error => *self.ended.lock().unwrap() = Some(error),
        }
        ControlFlow::Continue(())
    }
}

/// Has room for a few frames only, which another thread takes out in order.
struct Window {
    room: u64,
    /// The frame taken out next, and those that wait.
    state: Mutex<(u64, BTreeSet<u64>)>,
    changed: Condvar,
}

impl Window {
    fn put(&self, index: u64) {
        let state = self.state.lock().unwrap();
        let mut state = self.changed.wait_while(state, |(next, _)| index >= *next + self.room).unwrap();
        state.1.insert(index);
        self.changed.notify_all();
    }

    fn take_out(&self, frames: Range<u64>) {
        for frame in frames {
            let state = self.state.lock().unwrap();
            let mut state = self.changed.wait_while(state, |(_, waiting)| !waiting.contains(&frame)).unwrap();
            state.1.remove(&frame);
            state.0 = frame + 1;
            self.changed.notify_all();
        }
    }
}

impl FrameSink for Window {
    fn surface(&self, index: FrameIndex, _: i64, _: Surface<'_>) -> ControlFlow<()> {
        self.put(index.0);
        ControlFlow::Continue(())
    }

    fn picture(&self, frame: DecodedFrame) -> ControlFlow<()> {
        self.put(frame.index.0);
        ControlFlow::Continue(())
    }

    fn failed(&self, error: VideoError) -> ControlFlow<()> {
        panic!("{error}");
    }
}

#[test]
fn a_sink_with_room_for_few_frames_never_waits_for_ever() {
    let alone = Alone::new();
    // With pictures left out, threads that decode on the CPU wait beside the others.
    for every in [0, 11] {
        if !is_real() {
            leave_out(every);
        }
        for name in ["clips/h264_bframes.mp4", "clips/hevc10_open_gop.mp4", "clips/h264_trimmed.mp4"] {
            for (room, decoders) in [(1, 4), (8, 4), (8, 2), (40, 4)] {
                let video = alone.open(&clip(name), None).unwrap();
                let (state, changed) = (Mutex::new((0, BTreeSet::new())), Condvar::new());
                let window = Window { room, state, changed };
                let stats = thread::scope(|scope| {
                    scope.spawn(|| window.take_out(video.wanted()));
                    video.decode(decoders, &window)
                });
                assert_eq!(stats.decoded, video.info().frame_count, "{name}");
            }
        }
    }
    alone.end();
}

/// Takes some frames, and then does something else; the rest wait in it until it is told of the end.
struct Ending {
    left: AtomicU64,
    panics: bool,
    ended: Mutex<bool>,
    changed: Condvar,
}

impl Ending {
    fn new(left: u64, panics: bool) -> Self {
        Self { left: AtomicU64::new(left), panics, ended: Mutex::new(false), changed: Condvar::new() }
    }

    fn end(&self) {
        *self.ended.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

impl FrameSink for Ending {
    fn surface(&self, _: FrameIndex, _: i64, _: Surface<'_>) -> ControlFlow<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            1 if self.panics => panic!("no more"),
            1 => self.end(),
            0 | 1_000.. => drop(self.changed.wait_while(self.ended.lock().unwrap(), |ended| !*ended).unwrap()),
            _ => return ControlFlow::Continue(()),
        }
        ControlFlow::Break(())
    }

    fn picture(&self, _: DecodedFrame) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn failed(&self, error: VideoError) -> ControlFlow<()> {
        assert!(matches!(error, VideoError::SinkPanicked { .. }), "{error}");
        self.end();
        ControlFlow::Break(())
    }
}

#[test]
fn a_sink_that_breaks_off_stops_all_threads() {
    let alone = Alone::new();
    let video = alone.open(&clip("clips/h264_bframes.mp4"), None).unwrap();
    for left in [1, 7, 40] {
        let stats = video.decode(3, &Ending::new(left, false));
        assert_eq!((stats.decoded, stats.lost_frames()), (left - 1, 0));
        assert!(stats.notes.is_empty(), "{:?}", stats.notes);
    }
    drop(video);
    alone.end();
}

#[test]
fn a_sink_that_panics_does_so_out_of_decode_and_leaves_no_thread_waiting() {
    let alone = Alone::new();
    let video = alone.open(&clip("clips/h264_bframes.mp4"), None).unwrap();
    for left in [1, 7, 40] {
        let panicked = catch_unwind(AssertUnwindSafe(|| video.decode(3, &Ending::new(left, true)))).err().unwrap();
        assert_eq!(panicked.downcast_ref::<&str>(), Some(&"no more"));
    }
    drop(video);
    alone.end();
}
