//! A block's statistics, readable without its payload (`docs/FORMAT.md`, "Statistics").

use crate::error::Result;
use crate::wire::{Cursor, varint};

/// What is known of a block without decoding it. A missing statistic never rules a block out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockStats {
    /// Number of templates, those of nested columns left out.
    pub(crate) templates: u32,
    /// First and last printed time, in ticks of a nanosecond since 1970-01-01 without regard to zone; year 1970 where
    /// the log prints none. `None` where no line has one.
    pub(crate) time_range: Option<(i64, i64)>,
    /// Bit `n` set: a line may have severity `n` of the table in the chapter; 0: unknown.
    pub(crate) levels: u16,
}

impl BlockStats {
    /// Appends the statistics.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        varint::put(dst, self.templates.into());
        varint::put(dst, self.levels.into());
        dst.push(u8::from(self.time_range.is_some()));
        if let Some((first, last)) = self.time_range {
            varint::put(dst, varint::zigzag(first));
            varint::put(dst, varint::zigzag(last));
        }
    }

    /// Reads the statistics.
    pub(crate) fn decode(cur: &mut Cursor<'_>) -> Result<Self> {
        let rule = "statistics are in their ranges";
        let templates = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(rule))?;
        let levels = u16::try_from(cur.varint()?).map_err(|_| cur.corrupt(rule))?;
        let time_range = match cur.u8()? {
            0 => None,
            1 => Some((varint::unzigzag(cur.varint()?), varint::unzigzag(cur.varint()?))),
            _ => return Err(cur.corrupt(rule)),
        };
        Ok(Self { templates, time_range, levels })
    }
}
