//! What the compiler does not check about the shape of the code: the floors of `docs/ARCHITECTURE.md`, the length of
//! files and functions, and no leftovers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below `src`: the path relative to it, and the text.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, src: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, src, found);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let name = path.strip_prefix(src).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let src = root().join("src");
    let mut found = Vec::new();
    walk(&src, &src, &mut found);
    found.sort();
    assert!(found.len() > 10, "the sources were not found");
    found
}

/// The floor table of `docs/ARCHITECTURE.md`: module → floor.
fn floors() -> BTreeMap<String, u32> {
    let page = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let mut floors = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let Ok(floor) = cells[1].parse::<u32>() else { continue };
        for module in cells[2].split(',') {
            let name = module.trim().trim_matches('`').to_owned();
            assert!(floors.insert(name.clone(), floor).is_none(), "`{name}` stands twice");
        }
    }
    assert!(floors.len() > 10, "the floor table was not found");
    floors
}

fn module_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The part of a line before a `//` comment. A `//` in a string cuts too much, which is harmless here.
fn code(line: &str) -> &str {
    line.find("//").map_or(line, |at| &line[..at])
}

/// The modules that a text names behind `crate::`, those in one level of braces included.
fn uses(text: &str) -> Vec<String> {
    let text: String = text.lines().map(|line| code(line).to_owned() + "\n").collect();
    let mut found = Vec::new();
    for (at, path) in text.match_indices("crate::") {
        let rest = &text[at + path.len()..];
        let group = rest.strip_prefix('{').and_then(|inner| inner.split('}').next());
        for item in group.map_or_else(|| vec![rest], |inner| inner.split(',').collect()) {
            let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let name: String = item.trim_start().chars().take_while(|&c| is_name(c)).collect();
            if !name.is_empty() {
                found.push(name);
            }
        }
    }
    found
}

#[test]
fn modules_use_lower_floors_only() {
    let floors = floors();
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let module = module_of(&file);
        // The binary is a crate of its own: its `crate::` is not ours.
        if module == "lib" || module == "bin" {
            continue;
        }
        let Some(floor) = floors.get(module) else {
            broken.push(format!("`{module}` has no floor in docs/ARCHITECTURE.md"));
            continue;
        };
        for used in uses(&text) {
            match floors.get(&used) {
                _ if used == module => {}
                Some(lower) if lower < floor => {}
                Some(_) => broken.push(format!("{file}: `{module}` may not use `{used}`")),
                None => broken.push(format!("{file}: `{used}` has no floor")),
            }
        }
    }
    broken.dedup();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_scan_sees_paths_and_groups() {
    let text = "use crate::wire::Cursor; // crate::reader\nlet x = crate::codec::Y;\nuse crate::{block, line::Z};";
    assert_eq!(uses(text), ["wire", "codec", "block", "line"]);
}

#[test]
fn no_path_climbs_two_levels() {
    for (file, text) in sources() {
        assert!(!text.contains("super::super"), "{file}: say `crate::…` instead of `super::super`");
    }
}

#[test]
fn files_are_short() {
    for (file, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "{file}: {lines} lines, {FILE_LINES_MAX} are allowed");
    }
}

/// The functions of a formatted file that are too long. rustfmt puts the closing brace of an item below its first
/// letter, so the indent finds it; braces in strings cannot mislead.
fn long_functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let starts = |word: &str| line.trim_start().starts_with(word);
        let is_function =
            starts("fn ") || (starts("pub") || starts("const ")) && line.contains(" fn ");
        if !is_function || line.ends_with('}') || line.ends_with(';') {
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let Some(len) = lines[start..].iter().position(|&end| end == close) else { continue };
        if len + 1 > FUNCTION_LINES_MAX {
            found.push((start + 1, len + 1));
        }
    }
    found
}

#[test]
fn functions_are_short() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        for (line, len) in long_functions(&text) {
            broken
                .push(format!("src/{file}:{line}: {len} lines, {FUNCTION_LINES_MAX} are allowed"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_measure_sees_a_long_function() {
    let long =
        format!("impl X {{\n    pub(crate) fn f() {{\n{}    }}\n}}\n", "        g();\n".repeat(69));
    assert_eq!(long_functions(&long), [(2, 71)]);
    assert_eq!(long_functions(&long.replacen("        g();\n", "", 1)), []);
}

#[test]
fn nothing_is_left_to_do_in_the_sources() {
    for (file, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            for word in ["TODO", "FIXME", "XXX"] {
                assert!(!line.contains(word), "src/{file}:{}: {word}", number + 1);
            }
        }
    }
}

#[test]
fn files_are_reached_through_the_file_trait_only() {
    // The implementations, and tests, which look at what came of it.
    let exempt = |name: &str| {
        ["vfs/os.rs", "vfs/path_directory.rs"].contains(&name)
            || name.ends_with("/faults.rs")
            || name.ends_with("/tests.rs")
            || name.contains("/tests/")
    };
    let around = [
        "std::fs",
        "File::open",
        "File::create",
        "OpenOptions",
        "io::stdin().read",
        "io::stdin().lock",
    ];
    for (name, text) in sources().iter().filter(|(name, _)| !exempt(name)) {
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for (number, line) in (1..).zip(code.lines()) {
            let is_type = ["use std::fs::File;", "use std::fs::{FileType, Metadata};"];
            if line.trim_start().starts_with("//") || is_type.contains(&line) {
                continue;
            }
            let calls = |call: &&&str| {
                let mut places = line.match_indices(**call).map(|(at, _)| at);
                places.any(|at| !line[..at].ends_with(|c: char| c.is_alphanumeric()))
            };
            let found = around.iter().find(calls);
            assert!(found.is_none(), "{name}:{number}: {found:?} goes around the file trait");
        }
    }
}

/// Floating point differs between machines and compilers; where bytes are decided, there is none.
#[test]
fn no_floating_point_decides_about_bytes() {
    let decides =
        |name: &str| !["bin/", "query", "integrations"].iter().any(|at| name.starts_with(at));
    for (name, text) in sources().iter().filter(|(name, _)| decides(name)) {
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for (number, line) in (1..).zip(code.lines()) {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            assert!(!words.any(|word| word == "f32" || word == "f64"), "{name}:{number}: a float");
        }
    }
}
