//! From tree nodes to folders: which node stands for a folder, what is in what, in which order. Never here: writing.
//!
//! Two devices may have made nodes for one folder id: the smallest node counts, and what is in the others is in it.
//! A node inside a deleted one was put there by somebody who hadn't seen the deletion: it stands at the top.

use std::collections::{BTreeMap, BTreeSet};

use loro::{LoroMap, LoroTree, TreeID, TreeParentId};

use super::super::error::EditError;
use super::{COLOR, ID, NAME};
use crate::id::FolderId;

/// A folder, as read from the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its id.
    pub id: FolderId,
    /// What people call it.
    pub name: String,
    /// A CSS colour, when one was given.
    pub color: Option<String>,
    /// The folder it is in.
    pub parent: Option<FolderId>,
    /// 0 at the top.
    pub depth: u32,
    /// Its place in its parent, from 0.
    pub sort_order: u32,
}

/// The living nodes of a library's tree.
pub(super) struct Nodes {
    living: BTreeMap<FolderId, Node>,
    /// Every living node of every folder, those that don't count included.
    all: Vec<(TreeID, FolderId)>,
}

struct Node {
    tree: TreeID,
    name: String,
    color: Option<String>,
    parent: Option<FolderId>,
    /// The library's order among siblings, then the node's id.
    order: (String, TreeID),
}

/// A text in a node's data.
pub(super) fn text(meta: &LoroMap, key: &str) -> Option<String> {
    meta.get(key)?.get_deep_value().into_string().ok().map(|text| text.to_string())
}

impl Nodes {
    pub(super) fn read(tree: &LoroTree) -> Self {
        let mut found: Vec<(FolderId, Node, TreeParentId)> = Vec::new();
        for node in tree.get_nodes(true) {
            if matches!(node.parent, TreeParentId::Deleted | TreeParentId::Unexist) {
                continue;
            }
            let Ok(meta) = tree.get_meta(node.id) else { continue };
            let Some(id) = text(&meta, ID).and_then(|id| id.parse().ok()) else {
                continue;
            };
            let name = text(&meta, NAME).unwrap_or_default();
            let order = (node.fractional_index.to_string(), node.id);
            let folder = Node { tree: node.id, name, color: text(&meta, COLOR), parent: None, order };
            found.push((id, folder, node.parent));
        }
        found.sort_unstable_by_key(|(id, node, _)| (*id, node.tree.peer, node.tree.counter));
        let all: Vec<(TreeID, FolderId)> = found.iter().map(|(id, node, _)| (node.tree, *id)).collect();
        let ids: BTreeMap<TreeID, FolderId> = all.iter().copied().collect();
        let mut living: BTreeMap<FolderId, Node> = BTreeMap::new();
        for (id, mut node, parent) in found {
            if let TreeParentId::Node(parent) = parent {
                node.parent = ids.get(&parent).copied();
            }
            living.entry(id).or_insert(node);
        }
        let mut nodes = Self { living, all };
        nodes.break_circles();
        nodes
    }

    /// The tree has no circles, but folders of several nodes may: the smallest id of a circle goes to the top.
    fn break_circles(&mut self) {
        let mut safe: BTreeSet<FolderId> = BTreeSet::new();
        let ids: Vec<FolderId> = self.living.keys().copied().collect();
        for id in ids {
            let mut path = Vec::new();
            let mut at = Some(id);
            while let Some(folder) = at.filter(|folder| !safe.contains(folder)) {
                if let Some(start) = path.iter().position(|passed| *passed == folder) {
                    let top = path[start..].iter().min().copied();
                    if let Some(node) = top.and_then(|top| self.living.get_mut(&top)) {
                        node.parent = None;
                    }
                    break;
                }
                path.push(folder);
                at = self.living.get(&folder).and_then(|node| node.parent);
            }
            safe.extend(path);
        }
    }

    /// The node that stands for a folder.
    pub(super) fn of(&self, folder: FolderId) -> Result<TreeID, EditError> {
        self.living.get(&folder).map(|node| node.tree).ok_or(EditError::NoFolder { folder })
    }

    /// Whether `folder` is `outer` or somewhere in it.
    pub(super) fn is_inside(&self, folder: FolderId, outer: FolderId) -> bool {
        let mut at = Some(folder);
        while let Some(folder) = at {
            if folder == outer {
                return true;
            }
            at = self.living.get(&folder).and_then(|node| node.parent);
        }
        false
    }

    /// Every node of a folder and of those in it, innermost first.
    pub(super) fn within(&self, folder: FolderId) -> Vec<TreeID> {
        let inside = |(_, id): &&(TreeID, FolderId)| self.is_inside(*id, folder);
        let mut nodes: Vec<(usize, TreeID)> =
            self.all.iter().filter(inside).map(|(node, id)| (self.depth(*id), *node)).collect();
        nodes.sort_unstable_by(|(a, x), (b, y)| b.cmp(a).then(x.cmp(y)));
        nodes.into_iter().map(|(_, node)| node).collect()
    }

    fn depth(&self, folder: FolderId) -> usize {
        let parent = |folder: &FolderId| self.living.get(folder).and_then(|node| node.parent);
        std::iter::successors(parent(&folder), parent).count()
    }

    /// The folders in display order, parents first.
    pub(super) fn folders(&self) -> Vec<Folder> {
        let mut children: BTreeMap<Option<FolderId>, Vec<(&FolderId, &Node)>> = BTreeMap::new();
        for (id, node) in &self.living {
            children.entry(node.parent).or_default().push((id, node));
        }
        for siblings in children.values_mut() {
            siblings.sort_unstable_by(|(_, a), (_, b)| b.order.cmp(&a.order));
        }
        let mut folders: Vec<Folder> = Vec::with_capacity(self.living.len());
        // Siblings wait in reverse, so that the next one is at the end. No recursion: a tree may be a thousand deep.
        let mut open = vec![(children.remove(&None).unwrap_or_default(), 0, 0)];
        while let Some((mut siblings, depth, sort_order)) = open.pop() {
            let Some((id, node)) = siblings.pop() else { continue };
            open.push((siblings, depth, sort_order + 1));
            let (name, color) = (node.name.clone(), node.color.clone());
            folders.push(Folder { id: *id, name, color, parent: node.parent, depth, sort_order });
            if let Some(inner) = children.remove(&Some(*id)) {
                open.push((inner, depth + 1, 0));
            }
        }
        folders
    }
}
