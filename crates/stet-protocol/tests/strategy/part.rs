//! Arbitrary parts of messages. Only values that come back the same: what an encoding can't tell apart (a `state` that is
//! `null` and one that is absent) is left out.

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::Value;
use stet_model::id::{ConnectionId, DeviceId, FolderId, Lineage, NoteId, SpaceId, StoreId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level1::{Changes, FolderChanges, FolderData, Note, NoteData};
use stet_protocol::message::level2::{Receipt, Row};
use stet_protocol::message::{
    Agreement, Auth, AuthFailure, AuthSuccess, Device, ErrorCode, ErrorMessage, Limits, SpaceInfo,
};

macro_rules! ids {
    ($($function:ident => $id:ty),+) => {
        $(pub fn $function() -> impl Strategy<Value = $id> + Clone {
            any::<[u8; 16]>().prop_map(<$id>::from_bytes)
        })+
    };
}

ids!(note => NoteId, space => SpaceId, folder => FolderId, device => DeviceId, store => StoreId, lineage => Lineage,
     connection => ConnectionId);

pub fn text() -> impl Strategy<Value = String> + Clone {
    prop_oneof![any::<String>(), "[a-z]{0,300}", Just("\u{0}\"\\\u{2028}🥛e\u{301}".to_owned())]
}

pub fn user() -> impl Strategy<Value = UserId> + Clone {
    text().prop_map(UserId)
}

pub fn tags() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..4)
}

pub fn ops() -> impl Strategy<Value = Vec<Bytes>> {
    vec(vec(any::<u8>(), 0..300).prop_map(Bytes), 0..4)
}

pub fn state() -> impl Strategy<Value = Option<Value>> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) + 0.5)),
        text().prop_map(Value::from),
    ];
    of(leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    }))
}

pub fn auth() -> impl Strategy<Value = Auth> {
    let described = (device(), text(), text(), text()).prop_map(|(id, name, platform, app_version)| Device {
        id,
        name,
        platform,
        app_version,
    });
    (text(), of(any::<u32>()), of(described)).prop_map(|(token, protocol, device)| Auth { token, protocol, device })
}

pub fn limits() -> impl Strategy<Value = Limits> {
    any::<[u64; 6]>().prop_map(|[message_bytes, update_bytes_per_minute, messages_per_minute, note_bytes, a, b]| {
        Limits {
            message_bytes,
            update_bytes_per_minute,
            messages_per_minute,
            note_bytes,
            updates_in_flight: a,
            bytes_in_flight: b,
        }
    })
}

pub fn space_info() -> impl Strategy<Value = SpaceInfo> {
    (space(), text(), text(), any::<bool>(), any::<u64>(), lineage())
        .prop_map(|(id, name, role, encrypted, seq, lineage)| SpaceInfo { id, name, role, encrypted, seq, lineage })
}

pub fn agreement() -> impl Strategy<Value = Agreement> {
    (connection(), store(), any::<(i64, u64, u64)>(), limits(), vec(space_info(), 0..3)).prop_map(
        |(connection_id, store_id, (timestamp, expires_in_ms, heartbeat_ms), limits, spaces)| Agreement {
            protocol: 2,
            connection_id,
            store_id,
            timestamp,
            expires_in_ms,
            heartbeat_ms,
            limits,
            spaces,
        },
    )
}

pub fn auth_success() -> impl Strategy<Value = AuthSuccess> {
    (text(), user(), of(agreement())).prop_map(|(message, user_id, level2)| AuthSuccess { message, user_id, level2 })
}

pub fn reason() -> impl Strategy<Value = Option<AuthFailure>> {
    of(prop_oneof![proptest::sample::select(AuthFailure::ALL), Just(AuthFailure::Unknown)])
}

pub fn error() -> impl Strategy<Value = ErrorMessage> {
    let code = prop_oneof![proptest::sample::select(ErrorCode::ALL), Just(ErrorCode::Unknown)];
    (text(), code, of(note()), of(text()), of(any::<u64>())).prop_map(|(message, code, note_id, id, retry_after_ms)| {
        ErrorMessage { message, code, note_id, id, retry_after_ms }
    })
}

pub fn changes() -> impl Strategy<Value = Changes> {
    (of(text()), of(text()), any::<[Option<bool>; 4]>(), of(of(folder())), of(tags())).prop_map(
        |(title, content, [starred, archived, deleted, hidden], folder_id, tags)| Changes {
            title,
            content,
            starred,
            archived,
            deleted,
            hidden,
            folder_id,
            tags,
        },
    )
}

pub fn whole_note() -> impl Strategy<Value = Note> {
    ((note(), user(), of(folder())), (text(), text()), any::<[bool; 4]>(), tags(), any::<(i64, i64)>()).prop_map(
        |(
            (id, user_id, folder_id),
            (title, content),
            [starred, archived, deleted, hidden],
            tags,
            (created_at, updated_at),
        )| {
            Note {
                id,
                user_id,
                folder_id,
                title,
                content,
                starred,
                archived,
                deleted,
                hidden,
                tags,
                created_at,
                updated_at,
            }
        },
    )
}

pub fn note_data() -> impl Strategy<Value = NoteData> {
    (of(folder()), of(text()), of(text()), any::<[Option<bool>; 4]>(), of(tags()), of(any::<i64>())).prop_map(
        |(folder_id, title, content, [starred, archived, deleted, hidden], tags, created_at)| NoteData {
            id: None,
            folder_id,
            title,
            content,
            starred,
            archived,
            deleted,
            hidden,
            tags,
            created_at,
        },
    )
}

pub fn folder_data() -> impl Strategy<Value = FolderData> {
    (text(), of(text()), of(folder()), any::<i64>()).prop_map(|(name, color, parent_id, sort_order)| FolderData {
        id: None,
        name,
        color,
        parent_id,
        sort_order,
    })
}

pub fn folder_changes() -> impl Strategy<Value = FolderChanges> {
    (of(text()), of(of(text())), of(of(folder())), of(any::<i64>()))
        .prop_map(|(name, color, parent_id, sort_order)| FolderChanges { name, color, parent_id, sort_order })
}

/// The id outside, inside or in both places.
pub fn placed<I: Copy>((id, place): (I, u8)) -> (Option<I>, Option<I>) {
    ((place % 3 != 0).then_some(id), (place % 3 != 1).then_some(id))
}

pub fn row() -> impl Strategy<Value = Row> {
    (any::<(u64, bool, i64)>(), note(), ops(), of(device())).prop_map(
        |((seq, purged, timestamp), note_id, ops, device_id)| Row { seq, note_id, ops, purged, timestamp, device_id },
    )
}

pub fn receipt() -> impl Strategy<Value = Receipt> {
    (device(), text(), any::<(u64, u64, i64)>(), of(text())).prop_map(
        |(device_id, name, (seq, unsent, last_seen), content)| Receipt {
            device_id,
            name,
            seq,
            unsent,
            content,
            last_seen,
        },
    )
}
