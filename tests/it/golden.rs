//! What a released version wrote, every later one reads. Golden files are added to, never written again.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

use lignite::Reader;

/// Each golden file and the bundled log it was made from.
const GOLDEN: [(&str, &str); 6] = [
    ("v0.2-level1-dpkg.lig", "dpkg.log"),
    ("v0.2-level3-dpkg.lig", "dpkg.log"),
    ("v0.2-level6-dpkg.lig", "dpkg.log"),
    ("v0.2-level7-dpkg.lig", "dpkg.log"),
    ("v0.2-level8-dpkg.lig", "dpkg.log"),
    ("v0.2-level9-dpkg.lig", "dpkg.log"),
];

fn testdata() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

#[test]
fn every_golden_file_decodes_to_its_log() {
    for (golden, log) in GOLDEN {
        let file = fs::File::open(testdata().join("golden").join(golden)).unwrap();
        let mut raw = Vec::new();
        Reader::new(file).unwrap().read_to_end(&mut raw).unwrap();
        assert!(raw == fs::read(testdata().join(log)).unwrap(), "{golden}");
    }
}

#[test]
fn no_golden_file_is_forgotten() {
    let found: BTreeSet<String> = fs::read_dir(testdata().join("golden"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, GOLDEN.map(|(golden, _)| golden.to_owned()).into());
}
