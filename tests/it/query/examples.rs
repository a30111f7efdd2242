//! The examples of `docs/QUERY.md`, run as they stand there.

use std::path::Path;
use std::process::Command;

#[test]
fn the_examples_of_the_page_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/QUERY.md")).unwrap();
    let mut run = 0;
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for example in block.split("$ ").filter(|example| !example.is_empty()) {
            let (command, expected) = example.split_once('\n').unwrap();
            let words = command.strip_prefix("lig ").unwrap();
            let lig = env!("CARGO_BIN_EXE_lig");
            let output = Command::new("sh")
                .args(["-c", &format!("'{lig}' {words}")])
                .current_dir(root)
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{command}");
            run += 1;
        }
    }
    assert!(run >= 8, "{run} examples");
}
