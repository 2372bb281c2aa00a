//! Tensors of a PyTorch file, in the zip form of today or the plain one from before 2020, without executing it.
//!
//! A pickle is a program. candle's reader takes it as data: a tree in which calls are written down and not made. Of
//! that tree only dictionaries of plain tensors are understood here; everything else is left out.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use candle_core::{
    DType, Device, Tensor,
    pickle::{Object, Stack},
};

/// What the plain form begins with: a pickle of the magic number 0x1950a86a20f9469cfc6c.
const MAGIC: [u8; 15] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.'];
const ZIP: [u8; 4] = [b'P', b'K', 3, 4];

/// Whether the bytes begin like a PyTorch file.
pub(crate) fn is_pth(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) || bytes.starts_with(&ZIP)
}

type Outcome<T> = std::result::Result<T, String>;

/// All tensors, by name.
pub(crate) fn read(bytes: &[u8]) -> Outcome<BTreeMap<String, Tensor>> {
    if bytes.starts_with(&ZIP) { zipped(bytes) } else { plain(bytes) }
}

fn pickle(reader: &mut Cursor<&[u8]>) -> Outcome<Object> {
    let mut stack = Stack::empty();
    stack.read_loop(reader).map_err(|e| format!("broken pickle: {e}"))?;
    stack.finalize().map_err(|e| format!("broken pickle: {e}"))
}

fn zipped(bytes: &[u8]) -> Outcome<BTreeMap<String, Tensor>> {
    let wrong = |e: zip::result::ZipError| format!("broken zip: {e}");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(wrong)?;
    let mut member = |name: &str| -> Outcome<Vec<u8>> {
        let mut member = archive.by_name(name).map_err(|e| format!("{name}: {}", wrong(e)))?;
        let size = member.size();
        // PyTorch stores its members as they are: one that would grow is not its.
        if size > bytes.len() as u64 {
            return Err(format!("{name}: claims {size} bytes in a file of {}", bytes.len()));
        }
        let mut content = Vec::with_capacity(size as usize);
        member.by_ref().take(size).read_to_end(&mut content).map_err(|e| format!("{name}: {e}"))?;
        Ok(content)
    };
    let names = zip::ZipArchive::new(Cursor::new(bytes)).map_err(wrong)?;
    let names: Vec<String> = names.file_names().filter_map(|n| n.ok().map(|n| n.into_owned())).collect();
    let pickled = names.iter().find(|n| n.ends_with("data.pkl")).ok_or("holds no data.pkl")?;
    let root = pickled.trim_end_matches("data.pkl");
    let tree = member(pickled)?;
    let wanted = Wanted::of(pickle(&mut Cursor::new(&tree))?);
    let mut storages = BTreeMap::new();
    for wanted in &wanted {
        if !storages.contains_key(&wanted.storage) {
            storages.insert(wanted.storage.clone(), member(&format!("{root}data/{}", wanted.storage))?);
        }
    }
    tensors(&wanted, &storages.iter().map(|(k, v)| (k.clone(), v.as_slice())).collect())
}

fn plain(bytes: &[u8]) -> Outcome<BTreeMap<String, Tensor>> {
    let mut reader = Cursor::new(bytes);
    reader.set_position(MAGIC.len() as u64);
    // The version of the form, and the system that wrote it.
    pickle(&mut reader)?;
    pickle(&mut reader)?;
    let wanted = Wanted::of(pickle(&mut reader)?);
    let Object::List(keys) = pickle(&mut reader)? else { return Err("broken: no list of storages".into()) };
    let mut storages = BTreeMap::new();
    for key in keys {
        let key = key.unicode().map_err(|_| "broken: a storage without a name")?;
        let size = wanted.iter().find(|w| w.storage == key).map(|w| w.kind.size_in_bytes());
        let at = reader.position() as usize;
        let count = bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes).ok_or("ends early")?;
        // A storage that no tensor here uses could only be skipped by its size.
        let size = size.ok_or_else(|| format!("broken: storage {key} belongs to no tensor"))?;
        let end = usize::try_from(count).ok().and_then(|c| c.checked_mul(size)).and_then(|s| s.checked_add(at + 8));
        let content = end.and_then(|end| bytes.get(at + 8..end)).ok_or("ends early")?;
        reader.set_position((at + 8 + content.len()) as u64);
        storages.insert(key, content);
    }
    tensors(&wanted, &storages)
}

/// One tensor, as the tree describes it.
struct Wanted {
    name: String,
    storage: String,
    kind: DType,
    /// In numbers.
    offset: usize,
    shape: Vec<usize>,
    stride: Vec<usize>,
}

impl Wanted {
    /// Every tensor of a dictionary, or of the dictionary `state_dict` in it.
    fn of(tree: Object) -> Vec<Self> {
        let Object::Dict(entries) = tree else { return Vec::new() };
        let inner = entries.iter().find(|(k, v)| *k == Object::Unicode("state_dict".into()) && matches!(v, Object::Dict(_)));
        match inner {
            Some((_, inner)) => Self::of(inner.clone()),
            None => entries.into_iter().filter_map(|(name, value)| Self::one(name.unicode().ok()?, value)).collect(),
        }
    }

    fn one(name: String, value: Object) -> Option<Self> {
        let is = |object: &Object, name: &str| matches!(object, Object::Class { class_name, .. } if class_name == name);
        let (mut call, mut arguments) = value.reduce().ok()?;
        if is(&call, "_rebuild_parameter") {
            let inner = arguments.tuple().ok()?.into_iter().next()?;
            (call, arguments) = inner.reduce().ok()?;
        }
        if !is(&call, "_rebuild_tensor_v2") && !is(&call, "_rebuild_tensor") {
            return None;
        }
        let numbers = |object: Object| -> Option<Vec<usize>> {
            object.tuple().ok()?.into_iter().map(|v| usize::try_from(v.int_or_long().ok()?).ok()).collect()
        };
        let mut arguments = arguments.tuple().ok()?.into_iter();
        let storage = arguments.next()?.persistent_load().ok()?.tuple().ok()?;
        let offset = usize::try_from(arguments.next()?.int_or_long().ok()?).ok()?;
        let (shape, stride) = (numbers(arguments.next()?)?, numbers(arguments.next()?)?);
        let (_, class) = storage.get(1)?.clone().class().ok()?;
        let kind = match class.as_str() {
            "FloatStorage" => DType::F32,
            "DoubleStorage" => DType::F64,
            "HalfStorage" => DType::F16,
            "BFloat16Storage" => DType::BF16,
            "LongStorage" => DType::I64,
            "ByteStorage" => DType::U8,
            _ => return None,
        };
        Some(Self { name, storage: storage.get(2)?.clone().unicode().ok()?, kind, offset, shape, stride })
    }
}

fn tensors(wanted: &[Wanted], storages: &BTreeMap<String, &[u8]>) -> Outcome<BTreeMap<String, Tensor>> {
    let mut found = BTreeMap::new();
    for Wanted { name, storage, kind, offset, shape, stride } in wanted {
        let bytes = storages.get(storage).ok_or_else(|| format!("{name}: no storage {storage}"))?;
        let mut expected = 1_usize;
        for (size, stride) in shape.iter().zip(stride).rev() {
            if *size > 1 && *stride != expected {
                return Err(format!("{name}: is not stored row by row"));
            }
            expected = expected.checked_mul(*size).ok_or_else(|| format!("{name}: impossible shape"))?;
        }
        if shape.len() != stride.len() {
            return Err(format!("{name}: impossible shape"));
        }
        let size = kind.size_in_bytes();
        let range = offset.checked_mul(size).and_then(|s| Some(s..s.checked_add(expected.checked_mul(size)?)?));
        let content = range.and_then(|r| bytes.get(r)).ok_or_else(|| format!("{name}: reaches beyond its storage"))?;
        let tensor = Tensor::from_raw_buffer(content, *kind, shape, &Device::Cpu).map_err(|e| format!("{name}: {e}"))?;
        found.insert(name.clone(), tensor);
    }
    if found.is_empty() {
        return Err("holds no dictionary of tensors".into());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `torch.save` of PyTorch 2 from {"a.weight": 2 x 3 floats 0 to 5, "a.bias": a view of two of them from
    /// the second on, "n": the integer 7}; see `tests/golden/pth.py`.
    const FILES: [&[u8]; 2] = [include_bytes!("../tests/golden/zipped.pth"), include_bytes!("../tests/golden/plain.pth")];

    #[test]
    fn both_forms_give_the_tensors() {
        for bytes in FILES {
            assert!(is_pth(bytes));
            let tensors = read(bytes).unwrap();
            assert_eq!(tensors["a.weight"].to_vec2::<f32>().unwrap(), [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
            assert_eq!(tensors["a.bias"].to_vec1::<f32>().unwrap(), [1.0, 2.0]);
            assert_eq!(tensors["n"].to_scalar::<i64>().unwrap(), 7);
            assert_eq!(tensors.len(), 3);
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_and_a_changed_byte_never_panics() {
        for bytes in FILES {
            for end in 15..bytes.len() {
                let Err(_) = read(&bytes[..end]) else { panic!("cut at {end} of {}", bytes.len()) };
            }
            for at in 15..bytes.len() {
                let mut damaged = bytes.to_vec();
                damaged[at] ^= 0x41;
                let _ = read(&damaged);
            }
        }
    }
}
