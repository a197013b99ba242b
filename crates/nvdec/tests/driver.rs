//! What the safe layer promises whatever the driver does: nothing leaks, nothing hangs, no panic reaches C, damage is
//! counted, and what is missing is said.

#![allow(clippy::unwrap_used, reason = "a test ends where its clip cannot be read")]
#![allow(clippy::print_stdout, reason = "what a real driver does is worth reading")]

mod footage;

use std::fs;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use footage::{Clip, Frame, Reader, clip, context, expected, is_real, live};
use nvdec::{
    Capabilities, Chunk, ChunkReport, Codec, Context, Counts, Deviation, Event, LoadError, NvdecError, Options, Packet,
    Parser, Pool, Session, Status, Stream, StreamFormat, Surface, decode_chunk,
};

/// Keeps the tests apart that count live objects, and checks that all are gone in the end.
struct Alone(#[expect(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

impl Alone {
    fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        Self(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nothing is live, and no call was wrong.
    fn all_is_gone(&self) {
        if !is_real() {
            assert_eq!(live(), [0; 8], "contexts, streams, events, locks, decoders, parsers, mapped surfaces, misuses");
        }
    }
}

fn go_on(_: Surface<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Feeds all of `clip`'s first stretch.
fn feed_all(
    parser: &mut Parser<'_>,
    clip: &Clip,
    sink: &mut dyn FnMut(Surface<'_>) -> ControlFlow<()>,
) -> Result<(), NvdecError> {
    let mut data = Vec::new();
    for number in clip.whole().feed.into_iter().flatten() {
        let (pts, key) = clip.file.read(number, &mut data).unwrap();
        if parser.feed(Packet { data: &data, pts, key }, sink)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn bframes() -> Clip {
    Clip::open(&clip("clips/h264_bframes.mp4"))
}

#[test]
fn a_missing_library_is_named_with_what_to_install() {
    if !nvdec::mock::folder().exists() {
        println!("the mock's libraries are not on this machine: nothing to leave out of them");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let error = || Context::open_in(folder.path(), 0).err().unwrap();
    let none = error();
    assert!(matches!(&none, NvdecError::Load(LoadError::NoDriver { .. })), "{none}");
    fs::copy(nvdec::mock::folder().join("libcuda.so.1"), folder.path().join("libcuda.so.1")).unwrap();
    let no_video = error();
    assert!(matches!(&no_video, NvdecError::Load(LoadError::NoVideoDecoder { .. })), "{no_video}");
    assert!(no_video.to_string().contains("NVIDIA_DRIVER_CAPABILITIES"), "{no_video}");
    fs::copy(nvdec::mock::folder().join("libcuda.so.1"), folder.path().join("libnvcuvid.so.1")).unwrap();
    let old = error();
    assert!(matches!(&old, NvdecError::Load(LoadError::MissingSymbols { library: "libnvcuvid", .. })), "{old}");
    assert!(old.to_string().contains("cuvidCreateDecoder"), "{old}");
}

#[test]
fn a_device_that_is_not_there_is_told() {
    let error = if is_real() { Context::open(99) } else { Context::open_in(nvdec::mock::folder(), 99) }.err().unwrap();
    assert!(matches!(error, NvdecError::NoDevice { asked: 99, found: 1.. }), "{error}");
}

#[test]
fn what_the_device_cannot_decode_is_said_before_and_by_the_stream() {
    let alone = Alone::new();
    let context = context();
    println!("{}, driver {:?}", context.device_name().unwrap(), context.driver_version().unwrap());
    for codec in Codec::ALL {
        for bit_depth in [8, 10] {
            println!("{codec}, {bit_depth}-bit: {:?}", Capabilities::of(&context, codec, bit_depth).unwrap());
        }
    }
    let mut session = Session::new(&context, Options::default()).unwrap();
    for name in ["h264_444", "h264_422_10", "h264_high10", "hevc_422", "vp9_444"] {
        let clip = Clip::open(&clip(&format!("decoders/{name}.mkv")));
        let mut parser = session.start(clip.codec).unwrap();
        let fed = feed_all(&mut parser, &clip, &mut go_on);
        match fed.and_then(|()| parser.finish(&mut go_on)) {
            Err(error) => {
                assert!(error.is_unsupported(), "{name}: {error}");
                println!("{name}: {error}");
            }
            // A parser that knows no such stream finds nothing in it, as the driver's does in VP9 of 4:4:4.
            Ok(counts) => assert_eq!((counts.pictures, counts.shown), (0, 0), "{name} is decoded: {counts:?}"),
        }
    }
    drop((session, context));
    alone.all_is_gone();
}

#[test]
fn a_stream_that_changes_its_size_is_followed() {
    let alone = Alone::new();
    let (first, second) = (bframes(), Clip::open(&clip("single_cam01.mp4")));
    let wanted = [expected(&clip("clips/h264_bframes.mp4")), expected(&clip("single_cam01.mp4"))].concat();
    // With room for the larger size the decoder is changed, else it is made anew.
    for (room_for, made) in [((0, 0), 2), ((1920, 1920), 1)] {
        let options = Options { room_for, ..Options::default() };
        let mut session = Session::new(&context(), options).unwrap();
        let mut parser = session.start(Codec::H264).unwrap();
        let mut frames = Vec::new();
        let mut sink = |surface: Surface<'_>| {
            frames.push(Frame::of(&surface));
            ControlFlow::Continue(())
        };
        feed_all(&mut parser, &first, &mut sink).unwrap();
        feed_all(&mut parser, &second, &mut sink).unwrap();
        let counts = parser.finish(&mut sink).unwrap();
        assert_eq!((frames.len(), counts.format_changes), (wanted.len(), 1));
        assert!(frames == wanted, "frames before and after the change are those of the clips by themselves");
        assert_eq!(session.decoders_made(), made);
    }
    alone.all_is_gone();
}

/// Breaks the packet of this number, or lets it be.
type Damage = dyn Fn(usize, &mut Vec<u8>);

/// Reads of a clip with some packets broken.
struct Damaging<'c> {
    reader: Reader<'c>,
    damage: &'c Damage,
}

impl nvdec::Samples for Damaging<'_> {
    fn read(&mut self, number: usize, data: &mut Vec<u8>) -> Option<(i64, bool)> {
        let read = self.reader.read(number, data)?;
        (self.damage)(number, data);
        Some(read)
    }
}

/// Decodes `clip` as it comes out of `damage`, and checks that each chunk gives its first frames, whole, and no other.
fn decode_damaged(clip: &Clip, damage: &Damage) -> Vec<ChunkReport> {
    let mut session = Session::new(&context(), Options::default()).unwrap();
    let mut reports = Vec::new();
    for chunk in &clip.chunks {
        let mut samples = Damaging { reader: Reader(&clip.file), damage };
        let mut times = Vec::new();
        let mut sink = |surface: Surface<'_>| {
            assert_eq!(surface.status(), Status::Decoded);
            times.push(surface.pts());
            ControlFlow::Continue(())
        };
        let report = decode_chunk(&mut session, clip.codec, chunk, &mut samples, &mut sink).unwrap();
        assert!(chunk.times.starts_with(&times), "in order, each once, up to the first deviation");
        assert_eq!(report.taken, times.len() as u64);
        assert_eq!(report.is_whole(), times.len() == chunk.times.len(), "{report:?}");
        reports.push(report);
    }
    reports
}

#[test]
fn damaged_packets_are_counted_and_cost_no_other_chunk() {
    let alone = Alone::new();
    let damages: [(&str, &Damage); 4] = [
        ("random bytes", &|number, data| {
            if number == 35 {
                let length = data.len();
                data[8..length].iter_mut().enumerate().for_each(|(at, byte)| *byte ^= (at * 37 % 251) as u8);
            }
        }),
        ("no bytes", &|number, data| {
            if number == 35 {
                data.clear();
            }
        }),
        ("a cut", &|number, data| {
            if (31..40).contains(&number) {
                data.truncate(data.len() / 2);
            }
        }),
        ("zeros", &|number, data| {
            if number == 35 {
                data.fill(0);
            }
        }),
    ];
    for (name, damage) in damages {
        let reports = decode_damaged(&bframes(), damage);
        println!("{name}: {:?}", reports[1]);
        assert!(reports[1].decoded_again.is_some(), "{name}: {:?}", reports[1]);
        assert!(!reports[1].is_whole(), "{name} is noticed: {:?}", reports[1]);
        assert!(reports[0].is_whole() && reports[2].is_whole(), "{name}: {reports:?}");
    }
    alone.all_is_gone();
}

#[test]
fn damage_anywhere_costs_frames_and_nothing_else() {
    let alone = Alone::new();
    for name in ["h264_bframes.mp4", "h264_open_gop.mp4", "hevc10_open_gop.mp4", "vp9.webm"] {
        let clip = Clip::open(&clip(&format!("clips/{name}")));
        for seed in 1..=4_usize {
            let reports = decode_damaged(&clip, &move |number, data| {
                if (number * 7 + seed) % 11 == 0 {
                    let at = number * 31 * seed % data.len().max(1);
                    data.iter_mut().skip(at).step_by(97).for_each(|byte| *byte ^= 0x55);
                }
            });
            let taken: u64 = reports.iter().map(|report| report.taken).sum();
            println!("{name}, {seed}: {taken} of {} frames", clip.times().len());
        }
    }
    alone.all_is_gone();
}

#[test]
fn nonsense_never_hangs_or_looks_right() {
    let alone = Alone::new();
    let mut session = Session::new(&context(), Options::default()).unwrap();
    let mut seed = 1_u64;
    for codec in [Codec::H264, Codec::Hevc, Codec::Vp9, Codec::Mpeg2, Codec::Mpeg4, Codec::Vp8] {
        let mut parser = session.start(codec).unwrap();
        for number in 0..50 {
            let mut random = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 56) as u8
            };
            let data: Vec<u8> = [0, 0, 0, 1].into_iter().chain((0..200).map(|_| random())).collect();
            let packet = Packet { data: &data, pts: number, key: number == 0 };
            if !matches!(parser.feed(packet, &mut go_on), Ok(ControlFlow::Continue(()))) {
                break;
            }
        }
        println!("{codec}: {:?}", parser.counts());
    }
    drop(session);
    alone.all_is_gone();
}

#[test]
fn a_panic_in_the_sink_does_not_unwind_into_c() {
    let alone = Alone::new();
    let clip = bframes();
    let mut session = Session::new(&context(), Options::default()).unwrap();
    let mut shown = 0;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut parser = session.start(clip.codec).unwrap();
        feed_all(&mut parser, &clip, &mut |_| {
            shown += 1;
            assert!(shown < 5, "the fifth is one too many");
            ControlFlow::Continue(())
        })
    }));
    let message = panicked.err().unwrap().downcast::<&str>().unwrap();
    assert_eq!((shown, *message), (5, "the fifth is one too many"));
    // The session is as good as new.
    let mut parser = session.start(clip.codec).unwrap();
    feed_all(&mut parser, &clip, &mut go_on).unwrap();
    assert_eq!(parser.finish(&mut go_on).unwrap().shown, clip.times().len() as u64);
    drop(session);
    alone.all_is_gone();
}

#[test]
fn a_sink_that_breaks_off_gets_no_more() {
    let alone = Alone::new();
    let clip = bframes();
    let mut session = Session::new(&context(), Options::default()).unwrap();
    let mut parser = session.start(clip.codec).unwrap();
    let mut shown = 0;
    let mut sink = |_: Surface<'_>| {
        shown += 1;
        if shown == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    feed_all(&mut parser, &clip, &mut sink).unwrap();
    let Counts { shown: counted, .. } = parser.finish(&mut sink).unwrap();
    assert_eq!((shown, counted), (7, 7));
    // A chunk broken off by its sink is as it must be.
    let report =
        decode_chunk(&mut session, clip.codec, &clip.whole(), &mut Reader(&clip.file), &mut |_| ControlFlow::Break(()));
    let report = report.unwrap();
    assert!(report.taken == 1 && report.is_whole() && report.decoded_again.is_none(), "{report:?}");
    drop(session);
    alone.all_is_gone();
}

#[test]
fn surfaces_are_unmapped_when_dropped_or_after_their_event() {
    let alone = Alone::new();
    let clip = bframes();
    for (output_surfaces, defer) in [(1, false), (1, true), (4, true), (8, true)] {
        let options = Options { output_surfaces, ..Options::default() };
        let mut session = Session::new(&context(), options).unwrap();
        let mut parser = session.start(clip.codec).unwrap();
        let mut most = 0;
        let mut sink = |surface: Surface<'_>| {
            if !is_real() {
                most = most.max(live()[6]);
            }
            if defer {
                let event = Event::record(surface.stream()).unwrap();
                surface.release_after(event);
            }
            ControlFlow::Continue(())
        };
        feed_all(&mut parser, &clip, &mut sink).unwrap();
        let counts = parser.finish(&mut sink).unwrap();
        assert_eq!(counts.shown, clip.times().len() as u64);
        assert!(most <= output_surfaces as i32, "{most} of {output_surfaces} mapped");
        assert!(is_real() || !defer || output_surfaces == 1 || most > 1, "deferring runs ahead");
        drop(session);
        alone.all_is_gone();
    }
}

#[test]
fn owners_may_be_dropped_in_any_order() {
    let alone = Alone::new();
    let clip = bframes();
    let context = context();
    let stream = Stream::new(&context).unwrap();
    let options = Options { stream: Some(stream.clone()), ..Options::default() };
    let mut session = Session::new(&context, options).unwrap();
    let mut kept = None;
    let mut parser = session.start(clip.codec).unwrap();
    feed_all(&mut parser, &clip, &mut |surface| {
        kept = Some(Event::record(surface.stream()).unwrap());
        surface.release_after(Event::record(&stream).unwrap());
        ControlFlow::Break(())
    })
    .unwrap();
    // A parser in the middle of its stream, a surface still mapped, the context's own owner gone first.
    drop(context);
    drop(parser);
    drop(stream);
    drop(session);
    kept.unwrap().synchronize().unwrap();
    alone.all_is_gone();
}

#[test]
fn sessions_go_to_other_threads() {
    let alone = Alone::new();
    let clip = Arc::new(bframes());
    let session = Session::new(&context(), Options::default()).unwrap();
    let shown = std::thread::spawn(move || {
        let mut session = session;
        let mut parser = session.start(clip.codec).unwrap();
        feed_all(&mut parser, &clip, &mut go_on).unwrap();
        parser.finish(&mut go_on).unwrap().shown
    });
    assert_eq!(shown.join().unwrap(), 90);
    alone.all_is_gone();
}

#[test]
fn decoders_made_ahead_are_reused_from_file_to_file() {
    let alone = Alone::new();
    let names = ["clips/h264_bframes.mp4", "clips/h264_open_gop.mp4", "clips/h264.mkv"];
    let pool = Pool::new(context(), Options::default());
    let size = {
        let mut session = pool.take(Codec::H264).unwrap();
        let mut size = (0, 0);
        let mut parser = session.start(Codec::H264).unwrap();
        let mut sink = |surface: Surface<'_>| {
            size = (surface.width(), surface.height());
            ControlFlow::Break(())
        };
        feed_all(&mut parser, &bframes(), &mut sink).unwrap();
        size
    };
    pool.prepare(3, &StreamFormat::expected(Codec::H264, 8, size)).unwrap();
    for name in names {
        let path = clip(name);
        let (frames, _) = Clip::open(&path).decode_split(&pool, 3);
        assert!(frames == expected(&path), "{name}");
    }
    assert_eq!(pool.idle(), 3);
    let leases: Vec<_> = (0..3).map(|_| pool.take(Codec::H264).unwrap()).collect();
    assert!(leases.iter().all(|session| session.decoders_made() == 1), "no file made a decoder");
    assert_eq!(pool.idle(), 0);
    drop(leases);
    // HEVC takes an H.264 session where there is no other, and leaves it for HEVC.
    let hevc = Clip::open(&clip("clips/hevc10_open_gop.mp4"));
    hevc.decode(&pool, &hevc.chunks[0]).unwrap();
    assert_eq!(pool.take(Codec::Hevc).unwrap().decoders_made(), 2);
    drop(pool);
    alone.all_is_gone();
}

#[test]
fn a_chunk_that_ends_early_says_what_is_missing() {
    let alone = Alone::new();
    let clip = bframes();
    let mut session = Session::new(&context(), Options::default()).unwrap();
    let whole = clip.chunks[0].clone();
    let last = *whole.times.last().unwrap();
    let mut times = whole.times.clone();
    times.push(last + 1);
    let chunk = Chunk { times, feed_again: whole.feed.clone(), ..whole };
    let report = decode_chunk(&mut session, clip.codec, &chunk, &mut Reader(&clip.file), &mut go_on).unwrap();
    let ended = Some(Deviation::Ended { expected: last + 1 });
    assert_eq!((report.decoded_again, report.deviation), (ended, ended));
    assert_eq!(report.taken, chunk.times.len() as u64 - 1);
    drop(session);
    alone.all_is_gone();
}
