//! The last layer against three nested loops.

use cubecl::client::Client;
use swingpose_cube_nn::linear::Shape;
use swingpose_cube_nn::pointwise::pointwise;
use swingpose_kernels::linear as host;

use crate::check::{Number, Seeded, assert_close, assert_same_bits, download, magnitudes, upload, with_every_type};
use swingpose_cube_nn::device::client;

#[test]
fn odd_shapes_are_the_references_in_single_precision() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..40 {
        let seeded = &mut Seeded::new(seed);
        // Beside the sizes of networks, some that only the portable form takes.
        let inputs = seeded.pick(&[8, 24, 64, 96, 192, 256, 264, 37]);
        let shape = Shape { rows: seeded.size(1..=300), inputs, outputs: seeded.size(1..=90) };
        let x = seeded.numbers::<E>(shape.rows * inputs);
        let weight = seeded.numbers::<f32>(shape.outputs * inputs);
        let bias = seeded.numbers::<f32>(shape.outputs);
        let host_shape = host::Shape { rows: shape.rows, inputs, outputs: shape.outputs };
        let none = swingpose_kernels::Activation::None;
        let expected = host::reference::linear(&x, &weight, &bias, none, None, host_shape);
        let [x_size, weight_size, bias_size] = [&x, &weight, &bias].map(|numbers| magnitudes(numbers));
        let sizes = host::reference::linear(&x_size, &weight_size, &bias_size, none, None, host_shape);
        let (x, weight, bias) = (upload::<E>(client, &x), upload(client, &weight), upload(client, &bias));
        let y = pointwise(client, &x, &weight, &bias, shape);
        assert_close::<f32>(&download(client, &y), &expected, &sizes, &format!("seed {seed} {shape:?}"));
    }
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let client = client();
    let seeded = &mut Seeded::new(1);
    let (pixels, inputs, outputs) = (35, 192, 13);
    let x = seeded.numbers::<half::f16>(3 * pixels * inputs);
    let (weight, bias) = (seeded.numbers::<f32>(outputs * inputs), seeded.numbers::<f32>(outputs));
    let (weight, bias) = (upload::<f32>(&client, &weight), upload::<f32>(&client, &bias));
    assert_same_bits(3, "pointwise", |images| {
        let x = upload::<half::f16>(&client, &x[images.start * pixels * inputs..images.end * pixels * inputs]);
        let shape = Shape { rows: images.len() * pixels, inputs, outputs };
        download(&client, &pointwise(&client, &x, &weight, &bias, shape))
    });
}
