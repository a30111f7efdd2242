//! What a stream is coded with (`docs/FORMAT.md`, "Model frame").

use crate::error::{Result, Section};
use crate::wire::Cursor;

/// A predictor is named; a model file is named; a model file stands here.
const PREDICTOR: u8 = 1;
const NAMED: u8 = 2;
const EMBEDDED: u8 = 4;

/// What the blocks of a stream are coded with beside the built-in models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelFrame {
    /// Id and hash of parameters of a predictor.
    pub(crate) predictor: Option<(u32, u64)>,
    pub(crate) file: Option<FileFrame>,
}

/// A model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileFrame {
    /// By its hash.
    Named(u64),
    /// Itself.
    Embedded(Vec<u8>),
}

impl ModelFrame {
    /// Appends the payload.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        let file = match self.file {
            None => 0,
            Some(FileFrame::Named(_)) => NAMED,
            Some(FileFrame::Embedded(_)) => EMBEDDED,
        };
        dst.push(file | if self.predictor.is_some() { PREDICTOR } else { 0 });
        if let Some((id, parameters)) = self.predictor {
            dst.extend_from_slice(&id.to_le_bytes());
            dst.extend_from_slice(&parameters.to_le_bytes());
        }
        match &self.file {
            None => {}
            Some(FileFrame::Named(hash)) => dst.extend_from_slice(&hash.to_le_bytes()),
            Some(FileFrame::Embedded(bytes)) => dst.extend_from_slice(bytes),
        }
    }

    /// Reads a payload, which starts at `offset`.
    pub(crate) fn decode(payload: &[u8], offset: u64) -> Result<Self> {
        let mut cur = Cursor::new(payload, Section::Model, offset);
        let [parts] = cur.array()?;
        let file = parts & !PREDICTOR;
        if parts == 0 || ![0, NAMED, EMBEDDED].contains(&file) {
            return Err(cur.corrupt("a model frame names what it has, and nothing unknown"));
        }
        let predictor = if parts & PREDICTOR == 0 { None } else { Some((cur.u32()?, cur.u64()?)) };
        let file = match file {
            NAMED => Some(FileFrame::Named(cur.u64()?)),
            EMBEDDED => Some(FileFrame::Embedded(cur.rest().to_vec())),
            _ => None,
        };
        if !cur.is_empty() {
            return Err(cur.corrupt("nothing stands behind what a model frame names"));
        }
        Ok(Self { predictor, file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_no_prefix_does() {
        let predictor = Some((0x0123_4567, u64::MAX - 5));
        let named = Some(FileFrame::Named(77 << 40));
        for (predictor, file) in [(predictor, None), (None, named.clone()), (predictor, named)] {
            let frame = ModelFrame { predictor, file };
            let mut payload = Vec::new();
            frame.encode(&mut payload);
            assert_eq!(ModelFrame::decode(&payload, 0).unwrap(), frame);
            for end in 0..payload.len() {
                assert!(ModelFrame::decode(&payload[..end], 0).is_err());
            }
            payload.push(0);
            assert!(ModelFrame::decode(&payload, 0).is_err());
        }
        let frame =
            ModelFrame { predictor, file: Some(FileFrame::Embedded(b"any bytes".to_vec())) };
        let mut payload = Vec::new();
        frame.encode(&mut payload);
        assert_eq!(ModelFrame::decode(&payload, 0).unwrap(), frame);
    }
}
