//! Whole clips through the decoder, and split over several: the frames that FFmpeg and our own decoders give, bit for bit.

#![allow(clippy::unwrap_used, reason = "a test ends where its clip cannot be read")]
#![allow(clippy::print_stdout, reason = "what a real driver does is worth reading")]

mod footage;

use std::ops::ControlFlow;

use footage::{Clip, Cra, Frame, clip, clips, context, expected, is_real};
use nvdec::{Capabilities, Chunk, Codec, Options, Packet, Pool};

/// The first frame that differs, in words.
fn difference(found: &[Frame], expected: &[Frame]) -> Option<String> {
    let first = found.iter().zip(expected).position(|(found, expected)| found != expected);
    match first {
        Some(number) => Some(format!("frame {number} is {:?}, not {:?}", found[number], expected[number])),
        None if found.len() != expected.len() => Some(format!("{} frames, not {}", found.len(), expected.len())),
        None => None,
    }
}

#[test]
fn every_clip_is_bit_exact_whole_and_split_over_2_4_and_7_decoders() {
    let context = context();
    let pool = Pool::new(context.clone(), Options::default());
    let (mut decoded, mut wrong) = (0, Vec::new());
    for path in clips() {
        let (name, clip) = (path.display(), Clip::open(&path));
        let able = Capabilities::of(&context, clip.codec, 8).unwrap().is_some();
        if !able {
            let error = clip.decode(&pool, &clip.whole()).err().unwrap();
            assert!(error.is_unsupported(), "{name}: {error}");
            println!("{name}: {error}");
            continue;
        }
        let expected = expected(&path);
        let whole = clip.whole();
        let (frames, report) = clip.decode(&pool, &whole).unwrap_or_else(|error| panic!("{name}: {error}"));
        wrong.extend(difference(&frames, &expected[..whole.times.len()]).map(|how| format!("{name}, whole: {how}")));
        assert!(report.is_whole() && report.counts.packets_refused == 0, "{name}: {report:?}");
        for decoders in [2, 4, 7] {
            let (frames, reports) = clip.decode_split(&pool, decoders);
            wrong.extend(difference(&frames, &expected).map(|how| format!("{name}, over {decoders}: {how}")));
            for (number, report) in reports.iter().enumerate() {
                if let Some(why) = report.decoded_again {
                    let again = format!("{name}, over {decoders}: chunk {number} decoded again: {why}");
                    println!("{again}");
                    // A real driver may need it, and the frames are right all the same.
                    wrong.extend((!is_real()).then_some(again));
                }
                assert!(report.is_whole(), "{name}: chunk {number}: {report:?}");
            }
        }
        println!("{name}: {} frames in {} chunks", expected.len(), clip.chunks.len());
        decoded += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(decoded >= 12, "{decoded} clips decoded");
}

/// `chunk` with its own leading pictures, as a rule has it that cuts at sync samples and looks at times only.
fn with_own_leading_pictures(chunk: &Chunk) -> Chunk {
    let ends = chunk.feed.first().unwrap().start..chunk.feed.last().unwrap().end;
    Chunk { feed: vec![ends], ..chunk.clone() }
}

/// The times that come of `chunk`, whatever they are.
fn times_given(pool: &Pool, clip: &Clip, chunk: &Chunk) -> Vec<i64> {
    let mut session = pool.take(clip.codec).unwrap();
    let mut parser = session.start(clip.codec).unwrap();
    let mut times = Vec::new();
    let mut data = Vec::new();
    let mut sink = |surface: nvdec::Surface<'_>| {
        times.push(surface.pts());
        ControlFlow::Continue(())
    };
    for number in chunk.feed.iter().cloned().flatten() {
        let (pts, key) = clip.file.read(number, &mut data).unwrap();
        assert!(parser.feed(Packet { data: &data, pts, key }, &mut sink).unwrap().is_continue());
    }
    parser.finish(&mut sink).unwrap();
    times
}

#[test]
fn an_open_gop_is_cut_without_losing_the_picture_it_begins_with() {
    let _alone = Cra::lock();
    let pool = Pool::new(context(), Options::default());
    let paths = clips().into_iter().filter(|path| path.to_string_lossy().contains("hevc10"));
    for path in paths {
        let (clip, expected) = (Clip::open(&path), expected(&path));
        let open: Vec<_> = clip.chunks.iter().filter(|chunk| with_own_leading_pictures(chunk) != **chunk).collect();
        println!("{}: {} chunks, {} of them in an open GOP", path.display(), clip.chunks.len(), open.len());
        for behaviour in Cra::all() {
            behaviour.set();
            for (number, chunk) in open.iter().enumerate() {
                // What the driver makes of leading pictures that it cannot decode: told, on a real one.
                let given = times_given(&pool, &clip, &with_own_leading_pictures(chunk));
                let lost: Vec<_> = chunk.times.iter().filter(|time| !given.contains(time)).collect();
                let strange: Vec<_> = given.iter().filter(|time| **time < chunk.times[0]).collect();
                println!("chunk {number}, fed its leading pictures: lost {lost:?}, gave besides {strange:?}");
                if matches!(behaviour, Cra::TakesTheirTime | Cra::IsLost) {
                    assert_eq!(lost, [&chunk.times[0]], "the mock does what the driver did");
                }
                assert!(times_given(&pool, &clip, chunk).starts_with(&chunk.times), "chunk {number}");
            }
            let (frames, reports) = clip.decode_split(&pool, 2);
            assert_eq!(difference(&frames, &expected), None, "{}: {behaviour:?}", path.display());
            assert!(reports.iter().all(|report| report.decoded_again.is_none()), "{reports:?}");
        }
    }
}

#[test]
fn a_chunk_that_does_not_give_its_times_is_decoded_again_from_the_chunk_before() {
    let _alone = Cra::lock();
    let pool = Pool::new(context(), Options::default());
    let path = clip("clips/hevc10_open_gop.mp4");
    let (mut clip, expected) = (Clip::open(&path), expected(&path));
    for chunk in &mut clip.chunks[1..] {
        *chunk = with_own_leading_pictures(chunk);
    }
    for behaviour in Cra::all() {
        behaviour.set();
        let (frames, reports) = clip.decode_split(&pool, 2);
        assert_eq!(difference(&frames, &expected), None, "{behaviour:?}");
        let again = reports.iter().filter(|report| report.decoded_again.is_some()).count();
        println!("{behaviour:?}: {again} of {} chunks decoded again", reports.len());
        assert!(again > 0 || matches!(behaviour, Cra::Stays | Cra::OfTheDriver), "{reports:?}");
        assert!(reports.iter().all(nvdec::ChunkReport::is_whole));
    }
}

#[test]
fn every_codec_of_the_decoders_own_clips_is_bit_exact() {
    let context = context();
    let pool = Pool::new(context.clone(), Options::default());
    let names = ["h264_baseline", "h264_cavlc_slices", "h264_mbaff", "h264_short_slices", "h264_temporal_direct"];
    for name in names.into_iter().chain(["hevc_10", "hevc_slices", "hevc_sub_layers", "vp9_10", "vp9_odd"]) {
        let path = clip(&format!("decoders/{name}.mkv"));
        let clip = Clip::open(&path);
        let frames = clip.decode(&pool, &clip.whole());
        let frames = match frames {
            Err(error) if error.is_unsupported() => {
                println!("{name}: {error}");
                continue;
            }
            frames => frames.unwrap_or_else(|error| panic!("{name}: {error}")).0,
        };
        assert_eq!(difference(&frames, &expected(&path)), None, "{name}");
        println!("{name}: {} frames", frames.len());
    }
    for (codec, bit_depth) in [(Codec::H264, 8), (Codec::Hevc, 8), (Codec::Hevc, 10), (Codec::Vp9, 8)] {
        assert!(Capabilities::of(&context, codec, bit_depth).unwrap().is_some_and(|able| able.engines > 0));
    }
}
