//! Recovery from an archive with a few bytes changed: every line that comes back was there, and what comes out is an archive
//! that holds.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lignite::{Archive, Depth, Subset, recover};
use lignite_fuzz::{Contents, MemoryFileSystem, NAME, archive, contents, edit, options, reading, reseal};

static ARCHIVE: LazyLock<(Vec<u8>, Contents)> = LazyLock::new(archive);

fuzz_target!(|input: &[u8]| {
    let Some((&first, edits)) = input.split_first() else { return };
    let (bytes, original) = &*ARCHIVE;
    let mut file = bytes.clone();
    edit(&mut file, edits);
    let is_sealed = first % 2 == 1;
    if is_sealed {
        reseal(&mut file);
    }
    let system = MemoryFileSystem::default();
    system.write(NAME, &file);
    let output = Path::new("r.lig");
    if recover(&system, Path::new(NAME), output, &options(), &reading()).is_err() {
        return;
    }
    let mut opened = Archive::open_in(&system, output, &reading()).expect("it was written right now");
    let verified = opened.verify(Depth::Decoded, Subset::default()).expect("memory can be read");
    assert!(verified.faults.is_empty(), "what was recovered does not hold");
    if is_sealed {
        return;
    }
    for (name, content) in contents(&mut opened) {
        let own = original.get(&name).expect("a member that never was");
        let mut lines = own.split_inclusive(|&byte| byte == b'\n');
        for line in content.split_inclusive(|&byte| byte == b'\n') {
            assert!(lines.any(|own| own == line), "a line that never was");
        }
    }
});
