//! Tests of values.

use std::cmp::Ordering;

use crate::error::Result;
use crate::fields::Quantity;
use crate::predicate::literal::Literal;
use crate::predicate::{Case, MatchExtent, Pattern, PatternBuilder};

/// A test of the value of a field.
#[derive(Clone, Debug)]
pub struct FieldTest(pub(crate) Test);

#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// There is a value, and it is not empty.
    Any,
    /// The value is this.
    Equals(Vec<u8>),
    /// The value is one of these.
    OneOf(Vec<Vec<u8>>),
    /// The value starts with this.
    Starts(Vec<u8>),
    /// A part of the value matches.
    Matches(Pattern),
    /// The value is less than, equal to, or greater than the operand in one of these ways.
    Compares(Vec<Ordering>, Operand),
}

/// What values are compared with: as a number if it is one, else byte by byte.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    text: Vec<u8>,
    quantity: Option<Quantity>,
}

impl FieldTest {
    /// There is a value, and it is not empty.
    pub fn any() -> Self {
        Self(Test::Any)
    }

    /// The value is `text`.
    pub fn equals(text: &[u8]) -> Self {
        Self(Test::Equals(text.to_vec()))
    }

    /// The value is one of these.
    pub fn one_of(texts: Vec<Vec<u8>>) -> Self {
        Self(Test::OneOf(texts))
    }

    /// The value starts with `text`.
    pub fn starts_with(text: &[u8]) -> Self {
        Self(Test::Starts(text.to_vec()))
    }

    /// A part of the value matches a pattern.
    pub fn matches(pattern: Pattern) -> Self {
        Self(Test::Matches(pattern))
    }

    /// The value holds `text`, which neither begins nor ends inside a word.
    pub fn has_phrase(text: &[u8], case: Case) -> Result<Self> {
        let mut builder = PatternBuilder::new();
        builder.fixed(true).case(case).extent(MatchExtent::Words);
        Ok(Self(Test::Matches(builder.add_whole(text).build()?)))
    }

    /// The value holds `text`, which does not begin inside a word.
    pub fn has_prefix(text: &[u8], case: Case) -> Result<Self> {
        let mut builder = PatternBuilder::new();
        builder.fixed(true).case(case).extent(MatchExtent::WordStart);
        Ok(Self(Test::Matches(builder.add_whole(text).build()?)))
    }

    /// The value compares with `text` in one of these ways. If `text` is a number, values that are none do not, nor those of
    /// another unit; else bytes are compared.
    pub fn compares(ways: &[Ordering], text: &[u8]) -> Self {
        let operand = Operand { text: text.to_vec(), quantity: Quantity::parse(text) };
        Self(Test::Compares(ways.to_vec(), operand))
    }
}

impl Test {
    /// Whether a value passes. What is missing is empty.
    pub(crate) fn passes(&self, value: &[u8]) -> bool {
        match self {
            Self::Any => !value.is_empty(),
            Self::Equals(text) => value == text,
            Self::OneOf(texts) => texts.iter().any(|text| value == text),
            Self::Starts(text) => value.starts_with(text),
            Self::Matches(pattern) => pattern.is_match(value),
            Self::Compares(ways, operand) => {
                operand.compare(value).is_some_and(|way| ways.contains(&way))
            }
        }
    }

    /// Choices of literals, one of each of which stands in every value that passes.
    pub(crate) fn required(&self) -> Vec<Vec<Literal>> {
        let literal = |text: &[u8]| Literal::new(text, false);
        match self {
            Self::Equals(text) | Self::Starts(text) => vec![vec![literal(text)]],
            Self::OneOf(texts) => vec![texts.iter().map(|text| literal(text)).collect()],
            Self::Matches(pattern) => {
                pattern.required().clauses().iter().map(|clause| clause.literals.clone()).collect()
            }
            Self::Any | Self::Compares(..) => Vec::new(),
        }
    }
}

impl Operand {
    fn compare(&self, value: &[u8]) -> Option<Ordering> {
        let Some(quantity) = self.quantity else {
            return (!value.is_empty()).then(|| value.cmp(&self.text));
        };
        let value = Quantity::parse(value).filter(|value| value.unit == quantity.unit)?;
        Some(value.billionths.cmp(&quantity.billionths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_as_numbers() {
        let over = FieldTest::compares(&[Ordering::Greater], b"9").0;
        assert!(over.passes(b"10") && over.passes(b"9.000000001"));
        assert!(!over.passes(b"9.0") && !over.passes(b"10ms") && !over.passes(b"x"));
        let over = FieldTest::compares(&[Ordering::Greater, Ordering::Equal], b"1.5s").0;
        assert!(over.passes(b"1500ms") && over.passes(b"1m") && !over.passes(b"2000"));
        let before = FieldTest::compares(&[Ordering::Less], b"beta").0;
        assert!(before.passes(b"alpha") && !before.passes(b"beta") && !before.passes(b""));
    }

    #[test]
    fn words_are_whole() {
        let word = FieldTest::has_phrase(b"foo", Case::Sensitive).unwrap().0;
        assert!(word.passes(b"a foo.") && !word.passes(b"food") && !word.passes(b"_foo"));
        let start = FieldTest::has_prefix(b"foo", Case::Insensitive).unwrap().0;
        assert!(start.passes(b"a FOOd") && !start.passes(b"_foo"));
        // A newline in it parts no patterns.
        let two = FieldTest::has_phrase(b"a\nb", Case::Sensitive).unwrap().0;
        assert!(two.passes(b"x a\nb") && !two.passes(b"a"));
    }
}
