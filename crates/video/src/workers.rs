//! The decoding threads: each owns a decoder, takes a chunk, decodes it (`decoding`), and hands its frames out.
//!
//! Chunks come from `source` and frames go back to it over the bounded [`OrderedQueue`]. Nothing depends on which thread
//! takes which chunk.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::chunk::Chunk;
use crate::color::ColorDescription;
use crate::decoding::{Item, ItemSink, Stream};
use crate::demux::Media;
use crate::error::VideoError;
use crate::frame::{Picture, Planes};
use crate::queue::OrderedQueue;

/// What all the threads of a source share.
pub(crate) struct Shared {
    pub(crate) media: Media,
    /// The colour that the container names.
    pub(crate) color: ColorDescription,
    /// The frames that are wanted; others are decoded where these need them, and dropped.
    pub(crate) wanted: Range<u64>,
    pub(crate) queue: OrderedQueue<Chunk, Item>,
}

/// The threads of a source; they end when it is dropped.
pub(crate) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `count` threads; if the system refuses some, fewer, but at least one.
    pub(crate) fn start(shared: &Arc<Shared>, count: usize) -> Result<Self, VideoError> {
        let mut workers = Self { shared: Arc::clone(shared), threads: Vec::new() };
        for number in 0..count.max(1) {
            let shared = Arc::clone(shared);
            let spawned = thread::Builder::new().name(format!("decode-{number}")).spawn(move || work(&shared));
            match spawned {
                Ok(thread) => workers.threads.push(thread),
                Err(_) if number > 0 => break,
                Err(source) => {
                    return Err(VideoError::Open { path: workers.shared.media.file.path().to_owned(), source });
                }
            }
        }
        Ok(workers)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.queue.close();
        for thread in self.threads.drain(..) {
            // A thread catches its decoder's panics; one of our own has nothing more to say here.
            drop(thread.join());
        }
    }
}

fn work(shared: &Shared) {
    let Shared { media, color, wanted, queue } = shared;
    let stream = Stream { media, color: *color, wanted };
    let mut decoder = None;
    while let Some((number, chunk)) = queue.take_job() {
        let mut sink = QueueOfChunk { queue, number };
        // Whatever happens the chunk is finished, so that the reader never waits for it; it tells missing frames itself.
        if catch_unwind(AssertUnwindSafe(|| stream.decode(&chunk, &mut decoder, &mut sink))).is_err() {
            decoder = None;
        }
        queue.finish(number);
    }
}

/// The place in the queue of one chunk.
struct QueueOfChunk<'a> {
    queue: &'a OrderedQueue<Chunk, Item>,
    number: u64,
}

impl ItemSink for QueueOfChunk<'_> {
    fn take(&mut self, item: Item) -> bool {
        let bytes = item.as_ref().map_or(0, |frame| size_of_picture(&frame.picture));
        self.queue.push(self.number, item, bytes)
    }

    fn is_over(&self) -> bool {
        self.queue.is_closed()
    }
}

/// Bytes that a picture's samples take.
fn size_of_picture(picture: &Picture) -> usize {
    match picture.planes() {
        Planes::U8(planes) => planes.iter().map(|plane| plane.samples.len()).sum(),
        Planes::U16(planes) => planes.iter().map(|plane| plane.samples.len() * 2).sum(),
        Planes::Bgr(samples) => samples.len(),
    }
}
