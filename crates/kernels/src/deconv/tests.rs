//! The fast transposed convolution against the scalar one.

use super::{Shape, host, reference};
use crate::Activation;
use crate::check::{ACTIVATIONS, Seeded, assert_close, assert_same_bits, assert_same_classes, magnitudes};

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..60 {
        let seeded = &mut Seeded::new(seed);
        let image = [seeded.size(1..=2), seeded.size(1..=17), seeded.size(1..=13), seeded.size(1..=24)];
        let shape = Shape { image, outputs: seeded.size(1..=70) };
        let act = seeded.pick(&ACTIVATIONS);
        let x = seeded.numbers(image.iter().product());
        let (weight, bias) = (seeded.numbers(shape.outputs * 16 * image[3]), seeded.numbers(shape.outputs));
        let expected = reference::deconv(&x, &weight, &bias, act, shape);
        let [x_sizes, weight_sizes, bias_sizes] = [&x, &weight, &bias].map(|x| magnitudes(x));
        let sizes = reference::deconv(&x_sizes, &weight_sizes, &bias_sizes, Activation::None, shape);
        let found = host::deconv(&x, &weight, &bias, act, shape);
        assert_close(&found, &expected, &sizes, &format!("seed {seed} {shape:?} {act:?}"));
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    let seeded = &mut Seeded::new(1);
    let image_len = 16 * 12 * 30;
    let (x, weight, bias) = (seeded.numbers(3 * image_len), seeded.numbers(20 * 16 * 30), seeded.numbers(20));
    assert_same_bits(3, "deconv", |range| {
        let shape = Shape { image: [range.len(), 16, 12, 30], outputs: 20 };
        host::deconv(&x[range.start * image_len..range.end * image_len], &weight, &bias, Activation::Relu, shape)
    });
}

#[test]
fn infinities_and_nan_reach_the_result() {
    let seeded = &mut Seeded::new(2);
    let shape = Shape { image: [1, 5, 4, 3], outputs: 6 };
    let (mut x, weight) = (seeded.numbers(60), seeded.numbers(6 * 48));
    (x[0], x[31], x[59]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    let expected = reference::deconv(&x, &weight, &[0.5; 6], Activation::Relu, shape);
    assert_same_classes(&host::deconv(&x, &weight, &[0.5; 6], Activation::Relu, shape), &expected, "deconv");
}

/// `torch.nn.functional.conv_transpose2d(torch.ones(1, 1, 1, 1), torch.arange(16.).view(1, 1, 4, 4), stride=2, padding=1)`.
#[test]
fn one_pixel_stamps_the_middle_of_its_filter() {
    let weight: [f32; 16] = std::array::from_fn(|tap| tap as f32);
    let shape = Shape { image: [1, 1, 1, 1], outputs: 1 };
    assert_eq!(host::deconv(&[1.0], &weight, &[0.0], Activation::None, shape), [5.0, 6.0, 9.0, 10.0]);
    assert_eq!(reference::deconv(&[1.0], &weight, &[0.0], Activation::None, shape), [5.0, 6.0, 9.0, 10.0]);
}
