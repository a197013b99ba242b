//! The fast attention against the scalar one.

use super::{Shape, host, reference};
use crate::check::{Seeded, assert_close, assert_same_bits};

/// Scores are rounded before they become exponents, so an output errs by some of its values' size, not of its own.
fn value_sizes(qkv: &[f32], shape: Shape) -> Vec<f32> {
    let largest = qkv.iter().fold(1.0_f32, |largest, x| largest.max(x.abs()));
    vec![30.0 * largest; shape.images * shape.tokens * shape.channels()]
}

/// Queries and keys small enough that softmax weighs several keys.
fn tame(seeded: &mut Seeded, shape: Shape) -> Vec<f32> {
    seeded
        .numbers(shape.images * shape.tokens * 3 * shape.channels())
        .iter()
        .map(|x| x.clamp(-2.0, 2.0) / 2.0)
        .collect()
}

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..60 {
        let seeded = &mut Seeded::new(seed);
        let (images, tokens) = (seeded.size(1..=2), seeded.size(1..=120));
        let shape = Shape { images, tokens, heads: seeded.size(1..=4), head_dim: seeded.size(1..=70) };
        let qkv = tame(seeded, shape);
        let expected = reference::attention(&qkv, shape);
        let found = host::attention(&qkv, shape);
        assert_close(&found, &expected, &value_sizes(&qkv, shape), &format!("seed {seed} {shape:?}"));
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    let seeded = &mut Seeded::new(1);
    let shape = Shape { images: 3, tokens: 61, heads: 3, head_dim: 20 };
    let qkv = tame(seeded, shape);
    let image_len = 61 * 3 * 60;
    assert_same_bits(3, "attention", |range| {
        host::attention(&qkv[range.start * image_len..range.end * image_len], Shape { images: range.len(), ..shape })
    });
}

#[test]
fn large_scores_do_not_overflow() {
    let shape = Shape { images: 1, tokens: 2, heads: 1, head_dim: 1 };
    // Tokens of query, key and value: both queries prefer the second key by far.
    assert_eq!(host::attention(&[1e4, 1.0, 5.0, 1e4, 2.0, 7.0], shape), [7.0, 7.0]);
}

#[test]
fn nan_reaches_every_token_of_its_head_and_no_other() {
    let seeded = &mut Seeded::new(2);
    let shape = Shape { images: 1, tokens: 50, heads: 2, head_dim: 8 };
    let mut qkv = tame(seeded, shape);
    qkv[17 * 48 + 16] = f32::NAN;
    for token in host::attention(&qkv, shape).chunks_exact(16) {
        assert!(token[..8].iter().all(|x| x.is_nan()) && token[8..].iter().all(|x| x.is_finite()), "{token:?}");
    }
}
