//! What no decoder of ours takes, through the FFmpeg libraries: other containers, other codecs, other profiles.
//!
//! `source` turns here when a file's format or stream is none of ours. The index is read in one pass over the packets, as
//! not every container has one; then the file is decoded from its start by FFmpeg's own threads. Samples stay as they are
//! where [`Picture`] has a place for their layout; any other layout goes through swscale to BGR.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ffmpeg_next::codec::{self, decoder, packet::side_data, threading};
use ffmpeg_next::format::{self, Pixel, context::Input};
use ffmpeg_next::software::scaling;
use ffmpeg_next::util::color;
use ffmpeg_next::{Error, Packet, ffi, frame, media};
use swingpose_core::{FrameIndex, Timebase};

use crate::color::{ColorDescription, Matrix, Range as ColorRange};
use crate::decoding::Item;
use crate::error::{DecodeError, LossCause, VideoError};
use crate::frame::{BgrImage, Chroma, DecodedFrame, Picture, Plane, Planes};
use crate::info::{Codec, Rotation, VideoInfo};

/// The frames of a file that FFmpeg reads.
pub(crate) struct FfmpegFrames {
    path: PathBuf,
    codec: Codec,
    input: Input,
    stream: usize,
    decoder: decoder::Video,
    rotation: Rotation,
    wanted: Range<u64>,
    /// The frame that the decoder gives next, and its pts if it has none of its own.
    next: (u64, i64),
    /// Whether the last packet has been sent.
    drained: bool,
}

impl FfmpegFrames {
    /// Counts the frames of the first video stream and decodes the first; `choose` picks the wanted ones.
    pub(crate) fn open(
        path: &Path,
        threads: usize,
        choose: impl FnOnce(&Path, u64) -> Result<Range<u64>, VideoError>,
    ) -> Result<(VideoInfo, Self), VideoError> {
        quietly();
        let count = count_frames(path)?;
        let mut frames = Self::start(path, threads, 0..count)?;
        let timebase = frames.timebase();
        let first = frames.next().ok_or_else(|| VideoError::NoFrames { path: path.to_owned() })??;
        let (width, height) = (first.picture.width() as u32, first.picture.height() as u32);
        let info = VideoInfo {
            codec: frames.codec.clone(),
            coded_size: (frames.decoder.width(), frames.decoder.height()),
            size: frames.rotation.turned((width, height)),
            rotation: frames.rotation,
            timebase,
            bit_depth: first.picture.bit_depth(),
            color: first.picture.color(),
            frame_count: count,
        };
        let wanted = choose(path, count)?;
        Ok((info, Self::start(path, threads, wanted)?))
    }

    fn start(path: &Path, threads: usize, wanted: Range<u64>) -> Result<Self, VideoError> {
        let input = open(path)?;
        let stream = video_stream(path, &input)?;
        let codec = codec_of(stream.parameters().id());
        let failed = |error: Error| VideoError::Decoder {
            path: path.to_owned(),
            source: DecodeError::Unsupported {
                codec: codec.clone(),
                feature: format!("FFmpeg says: {error}; the stream"),
            },
        };
        let mut context = codec::context::Context::from_parameters(stream.parameters()).map_err(failed)?;
        context.set_threading(threading::Config { count: threads, ..threading::Config::kind(threading::Type::Frame) });
        let decoder = context.decoder().video().map_err(failed)?;
        let (rotation, stream) = (rotation(&stream), stream.index());
        Ok(Self {
            path: path.to_owned(),
            codec,
            input,
            stream,
            decoder,
            rotation,
            wanted,
            next: (0, 0),
            drained: false,
        })
    }

    fn timebase(&self) -> Timebase {
        let base = self.input.stream(self.stream).map_or(ffmpeg_next::Rational(0, 1), |stream| stream.time_base());
        Timebase { num: base.numerator().unsigned_abs(), den: base.denominator().unsigned_abs().max(1) }
    }

    /// The next frame that the decoder gives; `None` after the last.
    fn decode(&mut self) -> Option<frame::Video> {
        let mut decoded = frame::Video::empty();
        while self.decoder.receive_frame(&mut decoded).is_err() {
            if self.drained {
                return None;
            }
            self.feed();
        }
        Some(decoded)
    }

    /// Sends the next packet of the stream, or the end. A packet that is refused leaves a gap that is found at the end.
    fn feed(&mut self) {
        let stream = self.stream;
        match self.input.packets().find(|(of, _)| of.index() == stream) {
            Some((_, packet)) => {
                let _ = self.decoder.send_packet(&packet);
            }
            None => {
                self.drained = true;
                let _ = self.decoder.send_eof();
            }
        }
    }
}

impl Iterator for FfmpegFrames {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while self.next.0 < self.wanted.end {
            let Some(decoded) = self.decode() else {
                let frames = self.next.0.max(self.wanted.start)..self.wanted.end;
                self.next.0 = self.wanted.end;
                return Some(Err(VideoError::Lost { path: self.path.clone(), frames, cause: LossCause::NoPicture }));
            };
            let (index, pts) = (self.next.0, decoded.timestamp().unwrap_or(self.next.1));
            self.next = (index + 1, pts + 1);
            if index < self.wanted.start {
                continue;
            }
            let frame = picture(&decoded).map(|picture| DecodedFrame {
                index: FrameIndex(index),
                pts,
                picture,
                rotation: self.rotation,
            });
            return Some(frame.ok_or_else(|| VideoError::Lost {
                path: self.path.clone(),
                frames: index..index + 1,
                cause: LossCause::NoPicture,
            }));
        }
        None
    }
}

/// Starts FFmpeg once, and keeps it from printing.
fn quietly() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        // Registering formats does nothing, and cannot fail, in any FFmpeg since 4.0.
        let _ = ffmpeg_next::init();
        ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Quiet);
    });
}

fn open(path: &Path) -> Result<Input, VideoError> {
    let unknown =
        |_error| VideoError::UnknownFormat { path: path.to_owned(), looks_like: "to FFmpeg too it is unknown" };
    format::input(path).map_err(unknown)
}

fn video_stream<'a>(path: &Path, input: &'a Input) -> Result<format::stream::Stream<'a>, VideoError> {
    input.streams().best(media::Type::Video).ok_or_else(|| {
        let names = input.streams().map(|stream| format!("{:?}", stream.parameters().medium()).to_lowercase());
        VideoError::NoVideoTrack { path: path.to_owned(), tracks: names.collect::<Vec<_>>().join(", ") }
    })
}

/// How many frames the stream shows: its packets, but for those that an edit list leaves out.
fn count_frames(path: &Path) -> Result<u64, VideoError> {
    let mut input = open(path)?;
    let stream = video_stream(path, &input)?.index();
    let count = input.packets().filter(|(of, packet)| of.index() == stream && !is_left_out(packet)).count();
    if count == 0 { Err(VideoError::NoFrames { path: path.to_owned() }) } else { Ok(count as u64) }
}

/// Whether the packet is decoded but its frame not shown.
fn is_left_out(packet: &Packet) -> bool {
    use ffmpeg_next::codec::packet::Ref;
    // SAFETY: a `Packet` holds an initialised AVPacket for as long as it lives.
    #[expect(unsafe_code, reason = "the safe interface drops this flag")]
    let flags = unsafe { (*packet.as_ptr()).flags };
    flags & ffi::AV_PKT_FLAG_DISCARD != 0
}

fn codec_of(id: codec::Id) -> Codec {
    match id {
        codec::Id::H264 => Codec::H264,
        codec::Id::HEVC => Codec::Hevc,
        codec::Id::AV1 => Codec::Av1,
        codec::Id::VP9 => Codec::Vp9,
        other => Codec::Other(other.name().to_owned()),
    }
}

/// The turn of the stream's display matrix: nine fixed-point numbers, of which the first two are the turned x axis.
fn rotation(stream: &format::stream::Stream<'_>) -> Rotation {
    let matrix = stream.side_data().find(|data| data.kind() == side_data::Type::DisplayMatrix);
    let degrees = matrix.and_then(|matrix| {
        let words = matrix.data().as_chunks::<4>().0;
        let (x, y) = (i32::from_ne_bytes(*words.first()?), i32::from_ne_bytes(*words.get(1)?));
        Some(f64::from(y).atan2(f64::from(x)).to_degrees())
    });
    Rotation::from_degrees(degrees.map_or(0, |degrees| degrees.round() as i32))
}

/// The frame's samples as they are, or as BGR where their layout is none of [`Picture`]'s.
fn picture(frame: &frame::Video) -> Option<Picture> {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let Some((chroma, bit_depth)) = layout(frame.format()) else { return bgr(frame) };
    let matrix = Matrix::from_code(ffi::AVColorSpace::from(frame.color_space()) as u8).ok().flatten();
    let range = match (frame.color_range(), frame.format()) {
        (color::Range::JPEG, _) | (_, Pixel::YUVJ420P | Pixel::YUVJ422P | Pixel::YUVJ444P) => Some(ColorRange::Full),
        (color::Range::MPEG, _) => Some(ColorRange::Limited),
        (color::Range::Unspecified, _) => None,
    };
    let planes = if chroma == Chroma::Mono { 1 } else { 3 };
    let planes = if bit_depth == 8 {
        Planes::U8(std::array::from_fn(|plane| if plane < planes { bytes(frame, plane) } else { Plane::default() }))
    } else {
        Planes::U16(std::array::from_fn(|plane| if plane < planes { words(frame, plane) } else { Plane::default() }))
    };
    Picture::new((width, height), chroma, bit_depth, planes, ColorDescription { matrix, range }.spec())
}

const fn layout(pixel: Pixel) -> Option<(Chroma, u8)> {
    Some(match pixel {
        Pixel::GRAY8 => (Chroma::Mono, 8),
        Pixel::YUV420P | Pixel::YUVJ420P => (Chroma::Yuv420, 8),
        Pixel::YUV422P | Pixel::YUVJ422P => (Chroma::Yuv422, 8),
        Pixel::YUV444P | Pixel::YUVJ444P => (Chroma::Yuv444, 8),
        Pixel::YUV420P10LE => (Chroma::Yuv420, 10),
        Pixel::YUV422P10LE => (Chroma::Yuv422, 10),
        Pixel::YUV444P10LE => (Chroma::Yuv444, 10),
        Pixel::YUV420P12LE => (Chroma::Yuv420, 12),
        Pixel::YUV422P12LE => (Chroma::Yuv422, 12),
        Pixel::YUV444P12LE => (Chroma::Yuv444, 12),
        _ => return None,
    })
}

fn bytes(frame: &frame::Video, plane: usize) -> Plane<u8> {
    Plane { samples: frame.data(plane).to_vec(), stride: frame.stride(plane) }
}

fn words(frame: &frame::Video, plane: usize) -> Plane<u16> {
    let pairs = frame.data(plane).as_chunks().0;
    Plane { samples: pairs.iter().map(|&pair| u16::from_le_bytes(pair)).collect(), stride: frame.stride(plane) / 2 }
}

fn bgr(frame: &frame::Video) -> Option<Picture> {
    let (width, height) = (frame.width(), frame.height());
    let flags = scaling::Flags::BICUBIC | scaling::Flags::ACCURATE_RND | scaling::Flags::FULL_CHR_H_INT;
    let mut scaler = scaling::Context::get(frame.format(), width, height, Pixel::BGR24, width, height, flags).ok()?;
    let mut turned = frame::Video::empty();
    scaler.run(frame, &mut turned).ok()?;
    let rows = turned.data(0).chunks(turned.stride(0)).take(height as usize);
    let data = rows.flat_map(|row| row.iter().take(3 * width as usize).copied()).collect();
    Picture::from_bgr(BgrImage { width: width as usize, height: height as usize, data })
}
