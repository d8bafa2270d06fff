//! What users of level-1 clients do, and what others do to the same notes at the same time. Never how a step is carried out.

use super::scenes::turn_to;
use super::{Action, Flag, Level1Action, Step, What};
use crate::world::random::{Dice, Share};

/// What the user of a level-1 client does among so many devices.
pub(super) fn level1(dice: &mut Dice, (client, devices): (usize, usize), end: u64) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..dice.within((20, 50)) {
        let (note, at) = (dice.share(), dice.below(end));
        if dice.percent(70) {
            let note = dice.share();
            steps.push(Step { at, what: What::Level1(client, Level1Action::Join { note }) });
        }
        let at = at + dice.within((100, 2_000));
        let what = match dice.below(40) {
            0 => Level1Action::Disconnect,
            1 | 2 => Level1Action::Join { note },
            3..6 => Level1Action::Create,
            _ => change(dice, note),
        };
        steps.push(Step { at, what: What::Level1(client, what) });
    }
    for _ in 0..dice.within((3, 6)) {
        let at = dice.below(end);
        let device = dice.below(devices as u64) as usize;
        meeting(dice, at, (client, device), &mut steps);
    }
    steps
}

/// The note that was written to last is changed on both sides before either has heard of the other.
fn meeting(dice: &mut Dice, mut at: u64, (client, device): (usize, usize), steps: &mut Vec<Step>) {
    let (note, place) = (dice.share(), dice.share());
    for action in [Level1Action::Join { note }, Level1Action::Type { note, place }] {
        steps.push(Step { at, what: What::Level1(client, action) });
        at += 600;
    }
    at += dice.within((300, 2_000));
    steps.extend(turn_to(at, device, Share::FIRST));
    for _ in 0..3 {
        at += dice.within((500, 2_500));
        let action = change(dice, Share::FIRST);
        steps.push(Step { at, what: What::Level1(client, action) });
        let what = What::User(device, of_device(dice));
        steps.push(Step { at: at + dice.below(450), what });
    }
}

/// A change of a note that a client looks at.
fn change(dice: &mut Dice, note: Share) -> Level1Action {
    let place = dice.share();
    match dice.below(34) {
        0..15 => Level1Action::Type { note, place },
        15..20 => Level1Action::Erase { note, place },
        20..23 => Level1Action::Title { note, place, whole: dice.percent(40) },
        23..28 => {
            let flags = [Flag::Starred, Flag::Starred, Flag::Archived, Flag::Hidden, Flag::Deleted];
            Level1Action::Flag { note, flag: dice.one(&flags) }
        }
        28..30 => Level1Action::File { note, folder: place, out: dice.percent(25) },
        30..33 => Level1Action::Tag { note, tag: place },
        _ => Level1Action::Delete { note },
    }
}

/// A change of the note that a device lists first.
fn of_device(dice: &mut Dice) -> Action {
    let (note, place, on) = (Share::FIRST, dice.share(), dice.percent(60));
    match dice.below(10) {
        0..3 => Action::Type { note, place, keys: dice.within((1, 4)) as u8, title: dice.percent(20) },
        3 => Action::Erase { note, place, units: dice.within((1, 60)) as u8, ragged: false },
        4 | 5 => Action::Tag { note, tag: place, on },
        6 => Action::Star { note, on },
        7 => Action::Archive { note, on: true },
        8 => Action::File { note, folder: place, out: !on },
        _ => Action::Rename { note },
    }
}
