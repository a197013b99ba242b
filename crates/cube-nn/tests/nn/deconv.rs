//! The transposed convolution against its definition.

use cubecl::client::Client;
use swingpose_cube_nn::Activation;
use swingpose_cube_nn::deconv::{Shape, deconv};
use swingpose_kernels::deconv as host;

use crate::check::{
    ACTIVATIONS, Number, Seeded, assert_close, assert_same_bits, assert_same_classes, download, magnitudes,
    products_are_the_librarys, upload, with_every_type,
};
use swingpose_cube_nn::device::client;

fn host_shape(shape: Shape) -> host::Shape {
    host::Shape { image: shape.image, outputs: shape.outputs }
}

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..30 {
        let seeded = &mut Seeded::new(seed);
        let inputs = seeded.pick(&[1, 3, 8, 20, 24]);
        let image = [seeded.size(1..=3), seeded.size(1..=17), seeded.size(1..=13), inputs];
        let shape = Shape { image, outputs: seeded.size(1..=70) };
        run::<E>(client, seeded, shape, seed);
    }
}

/// Those of the heatmap head, with fewer channels.
#[test]
fn the_networks_shapes_are_the_references() {
    with_every_type!(client(), networks_shapes);
}

fn networks_shapes<E: Number>(client: &Client) {
    for (seed, (image, outputs)) in
        [([2, 16, 12, 80], 128), ([1, 32, 24, 64], 64), ([1, 5, 7, 64], 192)].into_iter().enumerate()
    {
        run::<E>(client, &mut Seeded::new(100 + seed as u64), Shape { image, outputs }, seed as u64);
    }
}

fn run<E: Number>(client: &Client, seeded: &mut Seeded, shape: Shape, seed: u64) {
    let [_, _, _, inputs] = shape.image;
    let (act, host_act) = seeded.pick(&ACTIVATIONS);
    let x = seeded.numbers::<E>(shape.image.iter().product());
    let weight = seeded.numbers::<E>(shape.outputs * 16 * inputs);
    let bias = seeded.numbers::<f32>(shape.outputs);
    let expected = host::reference::deconv(&x, &weight, &bias, host_act, host_shape(shape));
    let [x_sizes, weight_sizes, bias_sizes] = [&x, &weight, &bias].map(|x| magnitudes(x));
    let none = swingpose_kernels::Activation::None;
    let sizes = host::reference::deconv(&x_sizes, &weight_sizes, &bias_sizes, none, host_shape(shape));
    let (x, weight) = (upload::<E>(client, &x), upload(client, &weight));
    let y = deconv(client, &x, &weight, &upload(client, &bias), act, shape);
    assert_close::<E>(&download(client, &y), &expected, &sizes, &format!("seed {seed} {shape:?} {act:?}"));
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    if products_are_the_librarys() {
        return;
    }
    let client = client();
    let seeded = &mut Seeded::new(1);
    let image_len = 16 * 12 * 30;
    let x = seeded.numbers::<f32>(3 * image_len);
    let [weight, bias] = [20 * 16 * 30, 20].map(|len| upload::<f32>(&client, &seeded.numbers::<f32>(len)));
    assert_same_bits(3, "deconv", |images| {
        let shape = Shape { image: [images.len(), 16, 12, 30], outputs: 20 };
        let x = upload(&client, &x[images.start * image_len..images.end * image_len]);
        download(&client, &deconv(&client, &x, &weight, &bias, Activation::Relu, shape))
    });
}

#[test]
fn infinities_and_nan_reach_the_result() {
    let client = client();
    let seeded = &mut Seeded::new(2);
    let shape = Shape { image: [1, 5, 4, 3], outputs: 6 };
    let (mut x, weight) = (seeded.numbers::<f32>(60), seeded.numbers::<f32>(6 * 48));
    (x[0], x[31], x[59]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    let act = swingpose_kernels::Activation::Relu;
    let expected = host::reference::deconv(&x, &weight, &[0.5; 6], act, host_shape(shape));
    let [x, weight, bias] = [&x[..], &weight, &[0.5; 6]].map(|numbers| upload::<f32>(&client, numbers));
    let found = deconv(&client, &x, &weight, &bias, Activation::Relu, shape);
    assert_same_classes(&download(&client, &found), &expected, "deconv");
}
