//! What a model knows before a block (`docs/MODEL-FORMAT.md`, "Start"): words that logs have in common.

use std::sync::OnceLock;

use crate::column::Strings;
use crate::line::{MARK, MARK_TIME};
use crate::model::Model;
use crate::model::coder::Silent;
use crate::model::column::KEYWORD_TEMPLATES;
use crate::model::memory::Memory;
use crate::model::predictor::Predictor;
use crate::model::rows::Context;
use crate::model::text::{END, Spelled, TEXT_CONTEXTS};

/// Words that logs have in common, in lines like templates: `~` stands for a slot, `^` for that of a time. Part of the format.
const WORDS: &[u8] = include_bytes!("words.txt");

fn words() -> Strings {
    let mut words = Strings::default();
    for line in WORDS.split(|&byte| byte == END).filter(|line| !line.is_empty()) {
        words.push_with(|dst| {
            dst.extend(line.iter().map(|&byte| match byte {
                b'~' => MARK,
                b'^' => MARK_TIME,
                _ => byte,
            }));
        });
    }
    words
}

/// The memory of models for short blocks, which the way through the words would take most of the time of.
const KEPT_BITS: u32 = 16;

/// What the way through the words changes.
#[derive(Debug)]
struct Started {
    memory: Memory,
    text: Predictor,
    span: Predictor,
    spelled: Spelled,
}

/// The start of models with this memory: of the full one, and of the fast one. It follows from the format alone.
static STARTED: [OnceLock<Started>; 2] = [OnceLock::new(), OnceLock::new()];

impl Model {
    /// Goes through the words that logs have in common, as if they had been decoded.
    pub(crate) fn start(&mut self) {
        if self.text.contexts() == 0 {
            return;
        }
        if self.memory.bits() != KEPT_BITS {
            return self.go_through_words();
        }
        let [full, fast] = &STARTED;
        let kept = if self.text.contexts() == TEXT_CONTEXTS { full } else { fast };
        if let Some(started) = kept.get() {
            self.memory.clone_from(&started.memory);
            self.text.clone_from(&started.text);
            self.span.clone_from(&started.span);
            self.spelled.clone_from(&started.spelled);
            return;
        }
        self.go_through_words();
        kept.get_or_init(|| Started {
            memory: self.memory.clone(),
            text: self.text.clone(),
            span: self.span.clone(),
            spelled: self.spelled.clone(),
        });
    }

    fn go_through_words(&mut self) {
        let words = words();
        let context = Context::empty(words.len(), words.len());
        // They do not count as text of the block.
        let letters = std::mem::replace(&mut self.letters, u64::MAX);
        drop(self.text(&mut Silent, Some(&words), (0, KEYWORD_TEMPLATES), &context, words.len()));
        self.letters = letters;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ID_FAST, ID_FULL};
    use crate::wire::checksum;

    #[test]
    fn the_words_are_those_of_the_format() {
        // A change here is a change of the format.
        assert_eq!(checksum::payload(WORDS), 0x0cf9_53d9_387f_71b8);
        assert!(words().len() > 50);
        assert!(words().iter().any(|line| line.contains(&MARK_TIME)));
    }

    #[test]
    fn a_kept_start_is_the_way_through_the_words() {
        for id in [ID_FAST, ID_FULL] {
            let new = || Model::new(id, 16, 1000);
            let mut gone = new();
            gone.go_through_words();
            let expected = format!("{gone:?}");
            assert_ne!(expected, format!("{:?}", new()));
            for _ in 0..3 {
                let mut started = new();
                started.start();
                assert!(format!("{started:?}") == expected, "{id}");
            }
        }
    }
}
