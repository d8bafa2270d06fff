//! Notes and the folder library as mergeable documents.

pub mod id;
