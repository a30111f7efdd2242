//! The smallest parts of a query: blanks, marks, words, quoted text.

use winnow::prelude::*;
use winnow::stream::Location as _;
use winnow::token::{literal, take_while};

use super::{Input, Parsed, fail, fail_at, rest};

/// A word, or what stood between quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) is_quoted: bool,
    /// Where it starts.
    pub(super) at: usize,
}

pub(super) fn blanks(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., char::is_whitespace).void().parse_next(input)
}

/// Takes a mark if it comes next.
pub(super) fn took(input: &mut Input<'_>, mark: &'static str) -> Parsed<bool> {
    if !rest(input).starts_with(mark) {
        return Ok(false);
    }
    literal(mark).value(true).parse_next(input)
}

/// Takes a mark and the blanks around it if it comes next.
pub(super) fn took_apart(input: &mut Input<'_>, mark: &'static str) -> Parsed<bool> {
    blanks(input)?;
    let taken = took(input, mark)?;
    if taken {
        blanks(input)?;
    }
    Ok(taken)
}

pub(super) fn need(input: &mut Input<'_>, mark: &'static str) -> Parsed<()> {
    if took_apart(input, mark)? { Ok(()) } else { fail(input, format!("`{mark}`")) }
}

/// Whether a word stands for itself at the start of a text, in any case of letters.
pub(super) fn starts_with_word(text: &str, word: &str) -> bool {
    let Some((start, behind)) = text.split_at_checked(word.len()) else { return false };
    start.eq_ignore_ascii_case(word) && !behind.starts_with(|c| is_word(c) || c == ':')
}

/// Takes a word of the language if it comes next.
pub(super) fn took_word(input: &mut Input<'_>, word: &str) -> Parsed<bool> {
    blanks(input)?;
    let found = starts_with_word(rest(input), word);
    if found {
        input.next_slice(word.len());
    }
    Ok(found)
}

pub(super) fn is_word(c: char) -> bool {
    !c.is_whitespace() && !"()[]{}|,:\"'`=<>!~*".contains(c)
}

/// Takes a word or quoted text; says what is `expected` where there is none.
pub(super) fn text(input: &mut Input<'_>, expected: &str) -> Parsed<Word> {
    text_of(input, is_word, expected)
}

/// The same, where a word is made of other characters.
pub(super) fn text_of(
    input: &mut Input<'_>,
    is_part: fn(char) -> bool,
    expected: &str,
) -> Parsed<Word> {
    let at = input.current_token_start();
    if rest(input).starts_with(['"', '\'', '`']) {
        return Ok(Word { text: quoted(input)?, is_quoted: true, at });
    }
    let word: &str = take_while(0.., is_part).parse_next(input)?;
    if word.is_empty() {
        return fail(input, expected);
    }
    Ok(Word { text: word.to_owned(), is_quoted: false, at })
}

/// Takes quoted text. Between double quotes, a backslash escapes.
fn quoted(input: &mut Input<'_>) -> Parsed<String> {
    let at = input.current_token_start();
    let mut chars = rest(input).char_indices();
    let Some((_, quote)) = chars.next() else { return fail(input, "a quote") };
    let mut text = String::new();
    while let Some((place, c)) = chars.next() {
        match c {
            c if c == quote => {
                input.next_slice(place + 1);
                return Ok(text);
            }
            '\\' if quote == '"' => match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, c @ ('"' | '\\'))) => text.push(c),
                // What is escaped for a regular expression stays escaped.
                Some((_, c)) => text.extend(['\\', c]),
                None => break,
            },
            c => text.push(c),
        }
    }
    fail_at(at, format!("{quote} behind this one"))
}

/// Takes a whole number.
pub(super) fn number(input: &mut Input<'_>) -> Parsed<u64> {
    blanks(input)?;
    let at = input.current_token_start();
    let digits: &str = take_while(0.., |c: char| c.is_ascii_digit()).parse_next(input)?;
    let ends = !rest(input).starts_with(is_word);
    match digits.parse() {
        Ok(number) if ends => Ok(number),
        _ => fail_at(at, "a whole number"),
    }
}
