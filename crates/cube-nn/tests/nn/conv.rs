//! The convolution against one output number at a time.

use cubecl::client::Client;
use swingpose_cube_nn::Activation;
use swingpose_cube_nn::conv::{Shape, conv};
use swingpose_kernels::conv as host;

use crate::check::{
    ACTIVATIONS, Number, Seeded, assert_close, assert_same_bits, assert_same_classes, download, magnitudes,
    products_are_the_librarys, upload, with_every_type,
};
use swingpose_cube_nn::device::client;

fn host_shape(shape: Shape) -> host::Shape {
    let Shape { image, kernel, outputs, stride, padding } = shape;
    host::Shape { image, kernel, outputs, stride, padding }
}

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..40 {
        let seeded = &mut Seeded::new(seed);
        let kernel = [seeded.size(1..=4), seeded.size(1..=4)];
        let (stride, padding) = (seeded.size(1..=3), seeded.size(0..=2));
        let side = |seeded: &mut Seeded, kernel: usize| seeded.size(kernel.saturating_sub(2 * padding).max(1)..=19);
        let sides = [side(seeded, kernel[0]), side(seeded, kernel[1])];
        let image = [seeded.size(1..=3), sides[0], sides[1], seeded.pick(&[1, 3, 8, 12, 17, 32])];
        let outputs = seeded.size(1..=70);
        run::<E>(client, seeded, Shape { image, kernel, outputs, stride, padding }, seed);
    }
}

#[test]
fn pixels_by_themselves_are_the_references() {
    with_every_type!(client(), pointwise);
}

fn pointwise<E: Number>(client: &Client) {
    for seed in 0..12 {
        let seeded = &mut Seeded::new(100 + seed);
        let image = [seeded.size(1..=3), seeded.size(1..=13), seeded.size(1..=13), seeded.size(1..=70)];
        let outputs = seeded.size(1..=70);
        run::<E>(client, seeded, Shape { image, kernel: [1, 1], outputs, stride: 1, padding: 0 }, seed);
    }
}

/// Those of RTMDet, on smaller images: the picture's three channels, and each width of its layers.
#[test]
fn the_networks_shapes_are_the_references() {
    with_every_type!(client(), networks_shapes);
}

fn networks_shapes<E: Number>(client: &Client) {
    let shapes = [
        ([2, 21, 26, 3], 3, 24, 2),
        ([2, 11, 13, 24], 3, 24, 1),
        ([1, 12, 9, 24], 3, 48, 1),
        ([1, 14, 14, 48], 3, 96, 2),
        ([3, 13, 9, 96], 1, 96, 1),
        ([2, 7, 9, 192], 3, 192, 1),
        ([1, 5, 5, 384], 1, 768, 1),
        ([1, 6, 5, 64], 3, 128, 1),
        ([1, 5, 7, 160], 3, 320, 2),
        ([2, 16, 15, 192], 3, 384, 1),
        ([3, 24, 23, 96], 3, 96, 1),
        ([2, 8, 40, 40], 3, 48, 1),
        ([1, 9, 11, 48], 1, 48, 1),
        ([1, 17, 35, 48], 3, 48, 1),
        ([1, 17, 35, 8], 3, 40, 2),
        ([1, 13, 12, 96], 3, 192, 2),
        ([40, 20, 20, 192], 1, 192, 1),
    ];
    for (index, (image, side, outputs, stride)) in shapes.into_iter().enumerate() {
        // With every activation and residual, as far as three draws go.
        for seed in 0..3 {
            let seed = 200 + 3 * index as u64 + seed;
            let shape = Shape { image, kernel: [side; 2], outputs, stride, padding: side / 2 };
            run::<E>(client, &mut Seeded::new(seed), shape, seed);
        }
    }
}

fn run<E: Number>(client: &Client, seeded: &mut Seeded, shape: Shape, seed: u64) {
    let (act, host_act) = seeded.pick(&ACTIVATIONS);
    let image = shape.image;
    let x = seeded.numbers::<E>(image.iter().product());
    let weight = seeded.numbers::<E>(shape.outputs * shape.kernel[0] * shape.kernel[1] * image[3]);
    let bias = seeded.numbers::<f32>(shape.outputs);
    let repeats = seeded.pick(&[1, image[0]]);
    let added = seeded.numbers::<E>(shape.output().iter().product::<usize>() / repeats);
    let residual = seeded.pick(&[None, Some(added.as_slice())]);
    let expected = host::reference::conv(&x, &weight, &bias, host_act, residual, host_shape(shape));
    let sizes = host::reference::conv(
        &magnitudes(&x),
        &magnitudes(&weight),
        &magnitudes(&bias),
        swingpose_kernels::Activation::None,
        residual.map(magnitudes).as_deref(),
        host_shape(shape),
    );
    let residual = residual.map(|residual| upload::<E>(client, residual));
    let (x, weight) = (upload::<E>(client, &x), upload(client, &weight));
    let y = conv(client, &x, &weight, &upload(client, &bias), act, residual.as_ref(), shape);
    assert_close::<E>(&download(client, &y), &expected, &sizes, &format!("seed {seed} {shape:?} {act:?}"));
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    if products_are_the_librarys() {
        return;
    }
    let client = client();
    for (kernel, stride, padding) in [([1, 1], 1, 0), ([3, 3], 1, 1), ([3, 3], 2, 1), ([16, 16], 16, 2)] {
        let seeded = &mut Seeded::new(1);
        let image_len = 37 * 29 * 10;
        let x = seeded.numbers::<f32>(3 * image_len);
        let weight = upload::<f32>(&client, &seeded.numbers::<f32>(50 * kernel[0] * kernel[1] * 10));
        let bias = upload(&client, &seeded.numbers::<f32>(50));
        assert_same_bits(3, &format!("conv {kernel:?}"), |images| {
            let shape = Shape { image: [images.len(), 37, 29, 10], kernel, outputs: 50, stride, padding };
            let x = upload(&client, &x[images.start * image_len..images.end * image_len]);
            download(&client, &conv(&client, &x, &weight, &bias, Activation::Silu, None, shape))
        });
    }
}

/// The patches of two images go into the buffer, those of the third are unfolded after them.
#[test]
fn images_that_are_unfolded_in_groups_are_the_references() {
    let client = client();
    let seeded = &mut Seeded::new(3);
    let (image, outputs) = ([3, 120, 170, 64], 1);
    let shape = Shape { image, kernel: [3, 3], outputs, stride: 1, padding: 1 };
    let image_bytes = 120 * 170 * 9 * 64 * size_of::<f32>();
    assert_eq!((128 << 20) / image_bytes, 2);
    let x = seeded.numbers::<f32>(image.iter().product());
    let weight = seeded.numbers::<f32>(9 * 64);
    let added = seeded.numbers::<f32>(120 * 170);
    let [on_x, on_weight, bias, residual] =
        [&x[..], &weight, &[0.5], &added].map(|numbers| upload::<f32>(&client, numbers));
    let found = conv(&client, &on_x, &on_weight, &bias, Activation::None, Some(&residual), shape);
    let act = swingpose_kernels::Activation::None;
    let expected = host::reference::conv(&x, &weight, &[0.5], act, Some(&added), host_shape(shape));
    assert_close::<f32>(&download(&client, &found), &expected, &vec![9.0 * 64.0; expected.len()], "in groups");
}

#[test]
fn infinities_and_nan_reach_the_result() {
    let client = client();
    let seeded = &mut Seeded::new(2);
    let shape = Shape { image: [1, 9, 7, 5], kernel: [3, 3], outputs: 20, stride: 1, padding: 1 };
    let (mut x, weight) = (seeded.numbers::<f32>(9 * 7 * 5), seeded.numbers::<f32>(20 * 45));
    (x[0], x[150], x[290]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    let [on_x, on_weight, bias] = [&x[..], &weight, &[0.5; 20]].map(|numbers| upload::<f32>(&client, numbers));
    for (act, host_act) in ACTIVATIONS {
        let expected = host::reference::conv(&x, &weight, &[0.5; 20], host_act, None, host_shape(shape));
        let found = conv(&client, &on_x, &on_weight, &bias, act, None, shape);
        assert_same_classes(&download(&client, &found), &expected, &format!("{act:?}"));
    }
}
