//! GeoJSON text sequences (RFC 8142): features one after the other, each readable by itself as soon as it is there.

use crate::model::batch::Batch;

use super::geojson::FeatureWriter;
use super::{Closing, Encoder, Opening, Part};

/// What stands before each text: a reader that meets a broken one goes on at the next.
const RECORD_SEPARATOR: u8 = 0x1e;

/// Writes a sequence of features. Links and counts have no place in it.
#[derive(Debug, Default)]
pub struct GeoJsonSeq {
    feature: Option<FeatureWriter>,
}

impl GeoJsonSeq {
    /// An encoder for one sequence.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Encoder for GeoJsonSeq {
    fn open(&mut self, _: &Opening, _: &mut Vec<u8>) {}

    fn part(&mut self, part: &Part, _: &mut Vec<u8>) {
        self.feature = Some(FeatureWriter::new(part).in_order_of(&part.crs));
    }

    fn batch(&mut self, batch: &Batch, out: &mut Vec<u8>) {
        let Some(feature) = &mut self.feature else { return };
        for row in batch.rows() {
            out.push(RECORD_SEPARATOR);
            feature.write(row, out);
            out.push(b'\n');
        }
        feature.report();
    }

    fn end_part(&mut self, _: &mut Vec<u8>) {
        self.feature = None;
    }

    fn close(&mut self, _: &Closing, _: &mut Vec<u8>) {}
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::formats::samples::{closing, opening, places};

    #[test]
    fn each_feature_is_a_text_of_its_own() {
        let (part, batch) = places();
        let (mut encoder, mut out) = (GeoJsonSeq::new(), Vec::new());
        encoder.open(&opening(), &mut out);
        encoder.part(&part, &mut out);
        encoder.batch(&batch, &mut out);
        encoder.end_part(&mut out);
        encoder.close(&closing(&batch), &mut out);
        let texts: Vec<&[u8]> = out.split(|&byte| byte == RECORD_SEPARATOR).collect();
        assert!(texts[0].is_empty());
        assert_eq!(texts.len(), 1 + batch.len());
        for text in &texts[1..] {
            assert_eq!(text.last(), Some(&b'\n'));
            let feature: Value = serde_json::from_slice(text).unwrap();
            assert_eq!(feature["type"], "Feature");
        }
    }
}
