//! Lists, reports, help.

use super::{Place, Ran, log};

#[test]
fn a_list_has_sizes_lines_and_names() {
    let place = Place::new();
    place.write("a.log", log(500));
    place.write("b.log", log(30));
    place.lig(["a.log", "b.log"]).code(0);
    let ran = place.lig(["-l", "a.log.lig", "b.log.lig"]).code(0).silent();
    let text = String::from_utf8(ran.stdout).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 4);
    for column in ["stored", "raw", "ratio", "lines", "blocks", "templates", "time span", "name"] {
        assert!(rows[0].contains(column));
    }
    assert!(rows[1].contains(" 500 ") && rows[1].ends_with("a.log.lig"));
    assert!(rows[3].contains(" 530 ") && rows[3].ends_with("(2 files)"));
}

#[test]
fn a_list_as_json_is_one_object_a_line() {
    let place = Place::new();
    place.write("a.log", log(500));
    place.lig(["a.log"]).code(0);
    let ran = place.lig(["-l", "--json", "a.log.lig", "nofile"]).code(3).says("nofile");
    let row: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(row["lines"], 500);
    assert_eq!(row["raw_bytes"], log(500).len());
    assert_eq!(row["stored_bytes"], place.read("a.log.lig").len());
    assert_eq!(row["name"], "a.log.lig");
    assert_eq!(row["finished"], true);
}

#[test]
fn what_is_not_ours_is_not_listed() {
    let place = Place::new();
    place.write("a.log", log(5));
    place.lig(["-l", "a.log"]).code(1).says("a.log: not a lignite file");
    place.pipe(["-l"], b"").code(1).says("-l needs a file");
    place.lig(["--json", "a.log"]).code(1).says("--list");
}

/// Compares what `lig info` says of the parts of a file with the file. Returns the bytes of that.
fn adds_up(place: &Place) -> u64 {
    let ran = place.lig(["info", "--json", "a.log.lig"]).code(0).silent();
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let sum = |list: &str, field: &str| -> u64 {
        let items = report[list].as_array().unwrap();
        items.iter().map(|item| item[field].as_u64().unwrap()).sum()
    };
    let columns = sum("columns", "stored_bytes");
    let all = columns + report["template_table_bytes"].as_u64().unwrap();
    // Behind the point, a byte for each column at most; the rest is headers.
    let stored = report["stored_bytes"].as_u64().unwrap();
    assert!(all < stored && stored < all + 400, "{report}");
    let templates = sum("templates", "modelled_bytes");
    assert!(templates > 0 && templates <= columns, "{report}");
    stored
}

#[test]
fn what_repeated_lines_cost_is_among_what_a_model_spends() {
    let place = Place::new();
    let log = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/dpkg.log");
    let log = std::fs::read(log).unwrap();
    let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').take(150).collect();
    let mut seed = 7u32;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    let mut repeated = Vec::new();
    for _ in 0..1500 {
        let start = random(140);
        lines[start..start + 3 + random(8)]
            .iter()
            .for_each(|line| repeated.extend_from_slice(line));
    }
    place.write("a.log", &repeated);
    place.lig(["-9", "a.log"]).code(0);
    assert!(adds_up(&place) > 2000, "the runs are more than what a sum may lack");
}

#[test]
fn what_a_model_spends_adds_up_to_the_file() {
    let place = Place::new();
    // What real software wrote: a model is for that.
    let log = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/dpkg.log");
    place.write("a.log", &std::fs::read(log).unwrap()[..20_000]);
    place.lig(["-9", "a.log"]).code(0);
    let stored = adds_up(&place);
    let ran = place.lig(["info", "--model-stats", "a.log.lig"]).code(0).silent();
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.contains(" bits a line") && text.contains("bits/value"), "{text}");
    assert!(text.contains("status half-configured") || text.contains("status <*>"), "{text}");
    assert!(text.contains("level 9 saves ") && text.contains(" a second\n"), "{text}");
    let ran = place.lig(["info", "--model-stats", "--json", "a.log.lig"]).code(0).silent();
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let found = &report["against_level_7"];
    assert_eq!((&found["level"], &found["stored_bytes"]), (&9.into(), &stored.into()));
    let without = place.lig(["-7c", "a.log"]).code(0).stdout.len();
    assert_eq!(found["level_7_stored_bytes"], without);
    assert!(found["write_seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn info_says_what_takes_the_space() {
    let place = Place::new();
    place.write("a.log", log(500));
    place.lig(["a.log"]).code(0);
    let ran = place.lig(["info", "a.log.lig"]).code(0).silent();
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.starts_with("a.log.lig: ") && text.contains("500 lines"), "{text}");
    assert!(text.contains("INFO worker[<*>]: job <*> took <*> ms"), "{text}");
    let ran = place.lig(["info", "--json", "a.log.lig"]).code(0).silent();
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["lines"], 500);
    assert!(report["columns"].is_array() && report["templates"].is_array());
    let ran = place.lig(["info", "--model-stats", "a.log.lig"]).code(0).silent();
    assert!(String::from_utf8(ran.stdout).unwrap().contains("no block is coded by a model"));
    place.lig(["info", "nofile", "a.log.lig"]).code(3).says("nofile: no such file");
    place.lig(["info"]).code(1).says("see --help");
}

#[test]
fn help_version_and_generated_pages_go_to_standard_output() {
    let place = Place::new();
    let text = |args: &[&str]| {
        let Ran { stdout, .. } = place.lig(args).code(0).silent();
        String::from_utf8(stdout).unwrap()
    };
    assert_eq!(text(&["-V"]), format!("lig {}\n", env!("CARGO_PKG_VERSION")));
    assert!(text(&["--help"]).contains("Exit codes"));
    assert!(text(&["-h"]).contains("--decompress"));
    assert!(text(&["info", "--help"]).contains("lig info"));
    assert!(text(&["--generate", "man"]).contains(".TH lig 1"));
    for (shell, mark) in [
        ("complete-bash", "complete -F"),
        ("complete-zsh", "#compdef lig"),
        ("complete-fish", "complete -c lig"),
        ("complete-powershell", "Register-ArgumentCompleter"),
    ] {
        assert!(text(&["--generate", shell]).contains(mark), "{shell}");
    }
}

fn keys(value: &serde_json::Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// The names of fields stay; the man page has them all.
#[test]
fn json_has_the_fields_of_the_man_page() {
    let place = Place::new();
    place.write("a.log", log(500));
    place.lig(["a.log"]).code(0);
    let man = place.lig(["--generate", "man"]).code(0).stdout;
    let man = String::from_utf8(man).unwrap().replace("\\-", "-");
    let list = place.lig(["-l", "--json", "a.log.lig"]).code(0).stdout;
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let expected = [
        "blocks",
        "finished",
        "lines",
        "name",
        "raw_bytes",
        "stored_bytes",
        "templates",
        "time_range",
    ];
    assert_eq!(keys(&list), expected);
    let range: Vec<i64> = serde_json::from_value(list["time_range"].clone()).unwrap();
    let start = 1_795_478_400_000_000_000;
    assert_eq!(range, [start, start + 499_000_000_000], "2026-11-24 00:00:00 to 00:08:19");
    let info = place.lig(["info", "--json", "a.log.lig"]).code(0).stdout;
    let info: serde_json::Value = serde_json::from_slice(&info).unwrap();
    for field in keys(&list).into_iter().chain(keys(&info)).chain(keys(&info["columns"][0])) {
        assert!(man.contains(field), "the man page has no {field}");
    }
    for field in ["blocks", "columns", "lines", "name", "raw_bytes", "stored_bytes"] {
        assert!(keys(&info).contains(&field), "no {field}");
    }
}

#[test]
fn a_list_has_the_span_of_time() {
    let place = Place::new();
    place.write("a.log", log(500));
    place.write("b.log", "no time here\n");
    place.lig(["a.log", "b.log"]).code(0);
    let text = place.lig(["-l", "a.log.lig", "b.log.lig"]).code(0).stdout;
    let text = String::from_utf8(text).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[1].contains("2026-11-24 00:00:00 - 2026-11-24 00:08:19"), "{text}");
    assert!(rows[2].contains("  -  "), "{text}");
    assert!(rows[3].contains("2026-11-24 00:00:00 - 2026-11-24 00:08:19"), "{text}");
}
