//! How committed rows reach every node of a server, as a small trait, and the one for a single node. Never who gets them.

use std::collections::VecDeque;
use std::sync::Arc;

use stet_sync::server::Committed;

/// A row that couldn't be handed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bus took nothing: {0}")]
pub struct BusError(pub String);

/// Carries committed rows. What one node publishes every node polls, that node too; the rows of a space come in the order
/// they were published in. A row may come twice or be lost: whoever polls sees that by its seq.
pub trait Bus: Send {
    /// Hands a row on, after its commit.
    ///
    /// # Errors
    /// When it can't be carried; the row is on disk all the same.
    fn publish(&mut self, row: Arc<Committed>) -> Result<(), BusError>;

    /// The next row that has arrived; `None` when there is none now.
    fn poll(&mut self) -> Option<Arc<Committed>>;
}

/// A bus within one process.
#[derive(Debug, Default)]
pub struct LocalBus {
    waiting: VecDeque<Arc<Committed>>,
}

impl Bus for LocalBus {
    fn publish(&mut self, row: Arc<Committed>) -> Result<(), BusError> {
        self.waiting.push_back(row);
        Ok(())
    }

    fn poll(&mut self) -> Option<Arc<Committed>> {
        self.waiting.pop_front()
    }
}

#[cfg(test)]
mod contract {
    //! What every bus keeps. A new one adds a line at the end.
    use stet_model::id::{NoteId, SpaceId, UserId};
    use stet_sync::server::{Change, Place};

    use super::*;

    fn row(space: u8, seq: u64) -> Arc<Committed> {
        let place = Place {
            space_id: SpaceId::from_bytes([space; 16]),
            note_id: NoteId::from_bytes([1; 16]),
            seq,
            timestamp: 0,
            first: false,
        };
        Arc::new(Committed::new(place, Change::Purge, (UserId("u".to_owned()), None), None))
    }

    fn carries_each_spaces_rows_in_order(mut bus: impl Bus) {
        for seq in 1..=3 {
            bus.publish(row(1, seq)).unwrap();
            bus.publish(row(2, seq + 10)).unwrap();
        }
        let mut seqs: [Vec<u64>; 2] = Default::default();
        while let Some(row) = bus.poll() {
            let second = row.space_id == SpaceId::from_bytes([2; 16]);
            seqs[usize::from(second)].push(row.seq);
        }
        assert_eq!(seqs, [vec![1, 2, 3], vec![11, 12, 13]]);
    }

    fn has_nothing_when_all_is_polled(mut bus: impl Bus) {
        assert!(bus.poll().is_none());
        bus.publish(row(1, 1)).unwrap();
        assert!(bus.poll().is_some());
        assert!(bus.poll().is_none());
    }

    #[test]
    fn the_local_bus_keeps_the_contract() {
        carries_each_spaces_rows_in_order(LocalBus::default());
        has_nothing_when_all_is_polled(LocalBus::default());
    }
}
