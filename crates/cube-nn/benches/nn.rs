//! The operations at the sizes the networks run them at: a block of ViTPose-H and its head on a batch of 32 crops, and what RTMDet-M does
//! most on a batch of 8 frames.
//!
//! A result is first searched for numbers that are none, then timed: the median of the samples, in milliseconds a call, beside the
//! rate of its multiplications and additions, or of its reads and writes. The device is chosen as the tests choose theirs. On a software
//! driver batches are of one, and the numbers say nothing about a GPU.

use std::time::Instant;

use cubecl::client::Client;
use half::{bf16, f16};
use swingpose_cube_nn::attention::attention;
use swingpose_cube_nn::channel_attention::channel_attention;
use swingpose_cube_nn::concat::concat;
use swingpose_cube_nn::conv::conv;
use swingpose_cube_nn::deconv::deconv;
use swingpose_cube_nn::depthwise_conv::depthwise_conv;
use swingpose_cube_nn::layer_norm::layer_norm;
use swingpose_cube_nn::linear::linear;
use swingpose_cube_nn::pointwise::pointwise;
use swingpose_cube_nn::spp::spp;
use swingpose_cube_nn::upsample_concat::upsample_concat;
use swingpose_cube_nn::{Activation, Bias, DeviceSlice, Element};
use swingpose_cube_nn::{attention as of_attention, conv as of_conv, deconv as of_deconv};
use swingpose_cube_nn::{depthwise_conv as of_depthwise_conv, linear as of_linear};

#[path = "../tests/nn/noise.rs"]
mod noise;

use noise::Noise;

/// What a call cannot do without.
#[derive(Clone, Copy)]
enum Work {
    /// Multiplications, each with its addition.
    Products(usize),
    /// Numbers read and written.
    Numbers(usize),
}

/// A device, and how much the timings ask of it.
struct Bench {
    client: Client,
    crops: usize,
    frames: usize,
    samples: usize,
    calls: usize,
}

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn main() {
    let client = swingpose_cube_nn::device::client();
    let name = &client.properties().identity.name;
    println!("{name}");
    let bench = if name.contains("llvmpipe") {
        Bench { client, crops: 1, frames: 1, samples: 1, calls: 1 }
    } else {
        Bench { client, crops: 32, frames: 8, samples: 11, calls: 10 }
    };
    bench.networks::<f32>("f32");
    if bench.has::<f16>() {
        bench.networks::<f16>("f16");
    }
    if bench.has::<bf16>() {
        bench.networks::<bf16>("bf16");
    }
}

impl Bench {
    fn has<E: Element>(&self) -> bool {
        !self.client.properties().type_usage(E::elem_type_native()).is_empty()
    }

    #[expect(clippy::print_stdout, reason = "a benchmark's result")]
    fn networks<E: Element>(&self, element: &str) {
        println!("{:<58}{:>9}", format!("{element}, {} crops, {} frames", self.crops, self.frames), "ms");
        self.transformer::<E>();
        self.heatmap_head::<E>();
        self.detector_convolutions::<E>();
        self.detector_maps::<E>();
    }

    /// Numbers in -1..1 on the device.
    fn numbers<E: Element>(&self, len: usize) -> DeviceSlice<E> {
        let mut noise = Noise::new(len as u64);
        let numbers: Vec<E> = (0..len).map(|_| E::new(noise.unit())).collect();
        DeviceSlice::new(&self.client, &numbers)
    }

    #[expect(clippy::print_stdout, reason = "a benchmark's result")]
    fn line<E: Element>(&self, what: &str, work: Work, run: impl Fn() -> DeviceSlice<E>) {
        let result = run().read(&self.client).expect("kernels that compile");
        let numbers = result.iter().all(|number| (E::min_value()..=E::max_value()).contains(number));
        assert!(numbers, "{what}: what is no number");
        let sample = || {
            let start = Instant::now();
            (0..self.calls).for_each(|_| drop(run()));
            cubecl::future::block_on(self.client.sync()).expect("kernels that ran before");
            start.elapsed().as_secs_f64() / self.calls as f64
        };
        let mut seconds: Vec<f64> = (0..self.samples).map(|_| sample()).collect();
        seconds.sort_by(f64::total_cmp);
        let seconds = seconds[seconds.len() / 2];
        let rate = match work {
            Work::Products(count) => format!("{:.2} TFLOP/s", 2.0 * count as f64 / seconds / 1e12),
            Work::Numbers(count) => format!("{:.0} GB/s", (count * size_of::<E>()) as f64 / seconds / 1e9),
        };
        println!("{what:<58}{:>9.3}{rate:>18}", seconds * 1e3);
    }

    /// A block of ViTPose-H: 192 tokens of 1280 channels, 16 heads.
    fn transformer<E: Element>(&self) {
        let (tokens, channels, hidden) = (self.crops * 192, 1280, 5120);
        let x = self.numbers::<E>(tokens * channels);
        let [scale, shift] = [(); 2].map(|()| self.numbers::<f32>(channels));
        self.line("layer_norm 1280", Work::Numbers(2 * x.len()), || {
            layer_norm(&self.client, &x, &scale, &shift, 1e-6, channels)
        });
        let shape = of_attention::Shape { images: self.crops, tokens: 192, heads: 16, head_dim: 80 };
        let qkv = self.numbers::<E>(tokens * 3 * channels);
        self.line("attention 16 x 80", Work::Products(2 * 192 * tokens * channels), || {
            attention(&self.client, &qkv, shape)
        });
        for (what, inputs, outputs, act, add) in [
            ("linear qkv 1280 -> 3840", channels, 3 * channels, Activation::None, false),
            ("linear proj 1280 -> 1280, residual", channels, channels, Activation::None, true),
            ("linear fc1 1280 -> 5120, GELU", channels, hidden, Activation::Gelu, false),
            ("linear fc2 5120 -> 1280, residual", hidden, channels, Activation::None, true),
        ] {
            let (x, weight) = (self.numbers::<E>(tokens * inputs), self.numbers::<E>(outputs * inputs));
            let (bias, residual) = (self.numbers::<E>(outputs), self.numbers::<E>(tokens * outputs));
            let shape = of_linear::Shape { rows: tokens, inputs, outputs };
            self.line(what, Work::Products(tokens * inputs * outputs), || {
                linear(&self.client, &x, &weight, Bias::Rounded(&bias), act, add.then_some(&residual), shape)
            });
        }
    }

    /// ViTPose-H's patches, and its head: two transposed convolutions and one over pixels.
    fn heatmap_head<E: Element>(&self) {
        self.conv_line::<E>("conv 16x16/16 3 -> 1280", [self.crops, 256, 192, 3], (16, 16, 2), 1280, Activation::None);
        for (what, height, width, inputs) in
            [("deconv 16x12 1280 -> 256", 16, 12, 1280), ("deconv 32x24 256 -> 256", 32, 24, 256)]
        {
            let shape = of_deconv::Shape { image: [self.crops, height, width, inputs], outputs: 256 };
            let (x, weight) = (self.numbers::<E>(shape.image.iter().product()), self.numbers::<E>(256 * 16 * inputs));
            let bias = self.numbers::<f32>(256);
            self.line(what, Work::Products(x.len() * 16 * 256), || {
                deconv(&self.client, &x, &weight, &bias, Activation::Relu, shape)
            });
        }
        self.last_line::<E>("pointwise 64x48 256 -> 17", self.crops * 64 * 48, 256, 17);
    }

    /// A network's last layer, from `E` to f32.
    fn last_line<E: Element>(&self, what: &str, rows: usize, inputs: usize, outputs: usize) {
        let (x, weight) = (self.numbers::<E>(rows * inputs), self.numbers::<f32>(outputs * inputs));
        let (bias, shape) = (self.numbers::<f32>(outputs), of_linear::Shape { rows, inputs, outputs });
        self.line(what, Work::Products(rows * inputs * outputs), || pointwise(&self.client, &x, &weight, &bias, shape));
    }

    /// RTMDet-M's stem, the first convolutions of its stages, and one within a stage; 640x640 frames.
    fn detector_convolutions<E: Element>(&self) {
        for (what, side, inputs, outputs, (kernel, stride, padding)) in [
            ("conv 3x3/2 640 3 -> 24", 640, 3, 24, (3, 2, 1)),
            ("conv 3x3 320 24 -> 48", 320, 24, 48, (3, 1, 1)),
            ("conv 3x3/2 320 48 -> 96", 320, 48, 96, (3, 2, 1)),
            ("conv 3x3/2 80 192 -> 384", 80, 192, 384, (3, 2, 1)),
            ("conv 1x1 160 96 -> 48", 160, 96, 48, (1, 1, 0)),
            ("conv 1x1 40 384 -> 192", 40, 384, 192, (1, 1, 0)),
        ] {
            let image = [self.frames, side, side, inputs];
            self.conv_line::<E>(what, image, (kernel, stride, padding), outputs, Activation::Silu);
        }
        self.last_line::<E>("pointwise 80 192 -> 80", self.frames * 80 * 80, 192, 80);
        for (what, side, channels) in [("depthwise_conv 5x5 160 48", 160, 48), ("depthwise_conv 5x5 40 192", 40, 192)] {
            let shape = of_depthwise_conv::Shape { image: [self.frames, side, side, channels], kernel: [5, 5] };
            let (x, weight) = (self.numbers::<E>(shape.image.iter().product()), self.numbers::<E>(25 * channels));
            let bias = self.numbers::<f32>(channels);
            self.line(what, Work::Numbers(2 * x.len()), || {
                depthwise_conv(&self.client, &x, &weight, &bias, Activation::Silu, shape)
            });
        }
    }

    /// What RTMDet-M does with whole maps.
    fn detector_maps<E: Element>(&self) {
        for (what, side, channels) in [("channel_attention 160 96", 160, 96), ("channel_attention 20 768", 20, 768)] {
            let x = self.numbers::<E>(self.frames * side * side * channels);
            let (weight, bias) = (self.numbers::<E>(channels * channels), self.numbers::<f32>(channels));
            self.line(what, Work::Numbers(2 * x.len()), || {
                channel_attention(&self.client, &x, &weight, &bias, [self.frames, side, side, channels])
            });
        }
        let x = self.numbers::<E>(self.frames * 20 * 20 * 384);
        let image = [self.frames, 20, 20, 384];
        self.line("spp 20 384", Work::Numbers(5 * x.len()), || spp(&self.client, &x, image));
        let skip = self.numbers::<E>(self.frames * 40 * 40 * 384);
        self.line("upsample_concat 20 384 + 384", Work::Numbers(9 * x.len()), || {
            upsample_concat(&self.client, &x, &skip, image, 384)
        });
        let side_by_side = self.numbers::<E>(self.frames * 80 * 80 * 192);
        self.line("concat 80 192 + 192", Work::Numbers(4 * side_by_side.len()), || {
            concat(&self.client, &side_by_side, &side_by_side, 192, 192)
        });
    }

    fn conv_line<E: Element>(
        &self,
        what: &str,
        image: [usize; 4],
        (kernel, stride, padding): (usize, usize, usize),
        outputs: usize,
        act: Activation,
    ) {
        let shape = of_conv::Shape { image, kernel: [kernel; 2], outputs, stride, padding };
        let filter = kernel * kernel * image[3];
        let (x, weight) = (self.numbers::<E>(image.iter().product()), self.numbers::<E>(outputs * filter));
        let bias = self.numbers::<f32>(outputs);
        let results: usize = shape.output().iter().product();
        self.line(what, Work::Products(results * filter), || conv(&self.client, &x, &weight, &bias, act, None, shape));
    }
}
