//! Attention against one query at a time.

use cubecl::client::Client;
use swingpose_cube_nn::attention::{Shape, attention};
use swingpose_kernels::attention as host;

use crate::check::{Number, Seeded, assert_close, assert_same_bits, download, upload, with_every_type};
use swingpose_cube_nn::device::client;

fn host_shape(shape: Shape) -> host::Shape {
    let Shape { images, tokens, heads, head_dim } = shape;
    host::Shape { images, tokens, heads, head_dim }
}

/// Queries and keys small enough that softmax weighs several keys.
fn tame<E: Number>(seeded: &mut Seeded, shape: Shape) -> Vec<f32> {
    let numbers = seeded.numbers::<E>(shape.images * shape.tokens * 3 * shape.channels());
    numbers.iter().map(|x| x.clamp(-2.0, 2.0) / 2.0).collect()
}

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..10 {
        let seeded = &mut Seeded::new(seed);
        let head_dim = seeded.pick(&[1, 8, 19, 32]);
        let (images, tokens, heads) = (seeded.size(1..=2), seeded.size(1..=150), seeded.size(1..=4));
        run::<E>(client, seeded, Shape { images, tokens, heads, head_dim });
    }
}

/// Those of ViTPose-B and ViTPose-H.
#[test]
fn the_networks_shapes_are_the_references() {
    with_every_type!(client(), networks_shapes);
}

fn networks_shapes<E: Number>(client: &Client) {
    for (heads, head_dim) in [(3, 64), (2, 80)] {
        run::<E>(client, &mut Seeded::new(7), Shape { images: 2, tokens: 192, heads, head_dim });
    }
}

#[test]
fn a_head_whose_keys_fill_the_shared_memory_is_the_reference() {
    run::<f32>(&client(), &mut Seeded::new(8), Shape { images: 1, tokens: 30, heads: 2, head_dim: 136 });
}

fn run<E: Number>(client: &Client, seeded: &mut Seeded, shape: Shape) {
    let qkv = tame::<E>(seeded, shape);
    let expected = host::reference::attention(&qkv, host_shape(shape));
    let found = download(client, &attention(client, &upload::<E>(client, &qkv), shape));
    // Scores are rounded before they become exponents, so an output errs by some of its values' size, not of its own.
    assert_close::<E>(&found, &expected, &vec![15.0; expected.len()], &format!("{shape:?}"));
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let client = client();
    let shape = Shape { images: 3, tokens: 61, heads: 3, head_dim: 20 };
    let qkv = tame::<f32>(&mut Seeded::new(1), shape);
    let image_len = 61 * 3 * 60;
    assert_same_bits(3, "attention", |images| {
        let qkv = upload::<f32>(&client, &qkv[images.start * image_len..images.end * image_len]);
        download(&client, &attention(&client, &qkv, Shape { images: images.len(), ..shape }))
    });
}

#[test]
fn large_scores_do_not_overflow() {
    let client = client();
    let shape = Shape { images: 1, tokens: 2, heads: 1, head_dim: 1 };
    // Tokens of query, key and value: both queries prefer the second key by far.
    let qkv = upload::<f32>(&client, &[1e4, 1.0, 5.0, 1e4, 2.0, 7.0]);
    assert_eq!(download(&client, &attention(&client, &qkv, shape)), [7.0, 7.0]);
}

#[test]
fn nan_reaches_every_token_of_its_head_and_no_other() {
    let client = client();
    let shape = Shape { images: 1, tokens: 50, heads: 2, head_dim: 8 };
    let mut qkv = tame::<f32>(&mut Seeded::new(2), shape);
    qkv[17 * 48 + 16] = f32::NAN;
    for token in download(&client, &attention(&client, &upload::<f32>(&client, &qkv), shape)).chunks_exact(16) {
        assert!(token[..8].iter().all(|x| x.is_nan()) && token[8..].iter().all(|x| x.is_finite()), "{token:?}");
    }
}
