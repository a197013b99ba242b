//! Decodes a video with all of a GPU's engines, and says how fast: `cargo run --release -p nvdec --example split -- FILE 7`.
//!
//! The file is cut where decoding can start, and as many threads as decoders take chunk after chunk. Surfaces are not read:
//! each is given back behind an event, as a program does that has queued its work on it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints what it measured")]

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use nvdec::{Chunk, ChunkReport, Codec, Context, Event, NvdecError, Options, Pool, Samples, decode_chunk};
use swingpose_video::PacketFile;

/// A file is decoded this often, so that short ones can be timed.
const REPEATS: usize = 10;

struct Reader<'f>(&'f PacketFile);

impl Samples for Reader<'_> {
    fn read(&mut self, number: usize, data: &mut Vec<u8>) -> Option<(i64, bool)> {
        self.0.read(number, data).ok()
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [path, decoders] = arguments.as_slice() else { return Err("expected: FILE DECODERS".into()) };
    let decoders: usize = decoders.parse()?;
    let file = PacketFile::open(Path::new(path))?;
    let codec = match file.codec() {
        swingpose_video::Codec::H264 => Codec::H264,
        swingpose_video::Codec::Hevc => Codec::Hevc,
        swingpose_video::Codec::Av1 => Codec::Av1,
        swingpose_video::Codec::Vp9 => Codec::Vp9,
        other => return Err(format!("{other} is not for this decoder").into()),
    };
    let chunks: Vec<_> = file.chunks().into_iter().map(fed).collect();
    let context = Context::open(0)?;
    println!("{}: {} chunks, {decoders} decoders", context.device_name()?, chunks.len());
    let pool = Pool::new(context, Options::default());
    for round in ["decoders being made", "decoders reused"] {
        let begun = Instant::now();
        let reports = decode(&pool, codec, &file, (&chunks, decoders))?;
        let frames: u64 = reports.iter().map(|report| report.taken).sum();
        let again = reports.iter().filter(|report| report.decoded_again.is_some()).count();
        let broken = reports.iter().filter(|report| !report.is_whole()).count();
        let rate = frames as f64 / begun.elapsed().as_secs_f64();
        println!("{round}: {frames} frames, {rate:.0} a second; {again} chunks decoded again, {broken} not whole");
    }
    Ok(())
}

fn fed(chunk: swingpose_video::PacketChunk) -> Chunk {
    let swingpose_video::PacketChunk { feed, feed_again, times, hidden, before, .. } = chunk;
    Chunk { times, hidden, feed, feed_again, before }
}

/// Decodes all chunks over and over, each thread with a decoder of its own.
fn decode(
    pool: &Pool,
    codec: Codec,
    file: &PacketFile,
    (chunks, decoders): (&[Chunk], usize),
) -> Result<Vec<ChunkReport>, NvdecError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut session = pool.take(codec)?;
        let mut reports = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= chunks.len() * REPEATS {
                return Ok(reports);
            }
            let chunk = &chunks[number % chunks.len()];
            reports.push(decode_chunk(&mut session, codec, chunk, &mut Reader(file), &mut |surface| {
                match Event::record(surface.stream()) {
                    Ok(behind) => surface.release_after(behind),
                    Err(_) => return ControlFlow::Break(()),
                }
                ControlFlow::Continue(())
            })?);
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..decoders).map(|_| scope.spawn(work)).collect();
        let results = threads.into_iter().map(|thread| thread.join().expect("a decoding thread panicked"));
        Ok(results.collect::<Result<Vec<_>, NvdecError>>()?.concat())
    })
}
