//! Features as a safetensors file, so that a set of images goes through the network once.

use candle_core::{Device, Tensor};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use sha2::{Digest, Sha256};
use vimae_core::{Error, Result};

use super::{Features, Logits, Source};
use crate::digest::{hex, short};

/// The key under which the file says what made its features.
const ORIGIN: &str = "origin";
/// Numbers that are bytes beside themselves at a time.
const PORTION: usize = 1 << 16;

impl Features {
    /// The name of the file for features of these images by this network.
    pub fn file_name(source: &Source, images_sha256: &str) -> String {
        format!("{}-{}-{}.safetensors", source.network(), short(source.sha256()), short(images_sha256))
    }

    /// The content of the file.
    ///
    /// # Errors
    /// [`Error::Data`] where it cannot be made.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let wrong = |e: safetensors::SafeTensorError| Error::Data(format!("features as a file: {e}"));
        let origin = serde_json::json!({
            "network": self.source.network(),
            "weights_sha256": self.source.sha256(),
            "images_sha256": self.images_sha256,
            "values_sha256": self.values_sha256(),
        });
        let features = bytes(&self.values);
        let logits = self.logits.as_ref().map(|l| (l.classes, bytes(&l.values)));
        let count = self.count();
        let mut tensors = vec![("features", TensorView::new(Dtype::F32, vec![count, self.size], &features).map_err(wrong)?)];
        if let Some((classes, bytes)) = &logits {
            tensors.push(("logits", TensorView::new(Dtype::F32, vec![count, *classes], bytes).map_err(wrong)?));
        }
        // One key: of two, a hash map would choose the order.
        let metadata = std::collections::HashMap::from([(ORIGIN.to_owned(), origin.to_string())]);
        safetensors::serialize(tensors, Some(metadata)).map_err(wrong)
    }

    /// Features from the content of a file; none where `bytes` were made by another network or of other images.
    ///
    /// # Errors
    /// [`Error::Data`] where `bytes` are no such file, or hold other numbers than were written.
    pub fn from_bytes(bytes: &[u8], source: &Source, images_sha256: &str) -> Result<Option<Self>> {
        let damaged = |e: &dyn std::fmt::Display| Error::Data(format!("a file of features: {e}"));
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(&e))?;
        let origin = header.metadata().as_ref().and_then(|m| m.get(ORIGIN)).ok_or_else(|| damaged(&"does not say what made it"))?;
        let origin: serde_json::Value = serde_json::from_str(origin).map_err(|e| damaged(&e))?;
        let says = |key: &str, value: &str| origin.get(key).and_then(|v| v.as_str()) == Some(value);
        if !(says("network", source.network()) && says("weights_sha256", source.sha256()) && says("images_sha256", images_sha256)) {
            return Ok(None);
        }
        let mut tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).map_err(|e| damaged(&e))?;
        let mut take = |name: &str| -> Result<Option<(usize, Vec<f32>)>> {
            let Some(tensor) = tensors.remove(name) else { return Ok(None) };
            let rows = |t: &Tensor| Ok((t.dims2()?.1, t.flatten_all()?.to_vec1()?));
            rows(&tensor).map(Some).map_err(|e: candle_core::Error| damaged(&e))
        };
        let (size, values) = take("features")?.ok_or_else(|| damaged(&"holds no features"))?;
        let logits = take("logits")?.map(|(classes, values)| Logits { classes, values });
        let features = Self::new(source.clone(), images_sha256, size, values, logits)?;
        if !says("values_sha256", &features.values_sha256()) {
            return Err(damaged(&"its numbers are not those that were written"));
        }
        Ok(Some(features))
    }

    /// The digest of features and logits, as the file has them.
    fn values_sha256(&self) -> String {
        let mut sha256 = Sha256::new();
        let logits = self.logits.iter().map(|logits| &logits.values);
        for portion in std::iter::once(&self.values).chain(logits).flat_map(|values| values.chunks(PORTION)) {
            sha256.update(bytes(portion));
        }
        hex(&sha256.finalize())
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_back_what_went_in_and_nothing_to_others() {
        let source = Source::new("net.legacy", "ab".repeat(32));
        let logits = Some(Logits { classes: 1, values: vec![0.5, -1.0] });
        let features = Features::new(source.clone(), "images", 3, vec![0.1, 1e-30, -2.0, 3.5, 0.0, 7.25], logits).unwrap();
        let bytes = features.to_bytes().unwrap();
        assert_eq!(Features::from_bytes(&bytes, &source, "images").unwrap(), Some(features));
        assert_eq!(Features::from_bytes(&bytes, &source, "others").unwrap(), None);
        assert_eq!(Features::from_bytes(&bytes, &Source::new("net.clean", "ab".repeat(32)), "images").unwrap(), None);
        assert!(Features::from_bytes(&bytes[..bytes.len() - 1], &source, "images").is_err());
        assert!(Features::from_bytes(b"", &source, "images").is_err());
        // One bit, wherever it is: of a number, of a name, of an origin.
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(Features::from_bytes(&damaged, &source, "images"), Ok(Some(_))), "bit {bit}");
        }
        assert_eq!(Features::file_name(&source, "0123456789abcdef"), "net.legacy-abababababab-0123456789ab.safetensors");
    }
}
