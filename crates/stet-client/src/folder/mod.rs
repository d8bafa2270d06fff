//! What is in the data folder beside the database, and where the folder is. Never notes.

pub(crate) mod copies;
pub(crate) mod home;
pub(crate) mod mark;
