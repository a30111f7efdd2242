//! `lig -dcf` as a universal cat.

use std::io::Write;

use super::{Place, log};

type Pack = fn(&[u8]) -> Vec<u8>;

fn zstd(raw: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(raw, 1).unwrap()
}

fn gzip(raw: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(raw: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

fn lz4(raw: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

fn xz(raw: &[u8]) -> Vec<u8> {
    let mut encoder = xz2::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn anything_else_passes_through() {
    let place = Place::new();
    for raw in [&b"x"[..], b"", b"plain text\n", &[0, 1, 2, 255]] {
        place.pipe(["-dcf"], raw).code(0).silent().puts(raw);
    }
    place.pipe(["-dc"], b"x").code(1).says("standard input: not a lignite file").puts(b"");
}

#[test]
fn other_formats_are_decoded() {
    let place = Place::new();
    let packers: [(&str, Pack); 5] =
        [("gzip", gzip), ("zstd", zstd), ("xz", xz), ("bzip2", bzip2), ("lz4", lz4)];
    for (name, pack) in packers {
        let packed = [pack(&log(900)), pack(&log(100))].concat();
        let raw = [log(900), log(100)].concat();
        place.pipe(["-dcf"], &packed).code(0).silent().puts(&raw);
        place.write("other.lig", &packed);
        place.lig(["-d", "other.lig"]).code(1).says(&format!("looks like {name}"));
    }
}

#[test]
fn mixed_inputs_come_out_in_order() {
    let place = Place::new();
    place.write("a.log", log(10));
    place.write("b.gz", gzip(&log(20)));
    place.lig(["a.log"]).code(0);
    let raw = [log(10), log(20), log(10)].concat();
    place.lig(["-dcf", "a.log.lig", "b.gz", "a.log"]).code(0).puts(&raw);
}

#[cfg(unix)]
#[test]
fn ligcat_is_the_universal_cat_by_name() {
    let place = Place::new();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_lig"), place.path("ligcat")).unwrap();
    let packed = place.pipe([] as [&str; 0], log(30)).code(0).stdout;
    let mut ligcat = super::command(&place.path("ligcat"), place.dir.path(), [] as [&str; 0]);
    super::feed(&mut ligcat, &packed).code(0).silent().puts(&log(30));
    super::feed(&mut ligcat, b"text").code(0).silent().puts(b"text");
}

#[test]
fn our_blocks_behind_a_damaged_start_are_not_passed_through() {
    let place = Place::new();
    let mut packed = place.pipe([] as [&str; 0], log(300)).code(0).stdout;
    packed[0] ^= 0xff;
    place.pipe(["-dcf"], &packed).code(1).says("standard input: ").puts(b"");
    place.pipe(["-dcf"], &packed[1..]).code(1).says("standard input: ").puts(b"");
}

#[test]
fn what_the_other_tools_write_is_decoded() {
    let place = Place::new();
    place.write("app.log", log(900));
    for tool in ["gzip", "zstd", "xz", "bzip2", "lz4"] {
        let source = std::fs::File::open(place.path("app.log")).unwrap();
        let ran = std::process::Command::new(tool).arg("-c").stdin(source).output();
        let Ok(packed) = ran else {
            eprintln!("SKIPPED: {tool} is not installed");
            continue;
        };
        place.pipe(["-dcf"], packed.stdout).code(0).silent().puts(&log(900));
    }
}

#[test]
fn broken_foreign_data_is_a_failure() {
    let place = Place::new();
    let mut packed = gzip(&log(3_000));
    packed.truncate(40);
    let ran = place.pipe(["-dcf"], packed);
    assert!(matches!(ran.code, Some(1 | 3)), "{ran:?}");
}

#[test]
fn our_blocks_anywhere_behind_a_damaged_start_are_refused() {
    let place = Place::new();
    let packed = place.pipe(["--block-size", "64KiB"], log(20_000)).code(0).stdout;
    // The first block is gone as well, and much of what comes before the second is noise.
    let noise: Vec<u8> =
        (0..3_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let damaged = [&noise[..], &packed[packed.len() / 3..]].concat();
    place.write("damaged", &damaged);
    place.lig(["-dcf", "damaged"]).code(1).says("start is damaged (not passed through)").puts(b"");
    place.pipe(["-dcf"], &damaged).code(1).says("not passed through").puts(b"");
    // What starts as text is passed on as it comes, up to there.
    let behind_text = [&log(10_000)[..], &packed[100..]].concat();
    let ran = place.pipe(["-dcf"], &behind_text).code(3).says("passed through up to byte");
    assert!(log(10_000).starts_with(&ran.stdout));
}

#[test]
fn a_whole_file_of_ours_within_foreign_data_is_foreign_data() {
    let place = Place::new();
    let packed = place.pipe(["-3"], log(100)).code(0).stdout;
    let tar = [&[0; 512][..], &packed, &[0; 100], &packed, &[1; 3]].concat();
    place.pipe(["-dcf"], &tar).code(0).silent().puts(&tar);
    place.write("tar", &tar);
    place.lig(["-dcf", "tar"]).code(0).silent().puts(&tar);
}

#[test]
fn text_is_passed_on_as_it_comes() {
    use std::io::Read;
    let place = Place::new();
    let mut child = place
        .command(["-dcf"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&log(3)).unwrap();
    let mut first = vec![0; log(3).len()];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(first, log(3));
    drop(stdin);
    child.wait().unwrap();
}
