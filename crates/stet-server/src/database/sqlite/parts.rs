//! The table `parts`: of every row that was folded away, its place, the server's time and the device that wrote it. A row of the
//! table is what one fold took in, so that a fold never writes anew what others kept before it. Never operations.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use stet_model::id::{DeviceId, NoteId};

use super::super::{Access, Part, ReadError};
use super::log::{self, seq_of};
use super::{spaces, unsigned};

/// Devices that wrote some parts, then for each part: how much further its seq is, and its time, than those of the part before,
/// and which device it is, counted from one; zero for none.
fn encode(parts: &[Part]) -> Vec<u8> {
    let mut devices: Vec<DeviceId> = parts.iter().filter_map(|part| part.device_id).collect();
    devices.sort_unstable();
    devices.dedup();
    let mut bytes = Vec::new();
    put(&mut bytes, devices.len() as u64);
    bytes.extend(devices.iter().flat_map(|device| device.as_bytes()));
    let (mut seq, mut time) = (0, 0_i64);
    for part in parts {
        put(&mut bytes, part.seq.wrapping_sub(seq));
        let further = part.timestamp.wrapping_sub(time);
        // Small numbers of either sign are small numbers.
        put(&mut bytes, ((further << 1) ^ (further >> 63)).cast_unsigned());
        let device = part.device_id.and_then(|device| devices.binary_search(&device).ok());
        put(&mut bytes, device.map_or(0, |index| index as u64 + 1));
        (seq, time) = (part.seq, part.timestamp);
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Part>> {
    let count = usize::try_from(take(&mut bytes)?).ok()?;
    let (devices, rest) = bytes.split_at_checked(count.checked_mul(16)?)?;
    let (devices, _) = devices.as_chunks::<16>();
    bytes = rest;
    let (mut seq, mut time) = (0_u64, 0_i64);
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        seq = seq.wrapping_add(take(&mut bytes)?);
        let further = take(&mut bytes)?;
        time = time.wrapping_add((further >> 1).cast_signed() ^ -(further & 1).cast_signed());
        let device_id = match take(&mut bytes)?.checked_sub(1) {
            None => None,
            Some(index) => Some(DeviceId::from_bytes(*devices.get(usize::try_from(index).ok()?)?)),
        };
        parts.push(Part { seq, timestamp: time, device_id });
    }
    Some(parts)
}

/// Seven bits a byte, the low ones first; the eighth says that more come.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Keeps what is known of these rows of a document, which are folded away now.
pub(super) fn keep(
    transaction: &Transaction<'_>,
    (space, note_id): (i64, NoteId),
    parts: &[Part],
) -> Result<(), rusqlite::Error> {
    let Some(last) = parts.last() else { return Ok(()) };
    transaction
        .prepare_cached("INSERT INTO parts (space, note_id, seq, parts) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![space, note_id.as_bytes(), last.seq.cast_signed(), encode(parts)])
        .map(drop)
}

/// Whether the row of a document at this place was folded: it has its parts here, and its own is the last of some.
pub(super) fn has(connection: &Connection, (space, note_id): (i64, NoteId), seq: u64) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT 1 FROM parts WHERE space = ?1 AND note_id = ?2 AND seq = ?3")?
        .query_row(params![space, note_id.as_bytes(), seq.cast_signed()], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

/// Every row a document ever had, in order: those folded away, and those that stand in the log.
pub(super) fn list(connection: &Connection, access: Access<'_>, note_id: NoteId) -> Result<Vec<Part>, ReadError> {
    let space = spaces::readable(connection, access)?;
    let mut parts = Vec::new();
    let mut folded =
        connection.prepare_cached("SELECT parts FROM parts WHERE space = ?1 AND note_id = ?2 ORDER BY seq")?;
    let mut rows = folded.query(params![space.number, note_id.as_bytes()])?;
    while let Some(row) = rows.next()? {
        let wrong = || ReadError::Failed(format!("the parts of {note_id} can't be read"));
        parts.extend(decode(&row.get::<_, Vec<u8>>(0)?).ok_or_else(wrong)?);
    }
    let (first, last) = log::places(space.number);
    let mut raw = connection.prepare_cached(
        "SELECT place, timestamp, device_id FROM log WHERE note_id = ?1 AND place BETWEEN ?2 AND ?3 ORDER BY place",
    )?;
    let mut rows = raw.query(params![note_id.as_bytes(), first, last])?;
    while let Some(row) = rows.next()? {
        let seq = seq_of(row.get(0)?);
        if !has(connection, (space.number, note_id), seq)? {
            let device_id = row.get::<_, Option<[u8; 16]>>(2)?.map(DeviceId::from_bytes);
            parts.push(Part { seq, timestamp: row.get(1)?, device_id });
        }
    }
    parts.sort_by_key(|part| part.seq);
    Ok(parts)
}

/// Brings over what the layout before kept, one row a part.
pub(super) fn bring_over(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    let mut statement = transaction.prepare(
        "SELECT place, note_id, seq, parts_by_row.timestamp, parts_by_row.device_id FROM parts_by_row \
         JOIN log USING (place) ORDER BY place, seq",
    )?;
    let mut rows = statement.query([])?;
    let mut found: Vec<((i64, NoteId), Part)> = Vec::new();
    while let Some(row) = rows.next()? {
        let device_id = row.get::<_, Option<[u8; 16]>>(4)?.map(DeviceId::from_bytes);
        let part = Part { seq: unsigned(row.get(2)?), timestamp: row.get(3)?, device_id };
        found.push(((row.get(0)?, NoteId::from_bytes(row.get(1)?)), part));
    }
    for row in found.chunk_by(|one, next| one.0 == next.0) {
        let parts: Vec<Part> = row.iter().map(|(_, part)| *part).collect();
        let (place, note_id) = row[0].0;
        keep(transaction, (log::space_of(place), note_id), &parts)?;
    }
    transaction.execute_batch("DROP TABLE parts_by_row")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_as_they_were_and_are_small() {
        let device = |n: u8| Some(DeviceId::from_bytes([n; 16]));
        let mut parts: Vec<Part> = (0..500)
            .map(|n| Part {
                seq: 7_000 + 3 * n,
                timestamp: 1_790_000_000_000 + 900 * n as i64,
                device_id: device(n as u8 % 3),
            })
            .collect();
        let bytes = encode(&parts);
        assert_eq!(decode(&bytes), Some(parts.clone()));
        assert!(bytes.len() < 5 * parts.len(), "{}", bytes.len());
        // A clock that was set back, a row without a device, numbers as large as they get.
        parts.push(Part { seq: u64::MAX, timestamp: i64::MIN, device_id: None });
        parts.push(Part { seq: u64::MAX, timestamp: i64::MAX, device_id: None });
        assert_eq!(decode(&encode(&parts)), Some(parts));
        assert_eq!(decode(&encode(&[])), Some(Vec::new()));
    }

    #[test]
    fn bytes_that_are_no_parts_are_told() {
        let bytes = encode(&[Part { seq: 300, timestamp: 5, device_id: Some(DeviceId::from_bytes([1; 16])) }]);
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_none_or(|parts| parts.is_empty()), "{end}");
        }
        assert_eq!(decode(&[0xff; 40]), None);
        assert_eq!(decode(&[0, 1, 2, 9]), None, "a device that isn't there");
    }
}
