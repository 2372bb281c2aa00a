//! The preparation of images against Pillow: `VIMAE_REFERENCE_DIR` names a directory of reference answers; without it,
//! those that the repository carries. Tolerances are those of the reference's own manifest: a mean absolute error in
//! levels of 0..=255.

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor, safetensors};
use vimae_datasets::{Container, Image, celeba, omniglot};
use vimae_testing::{need, shared};

/// The manifest's entry and the arrays of a case.
fn case(name: &str) -> (serde_json::Value, std::collections::HashMap<String, Tensor>) {
    let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/seed1");
    let folder = std::env::var_os("VIMAE_REFERENCE_DIR").map_or(carried, PathBuf::from);
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let arrays = safetensors::load(folder.join(format!("{name}.safetensors")), &Device::Cpu).unwrap();
    (find(&manifest, name).unwrap().clone(), arrays)
}

/// The entry of that name, wherever the manifest keeps it.
fn find<'a>(value: &'a serde_json::Value, name: &str) -> Option<&'a serde_json::Value> {
    match value {
        serde_json::Value::Object(map) => map.get(name).or_else(|| map.values().find_map(|v| find(v, name))),
        serde_json::Value::Array(list) => {
            list.iter().find(|v| v.get("name").and_then(|n| n.as_str()) == Some(name)).or_else(|| list.iter().find_map(|v| find(v, name)))
        }
        _ => None,
    }
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn mean_error(ours: &[u8], theirs: &[u8]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / ours.len() as f64
}

#[test]
fn celeba_preprocess() {
    let (entry, arrays) = case("celeba_preprocess");
    let limit = find(&entry, "mean_absolute_error_at_most").and_then(serde_json::Value::as_f64).unwrap();
    let (images, cropped) = (&arrays["image"], &arrays["cropped"]);
    for i in 0..images.dim(0).unwrap() {
        let image = Image::new(178, 218, 3, bytes(&images.get(i).unwrap())).unwrap();
        let error = mean_error(celeba::prepare(image).unwrap().bytes(), &bytes(&cropped.get(i).unwrap()));
        println!("celeba {i}: mean error {error:.4} of 255, at most {limit}");
        assert!(error <= limit);
    }
}

#[test]
fn omniglot_preprocess() {
    let (entry, arrays) = case("omniglot_preprocess");
    let text = |key: &str| find(&entry, key).unwrap().clone();
    let archive = need!(shared(&format!("data/omniglot/{}", text("archive").as_str().unwrap())));
    let container = Container::at(&archive).unwrap();
    let limit = text("mean_absolute_error_at_most").as_f64().unwrap();
    for (i, member) in text("members").as_array().unwrap().iter().enumerate() {
        let expected = bytes(&arrays["image"].get(i).unwrap());
        let mut found = 0;
        container
            .read(&|name| Some(name) == member.as_str(), &mut |name, drawing| {
                let ours = omniglot::prepare(Image::decode(&drawing?, &name)?)?;
                let error = mean_error(ours.bytes(), &expected);
                println!("omniglot {name}: mean error {error:.4} of 255, at most {limit}");
                assert!(error <= limit);
                found += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(found, 1);
    }
}
