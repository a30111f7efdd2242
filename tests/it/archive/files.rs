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
fn a_source_that_changes_while_it_is_read_is_told_and_never_torn() {
    let place = Place::new();
    let lines: Vec<Vec<u8>> = (0..40_000).map(|line| log(line, 1)).collect();
    let path = place.write("in/app.log", lines[..20_000].concat());
    let done = AtomicBool::new(false);
    let rounds = if is_full() { 500 } else { 25 };
    let mut told = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Grows, is cut, and is rotated, again and again.
            for round in 0.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                let mut file = fs::File::options().append(true).create(true).open(&path).unwrap();
                for line in &lines[20_000..20_200] {
                    file.write_all(line).unwrap();
                }
                match round % 3 {
                    0 => file.set_len(lines[0].len() as u64 * 1000).unwrap(),
                    1 => fs::rename(&path, place.path("in/app.log.1")).unwrap(),
                    _ => fs::write(&path, lines[..20_000].concat()).unwrap(),
                }
            }
        });
        for round in 0..rounds {
            let ran = place.lig(["a", "-1", "a.lig", "in"]);
            assert!(matches!(ran.code, Some(0 | 3)), "round {round}: {ran:?}");
            told += usize::from(ran.code == Some(3));
            assert_eq!(ran.code == Some(3), !ran.stderr.is_empty(), "round {round}: {ran:?}");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(told > 0, "no run met a change");
    // What is stored is what was read: lines of the log, the last of them perhaps in part.
    place.lig(["verify", "--deep", "a.lig"]).code(0).silent();
    let known: std::collections::BTreeSet<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    for content in place.contents("a.lig").values() {
        let mut pieces = content.split_inclusive(|&byte| byte == b'\n').rev();
        pieces.next();
        // A writer may cut the file to the middle of a line and write on there.
        let odd = pieces.filter(|line| !known.contains(line)).count();
        assert!(odd <= 5, "{odd} lines were never written");
    }
}

#[test]
fn no_mode_is_wider_than_it_was() {
    let place = Place::new();
    for (name, mode) in
        [("in/a", 0o400), ("in/b", 0o600), ("in/c", 0o644), ("in/d", 0o4755), ("in/e", 0o2777)]
    {
        set_mode(&place.write(name, b"x\n"), mode);
    }
    for mask in ["000", "022", "077"] {
        let lig = env!("CARGO_BIN_EXE_lig");
        let script =
            format!("umask {mask}; {lig} a {mask}.lig in && {lig} extract {mask}.lig -C {mask}");
        let output =
            Command::new("sh").current_dir(place.dir.path()).args(["-c", &script]).output();
        Ran::from(output.unwrap()).code(0).silent();
        for (name, mode) in
            [("in/a", 0o400), ("in/b", 0o600), ("in/c", 0o644), ("in/d", 0o755), ("in/e", 0o777)]
        {
            let found = fs::metadata(place.path(mask).join(name)).unwrap().permissions().mode();
            assert_eq!(found & 0o7777, mode, "{name} under {mask}");
        }
        let archive = fs::metadata(place.path(format!("{mask}.lig"))).unwrap().permissions().mode();
        assert_eq!(archive & 0o077, 0, "members may be private");
    }
}

#[test]
fn a_reader_that_goes_away_ends_each_command_without_a_word() {
    let place = Place::new();
    for number in 0..2000 {
        place.write(format!("in/{number:04}-{}", "n".repeat(100)), log(number, 10));
    }
    place.lig(["a", "a.lig", "in"]).code(0);
    let commands = [
        "cat a.lig",
        "extract -O a.lig",
        "ls a.lig",
        "ls -l a.lig",
        "ls -0 a.lig",
        "ls --json a.lig",
        "a -n new.lig in",
        "a --json new.lig in",
        "prune -n --keep-within 0d a.lig",
        "prune --json --keep-within 0d a.lig",
    ];
    for command in commands {
        for trap in ["", "trap '' PIPE;"] {
            let lig = env!("CARGO_BIN_EXE_lig");
            let script =
                format!("{trap} {{ {lig} {command}; echo $? >code; }} | head -c 1 >/dev/null");
            let output =
                Command::new("sh").current_dir(place.dir.path()).args(["-c", &script]).output();
            Ran::from(output.unwrap()).code(0).silent();
            assert_eq!(
                fs::read_to_string(place.path("code")).unwrap(),
                "141\n",
                "{trap} {command}"
            );
        }
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
