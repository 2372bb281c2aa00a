//! # Classes in turn
//! The classes in the order of their labels, cut into tasks of neighbours: with five tasks of ten classes 0 and 1, then 2
//! and 3, and so on. Where classes do not divide evenly the first tasks have one more. Known as class-incremental
//! learning, split MNIST for instance.

use std::sync::Arc;

use vimae_core::{Dataset, Entry, settings::Schema};

use crate::{BuildStream, Error, Result, Stream, Task, task::select};

pub(crate) const ENTRY: Entry<BuildStream> = Entry {
    name: "split_classes",
    summary: "a few classes after another, in the order of their labels",
    source: "Zenke, Poole, Ganguli, Continual Learning Through Synaptic Intelligence, 2017; class-incremental as in van de Ven and Tolias, Three scenarios for continual learning, 2019",
    settings: Schema::of::<SplitClasses>,
    build: |settings| Ok(Box::new(settings.read::<SplitClasses>()?)),
};

vimae_core::settings! {
    /// The cut.
    struct SplitClasses {
        /// how many tasks the classes are shared out to
        tasks: usize = 5, from 1, to 65_536;
    }
}

impl Stream for SplitClasses {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn tasks(&self, dataset: &Arc<dyn Dataset>) -> Result<Vec<Task>> {
        let classes = dataset.classes();
        if self.tasks > classes {
            return Err(Error::TooManyTasks { tasks: self.tasks, classes });
        }
        let (each, more) = (classes / self.tasks, classes % self.tasks);
        let mut tasks = Vec::with_capacity(self.tasks);
        let mut first = 0;
        for place in 0..self.tasks {
            let end = first + each + usize::from(place < more);
            let of = |_, set: &vimae_core::ImageSet| {
                let mine = set.labels().iter().enumerate().filter(|(_, label)| (first..end).contains(&(**label as usize)));
                select(set, mine.map(|(index, _)| index))
            };
            tasks.push(Task::of(dataset.as_ref(), (name(first, end), &format!("classes {first} to {}", end - 1)), &of)?);
            first = end;
        }
        Ok(tasks)
    }
}

fn name(first: usize, end: usize) -> String {
    match end - first {
        1 => format!("class {first}"),
        2 => format!("classes {first}, {}", end - 1),
        _ => format!("classes {first} to {}", end - 1),
    }
}
