//! The files that images are, through the settings that take fewer images or hold some out.

use vimae_core::{ImageShape, Settings, Split};

use crate::{Result, fewer::fewer, stack::Stack};

/// The file of each image of each split.
pub(crate) type Names = Vec<(Split, Vec<String>)>;

/// The files of the images that the settings leave in each split.
///
/// # Errors
/// As [`fewer`].
pub(crate) fn left(settings: &Settings, names: Names) -> Result<Names> {
    // What is drawn depends on numbers of images alone: places go the way of the images, as labels of images of one pixel.
    let shape = ImageShape { channels: 1, height: 1, width: 1 };
    let (mut all, mut places) = (Vec::new(), Vec::new());
    for (split, names) in names {
        let first = all.len() as u32;
        all.extend(names);
        let labels: Vec<u32> = (first..all.len() as u32).collect();
        places.push((split, Stack { shape, pixels: vec![0; labels.len()], labels }));
    }
    let (_, places) = fewer(settings, "", places)?;
    let name = |place: &u32| all.get(*place as usize).cloned().unwrap_or_default();
    Ok(places.into_iter().map(|(split, stack)| (split, stack.labels.iter().map(name).collect())).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::{Sources, open};

    #[test]
    fn the_file_of_an_image_stays_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let level = |file: &str| file[2..4].parse::<u8>().unwrap() + if file.starts_with('a') { 0 } else { 100 };
        for class in ["a", "b"] {
            fs::create_dir(dir.path().join(class)).unwrap();
            for i in 0..30 {
                let name = format!("{class}/{i:02}.png");
                let file = fs::File::create(dir.path().join(&name)).unwrap();
                let mut encoder = png::Encoder::new(file, 4, 4);
                encoder.set_color(png::ColorType::Grayscale);
                let mut writer = encoder.write_header().unwrap();
                writer.write_image_data(&[level(&name); 16]).unwrap();
                writer.finish().unwrap();
            }
        }
        let settings = json!({ "size": 4, "channels": 1, "validation_images": 7, "train_images": 20, "test_images": 5 });
        let name = format!("folder:{}", dir.path().display());
        let dataset = open(&name, settings.as_object().unwrap(), &Sources::default()).unwrap();
        for (split, count) in [(Split::Train, 20), (Split::Validation, 7), (Split::Test, 5)] {
            let (set, files) = (dataset.split(split).unwrap(), dataset.files(split));
            assert_eq!((set.len(), files.len()), (count, count), "{split}");
            let levels: Vec<u8> = set.pixels().chunks(16).map(|image| image[0]).collect();
            assert_eq!(files.iter().map(|file| level(file)).collect::<Vec<_>>(), levels, "{split}: {files:?}");
        }
        let digits = open("digits", &serde_json::Map::new(), &Sources::default()).unwrap();
        assert!(digits.files(Split::Train).is_empty());
    }
}
