//! Rows of bytes, side by side in one buffer: the lines of a block, or the values of a column.

use crate::column::Strings;

/// Rows, as places in the buffer that holds them all.
#[derive(Clone, Debug)]
pub(crate) struct Rows<'a> {
    bytes: &'a [u8],
    ends: std::borrow::Cow<'a, [u32]>,
    /// Bytes between a row and the next.
    gap: u32,
}

impl<'a> Rows<'a> {
    /// Lines that are parted by newlines; `None` holds no line, an empty text one.
    pub(crate) fn lines(text: Option<&'a [u8]>) -> Self {
        let bytes = text.unwrap_or_default();
        // A block is shorter than 2^32 bytes.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let mut ends: Vec<u32> = memchr::memchr_iter(b'\n', bytes).map(place).collect();
        ends.extend(text.map(|text| place(text.len())));
        Self { bytes, ends: ends.into(), gap: 1 }
    }

    /// The values of a column.
    pub(crate) fn values(values: &'a Strings) -> Self {
        Self { bytes: values.bytes(), ends: values.ends().into(), gap: 0 }
    }

    /// The first rows that have no more than `bytes` bytes together; one at least.
    pub(crate) fn head(&self, bytes: usize) -> Rows<'a> {
        let count = self.ends.partition_point(|&end| end as usize <= bytes).max(1);
        let ends: Vec<u32> = self.ends.iter().copied().take(count).collect();
        let end = ends.last().map_or(0, |&end| end as usize);
        let bytes = self.bytes.get(..end).unwrap_or_default();
        Rows { bytes, ends: ends.into(), gap: self.gap }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The buffer that the rows are in.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Start and end of each row.
    pub(crate) fn places(&self) -> impl Iterator<Item = (usize, usize)> + Clone + '_ {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let row = (start as usize, end as usize);
            start = end + self.gap;
            row
        })
    }

    /// The rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + Clone + '_ {
        let bytes = self.bytes;
        self.places().map(move |(start, end)| bytes.get(start..end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_parted_by_newlines() {
        let rows = |text| Rows::lines(text).iter().map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert!(rows(None).is_empty());
        assert_eq!(rows(Some(b"")), [b""]);
        assert_eq!(rows(Some(b"a\n\nbc")), [&b"a"[..], b"", b"bc"]);
    }
}
