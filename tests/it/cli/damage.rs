//! Damaged, cut and foreign input: what is whole is delivered, what is not is reported.

use super::{Place, log};

/// A stream of several blocks; its last bytes belong to whatever ends it.
fn blocks(place: &Place) -> Vec<u8> {
    place.pipe(["--block-size", "128KiB"], log(20_000)).code(0).stdout
}

#[test]
fn a_good_file_passes_the_test_in_silence() {
    let place = Place::new();
    place.write("app.lig", blocks(&place));
    place.lig(["-t", "app.lig"]).code(0).silent().puts(b"");
    assert_eq!(place.names(), ["app.lig"]);
}

#[test]
fn what_is_whole_in_a_truncated_file_is_delivered() {
    let place = Place::new();
    let mut packed = blocks(&place);
    packed.truncate(packed.len() / 2);
    place.write("app.lig", &packed);
    let ran = place.lig(["-dc", "app.lig"]).code(3).says("lig: app.lig: ");
    assert!(!ran.stdout.is_empty() && log(20_000).starts_with(&ran.stdout));
    place.lig(["-t", "app.lig"]).code(3);
    place.lig(["-qqt", "app.lig"]).code(3).silent();
}

#[test]
fn a_damaged_block_is_skipped_and_the_rest_delivered() {
    let place = Place::new();
    let mut packed = blocks(&place);
    let middle = packed.len() / 2;
    packed[middle] ^= 0x10;
    place.write("app.lig", &packed);
    let ran = place.lig(["-dc", "app.lig"]).code(3).says("lig: app.lig: ");
    assert!(ran.stdout.len() < log(20_000).len());
    assert!(log(20_000).starts_with(&ran.stdout[..100_000]));
    assert!(log(20_000).ends_with(&ran.stdout[ran.stdout.len() - 100_000..]));
    place.lig(["-d", "app.lig"]).code(3);
    assert_eq!(place.read("app"), ran.stdout);
    place.lig(["-d", "-f", "--rm", "app.lig"]).code(1).says("is kept");
}

#[test]
fn nothing_delivered_is_a_failure_that_leaves_no_file() {
    let place = Place::new();
    let mut packed = place.pipe([] as [&str; 0], log(50)).code(0).stdout;
    packed.truncate(packed.len() / 3);
    place.write("app.lig", &packed);
    place.lig(["-d", "app.lig"]).code(1).says("app.lig: ");
    place.lig(["-t", "app.lig"]).code(1);
    assert_eq!(place.names(), ["app.lig"]);
}

#[test]
fn bytes_behind_the_end_are_reported_and_the_data_is_whole() {
    let place = Place::new();
    let mut packed = place.pipe([] as [&str; 0], log(50)).code(0).stdout;
    packed.extend_from_slice(b"garbage");
    place.pipe(["-d"], packed).code(3).puts(&log(50));
}
