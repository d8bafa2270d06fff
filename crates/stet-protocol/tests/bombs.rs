//! Frames made to cost more than they weigh are refused for what they are, and cheaply: the peak of memory is measured.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(unsafe_code, reason = "measuring memory means standing in for the allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use stet_protocol::codec::{DecodeError, Frame, decode, redacted};
use stet_protocol::limits;
use stet_protocol::message::{level1, level2};

const MIB: usize = 1 << 20;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// Counts the bytes each thread holds: tests run side by side.
struct Counting;

// SAFETY: every call goes on to the system's allocator unchanged; the counters allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = LIVE.try_with(|live| {
            live.set(live.get().wrapping_add(layout.size()));
            PEAK.with(|peak| peak.set(peak.get().max(live.get())));
        });
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = LIVE.try_with(|live| live.set(live.get().wrapping_sub(layout.size())));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The result, and how far memory rose above what was held before, bytes.
fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, PEAK.get() - before)
}

fn refusal(frame: &Frame, max_bytes: usize) -> (DecodeError, usize) {
    let (result, peak) = measured(|| decode::<level2::ClientMessage>(frame, max_bytes));
    (result.unwrap_err(), peak)
}

fn json(start: &str, repeated: &str, times: usize, end: &str) -> Frame {
    Frame::Text(format!("{start}{}{end}", repeated.repeat(times)))
}

#[test]
fn a_frame_above_the_limit_is_not_even_read() {
    let frame = json("{\"type\":\"ping\",\"x\":\"", "x", 32 * MIB, "\"}");
    let (error, peak) = refusal(&frame, 16 * MIB);
    assert_eq!(error, DecodeError::TooLarge { bytes: frame.len(), max: 16 * MIB });
    assert_eq!(peak, 0);
}

#[test]
fn nesting_is_refused_at_its_limit_and_taken_below_it() {
    // One for the message itself.
    let nested =
        |depth: usize| json("{\"type\":\"ping\",\"x\":", "[", depth - 1, &format!("{}}}", "]".repeat(depth - 1)));
    assert!(decode::<level2::ClientMessage>(&nested(limits::MESSAGE_DEPTH), MIB).is_ok());
    let (error, _) = refusal(&nested(limits::MESSAGE_DEPTH + 1), MIB);
    assert_eq!(error, DecodeError::TooDeep { max: limits::MESSAGE_DEPTH });
}

#[test]
fn depth_bombs_are_refused_within_a_few_kilobytes() {
    let mut packed = b"\x82\xa4type\xa4ping\xa1x".to_vec();
    packed.extend(vec![0x91; 8 * MIB]);
    let mut maps = b"\x82\xa4type\xa4ping\xa1x".to_vec();
    maps.extend(b"\x81\xa1x".repeat(2 * MIB));
    for frame in [
        json("", "[", 8 * MIB, ""),
        json("", "{\"a\":", 2 * MIB, ""),
        json("{\"type\":\"ping\",\"x\":", "[{\"x\":", MIB, ""),
        Frame::Binary(vec![0x91; 8 * MIB]),
        Frame::Binary(packed),
        Frame::Binary(maps),
    ] {
        let (error, peak) = refusal(&frame, 16 * MIB);
        assert_eq!(error.reason(), "too-deep");
        assert!(peak < 64 << 10, "{peak} bytes");
        let (line, peak) = measured(|| redacted(&frame));
        assert!(line.contains("nested deeper"), "{line}");
        assert!(peak < 64 << 10, "{peak} bytes");
    }
}

#[test]
fn many_small_values_are_refused_within_their_limit() {
    let mut packed = b"\x82\xa4type\xa4ping\xa1x\xdd".to_vec();
    packed.extend(u32::try_from(12 * MIB).unwrap().to_be_bytes());
    packed.extend(vec![0x90; 12 * MIB]);
    for frame in [
        json("{\"type\":\"ping\",\"x\":[0", ",0", 7 * MIB, "]}"),
        json("{\"type\":\"ping\",\"x\":[[]", ",[]", 5 * MIB, "]}"),
        json("{\"type\":\"many\",\"messages\":[{\"type\":\"ping\"}", ",{\"type\":\"ping\"}", 900_000, "]}"),
        json("{\"type\":\"ping\"", ",\"\":0", 3 * MIB, "}"),
        Frame::Binary(packed),
    ] {
        let (error, peak) = refusal(&frame, 16 * MIB);
        assert_eq!(error, DecodeError::TooManyValues { max: limits::MESSAGE_VALUES });
        assert!(peak < 64 * MIB, "{} MiB", peak / MIB);
    }
}

#[test]
fn a_claimed_length_reserves_nothing() {
    let claims: [&[u8]; 5] = [
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\x82\xa4type\xa6sync_b\xa4rows\xdd\xff\xff\xff\xff",
        b"\x81\xa4type\xdb\xff\xff\xff\xff",
        b"\x82\xa4type\xa4ping\xa1x\xc6\xff\xff\xff\xff",
    ];
    for claim in claims {
        let (error, peak) = refusal(&Frame::Binary(claim.to_vec()), MIB);
        assert_eq!(error.reason(), "not-a-message");
        assert!(peak < 4 << 10, "{peak} bytes");
    }
}

#[test]
fn a_level_1_message_costs_a_small_multiple_of_its_size() {
    let id = "0190b5c2-7e1a-7c3d-8f42-1a2b3c4d5e6f";
    let start = format!("{{\"type\":\"note_update\",\"noteId\":\"{id}\",\"changes\":{{\"content\":\"");
    let frame = json(&start, "text ", 150_000, "\"}}");
    let (message, peak) = measured(|| decode::<level1::ClientMessage>(&frame, MIB).unwrap());
    assert_eq!(stet_protocol::codec::Message::kind(&message), "note_update");
    // The text once, in the message; everything before borrows it from the frame.
    assert!(peak < frame.len() + (16 << 10), "{peak} bytes for {}", frame.len());
}

#[test]
fn a_log_line_of_a_large_frame_stays_a_line() {
    let frame = json("{\"type\":\"pong\",\"x\":[0", ",0", 100_000, "]}");
    let line = redacted(&frame);
    assert!(line.starts_with("{\"type\":\"pong\"") && line.contains('…'), "{line}");
    assert!(line.len() < 5_000, "{} bytes", line.len());
}
