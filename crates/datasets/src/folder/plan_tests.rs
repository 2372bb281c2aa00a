//! Layouts of folders by their names alone: what each is read as, or why it is refused.

use vimae_core::{Settings, settings::Schema};

use super::*;

/// Folders with the number of their images.
type Layout = Vec<(&'static str, usize)>;
/// Settings that are not at their defaults.
type Given = &'static [(&'static str, &'static str)];

fn options(settings: &[(&str, &str)]) -> Options {
    let given = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    Settings::check("dataset", "folder", &Schema::of::<Options>(), &given).unwrap().read().unwrap()
}

/// So many images in each folder; a folder of none is there all the same.
fn planned(layout: &[(&str, usize)], settings: &[(&str, &str)]) -> std::result::Result<Plan, String> {
    let mut images: Vec<String> = Vec::new();
    for (folder, count) in layout {
        images.extend((0..*count).map(|i| format!("{folder}/{i:04}.png").trim_start_matches('/').to_owned()));
    }
    images.sort();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    plan(&images, layout.iter().map(|(folder, _)| *folder), &options(settings))
}

/// What a plan says: images of each split, class names, what was passed over.
fn said(plan: &Plan) -> String {
    let count = |split| plan.places.iter().flatten().filter(|(s, _)| *s == split).count();
    let counts = [Split::Train, Split::Validation, Split::Test].map(count);
    let passed = if plan.passed.is_empty() { String::new() } else { format!(" ({})", plan.passed) };
    format!("{counts:?} {}{passed}", plan.classes.join(","))
}

const CATS: [(&str, usize); 4] = [("train/cat", 30), ("train/dog", 20), ("test/cat", 10), ("test/dog", 5)];

fn cats(more: &[(&'static str, usize)]) -> Layout {
    CATS.iter().chain(more).copied().collect()
}

#[test]
fn layouts_are_read_as_people_mean_them() {
    let rows: Vec<(Layout, Given, &str)> = vec![
        // Split folders, in the spellings of ImageNet, torchvision, Kaggle, COCO, CelebA-HQ, speech and text.
        (cats(&[]), &[], "[50, 0, 15] cat,dog"),
        (cats(&[("val/cat", 3)]), &[], "[50, 3, 15] cat,dog"),
        (vec![("Train/a", 4), ("VALID/a", 2), ("Testing/a", 1)], &[], "[4, 2, 1] a"),
        (vec![("training_set/a", 4), ("validation_set/a", 2), ("test_set/a", 1)], &[], "[4, 2, 1] a"),
        (vec![("train2017", 4), ("val2017", 2), ("test2017", 1)], &[], "[4, 2, 1] "),
        (vec![("train", 4), ("dev", 2), ("eval", 1)], &[], "[4, 2, 1] "),
        (vec![("ILSVRC_train/a", 4), ("ILSVRC_val/a", 2)], &[], "[4, 2, 0] a"),
        // Within other folders, as archives have them.
        (vec![("set/train/a", 4), ("set/test/a", 1)], &[], "[4, 0, 1] a"),
        (vec![("set/v1/train/a", 4), ("set/v1/test/a", 1), ("set/docs", 0)], &[], "[4, 0, 1] a"),
        (vec![("cifar_train/a", 10), ("cifar_train/b", 10)], &[], "[18, 0, 2] a,b"),
        (vec![("images/train/a", 4), ("images/test/a", 1), ("labels/train", 0), ("labels/test", 0)], &[], "[4, 0, 1] a"),
        (vec![("", 1), ("set/train/a", 4), ("set", 1), ("set/test/a", 3)], &[], "[4, 0, 3] a (2 images beside the split folders)"),
        // A split within a folder of its own name, as Kaggle's archives are unpacked, or within one called images.
        (vec![("seg_train/seg_train/a", 4), ("seg_train/seg_train/b", 4), ("seg_test/seg_test/a", 1)], &[], "[8, 0, 1] a,b"),
        (vec![("train/train/a", 4), ("train/train/b", 3)], &[], "[7, 0, 0] a,b"),
        (vec![("train/train", 4), ("test1/test1", 2)], &[], "[4, 0, 2] "),
        (vec![("train/images/a", 4), ("train/labels", 0), ("val/images/a", 2)], &[], "[4, 2, 0] a"),
        (vec![("train/images", 4), ("test/images", 2)], &[], "[4, 0, 2] "),
        (vec![("train/images", 4)], &[("classes", "folders")], "[4, 0, 0] images"),
        (vec![("train/images", 4), ("test/images", 2)], &[("classes", "folders")], "[4, 0, 2] images"),
        (vec![("train/images/a", 4), ("train/images/b", 3), ("val/images/a", 2)], &[("classes", "folders")], "[7, 2, 0] a,b"),
        // Tiny-ImageNet without its list.
        (
            vec![("t/train/n1/images", 4), ("t/train/n2/images", 3), ("t/val/images", 2), ("t/test/images", 2)],
            &[("classes", "folders")],
            "[7, 0, 0] n1,n2 (2 images in no class folder in test/images/, 2 images in no class folder in val/images/)",
        ),
        (
            vec![("train/n1/Imgs", 10), ("train/n2/IMG", 9), ("val/imgs", 1)],
            &[("classes", "folders"), ("test", "tenth")],
            "[18, 0, 1] n1,n2 (1 image in no class folder in val/imgs/)",
        ),
        // Beside other things.
        (cats(&[("", 1)]), &[], "[50, 0, 15] cat,dog (1 image beside the split folders)"),
        (cats(&[("", 14)]), &[], "[50, 0, 15] cat,dog (14 images beside the split folders)"),
        (cats(&[("docs", 3), ("Figures/a", 1)]), &[], "[50, 0, 15] cat,dog (3 images in docs/, 1 image in Figures/)"),
        (cats(&[("train", 2), ("test", 1)]), &[], "[50, 0, 15] cat,dog (3 images beside the class folders)"),
        (cats(&[("other", 0)]), &[], "[50, 0, 15] cat,dog"),
        (cats(&[("train/bird", 0)]), &[], "[50, 0, 15] cat,dog"),
        (cats(&[("train/bird", 7)]), &[], "[57, 0, 15] bird,cat,dog"),
        (cats(&[("train/cat/more/still", 3)]), &[], "[53, 0, 15] cat,dog"),
        // No split folders.
        (vec![("", 20)], &[], "[18, 0, 2] "),
        (vec![("a", 20), ("b", 20)], &[], "[36, 0, 4] a,b"),
        (vec![("a", 20), ("b", 20), ("", 3)], &[], "[36, 0, 4] a,b (3 images beside the class folders)"),
        (vec![("a", 20)], &[], "[18, 0, 2] a"),
        (vec![("set/a", 20), ("set/b", 10)], &[], "[27, 0, 3] a,b"),
        (vec![("electric_train", 10), ("bus", 10)], &[], "[18, 0, 2] bus,electric_train"),
        (vec![("a", 20), ("b", 20)], &[("classes", "none")], "[36, 0, 4] "),
        // Only to train, or without a test folder: nothing is called a test by itself.
        (vec![("train/a", 20)], &[], "[20, 0, 0] a"),
        (vec![("train/a", 20), ("val/a", 5)], &[], "[20, 5, 0] a"),
        (vec![("train/a", 20), ("val/a", 5)], &[("test", "validation")], "[20, 0, 5] a"),
        (vec![("train/a", 20), ("val/a", 5)], &[("test", "tenth")], "[18, 5, 2] a"),
        (vec![("with_mask", 10), ("without_mask", 10)], &[], "[18, 0, 2] with_mask,without_mask"),
        // What the settings decide.
        (vec![("images", 10), ("masks", 10)], &[("classes", "folders")], "[18, 0, 2] images,masks"),
        (cats(&[("bird", 9)]), &[("splits", "folders")], "[50, 0, 15] cat,dog (9 images in bird/)"),
        (vec![("train", 10), ("bus", 10)], &[("splits", "none")], "[18, 0, 2] bus,train"),
        (vec![("train/a", 4), ("training/a", 3), ("test/a", 1)], &[("splits", "folders")], "[7, 0, 1] a"),
        (cats(&[("", 500)]), &[("splits", "folders")], "[50, 0, 15] cat,dog (500 images beside the split folders)"),
        (vec![("a", 20), ("", 20)], &[("classes", "folders")], "[18, 0, 2] a (20 images beside the class folders)"),
        (vec![("a", 20), ("", 20)], &[("classes", "none")], "[36, 0, 4] "),
        (cats(&[("test/bird", 4)]), &[("new_classes", "allow")], "[50, 0, 19] bird,cat,dog"),
        (vec![("train/a", 4), ("test", 2)], &[("classes", "none")], "[4, 0, 2] "),
        (vec![("train/a", 4), ("test", 2)], &[("classes", "folders")], "[4, 0, 0] a (2 images in no class folder in test/)"),
        (
            vec![("train/a", 10), ("test", 2)],
            &[("classes", "folders"), ("test", "tenth")],
            "[9, 0, 1] a (2 images in no class folder in test/)",
        ),
        (vec![("a/train", 10), ("a/test", 10), ("b/train", 10)], &[("splits", "none")], "[27, 0, 3] a,b"),
    ];
    for (layout, settings, expected) in rows {
        let plan = planned(&layout, settings).unwrap_or_else(|problem| panic!("{layout:?} {settings:?}: {problem}"));
        assert_eq!(said(&plan), expected, "{layout:?} {settings:?}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_refused_with_the_setting_that_decides() {
    let rows: Vec<(Layout, Given, &[&str])> = vec![
        (cats(&[("bird", 9)]), &[], &["\"test\", \"train\"", "beside \"bird\"", "splits = \"folders\"", "splits = \"none\""]),
        (vec![("train", 9), ("bus", 9), ("car", 9)], &[], &["\"train\", which names a split", "\"bus\", \"car\"", "splits = \"none\""]),
        (vec![("test", 9), ("control", 9)], &[], &["\"test\", which names a split", "\"control\""]),
        // Omniglot, which has a reader of its own.
        (
            vec![("images_background/a/c1", 9), ("images_evaluation/b/c1", 9)],
            &[],
            &["\"images_evaluation\", which names a split, beside \"images_background\"", "call the folder to train on train"],
        ),
        (vec![("valid", 9), ("invalid", 9)], &[], &["\"valid\", which names a split", "\"invalid\""]),
        (vec![("train/a", 4), ("Training/a", 3), ("test/a", 1)], &[], &["\"Training\", \"train\"", "train split", "splits = \"folders\""]),
        (vec![("train/a", 4), ("test/a", 3), ("eval/a", 1)], &[], &["\"eval\", \"test\"", "test split"]),
        (vec![("val/a", 4), ("test/a", 3)], &[], &["no folder to train on", "splits = \"none\""]),
        (vec![("trainA", 4), ("trainB", 4), ("testA", 2), ("testB", 2)], &[], &["\"trainA\"", "both a split and something else"]),
        (cats(&[("", 500)]), &[], &["500 images beside the split folders", "splits = \"folders\""]),
        (vec![("a", 5), ("", 20)], &[], &["20 images beside the class folders \"a\"", "classes = \"folders\"", "classes = \"none\""]),
        (vec![("train/a", 5), ("train", 20), ("test/a", 3)], &[], &["20 images beside the class folders"]),
        (cats(&[("test/bird", 4)]), &[], &["\"bird\" in test/, a class that training lacks", "new_classes = \"allow\""]),
        (cats(&[("val/Cat", 4), ("val/cow", 2)]), &[], &["\"Cat\", \"cow\" in val/, classes that training lacks"]),
        (cats(&[("train/bird", 0), ("test/bird", 4)]), &[], &["\"bird\" in test/"]),
        (vec![("train/a", 4), ("train/b", 4), ("test", 2)], &[], &["no class folder in test/", "classes = \"none\""]),
        (vec![("train", 4), ("test/a", 2), ("test/b", 2)], &[], &["no class folder in train/"]),
        (
            vec![("train/a/images", 4), ("train/b/images", 4), ("val/images", 2)],
            &[],
            &["no class folder in val/images/", "classes = \"none\""],
        ),
        (vec![("images", 20), ("annotations/trimaps", 20)], &[], &["\"images\" beside \"annotations\", which", "folder:PATH/images"]),
        (
            vec![("train/images", 4), ("train/masks", 4), ("test/images", 4), ("test/masks", 4)],
            &[],
            &["\"images\" beside \"masks\" in test/, which", "classes = \"folders\""],
        ),
        (vec![("train", 4), ("test/a", 2)], &[("classes", "folders")], &["no class folder in train/"]),
        (vec![("a/train", 10), ("a/test", 10), ("b/train", 10)], &[], &["\"test\", \"train\" in a/", "splits = \"none\""]),
        (vec![("set/train/a", 4), ("set/test/a", 1), ("docs", 3)], &[], &["\"test\", \"train\" in set/", "name that folder"]),
        (vec![("a", 20)], &[("splits", "folders")], &["no folder is named train"]),
        (vec![("", 20)], &[("classes", "folders")], &["the images are in none"]),
        (cats(&[]), &[("test", "tenth")], &["there is a folder of test images"]),
        (vec![("a", 20)], &[("test", "validation")], &["no folder of validation images"]),
    ];
    for (layout, settings, words) in rows {
        match planned(&layout, settings) {
            Ok(plan) => panic!("{layout:?} {settings:?} was read as {}", said(&plan)),
            Err(problem) => assert!(words.iter().all(|word| problem.contains(word)), "{layout:?}: {problem}"),
        }
    }
}

#[test]
fn what_is_not_there_is_said() {
    let plan = planned(&cats(&[("train/bird", 0), ("test/cow", 0), ("docs", 0)]), &[]).unwrap();
    assert_eq!(plan.notes, ["no images in the folders \"docs\", \"test/cow\", \"train/bird\""]);
    let plan = planned(&[("a", 20), ("b", 0)], &[]).unwrap();
    assert_eq!(plan.notes, ["no images in the folder \"b\""]);
    let plan = planned(&[("set/train", 20), ("set/val", 5)], &[]).unwrap();
    assert_eq!(plan.notes[0], "images are in set/");
    assert!(plan.notes[1].contains("test = \"validation\"") && plan.notes[1].contains("test = \"tenth\""), "{:?}", plan.notes);
    let plan = planned(&[("train/a", 20), ("test", 5)], &[("classes", "folders")]).unwrap();
    assert!(plan.notes[0].starts_with("the images to test on are in no class folder: set test = \"tenth\""), "{:?}", plan.notes);
    let plan = planned(&[("train/part1", 20), ("train/part2", 20), ("test/part1", 5)], &[]).unwrap();
    assert!(plan.notes.len() == 1 && plan.notes[0].contains("may be parts of one class"), "{:?}", plan.notes);
    let plan = planned(&[("train", 20)], &[]).unwrap();
    assert!(plan.advice.starts_with("set test = \"tenth\""), "{}", plan.advice);
    let few = "no test images: every tenth image of a class tests, and no class has ten: put images to train and to test on into folders \
               train and test";
    let rows: [(Layout, Given); 3] = [(vec![("a", 9), ("b", 6)], &[]), (vec![("", 9)], &[]), (vec![("train/a", 9)], &[("test", "tenth")])];
    for (layout, given) in rows {
        assert_eq!(planned(&layout, given).unwrap().notes, [few], "{layout:?}");
    }
    assert_eq!(planned(&[("a", 10), ("b", 6)], &[]).unwrap().notes, [""; 0]);
}

#[test]
fn an_image_is_of_the_class_of_its_folder_in_every_split() {
    let plan = planned(&[("test/b", 1), ("train/a", 1), ("train/b", 2)], &[]).unwrap();
    assert_eq!(plan.places, [(Split::Test, 1), (Split::Train, 0), (Split::Train, 1), (Split::Train, 1)].map(Some));
    assert_eq!(plan.rule, "by folder");
    // Every tenth of a class, not of all.
    let plan = planned(&[("a", 9), ("b", 11)], &[]).unwrap();
    let tests: Vec<usize> = (0..20).filter(|&i| plan.places[i] == Some((Split::Test, 1))).collect();
    assert_eq!((tests, plan.places[8]), (vec![18], Some((Split::Train, 0))));
}
