//! Model files: what starts from one comes back at every level, with what it needs and never wrong; what lacks it says so;
//! and whatever a model file holds, it is refused or does no harm.
#![allow(clippy::cast_possible_truncation, reason = "random bits are cut to what is needed")]

use std::io::{Cursor, Read, Write};
use std::num::NonZeroUsize;

use lignite::{
    Embedding, ErrorKind, IndexedReader, Limits, ModelFile, Models, OnDamage, PatternBuilder,
    Predicate, Reader, ReaderBuilder, ScanOptions, WriterBuilder,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::round_trip::{cases, lines, log};

fn compress(
    model: &ModelFile,
    embedding: Embedding,
    raw: &[u8],
    (level, block): (u8, u32),
) -> Vec<u8> {
    let mut builder = WriterBuilder::new();
    builder.level(level).unwrap().block_bytes(block).unwrap().model(model.clone(), embedding);
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(raw).unwrap();
    wtr.finish().unwrap().0
}

fn with(model: &ModelFile) -> ReaderBuilder {
    let mut models = Models::new();
    models.add(model.clone());
    let mut builder = ReaderBuilder::new();
    builder.models(models);
    builder
}

fn decompress(readers: &ReaderBuilder, file: &[u8]) -> lignite::Result<Vec<u8>> {
    let mut back = Vec::new();
    readers.from_reader(file)?.read_to_end(&mut back)?;
    Ok(back)
}

/// Lines that share templates, with words, addresses, times, hex numbers and paths.
fn made(range: std::ops::Range<u32>) -> Vec<u8> {
    let line = |i: u32| {
        let user = ["root", "alice", "bob", "carol"][i as usize * 7 / 3 % 4];
        format!(
            "2026-11-24 10:{:02}:{:02} {user} opened /srv/{}/part-{:04} from 10.0.{}.{} id {:08x}{}\n",
            i / 60 % 60,
            i % 60,
            user.len() * 3,
            i,
            i % 3,
            i * 7 % 250,
            i.wrapping_mul(2_654_435_761),
            if i.is_multiple_of(5) { " again" } else { "" },
        )
    };
    range.map(line).collect::<String>().into_bytes()
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn what_starts_from_any_sample_comes_back(
        sample in lines(1..50),
        fresh in lines(0..30),
        again in vec(any::<prop::sample::Index>(), 0..30),
        ending in 0..6_u8,
        level in 1..=9_u8,
    ) {
        // Lines of the sample, and others.
        let some = again.iter().map(|index| sample[index.index(sample.len())]);
        let raw = log(&some.chain(fresh).collect::<Vec<_>>(), ending, false);
        let sample = log(&sample, 5, false);
        let Ok(model) = ModelFile::train(&sample) else { return Ok(()) };
        let file = compress(&model, Embedding::Refer, &raw, (level, 1 << 12));
        prop_assert!(decompress(&with(&model), &file).unwrap() == raw);
    }
}

#[test]
fn short_logs_get_smaller_at_every_level_and_every_number_of_threads() {
    let model = ModelFile::train(&made(0..900)).unwrap();
    let raw = made(900..1100);
    for level in 1..=9 {
        let primed = compress(&model, Embedding::Refer, &raw, (level, 1 << 20));
        let mut cold = WriterBuilder::new().level(level).unwrap().from_writer(Vec::new());
        cold.write_all(&raw).unwrap();
        let cold = cold.finish().unwrap().0;
        assert!(primed.len() < cold.len(), "level {level}: {} and {}", primed.len(), cold.len());
        assert!(decompress(&with(&model), &primed).unwrap() == raw);
        let threads = |threads| {
            let mut builder = WriterBuilder::new();
            builder.level(level).unwrap().block_bytes(1 << 13).unwrap();
            builder.threads(NonZeroUsize::new(threads).unwrap());
            let mut wtr = builder.model(model.clone(), Embedding::Embed).from_writer(Vec::new());
            wtr.write_all(&raw).unwrap();
            wtr.finish().unwrap().0
        };
        assert!(threads(1) == threads(3));
    }
}

#[test]
fn a_copy_in_the_file_is_enough_and_queries_use_it() {
    let model = ModelFile::train(&made(0..300)).unwrap();
    let raw = made(250..800);
    for level in [1, 3, 6, 8, 9] {
        let file = compress(&model, Embedding::Embed, &raw, (level, 1 << 14));
        assert!(decompress(&ReaderBuilder::new(), &file).unwrap() == raw, "level {level}");
        let twice = [&file[..], &file[..]].concat();
        assert!(decompress(&ReaderBuilder::new(), &twice).unwrap() == raw.repeat(2));
        let mut rdr = IndexedReader::open(Cursor::new(&twice)).unwrap();
        assert!(rdr.blocks().len() > 4);
        let pattern = PatternBuilder::new().add(b"alice opened").build().unwrap();
        let mut found = Vec::new();
        let stats = rdr.scan(
            &Predicate::matching(pattern),
            &ScanOptions::default(),
            OnDamage::Stop,
            |line| {
                found.extend_from_slice(line.bytes);
                found.push(b'\n');
                Ok(std::ops::ControlFlow::Continue(()))
            },
        );
        stats.unwrap();
        let holds = |line: &&[u8]| line.windows(12).any(|part| part == b"alice opened");
        let expected: Vec<u8> =
            raw.split_inclusive(|&byte| byte == b'\n').filter(holds).flatten().copied().collect();
        assert!(found == expected.repeat(2), "level {level}");
        let templates = rdr.templates().unwrap().templates;
        assert_eq!(templates.iter().map(|template| template.lines).sum::<u64>(), 1100);
        assert!(templates.iter().all(|template| template.lines > 0));
        assert!(rdr.report(0).is_ok());
    }
}

#[test]
fn a_missing_or_wrong_model_file_is_named() {
    let model = ModelFile::train(&made(0..300)).unwrap();
    let other = ModelFile::train(&made(0..301)).unwrap();
    assert_ne!(model.hash(), other.hash());
    let file = compress(&model, Embedding::Refer, &made(300..400), (9, 1 << 20));
    let names = |error: lignite::Error| {
        assert!(
            matches!(error.kind(), ErrorKind::MissingModelFile { hash } if *hash == model.hash()),
            "{error}"
        );
        assert!(error.to_string().contains(&format!("{:016x}", model.hash())));
    };
    names(decompress(&ReaderBuilder::new(), &file).unwrap_err());
    names(decompress(&with(&other), &file).unwrap_err());
    names(decompress(with(&other).on_damage(OnDamage::Skip), &file).unwrap_err());
    names(with(&other).indexed(Cursor::new(&file)).unwrap_err());
    assert!(Reader::new(&file[..]).is_ok(), "the header can be read");
}

#[test]
fn damage_to_a_copy_costs_what_needs_it_and_gives_no_wrong_line() {
    let model = ModelFile::train(&made(0..60)).unwrap();
    let raw = made(60..160);
    for level in [3, 9] {
        let file = compress(&model, Embedding::Embed, &raw, (level, 1 << 12));
        for at in 40..40 + 33 + model.bytes().len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << (at % 8);
            let mut rdr = Reader::new(&damaged[..]).unwrap();
            rdr.on_damage(OnDamage::Skip);
            let mut back = Vec::new();
            let read = rdr.read_to_end(&mut back);
            assert!(read.is_err() || !rdr.take_losses().is_empty(), "{at}");
            assert!(raw.starts_with(&back) || back.is_empty(), "{at}");
        }
    }
}

#[test]
fn a_model_file_that_was_changed_is_refused() {
    let model = ModelFile::train(&made(0..60)).unwrap();
    let limits = Limits::default();
    for at in 0..model.bytes().len() {
        let mut changed = model.bytes().to_vec();
        changed[at] ^= 1 << (at % 8);
        assert!(ModelFile::from_bytes(changed, &limits).is_err(), "{at}");
        assert!(ModelFile::from_bytes(model.bytes()[..at].to_vec(), &limits).is_err(), "{at}");
    }
    let mut tight = Limits::default();
    tight.model_bytes_max = 1 << 12;
    let refused = ModelFile::from_bytes(model.bytes().to_vec(), &tight).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::LimitExceeded { .. }), "{refused}");
    assert!(ModelFile::train(b"").is_err());
    assert!(ModelFile::train(b"\n").is_err());
}

/// A model file with other content, under a checksum that fits: stored, as a writer of anybody's might do.
fn forged(model: &ModelFile, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = model.body();
    change(&mut body);
    let mut bytes = model.bytes()[..9].to_vec();
    let varint = |bytes: &mut Vec<u8>, mut value: usize| {
        while value > 127 {
            bytes.push(value as u8 | 128);
            value >>= 7;
        }
        bytes.push(value as u8);
    };
    varint(&mut bytes, body.len());
    bytes.push(0);
    varint(&mut bytes, body.len());
    bytes.extend_from_slice(&body);
    let hash = xxhash_rust::xxh3::xxh3_64(&bytes);
    bytes.extend_from_slice(&hash.to_le_bytes());
    bytes
}

#[test]
fn a_forged_model_file_is_refused_or_does_no_harm() {
    let model = ModelFile::train(&made(0..25)).unwrap();
    let limits = Limits::default();
    let len = model.body().len();
    assert!(ModelFile::from_bytes(forged(&model, |_| ()), &limits).is_ok());
    let raw = made(20..32);
    let mut taken = 0;
    for at in 0..len {
        for change in [1, 0x80, 0xff] {
            let bytes = forged(&model, |body| body[at] ^= change);
            let Ok(changed) = ModelFile::from_bytes(bytes, &limits) else { continue };
            taken += 1;
            if at % 7 != 0 {
                continue;
            }
            for level in [3, 9] {
                let file = compress(&changed, Embedding::Embed, &raw, (level, 1 << 20));
                assert!(decompress(&ReaderBuilder::new(), &file).unwrap() == raw, "{at} {level}");
            }
        }
    }
    assert!(taken > len, "most bytes are text");
    for end in 0..len {
        assert!(ModelFile::from_bytes(forged(&model, |body| body.truncate(end)), &limits).is_err());
    }
}

#[test]
fn a_block_decoded_with_another_sample_is_an_error() {
    let model = ModelFile::train(&made(0..60)).unwrap();
    let raw = made(60..160);
    for level in [3, 8, 9] {
        let file = compress(&model, Embedding::Embed, &raw, (level, 1 << 20));
        // The same length, so that the frame can be put together again.
        let start = 40 + 28 + 4 + 1;
        let end = start + model.bytes().len();
        assert_eq!(&file[start..end], model.bytes());
        let other = forged(&model, |body| {
            let at = body.windows(5).rposition(|part| part == b"alice").unwrap();
            body[at] = b'A';
        });
        let payload = [&[4][..], &other].concat();
        let mut frame = file[40..68].to_vec();
        frame[16..20].copy_from_slice(&u32::try_from(payload.len()).unwrap().to_le_bytes());
        frame[20..28].copy_from_slice(&xxhash_rust::xxh3::xxh3_64(&payload).to_le_bytes());
        let check = crc32fast::hash(&frame);
        frame.extend_from_slice(&check.to_le_bytes());
        let mut changed = [&file[..40], &frame, &payload, &file[end..]].concat();
        let read = decompress(&ReaderBuilder::new(), &changed);
        assert!(read.is_err(), "level {level}");
        // The frame itself is fine: it is taken.
        changed.truncate(40 + frame.len() + payload.len());
        let kind = decompress(&ReaderBuilder::new(), &changed).unwrap_err();
        assert!(matches!(kind.kind(), ErrorKind::Truncated { .. }), "{kind}");
    }
}
