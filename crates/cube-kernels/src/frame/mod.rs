//! Decoded frames on the device: NV12 or P016 planes as packed words, and what turns them into upright BGR.
//!
//! A decoder's surfaces, or a test's host planes, lie one after another in one buffer; a [`FrameLayout`] says where each is and
//! what its samples mean. `letterbox` and `crop_udp` read pixels out of it one at a time by `kernel::pixel`, so that no BGR frame
//! is ever written. A pixel is what `swingpose-video`'s `to_bgr` makes of the planes: swscale's bicubic chroma, then the matrix.

#[cfg(feature = "cuda")]
pub(crate) mod cuda;
pub(crate) mod kernel;

use cubecl::prelude::Client;

use crate::DeviceSlice;

/// Numbers that describe a frame to a kernel.
pub(crate) const FIELDS: usize = 15;

/// The longest side of a picture, so that positions in fixed point fit 32 bits.
pub(crate) const MAX_SIDE: usize = 1 << 14;

/// What a sample is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleFormat {
    /// A byte: NV12.
    Nv12,
    /// Two bytes, little-endian, the value in the upper bits, whatever the depth: P010, P012 and P016.
    P016,
}

/// The weights of red and blue in luma (ITU-T H.273, table 4).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix {
    /// `Kr`.
    pub red: f64,
    /// `Kb`.
    pub blue: f64,
}

impl Matrix {
    /// ITU-R BT.601.
    pub const BT601: Self = Self { red: 0.299, blue: 0.114 };
    /// ITU-R BT.709.
    pub const BT709: Self = Self { red: 0.2126, blue: 0.0722 };
    /// ITU-R BT.2020.
    pub const BT2020: Self = Self { red: 0.2627, blue: 0.0593 };
}

/// Which sample values are black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Luma 16 to 235 and chroma 16 to 240 of 255.
    Limited,
    /// All values.
    Full,
}

/// By how much the stored picture is turned, clockwise, to be upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It is upright.
    None,
    /// A quarter.
    Cw90,
    /// A half.
    Cw180,
    /// Three quarters.
    Cw270,
}

/// One frame's place in the buffer, and its meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameLayout {
    /// Stored pixels across, before the rotation.
    pub width: usize,
    /// Stored rows.
    pub height: usize,
    /// Bytes from a row to the next, of either plane.
    pub pitch: usize,
    /// Where the luma plane begins, in bytes.
    pub luma: usize,
    /// Where the plane of interleaved U and V begins, in bytes.
    pub chroma: usize,
    /// What a sample is stored as.
    pub format: SampleFormat,
    /// From luma and chroma to BGR.
    pub matrix: Matrix,
    /// What black and white are.
    pub range: Range,
    /// From stored to upright.
    pub rotation: Rotation,
}

impl FrameLayout {
    /// Width and height of the upright picture.
    #[must_use]
    pub const fn upright(&self) -> (usize, usize) {
        match self.rotation {
            Rotation::None | Rotation::Cw180 => (self.width, self.height),
            Rotation::Cw90 | Rotation::Cw270 => (self.height, self.width),
        }
    }

    /// The bytes the buffer must have for this frame.
    const fn end(&self) -> usize {
        let (columns, rows) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let luma = self.luma + (self.height - 1) * self.pitch + self.width * self.sample_bytes();
        let chroma = self.chroma + (rows - 1) * self.pitch + 2 * columns * self.sample_bytes();
        if luma > chroma { luma } else { chroma }
    }

    const fn sample_bytes(&self) -> usize {
        match self.format {
            SampleFormat::Nv12 => 1,
            SampleFormat::P016 => 2,
        }
    }

    fn check(&self, words: usize) {
        let Self { width, height, pitch, luma, chroma, .. } = *self;
        assert!((1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height), "a frame of {width}x{height}");
        assert!(self.end() <= 4 * words, "a frame of {} bytes in {words} words", self.end());
        assert!(self.end() <= i32::MAX as usize, "a batch beyond 2 GiB");
        let even = [pitch, luma, chroma].iter().all(|bytes| bytes.is_multiple_of(self.sample_bytes()));
        assert!(even, "two-byte samples at odd addresses");
    }

    /// What kernels read, in the order of `kernel::Frame`'s fields.
    fn fields(&self) -> [i32; FIELDS] {
        let [black, luma, red_v, green_u, green_v, blue_u] = factors(self.matrix, self.range);
        let rotation = match self.rotation {
            Rotation::None => 0,
            Rotation::Cw90 => 1,
            Rotation::Cw180 => 2,
            Rotation::Cw270 => 3,
        };
        let sizes = [self.width, self.height, self.pitch, self.luma, self.chroma, self.sample_bytes()];
        let [width, height, pitch, luma_at, chroma_at, sample_bytes] = sizes.map(|size| size as i32);
        let (across, down) = (chroma_step(self.width), chroma_step(self.height));
        [
            width,
            height,
            pitch,
            luma_at,
            chroma_at,
            sample_bytes,
            rotation,
            across,
            down,
            black,
            luma,
            red_v,
            green_u,
            green_v,
            blue_u,
        ]
    }
}

/// Chroma samples a luma sample, in swscale's steps of 1/65536.
fn chroma_step(length: usize) -> i32 {
    (((length.div_ceil(2) << 16) + length / 2) / length) as i32
}

/// ITU-T H.273, equations 36 to 46 solved for R, G and B: black in 1/128 level, then the factors in 1/16384, of which the last, of
/// U in blue, is less 1.
fn factors(matrix: Matrix, range: Range) -> [i32; 6] {
    let (kr, kb) = (matrix.red, matrix.blue);
    let kg = 1.0 - kr - kb;
    let (black, luma, chroma) = match range {
        Range::Limited => (16 << 7, 255.0 / 219.0, 255.0 / 224.0),
        Range::Full => (0, 1.0, 1.0),
    };
    let q14 = |factor: f64| (factor * 16384.0).round() as i32;
    [
        black,
        q14(luma),
        q14(chroma * 2.0 * (1.0 - kr)),
        q14(chroma * -2.0 * kb * (1.0 - kb) / kg),
        q14(chroma * -2.0 * kr * (1.0 - kr) / kg),
        q14(chroma * 2.0 * (1.0 - kb) - 1.0),
    ]
}

/// Frames of a batch, on the device. They may differ in everything.
#[derive(Debug, Clone)]
pub struct FrameBatch {
    pub(crate) words: DeviceSlice<u32>,
    /// `[n, FIELDS]`.
    pub(crate) fields: DeviceSlice<i32>,
    pub(crate) layouts: Vec<FrameLayout>,
}

impl FrameBatch {
    /// Frames that lie in `words`, four bytes a word, the first byte the lowest.
    ///
    /// # Panics
    /// If a frame has no pixels, or more than 16384 a side, or does not lie inside the buffer, or two-byte samples lie at odd addresses.
    #[must_use]
    pub fn new(client: &Client, words: DeviceSlice<u32>, layouts: Vec<FrameLayout>) -> Self {
        layouts.iter().for_each(|layout| layout.check(words.len()));
        let fields: Vec<i32> = layouts.iter().flat_map(FrameLayout::fields).collect();
        Self { words, fields: DeviceSlice::new(client, &fields), layouts }
    }

    /// Frame `index` alone, in the same memory.
    #[must_use]
    pub fn one(&self, client: &Client, index: usize) -> Self {
        Self::new(client, self.words.clone(), vec![self.layouts[index]])
    }

    /// Where each frame lies.
    #[must_use]
    pub fn layouts(&self) -> &[FrameLayout] {
        &self.layouts
    }

    /// How many frames.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.layouts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.layouts.is_empty()
    }
}
