//! `lig train`, `--model`, `--model-ref`.

use super::{Place, log};

/// A place with a long log, a short one like it, and a model file of the former.
fn place() -> (Place, Vec<u8>) {
    let place = Place::new();
    let lines = log(1_200);
    let middle = lines.iter().skip(50_000).position(|&byte| byte == b'\n').unwrap() + 50_001;
    let (long, short) = lines.split_at(middle);
    place.write("long.log", long);
    place.write("short.log", short);
    place.lig(["train", "-o", "app.ligm", "long.log"]).code(0).silent();
    (place, short.to_vec())
}

#[test]
fn a_copy_of_the_model_file_comes_along() {
    let (place, short) = place();
    for level in ["-1", "-3", "-7", "-8", "-9"] {
        place.lig([level, "--model", "app.ligm", "-f", "short.log"]).code(0).silent();
        place.lig(["-dc", "short.log.lig"]).code(0).puts(&short);
        place.lig(["-l", "short.log.lig"]).code(0).silent();
        place.lig(["info", "short.log.lig"]).code(0).silent();
        place.lig(["templates", "short.log.lig"]).code(0).silent();
        place.lig(["grep", "-c", "", "short.log.lig"]).code(0).silent();
    }
}

#[test]
fn with_model_ref_the_reader_needs_it_and_is_told() {
    let (place, short) = place();
    let cold = place.lig(["-9", "-c", "short.log"]).code(0).stdout.len();
    let args = ["-9", "--model", "app.ligm", "--model-ref", "--rm", "short.log"];
    place.lig(args).code(0).silent();
    assert!(place.read("short.log.lig").len() < cold);
    let model = place.read("app.ligm");
    let hash = u64::from_le_bytes(*model.last_chunk().unwrap());
    let needs = format!("needs the model file {hash:016x}");
    place.lig(["-dc", "short.log.lig"]).code(1).says(&needs);
    place.lig(["-t", "short.log.lig"]).code(1).says(&needs);
    place.lig(["grep", "x", "short.log.lig"]).code(2).says(&needs);
    place.lig(["-dc", "--model", "app.ligm", "short.log.lig"]).code(0).puts(&short);
    place.lig(["-l", "--model", "app.ligm", "short.log.lig"]).code(0).silent();
    let mut grep = place.command(["grep", "", "short.log.lig"]);
    let ran = super::Ran::from(grep.env("LIG_MODEL", "app.ligm").output().unwrap());
    ran.code(0).puts(&short);
    // Another model file is not taken for it.
    place.lig(["train", "-o", "other.ligm", "--sample", "4K", "long.log"]).code(0);
    place.lig(["-dc", "--model", "other.ligm", "short.log.lig"]).code(1).says(&needs);
}

#[test]
fn an_archive_starts_from_it_and_all_commands_know_it() {
    let (place, short) = place();
    place.write("in/one.log", &short);
    place.lig(["a", "-9", "--model", "app.ligm", "whole.lig", "in"]).code(0);
    place.lig(["a", "-9", "--model", "app.ligm", "--model-ref", "a.lig", "in"]).code(0);
    place.lig(["a", "-9", "cold.lig", "in"]).code(0);
    assert!(place.read("a.lig").len() < place.read("cold.lig").len());
    // What is added later starts from it too; another one is refused.
    place.write("in/two.log", &short[..short.len() / 2 + 7]);
    place.lig(["a", "whole.lig", "in"]).code(0);
    place.lig(["a", "a.lig", "in"]).code(1).says("needs the model file");
    place.lig(["a", "--model", "app.ligm", "a.lig", "in"]).code(0);
    place.lig(["a", "--model", "app.ligm", "cold.lig", "in"]).code(1).says("compact");
    place.lig(["cat", "whole.lig", "in/one.log"]).code(0).puts(&short);
    // Without it, there is what needs no decoding.
    place.lig(["ls", "a.lig"]).code(0).silent().prints("in/two.log");
    place.lig(["verify", "a.lig"]).code(0).silent();
    for words in [
        &["cat", "a.lig", "in/one.log"][..],
        &["verify", "--deep", "a.lig"],
        &["extract", "-C", "out", "a.lig"],
        &["recover", "a.lig", "-o", "r.lig"],
        &["prune", "--keep-within", "1d", "a.lig"],
        &["grep", "job", "a.lig"],
        &["query", "job", "a.lig"],
        &["query", "job | top 3 by (_1)", "a.lig"],
        &["hist", "a.lig"],
        &["top", "a.lig", "_1"],
        &["compact", "a.lig"],
    ] {
        let ran = place.lig(words);
        let is_told = ran.stderr.contains("needs the model file");
        assert!(is_told && ran.code != Some(0), "{words:?}: {ran:?}");
        let mut with: Vec<&str> = words.to_vec();
        with.splice(1..1, ["--model", "app.ligm"]);
        let ran = place.lig(&with);
        assert_eq!(ran.code, Some(0), "{with:?}: {}", ran.stderr);
    }
    assert_eq!(place.read("out/in/one.log"), short);
    // Compacted with --model, it holds a copy.
    place.lig(["cat", "a.lig", "in/one.log"]).code(0).puts(&short);
}

#[test]
fn samples_may_be_packed_and_what_is_no_model_file_is_told() {
    let (place, _) = place();
    place.lig(["long.log"]).code(0);
    place.lig(["train", "-o", "again.ligm", "long.log.lig"]).code(0).silent();
    assert_eq!(place.read("again.ligm"), place.read("app.ligm"));
    place.lig(["train", "-o", "app.ligm", "long.log"]).code(1).says("app.ligm exists (-f");
    place.lig(["train", "-f", "-o", "app.ligm", "short.log"]).code(0);
    assert_ne!(place.read("again.ligm"), place.read("app.ligm"));
    place.lig(["--model", "long.log", "short.log"]).code(1).says("not a model file (lig train");
    place.lig(["--model", "none", "short.log"]).code(1).says("none: ");
    place.lig(["--model-ref", "short.log"]).code(1);
    place.write("empty", "");
    place.lig(["train", "-o", "e.ligm", "empty"]).code(1).says("hold no lines");
    assert!(!place.has("e.ligm"));
    let mut damaged = place.read("app.ligm");
    damaged[60] ^= 1;
    place.write("damaged.ligm", damaged);
    place.lig(["--model", "damaged.ligm", "short.log"]).code(1).says("checksum of a model file");
}
