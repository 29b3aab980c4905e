//! Decodes raw AAC-LC frames, one after the other, for JavaScript: Symphonia's decoder behind five plain functions.

use symphonia_codec_aac::AacDecoder;
use symphonia_core::audio::{AudioBufferRef, Signal};
use symphonia_core::codecs::{CodecParameters, Decoder, DecoderOptions, CODEC_TYPE_AAC};
use symphonia_core::formats::Packet;

pub struct State {
    decoder: AacDecoder,
    /// One channel after the other.
    samples: Vec<f32>,
    frames: usize,
    rate: u32,
}

/// Room for bytes that are about to be handed over; `release` gives it back.
#[no_mangle]
pub extern "C" fn reserve(size: usize) -> *mut u8 {
    let mut room = vec![0u8; size].into_boxed_slice();
    let start = room.as_mut_ptr();
    std::mem::forget(room);
    start
}

/// # Safety
/// `start` and `size` are those of a `reserve`.
#[no_mangle]
pub unsafe extern "C" fn release(start: *mut u8, size: usize) {
    drop(Box::from_raw(std::slice::from_raw_parts_mut(start, size)));
}

/// A decoder for an AudioSpecificConfig, or null where it can't decode that.
///
/// # Safety
/// `start` and `size` are those of a `reserve`.
#[no_mangle]
pub unsafe extern "C" fn open(start: *const u8, size: usize, rate: u32) -> *mut State {
    let config = std::slice::from_raw_parts(start, size).to_vec();
    let mut parameters = CodecParameters::new();
    parameters
        .for_codec(CODEC_TYPE_AAC)
        .with_sample_rate(rate)
        .with_extra_data(config.into_boxed_slice());
    match AacDecoder::try_new(&parameters, &DecoderOptions::default()) {
        Ok(decoder) => Box::into_raw(Box::new(State { decoder, samples: Vec::new(), frames: 0, rate })),
        Err(_) => std::ptr::null_mut(),
    }
}

/// Decodes a frame. Channels that came out; 0 where the frame is damaged.
///
/// # Safety
/// `state` is that of an `open`, `start` and `size` are those of a `reserve`.
#[no_mangle]
pub unsafe extern "C" fn decode(state: *mut State, start: *const u8, size: usize) -> u32 {
    let state = &mut *state;
    let packet = Packet::new_from_slice(0, 0, 0, std::slice::from_raw_parts(start, size));
    state.samples.clear();
    match state.decoder.decode(&packet) {
        Ok(AudioBufferRef::F32(buffer)) => {
            let channels = buffer.spec().channels.count();
            for channel in 0..channels {
                state.samples.extend_from_slice(buffer.chan(channel));
            }
            state.frames = buffer.frames();
            state.rate = buffer.spec().rate;
            channels as u32
        }
        _ => 0,
    }
}

/// Where the samples of the last frame lie, one channel after the other.
///
/// # Safety
/// `state` is that of an `open`.
#[no_mangle]
pub unsafe extern "C" fn samples(state: *const State) -> *const f32 {
    (*state).samples.as_ptr()
}

/// Samples of each channel of the last frame.
///
/// # Safety
/// `state` is that of an `open`.
#[no_mangle]
pub unsafe extern "C" fn frames(state: *const State) -> usize {
    (*state).frames
}

/// Samples a second of the last frame.
///
/// # Safety
/// `state` is that of an `open`.
#[no_mangle]
pub unsafe extern "C" fn rate(state: *const State) -> u32 {
    (*state).rate
}

/// # Safety
/// `state` is that of an `open`, and not used again.
#[no_mangle]
pub unsafe extern "C" fn close(state: *mut State) {
    drop(Box::from_raw(state));
}
