//! Predictors of other people's making: blocks come back whatever they answer, and files name them. (`docs/MODEL.md` has
//! complete ones, which are compiled and run as its doc tests.)
#![allow(clippy::cast_possible_truncation, reason = "a hash is cut to what is needed")]

use std::hash::Hasher;
use std::io::{Cursor, Read, Write};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lignite::{
    Base, ColumnKind, ErrorKind, IndexedReader, Limits, Models, OnDamage, PatternBuilder,
    Predicate, Predictor, PredictorSource, Reader, ReaderBuilder, ScanOptions, Situation,
    SymbolKind, WriterBuilder,
};
use proptest::prelude::*;

use crate::round_trip::{cases, lines, log};

/// Answers with a hash of all that it is told, now and then what the built-in model says.
#[derive(Debug)]
struct Hash {
    parameters: u64,
    base: Base,
    /// Hashes of all that predictors of this source were told, one for each block.
    told: Arc<Mutex<Vec<u64>>>,
}

impl Hash {
    fn new(parameters: u64, base: Base) -> Arc<Self> {
        Arc::new(Self { parameters, base, told: Arc::default() })
    }
}

impl PredictorSource for Hash {
    fn id(&self) -> u32 {
        0x1234_5678
    }

    fn parameters(&self) -> u64 {
        self.parameters
    }

    fn base(&self) -> Base {
        self.base
    }

    fn memory_bytes(&self) -> u64 {
        1000
    }

    fn start(&self) -> Box<dyn Predictor> {
        Box::new(Hashing { hasher: xxhash_rust::xxh3::Xxh3::new(), told: Arc::clone(&self.told) })
    }
}

struct Hashing {
    hasher: xxhash_rust::xxh3::Xxh3,
    told: Arc<Mutex<Vec<u64>>>,
}

impl Predictor for Hashing {
    fn predict(&mut self, situation: &Situation<'_>) -> u16 {
        assert!(situation.bits < 256);
        let Situation { template, slot, row, prefix, bits, built_in, .. } = *situation;
        let of = [template, row[0], row[1], row[2], row[3], prefix];
        for bytes in of {
            self.hasher.write(bytes);
        }
        self.hasher.write_u32(slot ^ situation.column << 8 ^ bits << 20);
        self.hasher.write_usize(situation.history.len() ^ situation.numbers.len() << 32);
        self.hasher.write_u8(situation.symbol as u8 ^ (situation.column_kind as u8) << 4);
        let hash = self.hasher.finish();
        if hash.is_multiple_of(3) { (hash >> 8) as u16 } else { built_in }
    }

    fn update(&mut self, bit: bool) {
        self.hasher.write_u8(bit.into());
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.told.lock().unwrap().push(self.hasher.finish());
    }
}

fn compress<P>(source: &Arc<P>, raw: &[u8], (level, threads): (u8, usize)) -> Vec<u8>
where
    P: PredictorSource + 'static,
{
    let source = Arc::<P>::clone(source);
    let mut builder = WriterBuilder::new();
    builder.level(level).unwrap().block_bytes(1 << 13).unwrap();
    builder.threads(NonZeroUsize::new(threads).unwrap()).predictor(source).unwrap();
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(raw).unwrap();
    wtr.finish().unwrap().0
}

fn reader<P: PredictorSource + 'static>(source: &Arc<P>) -> ReaderBuilder {
    let source = Arc::<P>::clone(source);
    let mut models = Models::new();
    models.register(source).unwrap();
    let mut builder = ReaderBuilder::new();
    builder.models(models);
    builder
}

fn made(lines: u32) -> Vec<u8> {
    let line = |i: u32| format!("2026-11-24 10:{:02}:00 user{} did {}\n", i % 60, i % 7, i * i);
    (0..lines).map(line).collect::<String>().into_bytes()
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn whatever_a_predictor_answers_lines_come_back(
        lines in lines(0..60),
        ending in 0..3_u8,
        base in prop_oneof![Just(Base::None), Just(Base::Fast), Just(Base::Full)],
    ) {
        let raw = log(&lines, ending, false);
        let source = Hash::new(7, base);
        let file = compress(&source, &raw, (9, 1));
        let told = std::mem::take(&mut *source.told.lock().unwrap());
        let mut back = Vec::new();
        reader(&source).from_reader(&file[..]).unwrap().read_to_end(&mut back).unwrap();
        prop_assert_eq!(back, raw);
        // A decoder of a block that was coded at all reads its templates once by themselves, and then everything: that is
        // what the encoder was told. Where nothing is coded behind the templates, as with a line that is one, both are the same.
        let again = source.told.lock().unwrap();
        for block in again.chunks(2) {
            let &[templates, all] = block else { panic!("a block is read twice") };
            prop_assert!(told.contains(&all));
            prop_assert!(templates == all || !told.contains(&templates));
        }
    }
}

#[test]
fn a_predictor_is_told_where_the_bit_belongs() {
    #[derive(Debug, Default)]
    struct Listener(Arc<Mutex<Vec<String>>>);
    impl Predictor for Listener {
        fn predict(&mut self, situation: &Situation<'_>) -> u16 {
            if situation.symbol == SymbolKind::Byte
                && situation.column_kind == ColumnKind::Text
                && situation.bits == 1
            {
                let text = String::from_utf8_lossy;
                let heard = format!(
                    "{} {} {} {}",
                    text(situation.template),
                    situation.slot,
                    text(situation.row[0]),
                    text(situation.prefix)
                );
                self.0.lock().unwrap().push(heard);
            }
            situation.built_in
        }

        fn update(&mut self, _: bool) {}
    }
    impl PredictorSource for Listener {
        fn id(&self) -> u32 {
            4711
        }
        fn parameters(&self) -> u64 {
            0
        }
        fn start(&self) -> Box<dyn Predictor> {
            Box::new(Self(Arc::clone(&self.0)))
        }
    }
    let source = Arc::new(Listener::default());
    compress(&source, b"job 7 by anna1\njob 15 by b2x\njob 31 by c3yz\n", (9, 1));
    let heard = source.0.lock().unwrap();
    for expected in ["job \0 by \0 1 15 b2", "job \0 by \0 1 15 b2x", "job \0 by \0 1 31 c3y"] {
        assert!(heard.iter().any(|it| it == expected), "{expected:?} in {heard:?}");
    }
}

#[test]
fn a_file_names_its_predictor_and_readers_without_it_stop() {
    let raw = made(900);
    let file = compress(&Hash::new(7, Base::Fast), &raw, (8, 1));
    assert_eq!(file, compress(&Hash::new(7, Base::Fast), &raw, (8, 3)));
    let names = |error: lignite::Error| {
        assert!(
            matches!(
                error.kind(),
                ErrorKind::UnsupportedModel { model: 0x1234_5678, parameters: 7 }
            ),
            "{error}"
        );
    };
    // None is registered, or one with other parameters. Damage is skipped, this is not.
    names(IndexedReader::open(Cursor::new(&file)).unwrap_err());
    let mut without = reader(&Hash::new(8, Base::Fast));
    let without = without.on_damage(OnDamage::Skip);
    let mut reader_without = without.from_reader(&file[..]).unwrap();
    names(reader_without.read_to_end(&mut Vec::new()).unwrap_err().into());
    names(without.indexed(Cursor::new(&file)).unwrap_err());
    // Memory beyond the limits is refused.
    let mut limits = Limits::default();
    limits.model_bytes_max = 1 << 10;
    let mut bounded = reader(&Hash::new(7, Base::Fast));
    let mut bounded = bounded.limits(limits).from_reader(&file[..]).unwrap();
    assert!(bounded.read_to_end(&mut Vec::new()).is_err());
}

#[test]
fn queries_decode_with_the_predictor_too() {
    let raw = made(900);
    let source = Hash::new(7, Base::Full);
    let file = compress(&source, &raw, (9, 1));
    let mut rdr = reader(&source).indexed(Cursor::new(&file)).unwrap();
    assert!(rdr.blocks().len() > 2);
    let predicate = Predicate::matching(PatternBuilder::new().add(b"user3 did").build().unwrap());
    let mut found = 0;
    let stats = rdr.scan(&predicate, &ScanOptions::default(), OnDamage::Stop, |_| {
        found += 1;
        Ok(std::ops::ControlFlow::Continue(()))
    });
    stats.unwrap();
    let expected = raw
        .split(|&byte| byte == b'\n')
        .filter(|line| line.windows(9).any(|part| part == b"user3 did"));
    assert_eq!(found, expected.count());
    assert!(rdr.templates().unwrap().templates.len() == 1);
    assert!(rdr.report(0).is_ok());
}

#[test]
fn levels_below_8_do_without() {
    let raw = made(50);
    let file = compress(&Hash::new(7, Base::Full), &raw, (7, 1));
    let mut back = Vec::new();
    Reader::new(&file[..]).unwrap().read_to_end(&mut back).unwrap();
    assert_eq!(back, raw);
}

#[test]
fn a_number_of_ours_is_refused() {
    #[derive(Debug)]
    struct Low;
    impl PredictorSource for Low {
        fn id(&self) -> u32 {
            255
        }
        fn parameters(&self) -> u64 {
            0
        }
        fn start(&self) -> Box<dyn Predictor> {
            unreachable!("it is never registered")
        }
    }
    assert!(Models::new().register(Arc::new(Low)).is_err());
    assert!(WriterBuilder::new().predictor(Arc::new(Low)).is_err());
}

#[test]
fn a_damaged_model_frame_costs_what_needs_it_and_nothing_is_wrong() {
    let raw = made(900);
    let source = Hash::new(7, Base::Fast);
    let file = compress(&source, &raw, (8, 1));
    for at in 40..40 + 32 + 13 {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        let mut builder = reader(&source);
        let mut rdr = builder.on_damage(OnDamage::Skip).from_reader(&damaged[..]).unwrap();
        let mut back = Vec::new();
        let read = rdr.read_to_end(&mut back);
        assert!(read.is_err() || !rdr.take_losses().is_empty(), "{at}");
        assert!(raw.starts_with(&back), "{at}");
    }
}
