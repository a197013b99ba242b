//! The channel gate against the scalar one.

use cubecl::client::Client;
use swingpose_cube_nn::channel_attention::channel_attention;
use swingpose_kernels::channel_attention as host;

use crate::check::{Number, Seeded, assert_close, assert_same_bits, download, magnitudes, upload, with_every_type};
use swingpose_cube_nn::device::client;

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..30 {
        let seeded = &mut Seeded::new(seed);
        let channels = seeded.pick(&[1, 5, 16, 36, 64, 70]);
        let image = [seeded.size(1..=3), seeded.size(1..=70), seeded.size(1..=70), channels];
        let x = seeded.numbers::<E>(image.iter().product());
        let weight = seeded.numbers::<E>(channels * channels);
        let bias = seeded.numbers::<f32>(channels);
        let expected = host::reference::channel_attention(&x, &weight, &bias, image);
        let sizes: Vec<f32> = magnitudes(&x).iter().map(|x| x * channels as f32).collect();
        let [x, weight] = [x, weight].map(|numbers| upload::<E>(client, &numbers));
        let y = channel_attention(client, &x, &weight, &upload(client, &bias), image);
        assert_close::<E>(&download(client, &y), &expected, &sizes, &format!("seed {seed} {image:?}"));
    }
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let client = client();
    let seeded = &mut Seeded::new(1);
    let image_len = 80 * 73 * 20;
    let x = seeded.numbers::<f32>(3 * image_len);
    let [weight, bias] = [400, 20].map(|len| upload::<f32>(&client, &seeded.numbers::<f32>(len)));
    assert_same_bits(3, "channel_attention", |images| {
        let x = upload(&client, &x[images.start * image_len..images.end * image_len]);
        download(&client, &channel_attention(&client, &x, &weight, &bias, [images.len(), 80, 73, 20]))
    });
}

#[test]
fn the_gate_closes_at_minus_three_and_opens_at_three() {
    let client = client();
    let gate = |bias: f32| {
        let [x, weight, bias] = [&[2.0, 2.0][..], &[0.0], &[bias]].map(|numbers| upload::<f32>(&client, numbers));
        download(&client, &channel_attention(&client, &x, &weight, &bias, [1, 1, 2, 1]))
    };
    assert_eq!([gate(-4.0), gate(0.0), gate(4.0)], [[0.0; 2], [1.0; 2], [2.0; 2]]);
}

#[test]
fn nan_spoils_its_image_alone() {
    let client = client();
    let mut x = Seeded::new(2).numbers::<f32>(2 * 6 * 3);
    x[4] = f32::NAN;
    let [x, weight, bias] = [&x[..], &[0.1; 9], &[0.0; 3]].map(|numbers| upload::<f32>(&client, numbers));
    let y = download(&client, &channel_attention(&client, &x, &weight, &bias, [2, 2, 3, 3]));
    assert!(y[..18].iter().all(|y| y.is_nan()) && y[18..].iter().all(|y| y.is_finite()), "{y:?}");
}
