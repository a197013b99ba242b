//! The fast convolution against the scalar one.

use super::{Shape, host, reference};
use crate::Activation;
use crate::check::{ACTIVATIONS, Seeded, assert_close, assert_same_bits, assert_same_classes, magnitudes};

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..120 {
        let seeded = &mut Seeded::new(seed);
        let kernel = [seeded.size(1..=5), seeded.size(1..=5)];
        let (stride, padding) = (seeded.size(1..=3), seeded.size(0..=2));
        let side = |seeded: &mut Seeded, kernel: usize| seeded.size(kernel.saturating_sub(2 * padding).max(1)..=19);
        let image = [seeded.size(1..=2), side(seeded, kernel[0]), side(seeded, kernel[1]), seeded.size(1..=20)];
        let shape = Shape { image, kernel, outputs: seeded.size(1..=70), stride, padding };
        let act = seeded.pick(&ACTIVATIONS);
        let x = seeded.numbers(image.iter().product());
        let weight = seeded.numbers(shape.outputs * kernel[0] * kernel[1] * image[3]);
        let bias = seeded.numbers(shape.outputs);
        let repeats = seeded.pick(&[1, image[0]]);
        let added = seeded.numbers(shape.output().iter().product::<usize>() / repeats);
        let residual = seeded.pick(&[None, Some(added.as_slice())]);
        let expected = reference::conv(&x, &weight, &bias, act, residual, shape);
        let sizes = reference::conv(
            &magnitudes(&x),
            &magnitudes(&weight),
            &magnitudes(&bias),
            Activation::None,
            residual.map(magnitudes).as_deref(),
            shape,
        );
        let found = host::conv(&x, &weight, &bias, act, residual, shape);
        assert_close(&found, &expected, &sizes, &format!("seed {seed} {shape:?} {act:?}"));
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    for (kernel, stride, padding) in [([1, 1], 1, 0), ([3, 3], 1, 1), ([3, 3], 2, 1), ([16, 16], 16, 2)] {
        let seeded = &mut Seeded::new(1);
        let image = [37, 29, 10];
        let image_len = image.iter().product::<usize>();
        let x = seeded.numbers(4 * image_len);
        let (weight, bias) = (seeded.numbers(50 * kernel[0] * kernel[1] * 10), seeded.numbers(50));
        assert_same_bits(4, &format!("conv {kernel:?}"), |range| {
            let shape = Shape { image: [range.len(), 37, 29, 10], kernel, outputs: 50, stride, padding };
            let x = &x[range.start * image_len..range.end * image_len];
            host::conv(x, &weight, &bias, Activation::Silu, None, shape)
        });
    }
}

#[test]
fn infinities_and_nan_reach_the_result() {
    let seeded = &mut Seeded::new(2);
    let shape = Shape { image: [1, 9, 7, 5], kernel: [3, 3], outputs: 20, stride: 1, padding: 1 };
    let (mut x, weight) = (seeded.numbers(9 * 7 * 5), seeded.numbers(20 * 45));
    (x[0], x[150], x[290]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    for act in ACTIVATIONS {
        let expected = reference::conv(&x, &weight, &[0.5; 20], act, None, shape);
        let found = host::conv(&x, &weight, &[0.5; 20], act, None, shape);
        assert_same_classes(&found, &expected, &format!("{act:?}"));
    }
}

#[test]
fn a_one_by_one_image_is_only_the_middle_tap() {
    let shape = Shape { image: [1, 1, 1, 1], kernel: [3, 3], outputs: 1, stride: 2, padding: 1 };
    let weight = [1.0, 1.0, 1.0, 1.0, 7.0, 1.0, 1.0, 1.0, 1.0];
    assert_eq!(host::conv(&[2.0], &weight, &[0.5], Activation::None, None, shape), [14.5]);
}
