//! Classes in a list beside the images: Tiny-ImageNet's `val/val_annotations.txt`, whose lines have a file of `val/images`, its class and
//! a box, with tabs between. The images are planned as if they lay in folders of these classes.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::spelling;
use crate::{Container, Error, Result, tree::Tree};

const LIST: &str = "val_annotations.txt";

/// The images and folders of a tree, by the names that they are planned with.
#[derive(Debug)]
pub(super) struct Annotated<'a> {
    /// A name for each image, in the order of the tree.
    pub(super) images: Vec<Cow<'a, str>>,
    /// Folders whose images are planned as if they lay in others.
    left: BTreeSet<&'a str>,
    /// What a reader should know.
    pub(super) notes: Vec<String>,
}

impl<'a> Annotated<'a> {
    /// The names as they are.
    pub(super) fn plain(tree: &'a Tree) -> Self {
        let images = tree.images.iter().map(|(name, _)| Cow::Borrowed(name.as_str())).collect();
        Self { images, left: BTreeSet::new(), notes: Vec::new() }
    }

    /// The names with the classes of every list in `container`, whose tree is `tree`.
    ///
    /// # Errors
    /// Those of reading a list; [`Error::Damaged`] for one that is none.
    pub(super) fn of(tree: &'a Tree, container: &Container) -> Result<Self> {
        let mut annotated = Self::plain(tree);
        for list in tree.labels.iter().filter(|name| name.rsplit('/').next() == Some(LIST)) {
            annotated.follow(tree, container, list)?;
        }
        Ok(annotated)
    }

    fn follow(&mut self, tree: &'a Tree, container: &Container, list: &str) -> Result<()> {
        let folder = list.strip_suffix(LIST).unwrap_or_default();
        let names = tree.images.iter().enumerate().map(|(at, (name, _))| (at, name.as_str()));
        let beside: Vec<(usize, &str, &str)> = names.filter_map(|(at, name)| Some((at, name, file(name.strip_prefix(folder)?)?))).collect();
        // A list that was left where people sorted its images into folders says nothing.
        if beside.is_empty() {
            return Ok(());
        }
        let Some(bytes) = container.file(list)? else { return Ok(()) };
        let text = String::from_utf8_lossy(&bytes);
        let classes = parse(&text, &container.name_of(list))?;
        let named = beside.iter().filter(|(_, _, file)| classes.contains_key(file)).count();
        if named == 0 {
            return Ok(());
        }
        for (at, name, file) in beside {
            // What the list does not name lies beside the classes.
            let class = classes.get(file).map_or_else(String::new, |class| format!("{class}/"));
            if let Some(planned) = self.images.get_mut(at) {
                *planned = Cow::Owned(format!("{folder}{class}{file}"));
            }
            self.left.extend(name.rsplit_once('/').map(|(above, _)| above).filter(|above| above.len() >= folder.len()));
        }
        self.notes.push(format!("{list} gives the classes of {named} images"));
        Ok(())
    }

    /// The folders of `tree` but those that no image is planned in.
    pub(super) fn folders(&self, tree: &'a Tree) -> impl Iterator<Item = &'a str> {
        tree.folders.iter().map(String::as_str).filter(move |folder| !self.left.contains(folder))
    }
}

/// The file of an image that lies beside a list, or in a folder called after images alone; `path` is from the list's folder.
fn file(path: &str) -> Option<&str> {
    match path.split_once('/') {
        None => Some(path),
        Some((inside, file)) => Some(file).filter(|file| spelling::is_images(inside) && !file.contains('/')),
    }
}

/// The class of each file.
fn parse<'a>(text: &'a str, list: &str) -> Result<BTreeMap<&'a str, &'a str>> {
    let mut classes = BTreeMap::new();
    for (line, row) in text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty()) {
        let wrong = |problem: &str| Error::damaged(list, format!("line {}: {row:?} {problem}", line + 1));
        let mut cells = row.split('\t').map(str::trim);
        let (Some(file), Some(class)) = (cells.next(), cells.next().filter(|class| !class.is_empty() && !class.contains('/'))) else {
            return Err(wrong("is no file and its class with a tab between; classes = \"none\" in [dataset] does without"));
        };
        if classes.insert(file, class).is_some_and(|before| before != class) {
            return Err(wrong("contradicts a line above it"));
        }
    }
    Ok(classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_file_and_its_class() {
        let text = "val_0.JPEG\tn03444034\t0\t32\t44\t62\r\n\nval_1.JPEG\tn04067472\n";
        let expected = BTreeMap::from([("val_0.JPEG", "n03444034"), ("val_1.JPEG", "n04067472")]);
        assert_eq!(parse(text, "list").unwrap(), expected);
        for (text, problem) in [
            ("a.png\tcat\nb.png cat\n", "list: line 2: \"b.png cat\" is no file and its class"),
            ("a.png\t../cat", "list: line 1: \"a.png\\t../cat\" is no file and its class"),
            ("a.png\tcat\na.png\tdog", "list: line 2: \"a.png\\tdog\" contradicts a line above it"),
        ] {
            let message = parse(text, "list").unwrap_err().to_string();
            assert!(message.starts_with(problem), "{message}");
        }
    }

    #[test]
    fn images_beside_a_list_are_those_in_its_folder_and_in_images() {
        assert_eq!(["0.png", "images/0.png", "IMGS/0.png"].map(file), [Some("0.png"); 3]);
        assert_eq!(["n01/0.png", "images/n01/0.png", "n01/images/0.png"].map(file), [None; 3]);
    }
}
