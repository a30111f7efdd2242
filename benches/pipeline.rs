//! The whole way, each level, over the bundled access log: what a change costs or gains in speed.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that fails has failed; criterion's macros bring functions without docs"
)]

use std::hint::black_box;
use std::io::{Read, Write};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn compress(log: &[u8], level: u8) -> Vec<u8> {
    let mut builder = lignite::WriterBuilder::new();
    builder.level(level).unwrap();
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(log).unwrap();
    wtr.finish().unwrap().0
}

fn pipeline(criterion: &mut Criterion) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/access.log");
    let log = std::fs::read(path).unwrap();
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Bytes(log.len() as u64)).sample_size(10);
    for level in 1..=7_u8 {
        group.bench_with_input(BenchmarkId::new("compress", level), &level, |bencher, &level| {
            bencher.iter(|| compress(black_box(&log), level));
        });
        let file = compress(&log, level);
        group.bench_with_input(BenchmarkId::new("decompress", level), &file, |bencher, file| {
            bencher.iter(|| {
                let mut back = Vec::with_capacity(log.len());
                lignite::Reader::new(black_box(&file[..])).unwrap().read_to_end(&mut back).unwrap();
                back
            });
        });
    }
    group.finish();
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
