//! What a device's video decoder takes.

use std::path::Path;
use std::sync::Arc;

use nvdec::{Capabilities, Codec, Context, NvdecError};
use serde::Serialize;

use crate::missing::Lack;

/// The bits a sample that are asked about.
const DEPTHS: [u8; 3] = [8, 10, 12];

/// A device's video decoder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decoder {
    /// How many engines it has: as many streams are decoded at once.
    pub engines: u32,
    /// What it takes, 4:2:0 each.
    pub takes: Vec<Takes>,
}

/// A codec and depth that a decoder takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Takes {
    /// The codec.
    pub codec: String,
    /// Bits a sample.
    pub bit_depth: u8,
    /// The most columns and rows.
    pub max_size: (u32, u32),
}

impl Decoder {
    /// Asks device `number`, through the driver that lies in `folder` if that is given.
    pub(crate) fn of(number: u32, folder: Option<&Path>) -> Result<Self, Lack> {
        let decoder = Self::ask(number, folder).map_err(Arc::new)?;
        if decoder.takes.is_empty() { Err(Lack::NoEngine) } else { Ok(decoder) }
    }

    fn ask(number: u32, folder: Option<&Path>) -> Result<Self, NvdecError> {
        let context = match folder {
            Some(folder) => Context::open_in(folder, number),
            None => Context::open(number),
        }?;
        let mut decoder = Self { engines: 0, takes: Vec::new() };
        for codec in Codec::ALL {
            for bit_depth in DEPTHS {
                let Some(able) = Capabilities::of(&context, codec, bit_depth)? else { continue };
                decoder.engines = decoder.engines.max(able.engines);
                decoder.takes.push(Takes { codec: codec.to_string(), bit_depth, max_size: able.max_size });
            }
        }
        Ok(decoder)
    }
}
