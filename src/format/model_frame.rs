//! What a stream is coded with (`docs/FORMAT.md`, "Model frame").

use crate::error::{Result, Section};
use crate::wire::Cursor;

/// A predictor is named.
const PREDICTOR: u8 = 1;

/// What the blocks of a stream are coded with beside the built-in models, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelFrame {
    /// Id and hash of parameters of a predictor.
    pub(crate) predictor: Option<(u32, u64)>,
}

impl ModelFrame {
    /// Appends the payload.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        dst.push(if self.predictor.is_some() { PREDICTOR } else { 0 });
        if let Some((id, parameters)) = self.predictor {
            dst.extend_from_slice(&id.to_le_bytes());
            dst.extend_from_slice(&parameters.to_le_bytes());
        }
    }

    /// Reads a payload, which starts at `offset`.
    pub(crate) fn decode(payload: &[u8], offset: u64) -> Result<Self> {
        let mut cur = Cursor::new(payload, Section::Model, offset);
        let [parts] = cur.array()?;
        if parts != PREDICTOR {
            return Err(cur.corrupt("a model frame names what it has, and nothing unknown"));
        }
        let predictor = Some((cur.u32()?, cur.u64()?));
        if !cur.rest().is_empty() {
            return Err(cur.corrupt("nothing stands behind what a model frame names"));
        }
        Ok(Self { predictor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_no_prefix_does() {
        let frame = ModelFrame { predictor: Some((0x0123_4567, u64::MAX - 5)) };
        let mut payload = Vec::new();
        frame.encode(&mut payload);
        assert_eq!(ModelFrame::decode(&payload, 0).unwrap(), frame);
        for end in 0..payload.len() {
            assert!(ModelFrame::decode(&payload[..end], 0).is_err());
        }
        payload.push(0);
        assert!(ModelFrame::decode(&payload, 0).is_err());
    }
}
