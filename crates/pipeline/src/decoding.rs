//! Decoding an input beside its labeling: frames come over a bounded queue, or through a ring of the GPU's memory.

use crate::batch::{Frame, FramePicture};
#[cfg(feature = "cuda")]
use crate::cuda::ring::{FrameRing, Taken};
use crate::error::PipelineError;
use std::path::{Path, PathBuf};
#[cfg(feature = "cuda")]
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
#[cfg(feature = "cuda")]
use swingpose_core::FrameIndex;
#[cfg(feature = "cuda")]
use swingpose_video::{Choice, Codec, NvdecVideo};
use swingpose_video::{SourceOptions, SourceStats, VideoError, VideoInfo, VideoSource};

/// What comes of decoding.
pub(crate) enum Decoded {
    /// A frame, and how long it took a decoding thread.
    Frame(Box<Frame>, Duration),
    /// Frames were lost; others follow.
    Lost(VideoError),
    /// Nothing follows.
    Failed(PipelineError),
}

/// An input that is being decoded. Dropping it stops that.
pub(crate) struct Decoding {
    path: PathBuf,
    info: VideoInfo,
    frames: Frames,
    thread: Option<JoinHandle<SourceStats>>,
    /// What a person should know of how it is decoded.
    notes: Vec<String>,
}

enum Frames {
    Queue(Receiver<Decoded>),
    #[cfg(feature = "cuda")]
    Ring(Arc<FrameRing>),
}

impl Decoding {
    /// Decodes `path` on the CPU, at most `waiting` frames ahead.
    pub(crate) fn on_host(path: &Path, options: &SourceOptions, waiting: usize) -> Result<Self, PipelineError> {
        let source = VideoSource::open(path, options)?;
        let info = source.info().clone();
        let (sender, frames) = sync_channel(waiting);
        let thread = Some(thread::spawn(move || decode(source, &sender)));
        Ok(Self { path: path.to_owned(), info, frames: Frames::Queue(frames), thread, notes: Vec::new() })
    }

    /// Decodes `path` with the GPU's decoders, or if they cannot, on the CPU.
    #[cfg(feature = "cuda")]
    pub(crate) fn on_gpu(
        path: &Path,
        options: &SourceOptions,
        waiting: usize,
        engine: &crate::cuda::Engine,
    ) -> Result<Self, PipelineError> {
        let choice = match &engine.decoders {
            Ok(pool) => NvdecVideo::open(path, options, pool)?,
            Err(why) => Choice::Cpu { why: why.clone() },
        };
        let video = match choice {
            Choice::Nvdec(video) => video,
            Choice::Cpu { why } => {
                let mut on_host = Self::on_host(path, options, waiting)?;
                if !matches!(on_host.info.codec, Codec::Png | Codec::Jpeg) {
                    on_host.notes.push(format!("decoded on the CPU: {why}"));
                }
                return Ok(on_host);
            }
        };
        let info = video.info().clone();
        let ring = engine.ring(&info, video.wanted().start)?;
        let sink = Ending(Arc::clone(&ring));
        let thread = Some(thread::spawn(move || video.decode(DECODERS, &*sink.0)));
        Ok(Self { path: path.to_owned(), info, frames: Frames::Ring(ring), thread, notes: Vec::new() })
    }

    /// What is known of the input.
    pub(crate) const fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// How many of its frames may be held while the next is waited for.
    pub(crate) fn room(&self) -> usize {
        match &self.frames {
            Frames::Queue(_) => usize::MAX,
            #[cfg(feature = "cuda")]
            Frames::Ring(ring) => ring.places(),
        }
    }

    /// What comes next; `None` at the end.
    pub(crate) fn next(&self) -> Option<Decoded> {
        match &self.frames {
            Frames::Queue(frames) => frames.recv().ok(),
            #[cfg(feature = "cuda")]
            Frames::Ring(ring) => ring.take().map(|taken| match taken {
                Ok(Taken::Frame(pts, frame)) => ready(frame.index, pts, FramePicture::Device(frame)),
                Ok(Taken::Picture(index, pts, image)) => ready(index, pts, FramePicture::Host(image)),
                Ok(Taken::Lost(error)) => Decoded::Lost(error),
                Err(failure) => Decoded::Failed(failure),
            }),
        }
    }

    /// What was counted, at the end; `None` if that was told before.
    pub(crate) fn finish(&mut self) -> Result<Option<SourceStats>, PipelineError> {
        let Some(thread) = self.thread.take() else { return Ok(None) };
        let mut stats = thread.join().map_err(|_panic| PipelineError::Decoding { path: self.path.clone() })?;
        stats.notes.splice(0..0, self.notes.drain(..));
        Ok(Some(stats))
    }
}

/// A frame out of the ring. How long its decoding took only the chip knows.
#[cfg(feature = "cuda")]
fn ready(index: FrameIndex, pts: i64, picture: FramePicture) -> Decoded {
    Decoded::Frame(Box::new(Frame { index, pts, picture }), Duration::ZERO)
}

impl Drop for Decoding {
    fn drop(&mut self) {
        #[cfg(feature = "cuda")]
        if let Frames::Ring(ring) = &self.frames {
            ring.close();
        }
    }
}

/// Tells a ring, however its decoding ends, that nothing more comes: whoever takes frames from it waits for that.
#[cfg(feature = "cuda")]
struct Ending(Arc<FrameRing>);

#[cfg(feature = "cuda")]
impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Sessions that decode one video: as many as the largest chips have engines. A chunk of the video is one session's.
#[cfg(feature = "cuda")]
pub(crate) const DECODERS: usize = 8;

/// Decodes until the end, an error that ends the input, or a receiver that is gone.
fn decode(mut source: VideoSource, sender: &SyncSender<Decoded>) -> SourceStats {
    loop {
        let start = Instant::now();
        let decoded = match source.next() {
            None => break,
            Some(Ok(frame)) => {
                let picture = FramePicture::Host(frame.to_bgr());
                let upright = Frame { index: frame.index, pts: frame.pts, picture };
                Decoded::Frame(Box::new(upright), start.elapsed())
            }
            Some(Err(error)) if error.is_recoverable() => Decoded::Lost(error),
            Some(Err(error)) => Decoded::Failed(error.into()),
        };
        let last = matches!(decoded, Decoded::Failed(_));
        if sender.send(decoded).is_err() || last {
            break;
        }
    }
    source.stats().clone()
}
