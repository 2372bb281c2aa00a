//! Where each image of a folder belongs: read from the names alone, and refused where they can be read in two ways.

use std::collections::{BTreeMap, BTreeSet};

use vimae_core::{Split, settings::word};

use super::{
    branch::Branch,
    doubts::doubts,
    part::Part,
    spelling::{self, listed},
};
use crate::PassedOver;

/// Of so many images of a class, one tests.
const TENTH: usize = 10;

vimae_core::settings! {
    /// The settings that decide how a folder is read.
    pub(super) struct Options {
        /// folders: those named train, val, test, others passed over; none: no folder is a split; auto: as found, refused in doubt
        pub(super) splits: As = As::Auto;
        /// folders: a class each, images beside them passed over; none: all images are one class; auto: as found, refused in doubt
        pub(super) classes: As = As::Auto;
        /// where there is a folder train and none of test images: those of validation, or every tenth of training; auto: no test split
        pub(super) test: TestFrom = TestFrom::Auto;
        /// classes of validation and test that training lacks
        pub(super) new_classes: NewClasses = NewClasses::Refuse;
    }
}

vimae_core::settings! {
    /// What folders mean.
    pub(super) enum As { Auto, Folders, None }
}

vimae_core::settings! {
    /// Where test images come from.
    pub(super) enum TestFrom { Auto, Validation, Tenth }
}

vimae_core::settings! {
    /// Whether test images may have classes of their own.
    pub(super) enum NewClasses { Refuse, Allow }
}

/// Where each image belongs.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Split and class of each image, in their order; none where it is passed over.
    pub(super) places: Vec<Option<(Split, u32)>>,
    /// The names of the classes, in order: one without a name where folders make none.
    pub(super) classes: Vec<String>,
    /// How they were split, as it enters the digest.
    pub(super) rule: String,
    /// What a reader should know.
    pub(super) notes: Vec<String>,
    /// Images that belong nowhere.
    pub(super) passed: PassedOver,
    /// What to do about a split that is not there.
    pub(super) advice: String,
}

/// Plans `images`, paths in order of their names, among `folders`.
///
/// # Errors
/// In words: what can be read in two ways and which setting decides, or what is missing.
pub(super) fn plan<'a>(images: &[&'a str], folders: impl Iterator<Item = &'a str>, options: &Options) -> Result<Plan, String> {
    let root = Branch::of(images, folders);
    let base = Base::of(&root, options);
    let (path, top) = (base.path.as_str(), base.branch);
    let mut plan = Plan::default();
    if !path.is_empty() {
        plan.notes.push(format!("images are in {path}"));
    }
    let parts = parts(&base, options, &mut plan)?;
    let split_up = parts.iter().any(|part| !part.name.is_empty());
    if !split_up {
        refuse_splits_in_classes(top, path, options)?;
    }
    let named = class_folders(&parts, options, &mut plan)?;
    if named {
        plan.notes.extend(doubts(&parts, path));
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for part in parts.iter().filter(|_| named) {
        names.extend(part.branch.folders().map(|(name, _)| name));
    }
    if split_up && options.new_classes == NewClasses::Refuse {
        refuse_new_classes(&parts, named)?;
    }
    say_empty(&parts, top, named, &mut plan);

    let names: Vec<&str> = names.into_iter().collect();
    plan.classes = if named { names.iter().map(|name| (*name).to_owned()).collect() } else { vec![String::new()] };
    let splits: BTreeMap<&str, (Split, &str)> = parts.iter().map(|part| (part.name, (part.split, part.within.as_str()))).collect();
    plan.places = images.iter().map(|image| place(image.strip_prefix(path)?, &splits, named.then_some(&names))).collect();
    let unlabelled = parts.iter().any(|part| part.split == Split::Test);
    take_tests(&mut plan, split_up, unlabelled, options)?;
    Ok(plan)
}

/// Where splits or classes are: below folders that hold nothing but one other, as the top folder of an archive does.
struct Base<'a, 'b> {
    path: String,
    branch: &'b Branch<'a>,
    /// Images in the folders above.
    above: usize,
}

impl<'a, 'b> Base<'a, 'b> {
    fn of(root: &'b Branch<'a>, options: &Options) -> Self {
        let plain = |name: &str| options.splits != As::None && spelling::split(name).is_some_and(|(_, rest)| rest.is_empty());
        let mut base = Self { path: String::new(), branch: root, above: 0 };
        loop {
            let mut folders = base.branch.folders();
            let (Some((name, only)), None) = (folders.next(), folders.next()) else { break };
            // With images in it a folder is a class, unless there are splits beside these images.
            let splits = only.folders().any(|(name, _)| plain(name));
            if plain(name) || (base.branch.direct + only.direct > 0 && !splits) {
                break;
            }
            base = Self { path: format!("{}{name}/", base.path), branch: only, above: base.above + base.branch.direct };
        }
        base
    }
}

/// The folders of splits; the whole, to train, where there are none.
fn parts<'a>(base: &Base<'a, 'a>, options: &Options, plan: &mut Plan) -> Result<Vec<Part<'a>>, String> {
    let top = base.branch;
    let whole = || vec![Part::whole(top)];
    if options.splits == As::None {
        return Ok(whole());
    }
    let spelled: Vec<(&str, Split, String, &Branch)> =
        top.folders().filter_map(|(name, branch)| spelling::split(name).map(|(split, rest)| (name, split, rest, branch))).collect();
    let plain = spelled.iter().any(|(_, _, rest, _)| rest.is_empty());
    let rests: BTreeSet<&str> = spelled.iter().map(|(_, _, rest, _)| rest.as_str()).collect();
    let pair = |rest: &str| {
        let has = |train: bool| spelled.iter().any(|(_, split, r, _)| r == rest && (*split == Split::Train) == train);
        has(true) && has(false)
    };
    let common = match rests.iter().copied().filter(|rest| pair(rest)).collect::<Vec<_>>().as_slice() {
        _ if plain => "",
        [] if options.splits == As::Folders => return Err("splits = \"folders\", and no folder is named train, val or test".into()),
        [] => return Ok(whole()),
        [one] => *one,
        _ => {
            let names: Vec<&str> = spelled.iter().map(|(name, ..)| *name).collect();
            return Err(format!(
                "holds {}, whose names mean both a split and something else: put them into folders train/ and test/, or set splits = \
                 \"none\" in [dataset] to take every folder as a class",
                listed(&names)
            ));
        }
    };
    let chosen = |plain: bool| -> Vec<Part<'a>> {
        let chosen = spelled.iter().filter(|(_, _, rest, _)| rest == common);
        chosen.map(|&(name, split, _, branch)| Part::of(name, split, branch, plain)).collect()
    };
    let mut parts = chosen(options.classes != As::None);
    // Where classes are asked for and nothing else makes one, a folder `images` does.
    if options.classes == As::Folders && parts.iter().all(|part| part.branch.folders().next().is_none()) {
        parts = chosen(false);
    }
    let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
    let others: Vec<(&str, &Branch)> = top.folders().filter(|(name, _)| !names.contains(name)).collect();
    if options.splits == As::Auto {
        let beside: Vec<&str> = others.iter().map(|(name, _)| *name).filter(|name| !spelling::is_auxiliary(name)).collect();
        if !beside.is_empty() {
            let way = if parts.iter().any(|part| part.split == Split::Train) {
                "set splits in [dataset], splits = \"folders\" to take the splits and pass the others over, splits = \"none\" to take every \
                 folder as a class"
            } else {
                "call the folder to train on train, or set splits = \"none\" in [dataset] to take every folder as a class"
            };
            return Err(format!(
                "holds {}, which {} a split, beside {}, which {} not: {way}",
                listed(&names),
                if names.len() == 1 { "names" } else { "name" },
                listed(&beside),
                if beside.len() == 1 { "does" } else { "do" },
            ));
        }
        for split in [Split::Train, Split::Validation, Split::Test] {
            let same: Vec<&str> = parts.iter().filter(|part| part.split == split).map(|part| part.name).collect();
            if same.len() > 1 {
                return Err(format!(
                    "holds {}, which all name the {split} split: set splits in [dataset], splits = \"folders\" to join them, splits = \
                     \"none\" to take every folder as a class",
                    listed(&same)
                ));
            }
        }
    }
    if !parts.iter().any(|part| part.split == Split::Train) {
        return Err(format!(
            "holds {} and no folder to train on, such as train: add one, or set splits = \"none\" in [dataset] to take every folder as \
             a class",
            listed(&names)
        ));
    }
    for (name, branch) in others {
        plan.passed.add(&format!("image in {name}/"), branch.total);
    }
    let fewest = parts.iter().map(|part| part.branch.total).min().unwrap_or(0);
    strays(base.above + top.direct, fewest, "the split folders", &names, ("splits", options.splits), plan)?;
    Ok(parts)
}

/// Passes over `count` images beside folders, where they are few; or refuses to choose.
fn strays(count: usize, fewest: usize, kind: &str, names: &[&str], (setting, chosen): (&str, As), plan: &mut Plan) -> Result<(), String> {
    if count > 1 && count >= fewest && chosen == As::Auto {
        return Err(format!(
            "holds {count} images beside {kind} {}: set {setting} in [dataset], {setting} = \"folders\" to pass them over, {setting} = \
             \"none\" to make nothing of the folders' names",
            listed(names)
        ));
    }
    plan.passed.add(&format!("image beside {kind}"), count);
    Ok(())
}

/// Whether folders make classes, after images that lie beside such folders were passed over.
fn class_folders(parts: &[Part], options: &Options, plan: &mut Plan) -> Result<bool, String> {
    let any = parts.iter().any(|part| part.branch.folders().next().is_some());
    if options.classes == As::None {
        return Ok(false);
    }
    if !any {
        return if options.classes == As::Folders { Err("classes = \"folders\", and the images are in none".into()) } else { Ok(false) };
    }
    for part in parts {
        let names: Vec<&str> = part.branch.folders().map(|(name, _)| name).collect();
        if names.is_empty() && options.classes == As::Folders && part.split != Split::Train {
            plan.passed.add(&format!("image in no class folder in {}", part.path()), part.branch.total);
            continue;
        }
        if names.is_empty() {
            return Err(format!(
                "holds images in no class folder in {}, while others have class folders: add them, or set classes in [dataset], \
                 classes = \"folders\" to pass over what is not trained on and has no class, classes = \"none\" to take all images as \
                 one class",
                part.path()
            ));
        }
        if let Some((images, other)) = spelling::images_beside(&names).filter(|_| options.classes == As::Auto) {
            let within = if part.name.is_empty() { String::new() } else { format!(" in {}", part.path()) };
            return Err(format!(
                "holds \"{images}\" beside \"{other}\"{within}, which are no classes by their names: leave out what is no image of the data, \
                 or name the folder of images (folder:PATH/{images}); set classes = \"folders\" in [dataset] where each is a class"
            ));
        }
        let fewest = part.branch.folders().map(|(_, class)| class.total).min().unwrap_or(0);
        strays(part.branch.direct, fewest, "the class folders", &names, ("classes", options.classes), plan)?;
    }
    Ok(true)
}

/// Refuses folders of splits inside of classes: `cat/train`, `cat/test`.
fn refuse_splits_in_classes(top: &Branch, base: &str, options: &Options) -> Result<(), String> {
    if options.splits == As::None {
        return Ok(());
    }
    for (class, branch) in top.folders() {
        let spelled =
            || branch.folders().filter_map(|(name, _)| spelling::split(name).filter(|(_, rest)| rest.is_empty()).map(|s| (name, s.0)));
        if spelled().any(|(_, split)| split == Split::Train) && spelled().any(|(_, split)| split != Split::Train) {
            let names: Vec<&str> = spelled().map(|(name, _)| name).collect();
            return Err(format!(
                "holds {} in {base}{class}/, below the place where splits are looked for: name that folder, or set splits = \"none\" in \
                 [dataset] to train on all of them",
                listed(&names)
            ));
        }
    }
    Ok(())
}

/// Refuses classes of validation and test that training lacks.
fn refuse_new_classes(parts: &[Part], named: bool) -> Result<(), String> {
    let of = |train: bool| parts.iter().filter(move |part| named && (part.split == Split::Train) == train);
    let known: BTreeSet<&str> = of(true).flat_map(|part| part.branch.folders().map(|(name, _)| name)).collect();
    for part in of(false) {
        let new: Vec<&str> = part.branch.folders().map(|(name, _)| name).filter(|name| !known.contains(name)).collect();
        if !new.is_empty() {
            return Err(format!(
                "holds {} in {}, {} that training lacks: add them to it, or set new_classes = \"allow\" in [dataset] where that is meant",
                listed(&new),
                part.path(),
                if new.len() == 1 { "a class" } else { "classes" },
            ));
        }
    }
    Ok(())
}

/// Says which folders where splits and classes stand hold no image.
fn say_empty(parts: &[Part], top: &Branch, named: bool, plan: &mut Plan) {
    let mut empty: Vec<String> = top.empty().map(String::from).collect();
    for part in parts.iter().filter(|part| named && !part.name.is_empty()) {
        empty.extend(part.branch.empty().map(|name| format!("{}{name}", part.path())));
    }
    if !empty.is_empty() {
        let names: Vec<&str> = empty.iter().map(String::as_str).collect();
        plan.notes.push(format!("no images in the folder{} {}", if names.len() == 1 { "" } else { "s" }, listed(&names)));
    }
}

/// Split and class of an image by its path below the base.
fn place(path: &str, splits: &BTreeMap<&str, (Split, &str)>, names: Option<&Vec<&str>>) -> Option<(Split, u32)> {
    let (split, below) = match splits.get("") {
        Some((split, _)) => (*split, path),
        None => {
            let (top, below) = path.split_once('/')?;
            let (split, within) = *splits.get(top)?;
            (split, below.strip_prefix(within)?)
        }
    };
    let Some(names) = names else { return Some((split, 0)) };
    let (class, _) = below.split_once('/')?;
    Some((split, names.binary_search(&class).ok()? as u32))
}

/// Makes the test split where no folder is one, as the settings say; or where one is, and its images are `unlabelled`.
fn take_tests(plan: &mut Plan, split_up: bool, unlabelled: bool, options: &Options) -> Result<(), String> {
    let has = |plan: &Plan, split| plan.places.iter().flatten().any(|(s, _)| *s == split);
    let test = options.test;
    if split_up && has(plan, Split::Test) {
        plan.rule = "by folder".into();
        let refused = Err(format!("test = \"{}\", and there is a folder of test images: leave the setting out", word(&test)));
        return if test == TestFrom::Auto { Ok(()) } else { refused };
    }
    match (split_up, test) {
        (_, TestFrom::Validation) if !has(plan, Split::Validation) => {
            return Err("test = \"validation\", and there is no folder of validation images".into());
        }
        (_, TestFrom::Validation) => {
            plan.rule = "by folder; validation tests".into();
            plan.places.iter_mut().flatten().filter(|(split, _)| *split == Split::Validation).for_each(|place| place.0 = Split::Test);
        }
        (true, TestFrom::Auto) => {
            plan.rule = "by folder".into();
            let validation = if has(plan, Split::Validation) { "test = \"validation\" to test on those of validation, or " } else { "" };
            plan.advice = format!("set {validation}test = \"tenth\" in [dataset] to test on every tenth image of a class of training");
            let none = if unlabelled { "the images to test on are in no class folder" } else { "no folder of test images" };
            plan.notes.push(format!("{none}: {}", plan.advice));
        }
        (split_up, _) => {
            plan.rule =
                if split_up { "by folder; every tenth of a class, by name, tests" } else { "every tenth of a class, by name, tests" }
                    .into();
            plan.advice =
                "every tenth image of a class tests, and no class has ten: put images to train and to test on into folders train and test"
                    .into();
            let mut seen = vec![0_usize; plan.classes.len()];
            for (split, label) in plan.places.iter_mut().flatten().filter(|(split, _)| *split == Split::Train) {
                let Some(count) = seen.get_mut(*label as usize) else { continue };
                *count += 1;
                if *count % TENTH == 0 {
                    *split = Split::Test;
                }
            }
            if !has(plan, Split::Test) {
                plan.notes.push(format!("no test images: {}", plan.advice));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
