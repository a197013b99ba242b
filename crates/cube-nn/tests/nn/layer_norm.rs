//! The normalisation against the scalar one.

use cubecl::client::Client;
use swingpose_cube_nn::layer_norm::layer_norm;
use swingpose_kernels::layer_norm as host;

use crate::check::{Number, Seeded, assert_close, assert_same_bits, download, upload, with_every_type};
use swingpose_cube_nn::device::client;

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..40 {
        let seeded = &mut Seeded::new(seed);
        let channels = seeded.pick(&[1, 2, 19, 32, 100, 384, 1280, 1283]);
        let (tokens, shift) = (seeded.size(1..=70), seeded.pick(&[0.0, 1.0, -300.0]));
        let x: Vec<f32> = seeded.numbers::<E>(tokens * channels).iter().map(|x| E::of(x + shift).back()).collect();
        let (weight, bias) = (seeded.numbers::<f32>(channels), seeded.numbers::<f32>(channels));
        let expected = host::reference::layer_norm(&x, &weight, &bias, 1e-6);
        let [weight, bias] = [weight, bias].map(|numbers| upload::<f32>(client, &numbers));
        let found = download(client, &layer_norm(client, &upload::<E>(client, &x), &weight, &bias, 1e-6, channels));
        // What cannot be better: x itself is known to half a unit in its last place, and two alike are told apart by that.
        let spread = if channels <= 2 { 1000.0 } else { 1.0 };
        let sizes = vec![spread * (20.0 + shift.abs()) * 20.0; expected.len()];
        assert_close::<E>(&found, &expected, &sizes, &format!("seed {seed} {tokens}x{channels} around {shift}"));
    }
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let client = client();
    let seeded = &mut Seeded::new(1);
    let x = seeded.numbers::<f32>(3 * 77 * 50);
    let [weight, bias] = [50, 50].map(|len| upload::<f32>(&client, &seeded.numbers::<f32>(len)));
    assert_same_bits(3, "layer_norm", |images| {
        let x = upload::<f32>(&client, &x[images.start * 77 * 50..images.end * 77 * 50]);
        download(&client, &layer_norm(&client, &x, &weight, &bias, 1e-6, 50))
    });
}

#[test]
fn nan_and_infinity_spoil_their_own_token_alone() {
    let client = client();
    let mut x = Seeded::new(2).numbers::<f32>(3 * 40);
    (x[5], x[100]) = (f32::NAN, f32::INFINITY);
    let [x, weight, bias] = [&x[..], &[1.0; 40], &[0.0; 40]].map(|numbers| upload::<f32>(&client, numbers));
    let y = download(&client, &layer_norm(&client, &x, &weight, &bias, 1e-6, 40));
    assert!(y[..40].iter().all(|y| y.is_nan()) && y[80..].iter().all(|y| y.is_nan()), "{y:?}");
    assert!(y[40..80].iter().all(|y| y.is_finite()), "{y:?}");
}

#[test]
fn a_constant_token_becomes_the_bias() {
    let client = client();
    let [x, weight, bias] = [7.25, 3.0, 0.5].map(|number| upload::<f32>(&client, &[number; 48]));
    assert_eq!(download(&client, &layer_norm(&client, &x, &weight, &bias, 1e-6, 48)), [0.5; 48]);
}
