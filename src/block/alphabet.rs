//! Which bytes the values of a column may hold: what the column tree tells of them, without a section being decoded.

use crate::block::tree::{Column, Table};
use crate::column::ByteSet;

impl Column {
    /// The bytes that values may hold. `meta` is the templates section.
    pub(crate) fn alphabet(&self, meta: &[u8]) -> ByteSet {
        match self {
            Self::Constant(value) => ByteSet::of(value.of(meta)),
            // What another column tells may be anything that one holds.
            Self::Text(_) | Self::Predicted { .. } | Self::Modelled => ByteSet::any(),
            Self::Packed { alphabet, .. } => ByteSet::of(alphabet.symbols()),
            Self::Digits { form, .. } => {
                let mut set = ByteSet::of(b"-0123456789");
                set.add(form.letters());
                set
            }
            Self::Time { layouts, .. } => {
                let mut set = ByteSet::of(b"0123456789");
                for layout in layouts {
                    set.add(&layout.letters());
                }
                set
            }
            Self::Dictionary { entries, .. } => entries.alphabet(meta),
            Self::Nested(table) => table.alphabet(meta),
        }
    }
}

impl Table {
    fn alphabet(&self, meta: &[u8]) -> ByteSet {
        let mut set = ByteSet::default();
        for column in &self.columns {
            set.join(column.alphabet(meta));
            if set == ByteSet::any() {
                return set;
            }
        }
        for template in 0..self.templates() {
            for piece in self.pieces_of(template) {
                set.add(piece.of(meta));
            }
        }
        set
    }
}
