//! The activations, from the smallest numbers to the largest, through a layer of one input.

use swingpose_cube_nn::Bias;
use swingpose_cube_nn::linear::{Shape, linear};

use crate::check::{ACTIVATIONS, download, upload};
use swingpose_cube_nn::device::client;

/// Numbers of both signs and every exponent.
fn everywhere() -> Vec<f32> {
    (0..1 << 20).map(|step| f32::from_bits(step * 4093)).filter(|x| x.is_normal() && x.abs() < 1e30).collect()
}

#[test]
fn activations_are_accurate_to_a_millionth() {
    let client = client();
    let x = everywhere();
    let on_device = upload::<f32>(&client, &x);
    let [one, zero] = [1.0, 0.0].map(|number| upload::<f32>(&client, &[number]));
    let shape = Shape { rows: x.len(), inputs: 1, outputs: 1 };
    for (act, host_act) in ACTIVATIONS {
        let y = download(&client, &linear(&client, &on_device, &one, Bias::Exact(&zero), act, None, shape));
        for (&x, y) in x.iter().zip(y) {
            let expected = host_act.reference(f64::from(x));
            let error = (f64::from(y) - expected).abs();
            // Of what all but vanishes, devices flush the last digits, or all of them; and GELU's tail is a square's exponential.
            let allowed = 1e-6 * expected.abs() + 1e-7 * f64::from(x.abs()).min(1.0) + 1e-37;
            assert!(error <= allowed, "{act:?} of {x} is {y}, not {expected}");
        }
    }
}
