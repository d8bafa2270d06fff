//! The fuzzer of the target of this name; see `tests/src/fuzz`.
#![no_main]

#[path = "../../tests/src/fuzz/mod.rs"]
mod inputs;

// A panic that the product catches is no finding; one that gets here is.
libfuzzer_sys::fuzz_target!(init: drop(std::panic::take_hook()), |data: &[u8]| {
    if std::panic::catch_unwind(|| inputs::run("frames", data)).is_err() {
        std::process::abort();
    }
});
