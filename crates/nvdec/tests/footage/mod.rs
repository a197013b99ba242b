//! Clips for the decoder, and what other decoders make of them: shared by the tests of this folder and of `crates/video`.
//!
//! The driver is the mock, or with `NVDEC_TEST_DRIVER=real` the machine's own. Clips are the repository's, and those of the
//! folder that `SWINGPOSE_CLIPS` names; `SWINGPOSE_ROOT` names the repository's root, where it is not in its place.

#![allow(unsafe_code, reason = "the mock's own functions have no safe binding")]
#![allow(clippy::unwrap_used, dead_code, reason = "a test ends where its clip cannot be read; each test uses a part")]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use nvdec::{Chunk, ChunkReport, Codec, Context, NvdecError, PixelFormat, Pool, Samples, Surface, decode_chunk};
use swingpose_video::{DecodedFrame, PacketFile, Planes, SourceOptions, VideoSource};

/// Whether the tests run on a GPU.
pub(crate) fn is_real() -> bool {
    std::env::var("NVDEC_TEST_DRIVER").is_ok_and(|driver| driver == "real")
}

/// The device under test.
pub(crate) fn context() -> Arc<Context> {
    let opened = if is_real() { Context::open(0) } else { Context::open_in(nvdec::mock::folder(), 0) };
    opened.unwrap_or_else(|error| panic!("{error}"))
}

/// Calls a function of the mock itself.
fn mock_call(library: &str, function: &str, argument: i32) -> i32 {
    // SAFETY: the mock is loaded already.
    let library = unsafe { libloading::Library::new(nvdec::mock::folder().join(library)) }.unwrap();
    // SAFETY: the functions of `mock/nvidia.h` that are called here take and give an `int`, or give nothing.
    let function = unsafe { library.get::<unsafe extern "C" fn(i32) -> i32>(function) }.unwrap();
    // SAFETY: as above.
    unsafe { function(argument) }
}

/// Lets the mock leave out every picture of this number; 0 leaves out none.
pub(crate) fn leave_out(every: i32) {
    mock_call("libnvcuvid.so.1", "mock_set_left_out", every);
}

/// Lets the mock fail with this CUDA error where a surface is mapped; 0 is none.
pub(crate) fn fail_to_map(code: i32) {
    mock_call("libnvcuvid.so.1", "mock_set_map_failure", code);
}

/// What of `mock/nvidia.h` is live: contexts, streams, events, locks, decoders, parsers, mapped surfaces, and misuses.
pub(crate) fn live() -> [i32; 8] {
    std::array::from_fn(|kind| mock_call("libcuda.so.1", "mock_live", kind as i32))
}

/// What becomes of a CRA that begins a stream and whose leading pictures are dropped (`mock/nvidia.h`).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cra {
    Stays,
    TakesTheirTime,
    IsLost,
    NextTakesTheirTime,
    /// A real driver does as it does.
    OfTheDriver,
}

impl Cra {
    pub(crate) fn all() -> Vec<Self> {
        if is_real() {
            return vec![Self::OfTheDriver];
        }
        vec![Self::Stays, Self::IsLost, Self::NextTakesTheirTime, Self::TakesTheirTime]
    }

    pub(crate) fn set(self) {
        if !is_real() {
            mock_call("libnvcuvid.so.1", "mock_set_cra", self as i32);
        }
    }

    /// Keeps tests that change it apart.
    pub(crate) fn lock() -> MutexGuard<'static, ()> {
        static ALONE: Mutex<()> = Mutex::new(());
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn media() -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("SWINGPOSE_ROOT").map_or_else(here, PathBuf::from).join("tests/media")
}

/// A file of `tests/media`.
pub(crate) fn clip(name: &str) -> PathBuf {
    media().join(name)
}

/// Every video to be decoded.
pub(crate) fn clips() -> Vec<PathBuf> {
    let folders = [media(), media().join("clips")].into_iter();
    let folders = folders.chain(std::env::var_os("SWINGPOSE_CLIPS").map(PathBuf::from));
    let is_video = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let name = path.file_name().unwrap().to_string_lossy();
        matches!(extension, Some("mp4" | "mov" | "mkv" | "webm")) && !name.starts_with("refused_")
    };
    let mut clips: Vec<_> = folders
        .flat_map(|folder| fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())))
        .map(|entry| entry.unwrap().path())
        .filter(is_video)
        .collect();
    clips.sort();
    clips
}

/// A frame by its time and the CRC-32s of its luma and its interleaved chroma; deeper samples as little-endian words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Frame {
    pub(crate) pts: i64,
    pub(crate) luma: u32,
    pub(crate) chroma: u32,
}

impl Frame {
    /// The frame on `surface`.
    pub(crate) fn of(surface: &Surface<'_>) -> Self {
        let (mut luma, mut chroma) = surface.read_back().unwrap();
        if surface.pixel_format() == PixelFormat::P016 {
            let shift = 16 - u32::from(surface.format().bit_depth);
            for word in luma.chunks_exact_mut(2).chain(chroma.chunks_exact_mut(2)) {
                let sample = u16::from_le_bytes([word[0], word[1]]) >> shift;
                word.copy_from_slice(&sample.to_le_bytes());
            }
        }
        Self { pts: surface.pts(), luma: crc32fast::hash(&luma), chroma: crc32fast::hash(&chroma) }
    }
}

/// A file and what is fed of it.
pub(crate) struct Clip {
    pub(crate) file: PacketFile,
    pub(crate) codec: Codec,
    pub(crate) chunks: Vec<Chunk>,
}

impl Clip {
    pub(crate) fn open(path: &Path) -> Self {
        let file = PacketFile::open(path).unwrap_or_else(|error| panic!("{error}"));
        let codec = match file.codec() {
            swingpose_video::Codec::H264 => Codec::H264,
            swingpose_video::Codec::Hevc => Codec::Hevc,
            swingpose_video::Codec::Av1 => Codec::Av1,
            swingpose_video::Codec::Vp9 => Codec::Vp9,
            other => panic!("{}: {other}", path.display()),
        };
        let chunks = file.chunks().into_iter().map(|chunk| Chunk {
            times: chunk.times,
            hidden: chunk.hidden,
            feed: chunk.feed,
            feed_again: chunk.feed_again,
            before: chunk.before,
        });
        Self { chunks: chunks.collect(), codec, file }
    }

    /// Every frame's time, in display order within each run.
    pub(crate) fn times(&self) -> Vec<i64> {
        self.chunks.iter().flat_map(|chunk| chunk.times.iter().copied()).collect()
    }

    /// The file's first stretch as one chunk: all of it, unless edits repeat parts.
    pub(crate) fn whole(&self) -> Chunk {
        let mut whole = self.chunks[0].clone();
        for chunk in &self.chunks[1..] {
            if chunk.feed_again.is_empty() {
                break;
            }
            let end = chunk.feed.last().unwrap().end;
            whole.feed.last_mut().unwrap().end = end;
            whole.times.extend(&chunk.times);
            whole.hidden.extend(&chunk.hidden);
        }
        whole
    }

    /// Decodes one chunk with `pool`'s decoder.
    pub(crate) fn decode(&self, pool: &Pool, chunk: &Chunk) -> Result<(Vec<Frame>, ChunkReport), NvdecError> {
        let mut frames = Vec::new();
        let mut session = pool.take(self.codec)?;
        let report = decode_chunk(&mut session, self.codec, chunk, &mut Reader(&self.file), &mut |surface| {
            frames.push(Frame::of(&surface));
            ControlFlow::Continue(())
        })?;
        Ok((frames, report))
    }

    /// Decodes all chunks on `threads` threads, each with its decoder.
    pub(crate) fn decode_split(&self, pool: &Pool, threads: usize) -> (Vec<Frame>, Vec<ChunkReport>) {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                let Some(chunk) = self.chunks.get(number) else { return done };
                done.push((number, self.decode(pool, chunk).unwrap_or_else(|error| panic!("{error}"))));
            }
        };
        let mut done: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        done.sort_by_key(|(number, _)| *number);
        let (frames, reports): (Vec<_>, Vec<_>) = done.into_iter().map(|(_, result)| result).unzip();
        (frames.concat(), reports)
    }
}

/// A file's samples as the decoder asks for them.
pub(crate) struct Reader<'f>(pub(crate) &'f PacketFile);

impl Samples for Reader<'_> {
    fn read(&mut self, number: usize, data: &mut Vec<u8>) -> Option<(i64, bool)> {
        self.0.read(number, data).ok()
    }
}

/// What the frames of `path` must be: by the golden beside it, or by our own decoders.
pub(crate) fn expected(path: &Path) -> Vec<Frame> {
    let beside = |extension: &str| PathBuf::from(format!("{}.{extension}", path.display()));
    let times = || Clip::open(path).times();
    let with = |sums: Vec<(u32, u32)>| {
        let times = times();
        assert_eq!(times.len(), sums.len(), "{}: frames", path.display());
        times.into_iter().zip(sums).map(|(pts, (luma, chroma))| Frame { pts, luma, chroma }).collect()
    };
    if let Ok(golden) = fs::read_to_string(beside("ref")) {
        let sum = |text: &str| u32::from_str_radix(text, 16).unwrap();
        let line = |line: &str| {
            let words: Vec<_> = line.split_whitespace().collect();
            (sum(words[1]), sum(words[2]))
        };
        return with(golden.lines().map(line).collect());
    }
    if let Ok(golden) = fs::read(beside("json")) {
        let golden = serde_json::from_slice(&golden).unwrap();
        check_times(&golden, &times(), path);
        if let Some(sums) = sums_of_json(&golden) {
            return with(sums);
        }
    }
    let options = SourceOptions { threads: 2, frames: None };
    VideoSource::open(path, &options).unwrap().map(|frame| of_cpu(&frame.unwrap())).collect()
}

/// FFmpeg's times are ours; in one clip it moves all of them alike (`crates/video/tests/clips.rs` says why).
fn check_times(golden: &serde_json::Value, times: &[i64], path: &Path) {
    let theirs: Vec<_> = golden["pts"].as_array().unwrap().iter().map(|pts| pts.as_i64().unwrap()).collect();
    let late = theirs[0] - times[0];
    assert!(late == 0 || path.ends_with("h264_fragment_a_frame.mp4"), "{}: late by {late}", path.display());
    let ours: Vec<_> = times.iter().map(|pts| pts + late).collect();
    assert_eq!(ours, theirs, "{}: times", path.display());
}

fn sums_of_json(golden: &serde_json::Value) -> Option<Vec<(u32, u32)>> {
    let sums = |key: &str| {
        let sums = golden[key].as_array()?.iter().map(|sum| u32::try_from(sum.as_u64().unwrap()).unwrap());
        Some(sums.collect::<Vec<_>>())
    };
    Some(sums("luma")?.into_iter().zip(sums("chroma")?).collect())
}

/// A frame that was decoded on the CPU.
pub(crate) fn of_cpu(frame: &DecodedFrame) -> Frame {
    let picture = &frame.picture;
    let (width, height) = (picture.width(), picture.height());
    let (columns, rows) = picture.chroma().plane_size(width, height);
    let (mut luma, mut chroma) = (Vec::new(), Vec::new());
    match picture.planes() {
        Planes::U8([y, cb, cr]) => {
            (0..height).for_each(|row| luma.extend(y.row(row, width)));
            for row in 0..rows {
                chroma.extend(cb.row(row, columns).iter().zip(cr.row(row, columns)).flat_map(|(&cb, &cr)| [cb, cr]));
            }
        }
        Planes::U16([y, cb, cr]) => {
            (0..height).for_each(|row| luma.extend(y.row(row, width).iter().flat_map(|sample| sample.to_le_bytes())));
            for row in 0..rows {
                let pairs = cb.row(row, columns).iter().zip(cr.row(row, columns));
                chroma.extend(pairs.flat_map(|(&cb, &cr)| [cb, cr]).flat_map(u16::to_le_bytes));
            }
        }
        Planes::Bgr(_) => panic!("a video picture is not BGR"),
    }
    Frame { pts: frame.pts, luma: crc32fast::hash(&luma), chroma: crc32fast::hash(&chroma) }
}
