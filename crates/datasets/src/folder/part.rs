//! A folder that is a split, and where in it the classes stand.

use vimae_core::Split;

use super::{branch::Branch, spelling};

/// A folder of one split.
pub(super) struct Part<'a> {
    /// Its name, empty for all images.
    pub(super) name: &'a str,
    pub(super) split: Split,
    /// What is in it, below the folders of `within`.
    pub(super) branch: &'a Branch<'a>,
    /// Folders in it that hold nothing but one other and make no class: `seg_train/` of `seg_train/seg_train/sea`.
    pub(super) within: String,
}

impl<'a> Part<'a> {
    /// All images, to train.
    pub(super) fn whole(branch: &'a Branch<'a>) -> Self {
        Self { name: "", split: Split::Train, branch, within: String::new() }
    }

    /// The folder `name`. One that is alone in it and is called after the split again is no class: archives are unpacked
    /// into a folder of their own name. Nor is one called `images`, where that is `plain`.
    pub(super) fn of(name: &'a str, split: Split, mut branch: &'a Branch<'a>, plain: bool) -> Self {
        let again = |name: &str| spelling::split(name).is_some_and(|(same, _)| same == split) || (plain && spelling::is_images(name));
        let mut within = String::new();
        loop {
            let mut folders = branch.folders();
            let (Some((only, below)), None) = (folders.next(), folders.next()) else { break };
            if branch.direct > 0 || !again(only) {
                break;
            }
            within = format!("{within}{only}/");
            branch = below;
        }
        Self { name, split, branch, within }
    }

    /// Where its classes stand, as messages name it: `val/`, `val/images/`.
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.name, self.within)
    }
}
