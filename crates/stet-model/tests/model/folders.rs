//! The library: folders that several devices make, move and delete at once.

use std::collections::BTreeSet;

use proptest::prelude::*;
use stet_model::document::{EditError, Folder, LibraryDocument, LibraryEdit, Version};
use stet_model::id::{FolderId, PeerId, SpaceId};
use stet_model::note::library_digest;

use crate::support::config;

fn id(n: u8) -> FolderId {
    FolderId::from_bytes([n; 16])
}

fn create(n: u8, parent: Option<u8>) -> LibraryEdit {
    LibraryEdit::CreateFolder { id: id(n), name: format!("folder {n}"), parent: parent.map(id), color: None }
}

fn relocate(n: u8, parent: Option<u8>, before: Option<u8>) -> LibraryEdit {
    LibraryEdit::MoveFolder { id: id(n), parent: parent.map(id), before: before.map(id) }
}

fn delete(n: u8) -> LibraryEdit {
    LibraryEdit::DeleteFolder { id: id(n) }
}

fn library(peer: u64, edits: &[LibraryEdit]) -> LibraryDocument {
    let mut library = LibraryDocument::new(PeerId(peer));
    edits.iter().for_each(|edit| assert!(library.edit(edit, 1).unwrap()));
    library
}

fn copy(library: &LibraryDocument, peer: u64) -> LibraryDocument {
    LibraryDocument::load(&[&library.snapshot()], PeerId(peer)).unwrap()
}

fn exchange(a: &mut LibraryDocument, b: &mut LibraryDocument) {
    let (to_a, to_b) = (b.export(&a.head()), a.export(&b.head()));
    a.import(&[&to_a]).unwrap();
    b.import(&[&to_b]).unwrap();
    assert_eq!(a.folders(), b.folders());
    // A device that starts later reads the same, from a snapshot and from updates.
    assert_eq!(copy(a, 90).folders(), a.folders());
    assert_eq!(LibraryDocument::load(&[&a.export(&Version::new())], PeerId(91)).unwrap().folders(), a.folders());
}

/// `1 2(3 4(5))`: the tree by the first byte of the ids.
fn shape(library: &LibraryDocument) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for folder in library.folders() {
        while depth > folder.depth {
            text.push(')');
            depth -= 1;
        }
        if folder.depth > depth {
            text.push('(');
            depth = folder.depth;
        } else if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&folder.id.as_bytes()[0].to_string());
    }
    (0..depth).for_each(|_| text.push(')'));
    text
}

#[test]
fn folders_come_in_display_order_with_their_places() {
    let mut library =
        library(1, &[create(1, None), create(2, None), create(3, Some(2)), create(4, Some(2)), create(5, Some(4))]);
    assert_eq!(shape(&library), "1 2(3 4(5))");
    let third =
        Folder { id: id(4), name: "folder 4".into(), color: None, parent: Some(id(2)), depth: 1, sort_order: 1 };
    assert_eq!(library.folders()[3], third);
    assert!(library.edit(&relocate(4, None, Some(1)), 2).unwrap());
    assert!(library.edit(&relocate(1, Some(2), Some(3)), 2).unwrap());
    assert_eq!(shape(&library), "4(5) 2(1 3)");
    assert!(library.edit(&relocate(4, Some(2), None), 2).unwrap());
    assert_eq!(shape(&library), "2(1 3 4(5))");
    assert!(library.edit(&LibraryEdit::RenameFolder { id: id(3), name: "new\nname".into() }, 3).unwrap());
    assert!(library.edit(&LibraryEdit::RecolorFolder { id: id(3), color: Some("#e33".into()) }, 3).unwrap());
    let renamed = &library.folders()[2];
    assert_eq!((renamed.name.as_str(), renamed.color.as_deref()), ("new name", Some("#e33")));
    assert!(library.edit(&LibraryEdit::RecolorFolder { id: id(3), color: None }, 4).unwrap());
    assert_eq!(library.folders()[2].color, None);
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let mut library = library(1, &[create(1, None), create(2, None), create(3, Some(2))]);
    let head = library.head();
    let nothing = [
        relocate(2, None, None),
        relocate(1, None, Some(2)),
        relocate(3, Some(2), None),
        LibraryEdit::RenameFolder { id: id(1), name: "folder 1".into() },
        LibraryEdit::RecolorFolder { id: id(1), color: None },
    ];
    for edit in nothing {
        assert!(!library.edit(&edit, 5).unwrap(), "{edit:?}");
    }
    assert_eq!(library.head(), head);
}

#[test]
fn edits_that_do_not_fit_are_refused() {
    let mut library = library(1, &[create(1, None), create(2, Some(1)), create(3, Some(2))]);
    let head = library.head();
    assert_eq!(library.edit(&create(1, None), 2), Err(EditError::FolderExists { folder: id(1) }));
    assert_eq!(library.edit(&create(9, Some(8)), 2), Err(EditError::NoFolder { folder: id(8) }));
    assert_eq!(library.edit(&delete(9), 2), Err(EditError::NoFolder { folder: id(9) }));
    assert_eq!(library.edit(&relocate(1, Some(3), None), 2), Err(EditError::FolderInItself { folder: id(1) }));
    assert_eq!(library.edit(&relocate(1, Some(1), None), 2), Err(EditError::FolderInItself { folder: id(1) }));
    assert_eq!((library.head(), shape(&library)), (head, "1(2(3))".to_owned()));
}

#[test]
fn two_moves_into_each_other_make_no_circle() {
    let mut a = library(1, &[create(1, None), create(2, None)]);
    let mut b = copy(&a, 2);
    a.edit(&relocate(1, Some(2), None), 2).unwrap();
    b.edit(&relocate(2, Some(1), None), 2).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(a.folders().len(), 2);
    assert!(matches!(shape(&a).as_str(), "1(2)" | "2(1)"));
}

#[test]
fn two_nodes_of_one_folder_are_one_folder() {
    let mut a = library(1, &[create(1, None), create(2, Some(1))]);
    let mut b = library(2, &[create(1, None), create(3, Some(1))]);
    b.edit(&LibraryEdit::RenameFolder { id: id(1), name: "theirs".into() }, 2).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(shape(&a), "1(2 3)");
    assert_eq!(a.folders()[0].name, "folder 1", "the smallest node counts");
    b.edit(&LibraryEdit::RenameFolder { id: id(1), name: "agreed".into() }, 3).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(a.folders()[0].name, "agreed");
    b.edit(&delete(1), 4).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(a.folders(), [], "no second node shows up in its place");
}

#[test]
fn a_circle_through_two_nodes_of_one_folder_is_opened_at_the_top() {
    // 1 stands twice: by one device at the top, by the other with 2 in it; then the first is moved into 2.
    let mut a = library(1, &[create(1, None)]);
    let mut b = library(2, &[create(1, None), create(2, Some(1))]);
    let mut c = copy(&b, 3);
    exchange(&mut a, &mut b);
    assert_eq!(a.edit(&relocate(1, Some(2), None), 2), Err(EditError::FolderInItself { folder: id(1) }));
    c.edit(&relocate(2, None, None), 3).unwrap();
    c.edit(&LibraryEdit::CreateFolder { id: id(4), name: String::new(), parent: Some(id(2)), color: None }, 3).unwrap();
    exchange(&mut b, &mut c);
    assert_eq!(b.folders().len(), 3);
}

#[test]
fn a_folder_put_into_a_deleted_one_meanwhile_stays_at_the_top() {
    let mut a = library(1, &[create(1, None), create(2, Some(1)), create(3, Some(2)), create(4, None)]);
    let mut b = copy(&a, 2);
    a.edit(&delete(1), 2).unwrap();
    assert_eq!(shape(&a), "4");
    b.edit(&create(5, Some(3)), 2).unwrap();
    b.edit(&create(6, Some(5)), 2).unwrap();
    exchange(&mut a, &mut b);
    let folders: BTreeSet<FolderId> = a.folders().iter().map(|folder| folder.id).collect();
    assert_eq!(folders, [id(4), id(5), id(6)].into());
    let five = a.folders().into_iter().find(|folder| folder.id == id(5)).unwrap();
    assert_eq!((five.parent, five.depth), (None, 0));
    let six = a.folders().into_iter().find(|folder| folder.id == id(6)).unwrap();
    assert_eq!(six.parent, Some(id(5)));
    assert!(a.edit(&relocate(5, Some(4), None), 3).unwrap());
    assert!(a.edit(&LibraryEdit::RenameFolder { id: id(6), name: "renamed".into() }, 3).unwrap());
    exchange(&mut a, &mut b);
    assert_eq!(shape(&b), "4(5(6))");
}

#[test]
fn hundreds_of_levels_and_siblings_are_read_without_recursion() {
    let mut library = LibraryDocument::new(PeerId(1));
    let wide = |n: u16| FolderId::from_bytes(std::array::from_fn(|at| n.to_be_bytes()[at % 2]));
    for n in 1..=300_u16 {
        for (id, parent) in [(wide(n), (n > 1).then(|| wide(n - 1))), (wide(n + 2_000), None)] {
            library.edit(&LibraryEdit::CreateFolder { id, name: String::new(), parent, color: None }, 1).unwrap();
        }
    }
    let folders = library.folders();
    assert_eq!((folders.len(), folders[299].depth), (600, 299));
    assert!(library.edit(&LibraryEdit::DeleteFolder { id: wide(1) }, 2).unwrap());
    assert_eq!(library.folders().len(), 300);
}

#[derive(Clone, Debug)]
enum Step {
    Edit(usize, LibraryEdit),
    Exchange(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (folder, place) = (|| 0..8_u8, || prop::option::of(0..8_u8));
    prop_oneof![
        4 => (0..3_usize, folder(), place()).prop_map(|(who, n, parent)| Step::Edit(who, create(n, parent))),
        4 => (0..3_usize, folder(), place(), place())
            .prop_map(|(who, n, parent, before)| Step::Edit(who, relocate(n, parent, before))),
        1 => (0..3_usize, folder()).prop_map(|(who, n)| Step::Edit(who, delete(n))),
        1 => (0..3_usize, folder(), any::<u8>()).prop_map(|(who, n, name)| {
            Step::Edit(who, LibraryEdit::RenameFolder { id: id(n), name: name.to_string() })
        }),
        3 => (0..3_usize, 0..3_usize).prop_map(|(a, b)| Step::Exchange(a, b)),
    ]
}

fn is_sound(folders: &[Folder]) -> bool {
    let mut seen: BTreeSet<FolderId> = BTreeSet::new();
    folders.iter().all(|folder| {
        let parent_first = folder.parent.is_none_or(|parent| seen.contains(&parent));
        seen.insert(folder.id) && parent_first && (folder.depth == 0) == folder.parent.is_none()
    })
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn libraries_converge_without_circles_or_folders_twice(steps in prop::collection::vec(step(), 1..60)) {
        let mut libraries: Vec<LibraryDocument> = (1..=3).map(|peer| library(peer, &[])).collect();
        let trade = |libraries: &mut Vec<LibraryDocument>, a: usize, b: usize| {
            if a != b {
                let (low, high) = libraries.split_at_mut(a.max(b));
                exchange(&mut low[a.min(b)], &mut high[0]);
            }
        };
        for step in steps {
            match step {
                Step::Edit(who, edit) => {
                    let before = libraries[who].folders();
                    if libraries[who].edit(&edit, 1).is_err() {
                        prop_assert_eq!(libraries[who].folders(), before);
                    } else if let LibraryEdit::MoveFolder { id, parent, .. } = edit {
                        let moved = libraries[who].folders().into_iter().find(|folder| folder.id == id).unwrap();
                        prop_assert_eq!(moved.parent, parent);
                    }
                }
                Step::Exchange(a, b) => trade(&mut libraries, a, b),
            }
            prop_assert!(libraries.iter().all(|library| is_sound(&library.folders())));
        }
        for (a, b) in [(0, 1), (1, 2), (0, 1)] {
            trade(&mut libraries, a, b);
        }
        let space = SpaceId::from_bytes([1; 16]);
        let digests: BTreeSet<u128> = libraries.iter().map(|library| library_digest(space, &library.folders())).collect();
        prop_assert_eq!(digests.len(), 1);
    }
}
