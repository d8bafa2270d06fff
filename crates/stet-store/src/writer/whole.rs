//! Writes about a whole space: its name, the log it follows, everything in it. Never about one document.

use rusqlite::Connection;
use stet_model::id::SpaceId;

use super::{Failure, purge_found};
use crate::table::log::update;
use crate::table::{device, digest, document, folder, note, space};
use crate::write::DocKey;

/// Gives a space the id of another, which must hold nothing.
pub(super) fn rename(connection: &Connection, from: SpaceId, to: SpaceId) -> Result<(), Failure> {
    let Some(id) = space::find(connection, from)?.filter(|_| from != to) else { return Ok(()) };
    if let Some(target) = space::find(connection, to)?
        && document::any_in_space(connection, target)?
    {
        return Err(Failure::Occupied(to));
    }
    space::rename(connection, id, to)?;
    document::moved(connection, id, (from.library(), to.library()))?;
    digest::forget(connection, id)?;
    // What a library says is counted under its id.
    if let Some(library) = document::find_living(connection, DocKey { space: to, note: to.library() })? {
        digest::set_content(connection, library.id, None)?;
    }
    note::mirror_space(connection, id)?;
    Ok(())
}

/// Nothing in the space is known to be anywhere else.
pub(super) fn forget_log(connection: &Connection, space: SpaceId) -> rusqlite::Result<()> {
    let Some(id) = space::find(connection, space)? else { return Ok(()) };
    update::forget_log(connection, id)?;
    for empty in document::without_content(connection, id)? {
        purge_found(connection, empty, 0)?;
    }
    document::remove_tombstones(connection, id)?;
    document::forget_log(connection, id)?;
    leave(connection, id)?;
    note::mirror_space(connection, id)
}

/// Everything in the space goes.
pub(super) fn empty(connection: &Connection, space: SpaceId) -> rusqlite::Result<()> {
    let Some(id) = space::find(connection, space)? else { return Ok(()) };
    folder::replace(connection, id, &[])?;
    for document in document::all(connection, id)? {
        purge_found(connection, document, 0)?;
    }
    document::remove_tombstones(connection, id)?;
    leave(connection, id)
}

/// What is known of the log and of other devices goes.
fn leave(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    space::forget_cursor(connection, id)?;
    digest::forget(connection, id)?;
    device::remove_all(connection, id)
}
