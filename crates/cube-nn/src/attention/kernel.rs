//! A cube for some queries of one head of one image, a unit a query, which it holds in registers with the sums of its values. Keys and
//! values come by tiles through shared memory, where all units read the same one at a time.
//!
//! Softmax goes along (Milakov and Gimelshein 2018): what has been summed is scaled down when a larger score turns up.

use cubecl::prelude::*;

use crate::elementary::exp;

/// Queries of a cube.
pub(super) const QUERIES: u32 = 64;
/// Keys whose scores are found before their values are added.
const KEYS: u32 = 8;
/// Fours of numbers that keys have in shared memory, and values as well: together 32 KiB.
const ROOM: u32 = 1024;
/// Less than any score, and a number.
const LEAST: f32 = -3.0e38;

type Four = Vector<f32, Const<4>>;

/// Writes `[n, t, c]`.
#[cube(launch)]
pub(super) fn attention<E: Float, N: Size>(
    qkv: &[Vector<E, N>],
    y: &mut [E],
    tokens: u32,
    heads: u32,
    scale: f32,
    #[comptime] head_dim: u32,
) {
    let fours = comptime!(head_dim.div_ceil(4));
    let tile = comptime!((ROOM / fours / KEYS * KEYS).min(4 * KEYS));
    let mut key_tile = Shared::<[Four]>::new_slice(comptime!((tile * fours) as usize));
    let mut value_tile = Shared::<[Four]>::new_slice(comptime!((tile * fours) as usize));
    let mut query = Array::<Four>::new(comptime!(fours as usize));
    let mut sums = Array::<Four>::new(comptime!(fours as usize));
    let channels = heads * head_dim;
    let head = CUBE_POS_Z * tokens * 3 * channels + CUBE_POS_Y * head_dim;
    let token = CUBE_POS_X * comptime!(QUERIES) + UNIT_POS;
    // A unit without a query repeats the last one and writes nothing.
    let own = head + u32::min(token, tokens - 1) * 3 * channels;
    #[unroll]
    for i in 0..fours {
        query[i as usize] = load::<E, N>(qkv, own, i, head_dim) * Four::new(scale);
    }
    let mut largest = f32::new(comptime!(LEAST));
    let mut total = 0.0f32;
    let mut first = 0u32;
    while first < tokens {
        let keys = head + (first * 3 + 1) * channels;
        fill::<E, N>(qkv, &mut key_tile, keys, 3 * channels, tokens - first, tile, head_dim);
        fill::<E, N>(qkv, &mut value_tile, keys + channels, 3 * channels, tokens - first, tile, head_dim);
        sync_cube();
        let mut row = 0u32;
        while row < tile && first + row < tokens {
            let mut scores = Array::<f32>::new(comptime!(KEYS as usize));
            let mut most = largest;
            #[unroll]
            for key in 0..KEYS {
                let score = dot(&query, &key_tile, (row + key) * fours, fours);
                let known = select(first + row + key < tokens, score, f32::new(comptime!(LEAST)));
                scores[key as usize] = known;
                most = select(known > most, known, most);
            }
            let shrink = exp(largest - most);
            largest = most;
            total *= shrink;
            #[unroll]
            for i in 0..fours {
                sums[i as usize] *= Four::new(shrink);
            }
            #[unroll]
            for key in 0..KEYS {
                let weight = exp(scores[key as usize] - most);
                total += weight;
                #[unroll]
                for i in 0..fours {
                    sums[i as usize] += Four::new(weight) * value_tile[((row + key) * fours + i) as usize];
                }
            }
            row += comptime!(KEYS);
        }
        sync_cube();
        first += tile;
    }
    if token < tokens {
        let at = (CUBE_POS_Z * tokens + token) * channels + CUBE_POS_Y * head_dim;
        store(y, &sums, total, at, head_dim);
    }
}

/// Writes `tile` keys' fours, or values', of which the first begins at `start` and `left` are there; zeros for the others.
#[cube]
fn fill<E: Float, N: Size>(
    qkv: &[Vector<E, N>],
    to: &mut Shared<[Four]>,
    start: u32,
    stride: u32,
    left: u32,
    #[comptime] tile: u32,
    #[comptime] head_dim: u32,
) {
    let fours = comptime!(head_dim.div_ceil(4));
    let mut at = UNIT_POS;
    while at < comptime!(tile * fours) {
        let mut four = Four::new(0.0);
        if at / fours < left {
            four = load::<E, N>(qkv, start + at / fours * stride, at % fours, head_dim);
        }
        to[at as usize] = four;
        at += comptime!(QUERIES);
    }
}

/// The `i`th four of a head's channels, which begin at `start`; zeros beyond its end.
#[cube]
fn load<E: Float, N: Size>(qkv: &[Vector<E, N>], start: u32, i: u32, #[comptime] head_dim: u32) -> Four {
    let width = N::value();
    let mut found = Four::new(0.0);
    if comptime!(width == 4) {
        found = Four::cast_from(qkv[(start / 4 + i) as usize]);
    } else {
        #[unroll]
        for part in 0..4usize {
            let channel = 4 * i + comptime!(part as u32);
            if channel < head_dim {
                found.insert(part, f32::cast_from(qkv[(start + channel) as usize].extract(0usize)));
            }
        }
    }
    found
}

/// The product of the query and the key whose fours begin at `at`.
#[cube]
fn dot(query: &Array<Four>, keys: &Shared<[Four]>, at: u32, #[comptime] fours: u32) -> f32 {
    let mut sums = Four::new(0.0);
    #[unroll]
    for i in 0..fours {
        sums += query[i as usize] * keys[(at + i) as usize];
    }
    (sums.extract(0usize) + sums.extract(1usize)) + (sums.extract(2usize) + sums.extract(3usize))
}

/// Writes a head's channels from `at` on: the sums of the values by the sum of their weights.
#[cube]
fn store<E: Float>(y: &mut [E], sums: &Array<Four>, total: f32, at: u32, #[comptime] head_dim: u32) {
    #[unroll]
    for channel in 0..head_dim {
        let four = sums[comptime!((channel / 4) as usize)];
        let value = four.extract(comptime!((channel % 4) as usize)) / total;
        y[(at + channel) as usize] = E::cast_from(value);
    }
}
