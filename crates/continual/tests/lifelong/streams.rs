//! Streams: what tasks they make, and what they refuse.

use std::sync::Arc;

use serde_json::{Value, json};
use vimae_continual::{Error, STREAMS, Task, check, in_one_order, together};
use vimae_core::{Dataset, Group, ImageSet, ImageShape, PixelRange, Result, Split};
use vimae_datasets::InMemory;

/// Images whose first pixel is their number, with these labels, in groups.
struct Made {
    inner: InMemory,
    groups: Vec<Group>,
}

impl Dataset for Made {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn range(&self) -> PixelRange {
        self.inner.range()
    }

    fn classes(&self) -> usize {
        self.inner.classes()
    }

    fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn sha256(&self) -> &str {
        self.inner.sha256()
    }

    fn split(&self, split: Split) -> Result<&ImageSet> {
        self.inner.split(split)
    }
}

fn images(shape: ImageShape, labels: &[u32]) -> ImageSet {
    let one = |index: usize| std::iter::once(index as u8).chain(std::iter::repeat_n(7, shape.len() - 1));
    ImageSet::new(shape, (0..labels.len()).flat_map(one).collect(), labels.to_vec()).unwrap()
}

const SQUARE: ImageShape = ImageShape { channels: 1, height: 3, width: 3 };

fn made(classes: usize, train: &[u32], test: &[u32], groups: Vec<Group>) -> Arc<dyn Dataset> {
    let splits = vec![(Split::Train, images(SQUARE, train)), (Split::Test, images(SQUARE, test))];
    Arc::new(Made { inner: InMemory::new("made", PixelRange::Unit, classes, "", splits).unwrap(), groups })
}

fn tasks(stream: &str, settings: Value, dataset: &Arc<dyn Dataset>) -> vimae_continual::Result<Vec<Task>> {
    STREAMS.build(stream, settings.as_object().unwrap())?.tasks(dataset)
}

/// The number of each image of a task's split.
fn numbers(task: &Task, split: Split) -> Vec<u8> {
    task.dataset.split(split).unwrap().pixels().chunks_exact(9).map(|image| image[0]).collect()
}

#[test]
fn classes_are_shared_out_in_order_and_every_image_is_in_one_task() {
    let labels = [4, 0, 1, 2, 3, 0, 4, 1];
    let dataset = made(5, &labels, &[0, 1, 2, 3, 4], Vec::new());
    let tasks = tasks("split_classes", json!({ "tasks": 2 }), &dataset).unwrap();
    assert_eq!(tasks.iter().map(|task| task.name.as_str()).collect::<Vec<_>>(), ["classes 0 to 2", "classes 3, 4"]);
    assert_eq!([0, 1].map(|task| numbers(&tasks[task], Split::Train)), [vec![1, 2, 3, 5, 7], vec![0, 4, 6]]);
    assert_eq!(numbers(&tasks[1], Split::Test), [3, 4]);
    check("split_classes", &tasks).unwrap();
    // Labels stay those of the whole, and the digest tells the tasks from one another.
    assert_eq!(tasks[1].dataset.split(Split::Train).unwrap().labels(), [4, 3, 4]);
    assert_ne!(tasks[0].dataset.sha256(), tasks[1].dataset.sha256());
}

#[test]
fn joint_is_the_data_set_itself() {
    let dataset = made(2, &[0, 1], &[0], Vec::new());
    let tasks = tasks("joint", json!({}), &dataset).unwrap();
    assert!(tasks.len() == 1 && Arc::ptr_eq(&tasks[0].dataset, &dataset));
}

#[test]
fn angles_turn_every_image_and_no_turn_changes_none() {
    let dataset = made(2, &[0, 1], &[1], Vec::new());
    let tasks = tasks("rotated", json!({ "angles": [0, 90] }), &dataset).unwrap();
    let pixels = |task: usize| tasks[task].dataset.split(Split::Train).unwrap().pixels().to_vec();
    assert_eq!(pixels(0), dataset.split(Split::Train).unwrap().pixels());
    // The top left corner goes to the bottom left.
    assert_eq!(pixels(1)[9..], [7, 7, 7, 7, 7, 7, 1, 7, 7]);
    assert!(matches!(tasks_of_none(&dataset), Err(Error::NoTasks { .. })));
}

fn tasks_of_none(dataset: &Arc<dyn Dataset>) -> vimae_continual::Result<()> {
    check("rotated", &tasks("rotated", json!({ "angles": [] }), dataset)?)
}

#[test]
fn alphabets_test_on_the_last_quarter_of_each_class_and_need_groups() {
    let group = |name: &str, classes| Group { name: name.into(), classes };
    let labels = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
    let dataset = made(4, &labels, &[3], vec![group("Greek", 0..2), group("Latin", 2..3), group("Cyrillic", 3..4)]);
    let alphabets = tasks("alphabets", json!({}), &dataset).unwrap();
    // The alphabet of the test split alone trains nothing.
    assert_eq!(alphabets.iter().map(|task| task.name.as_str()).collect::<Vec<_>>(), ["Greek", "Latin"]);
    assert_eq!((numbers(&alphabets[0], Split::Train), numbers(&alphabets[0], Split::Test)), (vec![0, 1, 2, 4, 5, 6], vec![3, 7]));
    let plain = made(4, &labels, &[3], Vec::new());
    assert!(matches!(tasks("alphabets", json!({}), &plain), Err(Error::NoTasks { stream, .. }) if stream == "alphabets"));
}

#[test]
fn what_makes_no_tasks_is_refused_with_the_reason() {
    let dataset = made(3, &[0, 1, 2], &[0, 1, 2], Vec::new());
    let refused = tasks("split_classes", json!({ "tasks": 4 }), &dataset);
    assert!(matches!(refused, Err(Error::TooManyTasks { tasks: 4, classes: 3 })));
    let dataset = made(3, &[0, 1, 1], &[0, 1, 2], Vec::new());
    let refused = tasks("split_classes", json!({ "tasks": 3 }), &dataset);
    assert!(matches!(refused, Err(Error::EmptyTask { task, split: Split::Train }) if task == "class 2"));
    let dataset = made(2, &[0, 1], &[0], Vec::new());
    let refused = tasks("split_classes", json!({ "tasks": 2 }), &dataset);
    assert!(matches!(refused, Err(Error::EmptyTask { task, split: Split::Test }) if task == "class 1"));

    let of = |shape: ImageShape| {
        let splits = vec![(Split::Train, images(shape, &[0])), (Split::Test, images(shape, &[0]))];
        Task { name: shape.to_string(), dataset: Arc::new(InMemory::new("made", PixelRange::Unit, 1, "", splits).unwrap()) }
    };
    let wide = ImageShape { width: 4, ..SQUARE };
    let refused = check("mine", &[of(SQUARE), of(wide)]);
    assert!(matches!(refused, Err(Error::Shapes { task, found, expected }) if task == "3x4x1" && found == wide && expected == SQUARE));
}

#[test]
fn however_a_stream_cuts_them_the_same_images_together_are_the_same_data() {
    let dataset = made(4, &[3, 1, 0, 2, 1], &[0, 1, 2, 3], Vec::new());
    let digest = |settings| {
        let all = together(&tasks("split_classes", settings, &dataset).unwrap()).unwrap();
        assert_eq!(all.split(Split::Train).unwrap().len(), 5);
        in_one_order(all.as_ref()).unwrap().sha256().to_owned()
    };
    let whole = in_one_order(dataset.as_ref()).unwrap();
    assert_eq!([digest(json!({ "tasks": 2 })), digest(json!({ "tasks": 4 }))], [whole.sha256(), whole.sha256()]);
}
