//! Readers beside writers, and files that change under our hands.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

#[test]
fn readers_beside_a_writer_see_committed_states() {
    let place = Place::new();
    let (rounds_min, time_min) =
        if is_full() { (200, Duration::from_secs(10)) } else { (25, Duration::ZERO) };
    place.write("in/0", b"0\n");
    place.lig(["a", "a.lig", "in"]).code(0);
    let path = place.path("a.lig");
    let mut rounds = 0;
    let done = AtomicBool::new(false);
    let reads = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let mut seen = 0;
                while !done.load(Ordering::Relaxed) {
                    let found = contents(&path);
                    // The n-th commit has the files 0 to n, each with its own lines.
                    let count = found.len();
                    assert!(count >= seen, "a reader went back");
                    for number in 1..count {
                        let content = &found[format!("in/{number}").as_bytes()];
                        assert!(*content == log(number, number * 5), "{number}");
                    }
                    seen = count;
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let start = std::time::Instant::now();
        while rounds < rounds_min || start.elapsed() < time_min {
            rounds += 1;
            let number = rounds;
            place.write(format!("in/{number}"), log(number, number * 5));
            place.lig(["a", "-1", "-T", "1", "a.lig", "in"]).code(0).silent();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(place.contents("a.lig").len(), rounds + 1);
    assert!(reads.load(Ordering::Relaxed) > 20);
}

#[test]
fn of_two_writers_one_is_refused_and_nothing_is_lost() {
    let place = Place::new();
    place.write("in/0", b"0\n");
    place.lig(["a", "a.lig", "in"]).code(0);
    let taken: Vec<usize> = std::thread::scope(|scope| {
        let write = |writer: usize| {
            let place = &place;
            move || {
                let mut taken = Vec::new();
                for round in 0..10 {
                    let number = writer * 100 + round;
                    place.write(format!("in{number}/x"), log(number, 20));
                    let ran = place.lig(["a", "-T", "1", "a.lig", &format!("in{number}")]);
                    match ran.code {
                        Some(0) => taken.push(number),
                        _ => drop(ran.code(1).says("locked")),
                    }
                }
                taken
            }
        };
        let writers: Vec<_> = (1..4).map(|writer| scope.spawn(write(writer))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let found = place.contents("a.lig");
    assert_eq!(found.len(), taken.len() + 1);
    for number in taken {
        assert!(found[format!("in{number}/x").as_bytes()] == log(number, 20));
    }
}

#[test]
fn an_archive_that_is_cut_or_replaced_under_a_reader_is_an_error_or_the_old_one() {
    let place = Place::new();
    let whole = log(1, 3000);
    place.write("in/a", &whole);
    place.lig(["a", "--block-size", "16K", "a.lig", "in"]).code(0);
    let path = place.path("a.lig");
    let bytes = fs::read(&path).unwrap();
    for cut in (0..bytes.len()).step_by(bytes.len() / 20) {
        fs::write(&path, &bytes).unwrap();
        let mut archive = Archive::open(&path).unwrap();
        let member = archive.members().iter().find(|member| !member.is_dir).unwrap().clone();
        fs::File::options().write(true).open(&path).unwrap().set_len(cut as u64).unwrap();
        let mut content = Vec::new();
        match archive.reader(&member).read_to_end(&mut content) {
            Ok(_) => assert!(content == whole),
            Err(_) => assert!(whole.starts_with(&content)),
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, &bytes).unwrap();
        let mut archive = Archive::open(&path).unwrap();
        place.write("other", b"other\n");
        fs::rename(place.path("other"), &path).unwrap();
        content.clear();
        archive.reader(&member).read_to_end(&mut content).unwrap();
        assert!(content == whole);
    }
}

#[test]
fn a_file_that_only_its_owner_may_read_stays_so_while_it_is_written() {
    let place = Place::new();
    place.write("in/secret", log(1, 200_000));
    set_mode(&place.path("in/secret"), 0o600);
    place.lig(["a", "a.lig", "in"]).code(0);
    let mut child = place.command(["extract", "a.lig", "-C", "out"]).spawn().unwrap();
    let mut looked = 0;
    while child.try_wait().unwrap().is_none() {
        for entry in fs::read_dir(place.path("out/in")).into_iter().flatten().flatten() {
            if let Ok(metadata) = entry.metadata() {
                assert_eq!(metadata.permissions().mode() & 0o077, 0);
                looked += 1;
            }
        }
    }
    assert!(looked > 0 && child.wait().unwrap().success());
}
