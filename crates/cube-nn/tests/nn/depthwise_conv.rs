//! The depthwise convolution against one output number at a time.

use cubecl::client::Client;
use swingpose_cube_nn::Activation;
use swingpose_cube_nn::depthwise_conv::{Shape, depthwise_conv};
use swingpose_kernels::depthwise_conv as host;

use crate::check::{
    ACTIVATIONS, Number, Seeded, assert_close, assert_same_bits, assert_same_classes, download, magnitudes, upload,
    with_every_type,
};
use swingpose_cube_nn::device::client;

fn host_shape(shape: Shape) -> host::Shape {
    host::Shape { image: shape.image, kernel: shape.kernel }
}

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..40 {
        let seeded = &mut Seeded::new(seed);
        let channels = seeded.pick(&[1, 3, 8, 20, 32, 45]);
        let image = [seeded.size(1..=2), seeded.size(1..=19), seeded.size(1..=30), channels];
        let kernel = [seeded.pick(&[1, 3, 5, 5, 7]), seeded.pick(&[1, 3, 5, 5, 7])];
        let shape = Shape { image, kernel };
        let (act, host_act) = seeded.pick(&ACTIVATIONS);
        let x = seeded.numbers::<E>(image.iter().product());
        let weight = seeded.numbers::<E>(kernel[0] * kernel[1] * channels);
        let bias = seeded.numbers::<f32>(channels);
        let expected = host::reference::depthwise_conv(&x, &weight, &bias, host_act, host_shape(shape));
        let [x_sizes, weight_sizes, bias_sizes] = [&x, &weight, &bias].map(|x| magnitudes(x));
        let none = swingpose_kernels::Activation::None;
        let sizes = host::reference::depthwise_conv(&x_sizes, &weight_sizes, &bias_sizes, none, host_shape(shape));
        let (x, weight) = (upload::<E>(client, &x), upload(client, &weight));
        let y = depthwise_conv(client, &x, &weight, &upload(client, &bias), act, shape);
        assert_close::<E>(&download(client, &y), &expected, &sizes, &format!("seed {seed} {shape:?} {act:?}"));
    }
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let client = client();
    let seeded = &mut Seeded::new(1);
    let image_len = 21 * 19 * 40;
    let x = seeded.numbers::<f32>(3 * image_len);
    let weight = upload::<f32>(&client, &seeded.numbers::<f32>(25 * 40));
    let bias = upload(&client, &seeded.numbers::<f32>(40));
    assert_same_bits(3, "depthwise_conv", |images| {
        let shape = Shape { image: [images.len(), 21, 19, 40], kernel: [5, 5] };
        let x = upload(&client, &x[images.start * image_len..images.end * image_len]);
        download(&client, &depthwise_conv(&client, &x, &weight, &bias, Activation::Silu, shape))
    });
}

#[test]
fn infinities_and_nan_reach_the_result() {
    let client = client();
    let seeded = &mut Seeded::new(2);
    let shape = Shape { image: [1, 9, 11, 18], kernel: [5, 5] };
    let (mut x, weight) = (seeded.numbers::<f32>(9 * 11 * 18), seeded.numbers::<f32>(25 * 18));
    (x[0], x[800], x[1700]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    let act = swingpose_kernels::Activation::Silu;
    let expected = host::reference::depthwise_conv(&x, &weight, &[0.5; 18], act, host_shape(shape));
    let [x, weight, bias] = [&x[..], &weight, &[0.5; 18]].map(|numbers| upload::<f32>(&client, numbers));
    let found = depthwise_conv(&client, &x, &weight, &bias, Activation::Silu, shape);
    assert_same_classes(&download(&client, &found), &expected, "depthwise_conv");
}
