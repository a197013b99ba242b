//! The layer, and with it the matrix product, against three nested loops.

use cubecl::client::Client;
use swingpose_cube_nn::linear::{Shape, linear};
use swingpose_cube_nn::{Activation, Bias, DeviceSlice};
use swingpose_kernels::linear as host;

use crate::check::{
    ACTIVATIONS, Number, Seeded, assert_close, assert_same_bits, assert_same_classes, download, magnitudes, upload,
    with_every_type,
};
use swingpose_cube_nn::device::client;

fn host_shape(shape: Shape) -> host::Shape {
    host::Shape { rows: shape.rows, inputs: shape.inputs, outputs: shape.outputs }
}

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..40 {
        let seeded = &mut Seeded::new(seed);
        let (images, tokens) = (seeded.size(1..=3), seeded.size(1..=90));
        let shape = Shape { rows: images * tokens, inputs: seeded.size(1..=200), outputs: seeded.size(1..=150) };
        let (act, host_act) = seeded.pick(&ACTIVATIONS);
        let x = seeded.numbers::<E>(shape.rows * shape.inputs);
        let weight = seeded.numbers::<E>(shape.outputs * shape.inputs);
        let bias = seeded.numbers::<f32>(shape.outputs);
        let repeats = seeded.pick(&[1, images]);
        let added = seeded.numbers::<E>(shape.rows * shape.outputs / repeats);
        let residual = seeded.pick(&[None, Some(added.as_slice())]);
        let expected = host::reference::linear(&x, &weight, &bias, host_act, residual, host_shape(shape));
        let sizes = host::reference::linear(
            &magnitudes(&x),
            &magnitudes(&weight),
            &magnitudes(&bias),
            swingpose_kernels::Activation::None,
            residual.map(magnitudes).as_deref(),
            host_shape(shape),
        );
        let residual = residual.map(|residual| upload::<E>(client, residual));
        let (x, weight) = (upload::<E>(client, &x), upload(client, &weight));
        let y = linear(client, &x, &weight, Bias::Exact(&upload(client, &bias)), act, residual.as_ref(), shape);
        assert_close::<E>(&download(client, &y), &expected, &sizes, &format!("seed {seed} {shape:?} {act:?}"));
    }
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let client = client();
    let seeded = &mut Seeded::new(1);
    let (tokens, inputs, outputs) = (53, 70, 100);
    let (x, weight) = (seeded.numbers::<f32>(3 * tokens * inputs), seeded.numbers::<f32>(outputs * inputs));
    let (bias, residual) = (seeded.numbers::<f32>(outputs), seeded.numbers::<f32>(tokens * outputs));
    let [weight, bias, residual] = [weight, bias, residual].map(|numbers| upload::<f32>(&client, &numbers));
    assert_same_bits(3, "linear", |images| {
        let x = upload(&client, &x[images.start * tokens * inputs..images.end * tokens * inputs]);
        let shape = Shape { rows: images.len() * tokens, inputs, outputs };
        download(&client, &linear(&client, &x, &weight, Bias::Exact(&bias), Activation::Gelu, Some(&residual), shape))
    });
}

#[test]
fn infinities_and_nan_reach_the_result() {
    let client = client();
    let seeded = &mut Seeded::new(2);
    let shape = Shape { rows: 20, inputs: 9, outputs: 37 };
    let (mut x, weight) = (seeded.numbers::<f32>(20 * 9), seeded.numbers::<f32>(37 * 9));
    (x[3], x[40], x[41], x[100]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY);
    let [on_x, on_weight, bias] = [&x[..], &weight, &[0.5; 37]].map(|numbers| upload::<f32>(&client, numbers));
    for (act, host_act) in ACTIVATIONS {
        let expected = host::reference::linear(&x, &weight, &[0.5; 37], host_act, None, host_shape(shape));
        let found = linear(&client, &on_x, &on_weight, Bias::Exact(&bias), act, None, shape);
        assert_same_classes(&download(&client, &found), &expected, &format!("{act:?}"));
    }
}

#[test]
fn no_rows_give_no_rows() {
    let client = client();
    let [x, weight, bias] = [0, 12, 4].map(|len| DeviceSlice::<f32>::new(&client, &vec![1.0; len]));
    let y = linear(
        &client,
        &x,
        &weight,
        Bias::Exact(&bias),
        Activation::None,
        None,
        Shape { rows: 0, inputs: 3, outputs: 4 },
    );
    assert!(y.is_empty());
}
