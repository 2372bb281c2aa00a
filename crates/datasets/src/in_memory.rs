//! Decoded images with their splits: the [`Dataset`] that every reader ends in.

use vimae_core::{Dataset, Error, Group, ImageSet, PixelRange, Result, Split, likelihood::Parameter};

use crate::{digest, names::Names};

/// A data set whose images are in memory, as bytes.
#[derive(Debug, Clone)]
pub struct InMemory {
    name: String,
    range: PixelRange,
    classes: usize,
    class_names: Vec<String>,
    groups: Vec<Group>,
    sha256: String,
    splits: Vec<(Split, ImageSet)>,
    advice: String,
    pixels: Vec<Parameter>,
    all_train_images: Option<usize>,
    files: Names,
}

impl InMemory {
    /// Images under `name`; `rule` says in words how they were split, and is part of the digest.
    ///
    /// # Errors
    /// [`Error::Data`] for no images, a label of `classes` or more, or shapes that differ.
    pub fn new(name: &str, range: PixelRange, classes: usize, rule: &str, splits: Vec<(Split, ImageSet)>) -> Result<Self> {
        let shape = splits.first().map(|(_, s)| s.shape());
        for (split, images) in &splits {
            if images.is_empty() {
                return Err(Error::Data(format!("{name}: no images to {split}")));
            }
            if Some(images.shape()) != shape {
                return Err(Error::Data(format!("{name}: images of {} among others", images.shape())));
            }
            if let Some(label) = images.labels().iter().find(|&&l| l as usize >= classes) {
                return Err(Error::Data(format!("{name}: label {label} among {classes} classes")));
            }
        }
        let sha256 = digest::of_images(range, classes, rule, &splits);
        let (class_names, groups, advice, pixels, all_train_images, files) = Default::default();
        Ok(Self { name: name.into(), range, classes, class_names, groups, sha256, splits, advice, pixels, all_train_images, files })
    }

    /// The same, with the names of its classes in the order of their labels, and which of them belong together.
    #[must_use]
    pub fn naming(mut self, classes: Vec<String>, groups: Vec<Group>) -> Self {
        (self.class_names, self.groups) = (classes, groups);
        self
    }

    /// The same, with what to do about a split that is not there: part of the error where one is asked for.
    #[must_use]
    pub fn advising(mut self, advice: &str) -> Self {
        self.advice = advice.into();
        self
    }

    /// The same, with what was made of its pixels.
    #[must_use]
    pub(crate) fn with_pixels(self, pixels: Vec<Parameter>) -> Self {
        Self { pixels, ..self }
    }

    /// The same, of which there are so many images to train on before settings take fewer.
    #[must_use]
    pub(crate) fn with_all_train_images(self, all_train_images: Option<usize>) -> Self {
        Self { all_train_images, ..self }
    }

    /// The same, whose images are these files.
    #[must_use]
    pub(crate) fn with_files(self, files: Names) -> Self {
        Self { files, ..self }
    }
}

impl Dataset for InMemory {
    fn name(&self) -> &str {
        &self.name
    }

    fn range(&self) -> PixelRange {
        self.range
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn class_names(&self) -> &[String] {
        &self.class_names
    }

    fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn sha256(&self) -> &str {
        &self.sha256
    }

    fn files(&self, split: Split) -> &[String] {
        self.files.iter().find(|(s, _)| *s == split).map(|(_, files)| files.as_slice()).unwrap_or_default()
    }

    fn all_train_images(&self) -> Result<usize> {
        Ok(self.all_train_images.unwrap_or(self.split(Split::Train)?.len()))
    }

    fn pixel_protocol(&self) -> &[Parameter] {
        &self.pixels
    }

    fn split(&self, split: Split) -> Result<&ImageSet> {
        self.splits.iter().find(|(s, _)| *s == split).map(|(_, images)| images).ok_or_else(|| Error::Unsupported {
            what: format!("split \"{split}\" of data set \"{}\"", self.name),
            reason: {
                let has = self.splits.iter().map(|(s, _)| s.to_string()).collect::<Vec<_>>().join(", ");
                if self.advice.is_empty() { format!("it has {has}") } else { format!("it has {has}; {}", self.advice) }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use vimae_core::ImageShape;

    use super::*;

    fn set(pixels: &[u8], labels: &[u32]) -> ImageSet {
        ImageSet::new(ImageShape { channels: 1, height: 1, width: 1 }, pixels.to_vec(), labels.to_vec()).unwrap()
    }

    fn images(rule: &str, train: ImageSet) -> InMemory {
        InMemory::new("x", PixelRange::Unit, 3, rule, vec![(Split::Train, train), (Split::Test, set(&[9], &[0]))]).unwrap()
    }

    #[test]
    fn the_digest_covers_pixels_labels_and_the_split_rule() {
        let base = images("first", set(&[1, 2], &[0, 1]));
        assert_eq!(base.sha256(), images("first", set(&[1, 2], &[0, 1])).sha256());
        for other in [images("last", set(&[1, 2], &[0, 1])), images("first", set(&[1, 3], &[0, 1])), images("first", set(&[1, 2], &[0, 2]))]
        {
            assert_ne!(base.sha256(), other.sha256());
        }
    }

    #[test]
    fn an_absent_split_and_wrong_labels_are_refused() {
        let message = images("first", set(&[1], &[0])).split(Split::Validation).unwrap_err().to_string();
        assert_eq!(message, "split \"validation\" of data set \"x\": it has train, test");
        let wrong = InMemory::new("x", PixelRange::Unit, 3, "", vec![(Split::Train, set(&[1], &[3]))]);
        assert!(matches!(wrong, Err(Error::Data(_))));
    }
}
