//! Archives whose blocks start from a model file, or are coded with a predictor of a program's own.

use std::sync::Arc;

use super::*;
use crate::archive::{Depth, Recovered, Subset, compact, recover};
use crate::error::{Error, ErrorKind};
use crate::format::FILE_HEADER_LEN;
use crate::model::{Embedding, ModelFile, Models, Predictor, PredictorSource, Situation};

/// A predictor that trusts the built-in one a little less.
#[derive(Debug)]
struct Own(u64);

impl PredictorSource for Own {
    fn id(&self) -> u32 {
        1000
    }

    fn parameters(&self) -> u64 {
        self.0
    }

    fn start(&self) -> Box<dyn Predictor> {
        Box::new(Doubt)
    }
}

struct Doubt;

impl Predictor for Doubt {
    fn predict(&mut self, situation: &Situation<'_>) -> u16 {
        situation.built_in / 8 * 7 + 4096
    }

    fn update(&mut self, _bit: bool) {}
}

fn model(seed: usize) -> ModelFile {
    ModelFile::train(&log(seed, 400)).unwrap()
}

fn knowing(file: Option<ModelFile>, predictor: Option<u64>) -> ReaderBuilder {
    let mut models = Models::new();
    if let Some(file) = file {
        models.add(file);
    }
    if let Some(parameters) = predictor {
        models.register(Arc::new(Own(parameters))).unwrap();
    }
    let mut reading = ReaderBuilder::new();
    reading.models(models);
    reading
}

fn at(level: u8) -> WriterBuilder {
    let mut options = options();
    options.level(level).unwrap();
    options
}

fn put(mut appender: Appender, name: &str, content: &[u8]) -> Result<()> {
    appender.add(&source(name, content, 1), &Change::default())??;
    appender.commit().map(drop)
}

/// A first commit with `options`, a second one that says nothing of models.
fn two_commits(place: &Place, options: &WriterBuilder, reading: &ReaderBuilder) {
    let path = place.archive();
    let appender = Appender::create(&OsFileSystem, &path, options).unwrap();
    put(appender, "one", &log(1, 300)).unwrap();
    let plain = at(options.settings().0);
    let (appender, archive) = Appender::open(&OsFileSystem, &path, &plain, reading).unwrap();
    assert_eq!(archive.members().len(), 1);
    put(appender, "two", &log(2, 300)).unwrap();
}

fn check(path: &Path, reading: &ReaderBuilder) -> u64 {
    let mut archive = Archive::open_in(&OsFileSystem, path, reading).unwrap();
    let expected = [("one", log(1, 300)), ("two", log(2, 300))];
    let expected = expected.map(|(name, content)| (name.to_owned(), content));
    assert!(contents(&mut archive).unwrap() == expected.into());
    let verified = archive.verify(Depth::Decoded, Subset::default()).unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    assert_eq!(verified.hole_bytes, 0);
    archive.stored_bytes()
}

/// What an archive says that can be listed, but not read.
fn lacking(path: &Path, reading: &ReaderBuilder) -> Error {
    let mut archive = Archive::open_in(&OsFileSystem, path, reading).unwrap();
    assert_eq!(archive.members().len(), 2);
    let verified = archive.verify(Depth::Stored, Subset::default()).unwrap();
    assert!(verified.faults.is_empty());
    contents(&mut archive).unwrap_err()
}

#[test]
fn all_commits_start_from_the_model_file_of_the_first() {
    for level in [1, 3, 6, 9] {
        let cold = Place::new();
        two_commits(&cold, &at(level), &ReaderBuilder::new());
        let cold = check(&cold.archive(), &ReaderBuilder::new());
        let (file, nothing) = (model(3), ReaderBuilder::new());
        let known = knowing(Some(file.clone()), None);
        for embedding in [Embedding::Embed, Embedding::Refer] {
            let place = Place::new();
            let mut options = at(level);
            options.model(file.clone(), embedding);
            two_commits(&place, &options, &known);
            let primed = check(&place.archive(), &known);
            match embedding {
                Embedding::Embed => assert_eq!(check(&place.archive(), &nothing), primed),
                Embedding::Refer => {
                    assert!(primed < cold, "level {level}: {primed} of {cold}");
                    let err = lacking(&place.archive(), &nothing);
                    let named = matches!(err.kind(), ErrorKind::MissingModelFile { hash } if *hash == file.hash());
                    assert!(named, "{err}");
                }
            }
        }
    }
}

#[test]
fn a_predictor_of_a_program_s_own_is_named_and_needed() {
    let place = Place::new();
    let mut options = at(9);
    options.predictor(Arc::new(Own(7))).unwrap();
    let known = knowing(None, Some(7));
    two_commits(&place, &options, &known);
    check(&place.archive(), &known);
    for other in [ReaderBuilder::new(), knowing(None, Some(8))] {
        let err = lacking(&place.archive(), &other);
        let named =
            matches!(err.kind(), ErrorKind::UnsupportedModel { model: 1000, parameters: 7 });
        assert!(named, "{err}");
    }
}

#[test]
fn an_archive_goes_on_with_what_it_was_begun_with() {
    let refused = |err: &Error| matches!(err.kind(), ErrorKind::InvalidArgument { .. });
    let reading = knowing(None, Some(7));
    let (mut own, mut other) = (at(9), at(9));
    own.model(model(3), Embedding::Embed).predictor(Arc::new(Own(7))).unwrap();
    other.model(model(4), Embedding::Embed);
    for begun_with in [at(9), own.clone(), other.clone()] {
        let place = Place::new();
        let path = place.archive();
        put(Appender::create(&OsFileSystem, &path, &begun_with).unwrap(), "one", b"1\n").unwrap();
        let before = std::fs::read(&path).unwrap();
        for asked in [&own, &other] {
            let opened = Appender::open(&OsFileSystem, &path, asked, &reading);
            if begun_with.model_frame() == asked.model_frame() {
                put(opened.unwrap().0, "two", b"2\n").unwrap();
            } else {
                assert!(refused(&opened.unwrap_err()));
                assert!(std::fs::read(&path).unwrap().starts_with(&before));
            }
        }
        Appender::open(&OsFileSystem, &path, &at(9), &reading).unwrap();
    }
}

#[test]
fn compacting_keeps_the_model_or_takes_another() {
    let place = Place::new();
    let (path, files) = (place.archive(), [model(3), model(4)]);
    let mut options = at(9);
    options.model(files[0].clone(), Embedding::Refer);
    let known = knowing(Some(files[0].clone()), None);
    two_commits(&place, &options, &known);
    compact(&OsFileSystem, &path, None, &at(9), &known).unwrap();
    check(&path, &known);
    // It refers to a model file still.
    lacking(&path, &ReaderBuilder::new());
    options.model(files[1].clone(), Embedding::Embed);
    compact(&OsFileSystem, &path, None, &options, &known).unwrap();
    check(&path, &ReaderBuilder::new());
    compact(&OsFileSystem, &path, None, &at(3), &ReaderBuilder::new()).unwrap();
    check(&path, &ReaderBuilder::new());
    assert!(std::fs::read(&path).unwrap().windows(8).any(|bytes| bytes == &files[1].bytes()[..8]));
}

fn recovered(place: &Place, reading: &ReaderBuilder) -> Result<Recovered> {
    let output = place.path("recovered.lig");
    drop(std::fs::remove_file(&output));
    recover(&OsFileSystem, &place.archive(), &output, &options(), reading)
}

#[test]
fn recovery_needs_the_model_and_says_so() {
    let nothing = ReaderBuilder::new();
    for embedding in [Embedding::Embed, Embedding::Refer] {
        let place = Place::new();
        let file = model(3);
        let mut options = at(9);
        options.model(file.clone(), embedding);
        let known = knowing(Some(file.clone()), None);
        two_commits(&place, &options, &known);
        let whole = std::fs::read(place.archive()).unwrap();
        // The file header is damaged, then what stands behind it.
        for (at, is_lost) in [(9, false), (FILE_HEADER_LEN + 40, true)] {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            std::fs::write(place.archive(), &bytes).unwrap();
            assert!(Archive::open_in(&OsFileSystem, &place.archive(), &known).is_err());
            let done = recovered(&place, &known).unwrap();
            assert_eq!(!done.losses.is_empty(), is_lost, "{done:?}");
            if !is_lost {
                check(&place.path("recovered.lig"), &known);
                let blind = recovered(&place, &nothing);
                assert_eq!(blind.is_err(), embedding == Embedding::Refer);
            }
        }
    }
}

#[test]
fn no_flipped_bit_in_front_of_the_blocks_goes_unnoticed() {
    let place = Place::new();
    let mut options = at(3);
    options.model(ModelFile::train(&log(3, 20)).unwrap(), Embedding::Embed);
    let nothing = ReaderBuilder::new();
    two_commits(&place, &options, &nothing);
    let whole = std::fs::read(place.archive()).unwrap();
    let begin = usize::try_from(place.open().store.begin).unwrap();
    assert!(begin > FILE_HEADER_LEN + 100);
    for bit in (0..begin * 8).step_by(7) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(place.archive(), &bytes).unwrap();
        assert!(Archive::open(place.archive()).is_err(), "bit {bit}");
    }
}
