//! An archive with a few bytes changed, with checksums that fit again or not: an error, or a state that was committed. Never a
//! panic, more memory than the limits allow, or, where checksums were left alone, a content that never was.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lignite::{Archive, Depth, Subset};
use lignite_fuzz::{Contents, MemoryFileSystem, NAME, archive, contents, edit, reading, reseal};

static ARCHIVE: LazyLock<(Vec<u8>, Contents)> = LazyLock::new(archive);

fuzz_target!(|input: &[u8]| {
    let Some((&first, edits)) = input.split_first() else { return };
    let (bytes, original) = &*ARCHIVE;
    // Also any bytes at all.
    let mut file = if first == 255 { edits.to_vec() } else { bytes.clone() };
    let is_sealed = first % 2 == 1;
    if first != 255 {
        edit(&mut file, edits);
    }
    if is_sealed {
        reseal(&mut file);
    }
    let system = MemoryFileSystem::default();
    system.write(NAME, &file);
    let Ok(mut opened) = Archive::open_in(&system, Path::new(NAME), &reading()) else { return };
    let found = contents(&mut opened);
    let verified = opened.verify(Depth::Decoded, Subset::default());
    if is_sealed || first == 255 {
        return;
    }
    for (name, content) in &found {
        let known = original.get(name).is_some_and(|own| own.starts_with(content));
        assert!(known, "a content that never was");
    }
    let is_whole = verified.is_ok_and(|verified| verified.faults.is_empty());
    let is_newest = opened.trailing() == lignite::Trailing::None && opened.commits() == 2;
    assert!(!(is_whole && is_newest) || found == *original, "something is lost and nobody said so");
});
