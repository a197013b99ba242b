//! The fast channel gate against the scalar one.

use super::{host, reference};
use crate::check::{Seeded, assert_close, assert_same_bits, magnitudes};

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..60 {
        let seeded = &mut Seeded::new(seed);
        let image = [seeded.size(1..=2), seeded.size(1..=40), seeded.size(1..=40), seeded.size(1..=70)];
        let x = seeded.numbers(image.iter().product());
        let (weight, bias) = (seeded.numbers(image[3] * image[3]), seeded.numbers(image[3]));
        let expected = reference::channel_attention(&x, &weight, &bias, image);
        let found = host::channel_attention(&x, &weight, &bias, image);
        let sizes: Vec<f32> = magnitudes(&x).iter().map(|x| x * image[3] as f32).collect();
        assert_close(&found, &expected, &sizes, &format!("seed {seed} {image:?}"));
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    let seeded = &mut Seeded::new(1);
    let image_len = 40 * 33 * 20;
    let (x, weight, bias) = (seeded.numbers(3 * image_len), seeded.numbers(400), seeded.numbers(20));
    assert_same_bits(3, "channel_attention", |range| {
        let x = &x[range.start * image_len..range.end * image_len];
        host::channel_attention(x, &weight, &bias, [range.len(), 40, 33, 20])
    });
}

#[test]
fn the_gate_closes_at_minus_three_and_opens_at_three() {
    let gate = |bias: f32| host::channel_attention(&[2.0, 2.0], &[0.0], &[bias], [1, 1, 2, 1]);
    assert_eq!([gate(-4.0), gate(0.0), gate(4.0)], [[0.0; 2], [1.0; 2], [2.0; 2]]);
}

#[test]
fn nan_spoils_its_image_alone() {
    let mut x = Seeded::new(2).numbers(2 * 6 * 3);
    x[4] = f32::NAN;
    let y = host::channel_attention(&x, &[0.1; 9], &[0.0; 3], [2, 2, 3, 3]);
    assert!(y[..18].iter().all(|y| y.is_nan()) && y[18..].iter().all(|y| y.is_finite()));
}
