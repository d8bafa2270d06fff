//! How a store is opened where it isn't opened the ordinary way. No defaults for users are here: there is nothing to set.

/// Everything at its default is right for a user's store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The name of a registered SQLite VFS to open the file through, for simulated disks. Such a disk is asked nothing
    /// through the operating system: no file is renamed and no folder is listed.
    pub vfs: Option<String>,
    /// Bytes the database may grow to, for tests of a full disk: the next write beyond answers that the disk is full.
    pub max_bytes: Option<u64>,
}
