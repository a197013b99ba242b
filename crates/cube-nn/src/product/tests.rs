//! The portable product into some rows of a larger result, in one launch and finished after it. cuBLASLt rounds sums in another order.

use super::{Bias, Epilogue, finish, kernel};
use crate::linear::Shape;
use crate::{Activation, DeviceSlice};

#[path = "../../tests/nn/noise.rs"]
mod noise;

use crate::device::client;
use noise::Noise;

const ACTIVATIONS: [Activation; 4] = [Activation::None, Activation::Relu, Activation::Silu, Activation::Gelu];

/// The result in one launch, and left with its bias and finished afterwards: rows 3 to 12 of 20.
fn both(act: Activation, with_residual: bool, shape: Shape, repeats: usize) -> [Vec<f32>; 2] {
    let client = client();
    let mut noise = Noise::new(shape.outputs as u64);
    let mut numbers = |len: usize| DeviceSlice::new(&client, &(0..len).map(|_| noise.unit()).collect::<Vec<f32>>());
    let (x, weight) = (numbers(shape.rows * shape.inputs), numbers(shape.outputs * shape.inputs));
    let (bias, added) = (numbers(shape.outputs), numbers(20 * shape.outputs / repeats));
    let residual = with_residual.then_some(&added);
    let before: Vec<f32> = (0..20 * shape.outputs).map(|i| i as f32).collect();
    let [at_once, in_two] = [(); 2].map(|()| DeviceSlice::new(&client, &before));
    kernel::launch(&client, &x, &weight, Epilogue { bias: Bias::Exact(&bias), act, residual }, shape, &at_once, 3);
    let plain = Epilogue { bias: Bias::Exact(&bias), act: Activation::None, residual: None };
    kernel::launch(&client, &x, &weight, plain, shape, &in_two, 3);
    finish(&client, &in_two, act, residual, shape.outputs, 3..3 + shape.rows);
    [at_once, in_two].map(|y| y.read(&client).expect("kernels that compile"))
}

#[test]
fn a_product_finished_afterwards_is_the_one_at_once() {
    for (outputs, repeats) in [(8, 1), (8, 2), (37, 1), (37, 4), (64, 20)] {
        let shape = Shape { rows: 9, inputs: 21, outputs };
        for act in ACTIVATIONS {
            for with_residual in [false, true] {
                let [at_once, in_two] = both(act, with_residual, shape, repeats);
                assert_eq!(at_once, in_two, "{act:?} {with_residual} {outputs} {repeats}");
                let outside = |i: usize| !(3 * outputs..12 * outputs).contains(&i);
                let kept = at_once.iter().enumerate().all(|(i, &y)| !outside(i) || y == i as f32);
                assert!(kept, "{act:?}: rows outside of the part changed");
            }
        }
    }
}

/// Tiles that are full, tiles that are not, and one row alone give the same bits.
#[test]
fn a_row_does_not_depend_on_where_it_lies() {
    let client = client();
    let mut noise = Noise::new(5);
    let mut numbers = |len: usize| (0..len).map(|_| noise.unit()).collect::<Vec<f32>>();
    let (x, weight, bias) = (numbers(130 * 99), DeviceSlice::new(&client, &numbers(70 * 99)), numbers(70));
    let bias = DeviceSlice::new(&client, &bias);
    let run = |x: &[f32]| {
        let shape = Shape { rows: x.len() / 99, inputs: 99, outputs: 70 };
        let epilogue = Epilogue { bias: Bias::Exact(&bias), act: Activation::Gelu, residual: None };
        let y = DeviceSlice::empty(&client, shape.rows * shape.outputs);
        kernel::launch(&client, &DeviceSlice::new(&client, x), &weight, epilogue, shape, &y, 0);
        y.read(&client).expect("kernels that compile")
    };
    let together = run(&x);
    for row in [0, 1, 63, 64, 129] {
        assert_eq!(together[row * 70..][..70], run(&x[row * 99..][..99]), "row {row}");
    }
}
