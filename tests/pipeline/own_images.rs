//! A folder of one's own images: what is left out of it is asked for, said and counted.

use std::{fs, path::Path};

use anyhow::Result;
use vimae_tests::command::call;

use crate::tiny::{files, train};

/// An image of noise.
fn image(seed: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header()?;
    let noise: Vec<u8> = (0..28 * 28_u32).map(|i| (i.wrapping_add(seed * 784).wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    writer.write_image_data(&noise)?;
    writer.finish()?;
    Ok(bytes)
}

fn experiment(folder: &Path, images: &Path, setting: &str) -> Result<std::path::PathBuf> {
    let path = folder.join("own.toml");
    let text = format!(
        "version = 1\ntitle = \"own\"\n[dataset]\nname = \"folder:{}\"\nsize = 32\n{setting}\n[model]\nname = \"wae_conv\"\nwidth = 2\n\
         [training]\nepochs = 1\nbatch = 10\n[evaluation]\nmetrics = [\"reconstruction\"]\nlabels = 0\n[methods.vae.objective]\nname = \"vae\"\n",
        images.display()
    );
    fs::write(&path, text)?;
    Ok(path)
}

#[test]
fn a_broken_image_is_refused_or_left_out_and_counted_in_the_record() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (images, out) = (folder.path().join("images"), folder.path().join("out"));
    fs::create_dir(&images)?;
    for seed in 0..30 {
        fs::write(images.join(format!("{seed:02}.png")), image(seed)?)?;
    }
    fs::write(images.join("broken.png"), &image(1)?[..300])?;
    fs::write(images.join("notes.txt"), "about")?;
    // Images of the runs would be a class of the next call.
    let inside = train(&experiment(folder.path(), &images, "")?, &images.join("runs"), &[])?;
    assert!(!inside.success && inside.stderr.contains("lies in the data of folder:") && !images.join("runs").exists(), "{}", inside.stderr);
    let refused = train(&experiment(folder.path(), &images, "")?, &out, &[])?;
    assert!(
        !refused.success && refused.stderr.contains("broken.png") && refused.stderr.contains("broken = \"skip\""),
        "{}",
        refused.stderr
    );
    let trained = train(&experiment(folder.path(), &images, "broken = \"skip\"")?, &out, &[])?;
    assert!(trained.success, "{}", trained.stderr);
    assert!(trained.stderr.contains("left out 1 broken image") && trained.stderr.contains("passed over: 1 .txt"), "{}", trained.stderr);
    let [(path, record)] = &files(&out, "record.json")?[..] else { anyhow::bail!("one record expected") };
    let record: serde_json::Value = serde_json::from_slice(record)?;
    assert_eq!(record["broken_images"]["left_out"], 1);
    assert!(record["broken_images"]["files"][0].as_str().is_some_and(|file| file.contains("broken.png")), "{record}");
    // By the name of a split, images are read as the run reads them: at its size, and without the broken one.
    let (run, codes) = (path.parent().unwrap_or(path).display().to_string(), folder.path().join("codes.csv").display().to_string());
    let encoded = call(&["encode", &run, &format!("folder:{}:test", images.display()), "--out", &codes])?;
    assert!(encoded.success && encoded.stdout.contains("codes of 3 images"), "{}{}", encoded.stdout, encoded.stderr);
    assert!(!encoded.stderr.contains("resized"), "{}", encoded.stderr);
    // A set that tests on nothing is refused before anything trains.
    fs::create_dir(images.join("train"))?;
    let names: Vec<_> = fs::read_dir(&images)?.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect();
    for path in names {
        fs::rename(&path, images.join("train").join(path.file_name().unwrap_or_default()))?;
    }
    let refused = train(&experiment(folder.path(), &images, "broken = \"skip\"")?, &out, &[])?;
    assert!(!refused.success && refused.stderr.contains("test = \"tenth\" in [dataset]"), "{}", refused.stderr);
    Ok(())
}

#[test]
fn a_run_is_not_gone_on_with_on_images_that_changed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (images, out) = (folder.path().join("images"), folder.path().join("out"));
    fs::create_dir(&images)?;
    for seed in 0..30 {
        fs::write(images.join(format!("{seed:02}.png")), image(seed)?)?;
    }
    let spec = experiment(folder.path(), &images, "")?;
    assert!(train(&spec, &out, &[])?.success);
    fs::write(images.join("00.png"), image(99)?)?;
    let called = train(&spec, &out, &[])?;
    let said = "have changed since this run; start over with --fresh, or give another --out";
    assert!(!called.success && called.stderr.contains(said) && !called.stderr.contains("digest"), "{}", called.stderr);
    assert!(train(&spec, &out, &["--fresh"])?.success);
    Ok(())
}

#[test]
fn the_line_of_a_split_has_one_word_for_one_image_and_for_many() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for seed in 0..12 {
        fs::write(folder.path().join(format!("{seed:02}.png")), image(seed)?)?;
    }
    let called = call(&["data", "verify", &format!("folder:{}", folder.path().display())])?;
    assert!(called.stdout.contains("train: 11 images\ntest: 1 images\n"), "{}", called.stdout);
    Ok(())
}
