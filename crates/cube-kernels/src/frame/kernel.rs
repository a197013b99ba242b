//! One upright BGR pixel out of a frame's planes, in the host conversion's own integers (`swingpose-video`, `color/convert.rs`).
//! Called by the kernels of `letterbox` and `crop_udp`.

use cubecl::prelude::*;

use super::FIELDS;

/// What four products rounded down lack on average.
const LACK: i32 = 2;
/// The highest chroma level that swscale's 15-bit rows hold.
const CEILING: i32 = 32767 - (128 << 7);

/// A frame's place and meaning; the fields of `FrameLayout`.
#[derive(CubeType, Clone, Copy)]
pub(crate) struct Frame {
    width: i32,
    height: i32,
    pitch: u32,
    luma: u32,
    chroma: u32,
    sample_bytes: u32,
    rotation: i32,
    across: i32,
    down: i32,
    black: i32,
    luma_gain: i32,
    red_v: i32,
    green_u: i32,
    green_v: i32,
    blue_u_less_one: i32,
}

/// Levels from 0 to 255.
#[derive(CubeType, Clone, Copy)]
pub(crate) struct Bgr {
    pub(crate) blue: i32,
    pub(crate) green: i32,
    pub(crate) red: i32,
}

/// The two chroma levels, in 1/128 around 0.
#[derive(CubeType, Clone, Copy)]
struct Chroma {
    u: i32,
    v: i32,
}

/// Four neighbouring chroma samples along an axis: the first, and their weights in 1/32768.
#[derive(CubeType, Clone, Copy)]
struct Mix {
    first: i32,
    a: i32,
    b: i32,
    c: i32,
    d: i32,
}

/// Frame `index` of the batch.
#[cube]
pub(crate) fn frame_at(fields: &[i32], index: u32) -> Frame {
    let at = (index * comptime!(FIELDS as u32)) as usize;
    Frame {
        width: fields[at],
        height: fields[at + 1],
        pitch: u32::cast_from(fields[at + 2]),
        luma: u32::cast_from(fields[at + 3]),
        chroma: u32::cast_from(fields[at + 4]),
        sample_bytes: u32::cast_from(fields[at + 5]),
        rotation: fields[at + 6],
        across: fields[at + 7],
        down: fields[at + 8],
        black: fields[at + 9],
        luma_gain: fields[at + 10],
        red_v: fields[at + 11],
        green_u: fields[at + 12],
        green_v: fields[at + 13],
        blue_u_less_one: fields[at + 14],
    }
}

/// The pixel at (`x`, `y`) of the upright picture, which must lie inside.
#[cube]
pub(crate) fn pixel(words: &[u32], frame: &Frame, x: i32, y: i32) -> Bgr {
    let mut column = x;
    let mut row = y;
    if frame.rotation == 1 {
        column = y;
        row = frame.height - 1 - x;
    } else if frame.rotation == 2 {
        column = frame.width - 1 - x;
        row = frame.height - 1 - y;
    } else if frame.rotation == 3 {
        column = frame.width - 1 - y;
        row = x;
    }
    let chroma = chroma_at(words, frame, column, row);
    let stored = frame.luma + u32::cast_from(row) * frame.pitch + u32::cast_from(column) * frame.sample_bytes;
    let luma = scale((sample(words, stored, frame.sample_bytes) >> 1) - frame.black, frame.luma_gain);
    Bgr {
        blue: output(luma + scale(chroma.u, frame.blue_u_less_one) + (chroma.u >> 2)),
        green: output(luma + scale(chroma.u, frame.green_u) + scale(chroma.v, frame.green_v)),
        red: output(luma + scale(chroma.v, frame.red_v)),
    }
}

/// The sample at a byte of the buffer, in 1/256 of an 8-bit level.
#[cube]
fn sample(words: &[u32], byte: u32, sample_bytes: u32) -> i32 {
    let bits = words[(byte / 4) as usize] >> ((byte % 4) * 8);
    i32::cast_from(select(sample_bytes == 1, (bits & 255) << 8, bits & 65535))
}

/// `a * b / 65536`, rounded down.
#[cube]
fn scale(a: i32, b: i32) -> i32 {
    (a * b) >> 16
}

/// From 1/32 level to a level.
#[cube]
fn output(level: i32) -> i32 {
    // A half to round, and what two or three products rounded down lack on average.
    i32::max(i32::min((level + 17) >> 5, 255), 0)
}

/// The chroma of a stored pixel, stretched across and then down.
#[cube]
fn chroma_at(words: &[u32], frame: &Frame, column: i32, row: i32) -> Chroma {
    let across = mix(column, frame.across);
    let down = mix(row, frame.down);
    let last = (frame.height + 1) / 2 - 1;
    let a = chroma_row(words, frame, i32::max(i32::min(down.first, last), 0), &across);
    let b = chroma_row(words, frame, i32::max(i32::min(down.first + 1, last), 0), &across);
    let c = chroma_row(words, frame, i32::max(i32::min(down.first + 2, last), 0), &across);
    let d = chroma_row(words, frame, i32::max(i32::min(down.first + 3, last), 0), &across);
    Chroma { u: weigh(&down, a.u, b.u, c.u, d.u) << 1, v: weigh(&down, a.v, b.v, c.v, d.v) << 1 }
}

/// One chroma row at one column of full width.
#[cube]
fn chroma_row(words: &[u32], frame: &Frame, row: i32, across: &Mix) -> Chroma {
    let a = chroma_sample(words, frame, across.first, row);
    let b = chroma_sample(words, frame, across.first + 1, row);
    let c = chroma_sample(words, frame, across.first + 2, row);
    let d = chroma_sample(words, frame, across.first + 3, row);
    Chroma {
        u: i32::min(weigh(across, a.u, b.u, c.u, d.u), comptime!(CEILING)),
        v: i32::min(weigh(across, a.v, b.v, c.v, d.v), comptime!(CEILING)),
    }
}

/// A stored pair of chroma samples in 1/256 level around 0; beyond the plane's sides, its outermost.
#[cube]
fn chroma_sample(words: &[u32], frame: &Frame, column: i32, row: i32) -> Chroma {
    let inside = i32::max(i32::min(column, (frame.width + 1) / 2 - 1), 0);
    let stored = frame.chroma + u32::cast_from(row) * frame.pitch + 2 * u32::cast_from(inside) * frame.sample_bytes;
    Chroma {
        u: sample(words, stored, frame.sample_bytes) - 32768,
        v: sample(words, stored + frame.sample_bytes, frame.sample_bytes) - 32768,
    }
}

#[cube]
fn weigh(mix: &Mix, a: i32, b: i32, c: i32, d: i32) -> i32 {
    scale(a, mix.a) + scale(b, mix.b) + scale(c, mix.c) + scale(d, mix.d) + comptime!(LACK)
}

/// Which chroma samples make output `index`, `step` 1/65536 apart: Keys' cubic, as swscale places it.
#[cube]
fn mix(index: i32, step: i32) -> Mix {
    // In 1/131072 of a sample, which holds every position exactly.
    let position = (2 * index + 1) * step - 65536;
    let first = (position >> 17) - 1;
    let beyond = f32::cast_from(position & 131_071) / 131_072.0;
    // swscale rounds the first tap towards zero, so that outputs 0 and 2 leave one out.
    let left_out = first < 0 && beyond > 0.5;
    let a = select(left_out, 0.0f32, keys_far(1.0 + beyond));
    let b = keys_near(beyond);
    let c = keys_near(1.0 - beyond);
    let d = keys_far(2.0 - beyond);
    let sum = a + b + c + d;
    Mix { first, a: q15(a / sum), b: q15(b / sum), c: q15(c / sum), d: q15(d / sum) }
}

/// Keys' cubic with a = -0.6 at distances up to 1.
#[cube]
fn keys_near(d: f32) -> f32 {
    (1.4 * d - 2.4) * d * d + 1.0
}

/// And from 1 to 2.
#[cube]
fn keys_far(d: f32) -> f32 {
    ((3.0 - 0.6 * d) * d - 4.8) * d + 2.4
}

#[cube]
fn q15(weight: f32) -> i32 {
    i32::min(i32::cast_from(f32::floor(weight * 32768.0 + 0.5)), 32767)
}

/// Width of the upright picture.
#[cube]
pub(crate) fn frame_width(frame: &Frame) -> i32 {
    select((frame.rotation & 1) == 1, frame.height, frame.width)
}

/// Height of the upright picture.
#[cube]
pub(crate) fn frame_height(frame: &Frame) -> i32 {
    select((frame.rotation & 1) == 1, frame.width, frame.height)
}
