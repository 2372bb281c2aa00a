//! A data set that a command names beside a run, read as the run that was trained on it reads it.

use std::path::Path;

use vimae_datasets::{parted, placed};
use vimae_spec::Component;

use super::Shelf;

/// What a run makes of a data set for its training: how many images of a split, and other pixels. A command means the whole split as it is.
const OF_TRAINING: [&str; 5] = ["train_images", "test_images", "binarise", "dequantise", "draw_seed"];

impl Shelf {
    /// Reads this data set of a run with the run's settings wherever a command [names](Self::named) it. Of several runs on one data set, the
    /// first that is given decides.
    pub(crate) fn read_as(&mut self, dataset: &Component) {
        self.trained_on.push(dataset.clone());
    }

    /// The data set that a command names: with the settings of a run that was trained on it, else with its defaults.
    pub(crate) fn named(&self, name: &str) -> Component {
        let known = self.trained_on.iter().find(|dataset| is_same(&dataset.name, name));
        let mut settings = known.map(|dataset| dataset.settings.clone()).unwrap_or_default();
        settings.retain(|key, _| !OF_TRAINING.contains(&key.as_str()));
        Component { name: name.into(), settings }
    }
}

/// Whether two names mean one data set, seen from the current folder.
fn is_same(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|name| placed(name, Path::new("")));
    let ((entry, path), (other, other_path)) = (parted(&one), parted(&other));
    entry == other && path.map(Path::new) == other_path.map(Path::new)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Sources;

    #[test]
    fn a_data_set_of_a_run_is_read_with_the_settings_of_the_run() {
        let of = |name: &str, settings: Value| Component { name: name.into(), settings: settings.as_object().unwrap().clone() };
        let mut shelf = Shelf::new(Sources::default());
        assert_eq!(shelf.named("folder:photos"), Component::named("folder:photos"));
        let here = std::path::absolute("photos").unwrap();
        let settings = json!({ "size": 32, "channels": 1, "validation_images": 9, "test_images": 5, "binarise": "fixed", "draw_seed": 1 });
        shelf.read_as(&of(&format!("folder:{}", here.display()), settings));
        let expected = json!({ "size": 32, "channels": 1, "validation_images": 9 });
        for name in ["folder:photos", "folder:./photos/", &format!("folder:{}", here.display())] {
            assert_eq!(shelf.named(name), of(name, expected.clone()), "{name}");
        }
        for name in ["folder:photos/a", "arrays:photos", "digits"] {
            assert_eq!(shelf.named(name), Component::named(name), "{name}");
        }
        // Beside a second run on the same images, the first decides.
        shelf.read_as(&of("folder:photos", json!({ "size": 64 })));
        assert_eq!(shelf.named("folder:photos"), of("folder:photos", expected));
    }
}
