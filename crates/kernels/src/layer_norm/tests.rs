//! The fast normalisation against the scalar one.

use super::{host, reference};
use crate::check::{Seeded, assert_close, assert_same_bits};

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..100 {
        let seeded = &mut Seeded::new(seed);
        let (rows, channels, shift) = (seeded.size(1..=70), seeded.size(1..=300), seeded.pick(&[0.0, 1.0, -300.0]));
        let x: Vec<f32> = seeded.numbers(rows * channels).iter().map(|x| x + shift).collect();
        let (weight, bias) = (seeded.numbers(channels), seeded.numbers(channels));
        let expected = reference::layer_norm(&x, &weight, &bias, 1e-6);
        let found = host::layer_norm(&x, &weight, &bias, 1e-6);
        // What cannot be better: x itself is known to half a unit in its last place.
        let spread = if channels == 1 { 1000.0 } else { 1.0 };
        let sizes = vec![spread * (20.0 + shift.abs()) * 200.0; rows * channels];
        assert_close(&found, &expected, &sizes, &format!("seed {seed} {rows}x{channels} around {shift}"));
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    let seeded = &mut Seeded::new(1);
    let (x, weight, bias) = (seeded.numbers(3 * 77 * 50), seeded.numbers(50), seeded.numbers(50));
    assert_same_bits(3, "layer_norm", |range| {
        host::layer_norm(&x[range.start * 77 * 50..range.end * 77 * 50], &weight, &bias, 1e-6)
    });
}

#[test]
fn nan_and_infinity_spoil_their_own_token_alone() {
    let mut x = Seeded::new(2).numbers(3 * 40);
    (x[5], x[100]) = (f32::NAN, f32::INFINITY);
    let y = host::layer_norm(&x, &[1.0; 40], &[0.0; 40], 1e-6);
    assert!(y[..40].iter().all(|y| y.is_nan()) && y[80..].iter().all(|y| y.is_nan()));
    assert!(y[40..80].iter().all(|y| y.is_finite()));
}

#[test]
fn a_constant_token_becomes_the_bias() {
    assert_eq!(host::layer_norm(&[7.25; 48], &[3.0; 48], &[0.5; 48], 1e-6), [0.5; 48]);
}
