//! Any bytes as the code of a model, behind a header whose checksums hold: an error or some log, never a panic, and no
//! more memory than the limits allow.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((head, code)) = input.split_first_chunk::<2>() else { return };
    let mut limits = lignite::Limits::default();
    limits.columns_bytes_max = 4 << 20;
    limits.model_bytes_max = 1 << 20;
    lignite::internals::decode_model(code, usize::from(u16::from_le_bytes(*head)), &limits, None);
});
