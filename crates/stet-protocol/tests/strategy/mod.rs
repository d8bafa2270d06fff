//! Arbitrary messages of all four sets.

mod part;

use part::*;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use stet_protocol::message::level1::{FolderData, NoteData};
use stet_protocol::message::level2::{NotePurge, NoteSync, NoteUpdate, Received, Sync, SyncBatch, SyncComplete};
use stet_protocol::message::{level1, level2};

pub fn level1_client() -> impl Strategy<Value = level1::ClientMessage> {
    use level1::ClientMessage as M;
    prop_oneof![
        auth().prop_map(M::Auth),
        note().prop_map(|note_id| M::JoinNote { note_id }),
        note().prop_map(|note_id| M::LeaveNote { note_id }),
        (note(), changes()).prop_map(|(note_id, changes)| M::NoteUpdate { note_id, changes }),
        ((note(), any::<u8>()).prop_map(placed), note_data())
            .prop_map(|((note_id, id), data)| M::NoteCreated { note_id, note_data: NoteData { id, ..data } }),
        note().prop_map(|note_id| M::NoteDeleted { note_id }),
        ((folder(), any::<u8>()).prop_map(placed), folder_data()).prop_map(|((folder_id, id), data)| {
            M::FolderCreated { folder_id, folder_data: FolderData { id, ..data } }
        }),
        (folder(), folder_changes()).prop_map(|(folder_id, changes)| M::FolderUpdated { folder_id, changes }),
        folder().prop_map(|folder_id| M::FolderDeleted { folder_id }),
        Just(M::Ping {}),
    ]
}

pub fn level1_server() -> impl Strategy<Value = level1::ServerMessage> {
    use level1::ServerMessage as M;
    let from = || (any::<i64>(), user());
    prop_oneof![
        text().prop_map(|message| M::ConnectionEstablished { message }),
        auth_success().prop_map(M::AuthSuccess),
        (text(), reason()).prop_map(|(message, reason)| M::AuthFailed { message, reason }),
        (note(), text(), of(whole_note())).prop_map(|(note_id, message, note)| M::NoteJoined {
            note_id,
            message,
            note
        }),
        note().prop_map(|note_id| M::NoteLeft { note_id }),
        (note(), whole_note(), any::<i64>()).prop_map(|(note_id, updated_note, timestamp)| M::NoteUpdateSuccess {
            note_id,
            updated_note,
            timestamp
        }),
        (note(), changes(), whole_note(), from()).prop_map(
            |(note_id, changes, updated_note, (timestamp, from_user_id))| {
                M::NoteSync { note_id, changes, updated_note, timestamp, from_user_id }
            }
        ),
        (whole_note(), from()).prop_map(|(note_data, (timestamp, from_user_id))| M::NoteCreatedSync {
            note_data,
            timestamp,
            from_user_id
        }),
        (note(), from()).prop_map(|(note_id, (timestamp, from_user_id))| M::NoteDeletedSync {
            note_id,
            timestamp,
            from_user_id
        }),
        (folder(), folder_data(), from()).prop_map(|(folder_id, folder_data, (timestamp, from_user_id))| {
            M::FolderCreatedSync { folder_id, folder_data, timestamp, from_user_id }
        }),
        (folder(), folder_changes(), from()).prop_map(|(folder_id, changes, (timestamp, from_user_id))| {
            M::FolderUpdatedSync { folder_id, changes, timestamp, from_user_id }
        }),
        (folder(), from()).prop_map(|(folder_id, (timestamp, from_user_id))| M::FolderDeletedSync {
            folder_id,
            timestamp,
            from_user_id
        }),
        any::<i64>().prop_map(|timestamp| M::Pong { timestamp }),
        error().prop_map(M::Error),
    ]
}

fn single_level2_client() -> impl Strategy<Value = level2::ClientMessage> {
    use level2::ClientMessage as M;
    prop_oneof![
        auth().prop_map(M::Auth),
        (space(), any::<u64>(), of(lineage()), of(any::<u32>()), of(vec(note(), 0..4))).prop_map(
            |(space_id, since, lineage, newest, note_ids)| M::Sync(Sync { space_id, since, lineage, newest, note_ids })
        ),
        (text(), space(), note(), any::<u64>(), ops()).prop_map(|(id, space_id, note_id, after, ops)| {
            M::NoteUpdate(NoteUpdate { id, space_id, note_id, after, ops })
        }),
        (text(), space(), note(), any::<u64>()).prop_map(|(id, space_id, note_id, after)| M::NotePurge(NotePurge {
            id,
            space_id,
            note_id,
            after
        })),
        (space(), any::<u64>(), any::<u64>(), of(text()))
            .prop_map(|(space_id, seq, unsent, content)| M::Received(Received { space_id, seq, unsent, content })),
        (space(), note()).prop_map(|(space_id, note_id)| M::JoinNote { space_id, note_id }),
        (space(), note()).prop_map(|(space_id, note_id)| M::LeaveNote { space_id, note_id }),
        (space(), note(), state()).prop_map(|(space_id, note_id, state)| M::Presence { space_id, note_id, state }),
        Just(M::Ping {}),
    ]
}

pub fn level2_client() -> impl Strategy<Value = level2::ClientMessage> {
    prop_oneof![
        4 => single_level2_client(),
        1 => vec(single_level2_client(), 0..5).prop_map(|messages| level2::ClientMessage::Many { messages }),
    ]
}

fn single_level2_server() -> impl Strategy<Value = level2::ServerMessage> {
    prop_oneof![log_message(), session_message()]
}

fn log_message() -> impl Strategy<Value = level2::ServerMessage> {
    use level2::ServerMessage as M;
    let place = || (space(), note(), any::<u64>(), any::<i64>());
    prop_oneof![
        (space(), vec(row(), 0..4), any::<(u64, bool, u64, u64)>()).prop_map(
            |(space_id, rows, (up_to, early, done, total))| {
                M::SyncBatch(SyncBatch { space_id, rows, up_to, early, done, total })
            }
        ),
        (space(), any::<u64>(), lineage(), text(), of(vec(note(), 0..4))).prop_map(
            |(space_id, seq, lineage, digest, note_ids)| {
                M::SyncComplete(SyncComplete { space_id, seq, lineage, digest, note_ids })
            }
        ),
        (place(), text()).prop_map(|((space_id, note_id, seq, timestamp), id)| M::NoteUpdateSuccess {
            id,
            space_id,
            note_id,
            seq,
            timestamp
        }),
        (place(), ops(), user(), of(device())).prop_map(
            |((space_id, note_id, seq, timestamp), ops, from_user_id, from_device_id)| {
                M::NoteSync(NoteSync { space_id, note_id, seq, ops, timestamp, from_user_id, from_device_id })
            }
        ),
        (place(), user(), of(device())).prop_map(
            |((space_id, note_id, seq, timestamp), from_user_id, from_device_id)| M::NotePurgeSync {
                space_id,
                note_id,
                seq,
                timestamp,
                from_user_id,
                from_device_id
            }
        ),
        (space(), vec(receipt(), 0..4)).prop_map(|(space_id, devices)| M::Receipts { space_id, devices }),
        (any::<i64>(), btree_map(space(), any::<u64>(), 0..4))
            .prop_map(|(timestamp, seqs)| M::Pong { timestamp, seqs }),
        space().prop_map(|space_id| M::Behind { space_id }),
    ]
}

fn session_message() -> impl Strategy<Value = level2::ServerMessage> {
    use level2::ServerMessage as M;
    prop_oneof![
        text().prop_map(|message| M::ConnectionEstablished { message }),
        auth_success().prop_map(M::AuthSuccess),
        (text(), reason()).prop_map(|(message, reason)| M::AuthFailed { message, reason }),
        (space(), note(), text()).prop_map(|(space_id, note_id, message)| M::NoteJoined { space_id, note_id, message }),
        (space(), note()).prop_map(|(space_id, note_id)| M::NoteLeft { space_id, note_id }),
        ((space(), note(), connection()), user(), device(), state()).prop_map(
            |((space_id, note_id, connection_id), user_id, device_id, state)| M::PresenceSync {
                space_id,
                note_id,
                connection_id,
                user_id,
                device_id,
                state
            }
        ),
        any::<u64>().prop_map(|retry_after_ms| M::Draining { retry_after_ms }),
        error().prop_map(M::Error),
    ]
}

pub fn level2_server() -> impl Strategy<Value = level2::ServerMessage> {
    prop_oneof![
        4 => single_level2_server(),
        1 => vec(single_level2_server(), 0..5).prop_map(|messages| level2::ServerMessage::Many { messages }),
    ]
}
