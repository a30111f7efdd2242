//! Memory is bounded whatever comes in, and `--memory` is kept to. Needs GNU time; says so where it is missing.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use super::{Place, log};

/// Feeds `lig` from a pipe and returns its peak of memory in bytes, with what it wrote. `None` without GNU time.
fn peak(
    place: &Place,
    args: &[&str],
    feed: impl FnOnce(&mut dyn Write) + Send,
) -> Option<(u64, Vec<u8>)> {
    let mut time = Command::new("/usr/bin/time");
    time.args(["-f", "%M", "-o", "peak", env!("CARGO_BIN_EXE_lig")]).args(args);
    time.current_dir(place.dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = time.spawn() else {
        eprintln!("SKIPPED: no GNU time to measure memory with");
        return None;
    };
    let (mut stdin, mut stdout) = (child.stdin.take()?, child.stdout.take()?);
    let mut out = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || feed(&mut stdin));
        stdout.read_to_end(&mut out).unwrap();
    });
    assert!(child.wait().unwrap().success(), "{args:?}");
    let text = String::from_utf8(place.read("peak")).unwrap();
    Some((text.trim().parse::<u64>().unwrap() * 1024, out))
}

const MB: u64 = 1_000_000;

/// Writes an input.
type Feed<'a> = dyn Fn(&mut dyn Write) + Sync + 'a;

/// Lines of which no two are alike.
fn different(lines: u64, sink: &mut dyn Write) {
    let mut seed = 1_u64;
    for _ in 0..lines {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (a, b, c) = (seed >> 40, seed >> 12 & 0xffff, seed & 0xfff);
        writeln!(sink, "{a:x} w{b:o} {c}-{a} q{b:x}/{c:b}").unwrap();
    }
}

#[test]
fn memory_does_not_grow_with_the_input() {
    if cfg!(debug_assertions) {
        return;
    }
    let place = Place::new();
    let piece = log(100_000);
    let (spaces, zeros) = (vec![b' '; 1_000_000], vec![0; 1_000_000]);
    let inputs: [(&str, &Feed<'_>); 4] = [
        ("a log", &|sink| (0..6).for_each(|_| sink.write_all(&piece).unwrap())),
        ("a line", &|sink| (0..50).for_each(|_| sink.write_all(&spaces).unwrap())),
        ("different lines", &|sink| different(900_000, sink)),
        ("zeros", &|sink| (0..150).for_each(|_| sink.write_all(&zeros).unwrap())),
    ];
    for (name, feed) in inputs {
        let Some((compress, packed)) = peak(&place, &["-3", "-T1", "-c"], feed) else { return };
        assert!(compress <= 256 * MB, "{name}: {compress} bytes to compress");
        let unpack = |sink: &mut dyn Write| sink.write_all(&packed).unwrap();
        let Some((decompress, _)) = peak(&place, &["-dc"], unpack) else { return };
        assert!(decompress <= 128 * MB, "{name}: {decompress} bytes to decompress");
    }
}

#[test]
fn an_allowance_of_memory_is_kept_to() {
    if cfg!(debug_assertions) {
        return;
    }
    let place = Place::new();
    let piece = log(100_000);
    let feed = |sink: &mut dyn Write| (0..9).for_each(|_| sink.write_all(&piece).unwrap());
    let Some((_, one)) = peak(&place, &["-c", "-T1"], feed) else { return };
    for (allowed, args) in [(200, "-T4"), (420, "-T4")] {
        let memory = format!("--memory={allowed}MB");
        let Some((taken, packed)) = peak(&place, &["-c", args, &memory], feed) else { return };
        assert!(taken <= allowed * MB, "{taken} bytes, {allowed} MB were allowed");
        assert!(packed == one, "other bytes");
    }
    let unpack = |sink: &mut dyn Write| sink.write_all(&one).unwrap();
    let Some((taken, _)) = peak(&place, &["-dc", "--memory=100MB"], unpack) else { return };
    assert!(taken <= 100 * MB, "{taken} bytes, 100 MB were allowed");
    place.pipe(["-dc", "--memory=60MB"], &one).code(1).says("allowed are 60 MB (--memory)");
}
