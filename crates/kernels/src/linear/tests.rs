//! The fast layer against the scalar one.

use super::{Shape, host, reference};
use crate::Activation;
use crate::check::{ACTIVATIONS, Seeded, assert_close, assert_same_bits, assert_same_classes, magnitudes};

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..60 {
        let seeded = &mut Seeded::new(seed);
        let (images, tokens) = (seeded.size(1..=3), seeded.size(1..=60));
        let shape = Shape { rows: images * tokens, inputs: seeded.size(1..=90), outputs: seeded.size(1..=150) };
        let act = seeded.pick(&ACTIVATIONS);
        let (x, weight) = (seeded.numbers(shape.rows * shape.inputs), seeded.numbers(shape.outputs * shape.inputs));
        let bias = seeded.numbers(shape.outputs);
        let repeats = seeded.pick(&[1, images]);
        let added = seeded.numbers(shape.rows * shape.outputs / repeats);
        let residual = seeded.pick(&[None, Some(added.as_slice())]);
        let expected = reference::linear(&x, &weight, &bias, act, residual, shape);
        let sizes = reference::linear(
            &magnitudes(&x),
            &magnitudes(&weight),
            &magnitudes(&bias),
            Activation::None,
            residual.map(magnitudes).as_deref(),
            shape,
        );
        let found = host::linear(&x, &weight, &bias, act, residual, shape, tokens);
        assert_close(&found, &expected, &sizes, &format!("seed {seed} {shape:?} {act:?}"));
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    let seeded = &mut Seeded::new(1);
    let (images, tokens, inputs, outputs) = (5, 53, 70, 100);
    let (x, weight) = (seeded.numbers(images * tokens * inputs), seeded.numbers(outputs * inputs));
    let (bias, residual) = (seeded.numbers(outputs), seeded.numbers(tokens * outputs));
    assert_same_bits(images, "linear", |range| {
        let x = &x[range.start * tokens * inputs..range.end * tokens * inputs];
        let shape = Shape { rows: range.len() * tokens, inputs, outputs };
        host::linear(x, &weight, &bias, Activation::Gelu, Some(&residual), shape, tokens)
    });
}

#[test]
fn infinities_and_nan_reach_the_result() {
    let seeded = &mut Seeded::new(2);
    let shape = Shape { rows: 20, inputs: 9, outputs: 37 };
    let (mut x, weight) = (seeded.numbers(20 * 9), seeded.numbers(37 * 9));
    (x[3], x[40], x[41], x[100]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY);
    for act in ACTIVATIONS {
        let expected = reference::linear(&x, &weight, &[0.5; 37], act, None, shape);
        let found = host::linear(&x, &weight, &[0.5; 37], act, None, shape, 20);
        assert_same_classes(&found, &expected, &format!("{act:?}"));
    }
}
