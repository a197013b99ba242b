//! The fast depthwise convolution against the scalar one.

use super::{Shape, host, reference};
use crate::Activation;
use crate::check::{ACTIVATIONS, Seeded, assert_close, assert_same_bits, assert_same_classes, magnitudes};

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..120 {
        let seeded = &mut Seeded::new(seed);
        let image = [seeded.size(1..=2), seeded.size(1..=19), seeded.size(1..=30), seeded.size(1..=70)];
        let kernel = [seeded.pick(&[1, 3, 5, 5, 7]), seeded.pick(&[1, 3, 5, 5, 7])];
        let shape = Shape { image, kernel };
        let act = seeded.pick(&ACTIVATIONS);
        let x = seeded.numbers(image.iter().product());
        let (weight, bias) = (seeded.numbers(kernel[0] * kernel[1] * image[3]), seeded.numbers(image[3]));
        let expected = reference::depthwise_conv(&x, &weight, &bias, act, shape);
        let [x_sizes, weight_sizes, bias_sizes] = [&x, &weight, &bias].map(|x| magnitudes(x));
        let sizes = reference::depthwise_conv(&x_sizes, &weight_sizes, &bias_sizes, Activation::None, shape);
        let found = host::depthwise_conv(&x, &weight, &bias, act, shape);
        assert_close(&found, &expected, &sizes, &format!("seed {seed} {shape:?} {act:?}"));
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    let seeded = &mut Seeded::new(1);
    let image_len = 21 * 19 * 40;
    let (x, weight, bias) = (seeded.numbers(3 * image_len), seeded.numbers(25 * 40), seeded.numbers(40));
    assert_same_bits(3, "depthwise_conv", |range| {
        let shape = Shape { image: [range.len(), 21, 19, 40], kernel: [5, 5] };
        host::depthwise_conv(
            &x[range.start * image_len..range.end * image_len],
            &weight,
            &bias,
            Activation::Silu,
            shape,
        )
    });
}

#[test]
fn infinities_and_nan_reach_the_result() {
    let seeded = &mut Seeded::new(2);
    let shape = Shape { image: [1, 9, 11, 18], kernel: [5, 5] };
    let (mut x, weight) = (seeded.numbers(9 * 11 * 18), seeded.numbers(25 * 18));
    (x[0], x[800], x[1700]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    let expected = reference::depthwise_conv(&x, &weight, &[0.5; 18], Activation::Silu, shape);
    let found = host::depthwise_conv(&x, &weight, &[0.5; 18], Activation::Silu, shape);
    assert_same_classes(&found, &expected, "depthwise_conv");
}
