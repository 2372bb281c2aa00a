//! # Alphabet after alphabet
//! One task for each group of classes that the data set names, in its order: Omniglot's alphabets. The data set's own test
//! split has other alphabets, which no task trains on, so that each task tests on images of its own: the last quarter of
//! the training images of each class, in the data set's order (of Omniglot's 20 drawings the last five, each with its
//! rotations).

use std::{collections::BTreeMap, sync::Arc};

use vimae_core::{Dataset, Entry, NoSettings, Split, settings::Schema};

use crate::{BuildStream, Error, Result, Stream, Task, task::select};

pub(crate) const ENTRY: Entry<BuildStream> = Entry {
    name: "alphabets",
    summary: "one group of classes after another: the alphabets of Omniglot",
    source: "Lake, Salakhutdinov, Tenenbaum, Human-level concept learning, 2015; as tasks in Schwarz et al., Progress and Compress, 2018",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Alphabets)),
};

/// One of so many images of a class tests.
const QUARTER: usize = 4;

struct Alphabets;

impl Stream for Alphabets {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn tasks(&self, dataset: &Arc<dyn Dataset>) -> Result<Vec<Task>> {
        if dataset.groups().is_empty() {
            let reason = format!("\"{}\" does not say which of its classes belong together; omniglot does", dataset.name());
            return Err(Error::NoTasks { stream: ENTRY.name.into(), reason });
        }
        let set = dataset.split(Split::Train)?;
        let mut by_class: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, label) in set.labels().iter().enumerate() {
            by_class.entry(*label).or_default().push(index);
        }
        let mut tasks = Vec::new();
        for group in dataset.groups() {
            let (mut train, mut test) = (Vec::new(), Vec::new());
            for (_, images) in by_class.range(group.classes.clone()) {
                let (first, last) = images.split_at(images.len() - images.len() / QUARTER);
                train.extend_from_slice(first);
                test.extend_from_slice(last);
            }
            // An alphabet of the data set's own test split.
            if train.is_empty() {
                continue;
            }
            let splits = vec![(Split::Train, select(set, train)?), (Split::Test, select(set, test)?)];
            tasks.push(Task::from_splits(dataset.as_ref(), (group.name.clone(), &format!("alphabet {}", group.name)), splits)?);
        }
        Ok(tasks)
    }
}
