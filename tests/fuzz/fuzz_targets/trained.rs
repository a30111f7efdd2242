//! Any bytes as what a model file holds, behind a header and a checksum that hold: refused, or a log that starts from it
//! comes back at a level with a model and one without; and any bytes as a code behind it: an error or some log.
#![no_main]

use std::io::{Read, Write};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lignite::{Embedding, Limits, ModelFile, Reader, WriterBuilder};

/// A sample to be damaged.
const SAMPLE: &[u8] = b"2026-11-24 10:00:01 alice opened /srv/12 id 0a\n2026-11-24 10:00:02 bob opened /srv/13 id 0b\n\
    2026-11-24 10:00:02 bob left\n2026-11-24 10:00:05 carol opened /srv/14 id 0c\n";
/// A log like it.
const LOG: &[u8] = b"2026-11-24 10:01:01 bob opened /srv/15 id 0d\n2026-11-24 10:01:04 dave left\nanother line\n";

static BODY: LazyLock<Vec<u8>> = LazyLock::new(|| ModelFile::train(SAMPLE).expect("it is a sample").body());

/// A model file of a body.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x89, b'L', b'G', b'M', 0x0d, 0x0a, 0x1a, 0x0a, 0];
    let varint = |bytes: &mut Vec<u8>| {
        let mut value = body.len();
        while value > 127 {
            bytes.push(value as u8 | 128);
            value >>= 7;
        }
        bytes.push(value as u8);
    };
    varint(&mut bytes);
    bytes.push(0);
    varint(&mut bytes);
    bytes.extend_from_slice(body);
    let hash = xxhash_rust::xxh3::xxh3_64(&bytes);
    bytes.extend_from_slice(&hash.to_le_bytes());
    bytes
}

fuzz_target!(|input: &[u8]| {
    let Some((&[how, at], rest)) = input.split_first_chunk::<2>() else { return };
    let mut limits = Limits::default();
    limits.columns_bytes_max = 4 << 20;
    limits.model_bytes_max = 8 << 20;
    // A body of its own, or a good one with some bytes in place of others.
    let (body, code) = rest.split_at(rest.len() * usize::from(how >> 2 & 15) / 16);
    let body = if how & 1 == 0 {
        body.to_vec()
    } else {
        let mut good = BODY.clone();
        let start = usize::from(at) * good.len() / 256;
        let end = good.len().min(start + usize::from(how >> 6));
        good.splice(start..end, body.iter().take(32).copied());
        good
    };
    let Ok(model) = ModelFile::from_bytes(sealed(&body), &limits) else { return };
    lignite::internals::decode_model(code, usize::from(at) << 4, &limits, Some(&model));
    // Level 8 takes many times as long.
    let level = if how & 14 == 0 { 8 } else { 3 };
    let mut options = WriterBuilder::new();
    options.level(level).expect("it exists").model(model, Embedding::Embed);
    let mut writer = options.from_writer(Vec::new());
    writer.write_all(LOG).expect("memory takes all");
    let (file, _) = writer.finish().expect("memory takes all");
    let mut back = Vec::new();
    Reader::new(&file[..]).expect("it begins well").read_to_end(&mut back).expect("it is whole");
    assert_eq!(back, LOG);
});
