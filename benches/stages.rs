//! Each stage on its own, over the bundled logs; throughput in raw bytes of the log, whatever the stage works on, so that
//! the stages of one log can be added up. What a change of one stage costs or gains is seen here; what it is worth, in
//! `pipeline`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark that fails has failed; criterion's macros bring functions without docs"
)]

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use lignite::internals::{self, Backend};

const LOGS: [&str; 4] = ["access.log", "access.jsonl", "dpkg.log", "strace.log"];

fn logs() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    LOGS.into_iter().map(|name| {
        let path = format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
        (name, std::fs::read(path).unwrap())
    })
}

fn group<'a>(criterion: &'a mut Criterion, name: &str, log: &[u8]) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(log.len() as u64)).sample_size(10);
    group
}

/// Lines to tokens: one pass over the bytes.
fn tokenize(criterion: &mut Criterion) {
    for (name, log) in logs() {
        let mut group = group(criterion, &format!("tokenize/{name}"), &log);
        group.bench_function("lines", |b| b.iter(|| internals::tokenize_lines(black_box(&log))));
        group.bench_function("values", |b| b.iter(|| internals::tokenize_values(black_box(&log))));
        group.bench_function("times", |b| b.iter(|| internals::find_times(black_box(&log))));
    }
}

/// Tokens to templates, and lines to templates and columns of text. Includes the tokenizing.
fn matching(criterion: &mut Criterion) {
    for (name, log) in logs() {
        let mut group = group(criterion, &format!("match/{name}"), &log);
        group.bench_function("lines", |b| b.iter(|| internals::match_lines(black_box(&log))));
    }
}

/// All that comes before the codecs, at a cheap and at a thorough level.
fn columns(criterion: &mut Criterion) {
    for (name, log) in logs() {
        let mut group = group(criterion, &format!("columns/{name}"), &log);
        for level in [1, 3, 6] {
            group.bench_function(format!("level {level}"), |b| {
                b.iter(|| internals::columns_and_encodings(black_box(&log), level).unwrap());
            });
        }
    }
}

/// Columns of numbers to bytes and back.
fn encodings(criterion: &mut Criterion) {
    for (name, log) in logs() {
        let columns = internals::match_lines(&log).numbers();
        let encoded: Vec<_> = columns.iter().map(|it| internals::encode_integers(it)).collect();
        let mut group = group(criterion, &format!("encodings/{name}"), &log);
        group.bench_function("integers, encode", |b| {
            b.iter(|| {
                columns
                    .iter()
                    .map(|it| internals::encode_integers(black_box(it)))
                    .collect::<Vec<_>>()
            });
        });
        group.bench_function("integers, decode", |b| {
            b.iter(|| encoded.iter().map(|it| black_box(it).decode().unwrap()).collect::<Vec<_>>());
        });
    }
}

/// The text of all columns through each codec.
fn codecs(criterion: &mut Criterion) {
    for (name, log) in logs() {
        let text = internals::match_lines(&log).text();
        let mut group = group(criterion, &format!("codecs/{name}"), &log);
        let backends = [
            ("zstd 1", Backend::Zstd(1)),
            ("zstd 6", Backend::Zstd(6)),
            ("xz 6", Backend::Xz(6)),
            ("ppmd 6", Backend::Ppmd(6)),
        ];
        for (backend_name, backend) in backends {
            group.bench_function(format!("{backend_name}, pack"), |b| {
                b.iter(|| internals::pack(backend, black_box(&text)).unwrap());
            });
            let packed = internals::pack(backend, &text).unwrap();
            group.bench_function(format!("{backend_name}, unpack"), |b| {
                b.iter(|| black_box(&packed).unpack().unwrap());
            });
        }
    }
}

criterion_group!(benches, tokenize, matching, columns, encodings, codecs);
criterion_main!(benches);
