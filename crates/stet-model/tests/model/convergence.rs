//! Several devices, random edits, partial and repeated exchanges: all end with the same note, and nothing is lost that
//! nobody deleted.

use std::collections::BTreeSet;

use proptest::prelude::*;
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::{DeviceId, FolderId, NoteId, PeerId};
use stet_model::note::content_digest;

use crate::support::{Device, awkward, config, place};

#[derive(Clone, Debug)]
enum Step {
    /// Replaces a stretch by a text that holds a mark found nowhere else.
    Type {
        who: usize,
        from: u16,
        length: u16,
        text: String,
    },
    /// Gives the body a whole new text: the old one with a stretch cut out and a mark put in.
    Rewrite {
        who: usize,
        from: u16,
        to: u16,
    },
    Title {
        who: usize,
        text: String,
    },
    Field {
        who: usize,
        which: u8,
        value: u8,
    },
    /// Everything the other lacks, or a piece of it, or all as a snapshot; maybe twice.
    Send {
        from: usize,
        to: usize,
        how: How,
        twice: bool,
    },
}

#[derive(Clone, Copy, Debug)]
enum How {
    News,
    Piece(usize),
    /// Two pieces, the later one first.
    Crossed(usize),
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..4_usize;
    let how = prop_oneof![
        4 => Just(How::News),
        2 => (80..400_usize).prop_map(How::Piece),
        2 => (80..400_usize).prop_map(How::Crossed),
        1 => Just(How::Snapshot),
    ];
    prop_oneof![
        6 => (who(), place(), 0..12_000_u16, awkward(4))
            .prop_map(|(who, from, length, text)| Step::Type { who, from, length, text }),
        1 => (who(), place(), place()).prop_map(|(who, from, to)| Step::Rewrite { who, from, to }),
        1 => (who(), awkward(3)).prop_map(|(who, text)| Step::Title { who, text }),
        2 => (who(), any::<u8>(), any::<u8>()).prop_map(|(who, which, value)| Step::Field { who, which, value }),
        5 => (who(), who(), how, any::<bool>()).prop_map(|(from, to, how, twice)| Step::Send { from, to, how, twice }),
    ]
}

struct World {
    devices: Vec<Device>,
    marks: u32,
    deleted: BTreeSet<char>,
    now: i64,
}

fn is_mark(c: char) -> bool {
    ('\u{f0000}'..'\u{ffffd}').contains(&c)
}

impl World {
    fn new(devices: usize) -> Self {
        let devices = (1..=devices as u64).map(Device::new).collect();
        Self { devices, marks: 0, deleted: BTreeSet::new(), now: 1_700_000_000_000 }
    }

    /// A character used once, which takes two UTF-16 units.
    fn mark(&mut self) -> char {
        self.marks += 1;
        char::from_u32(0xf_0000 + self.marks).unwrap()
    }

    fn take(&mut self, step: &Step) {
        self.now += 137;
        let count = self.devices.len();
        match step {
            Step::Type { who, from, length, text } => {
                let text = format!("{text}{}", self.mark());
                let gone = self.devices[who % count].replace(*from, from.saturating_add(*length), &text, self.now);
                self.deleted.extend(gone.chars().filter(|c| is_mark(*c)));
            }
            Step::Rewrite { who, from, to } => {
                let mark = self.mark();
                let device = &mut self.devices[who % count];
                let characters: Vec<char> = device.body.chars().collect();
                let nth = |place: &u16| characters.len() * usize::from(*place) / usize::from(u16::MAX);
                let (from, to) = (nth(from.min(to)), nth(from.max(to)));
                let to = to.min(from + 5);
                let new: String = characters[..from].iter().chain([&mark]).chain(&characters[to..]).collect();
                device.edit(&NoteEdit::SetBody(new.clone()), self.now);
                assert_eq!(device.body, new);
                self.deleted.extend(characters[from..to].iter().filter(|c| is_mark(**c)));
            }
            Step::Title { who, text } => {
                let device = &mut self.devices[who % count];
                device.edit(&NoteEdit::SetTitle(text.clone()), self.now);
                assert!(!device.title.contains(['\n', '\r']));
            }
            Step::Field { who, which, value } => {
                self.devices[who % count].edit(&field(*which, *value), self.now);
            }
            Step::Send { from, to, how, twice } => self.send(from % count, to % count, *how, *twice),
        }
    }

    fn send(&mut self, from: usize, to: usize, how: How, twice: bool) {
        if from == to {
            return;
        }
        let (sender, known) = (&self.devices[from].note, self.devices[to].note.head());
        let head = sender.head();
        let parts = match how {
            How::News => vec![sender.export(&known)],
            How::Piece(bytes) => vec![sender.export_bounded(&known, &head, bytes).0],
            How::Crossed(bytes) => {
                let (first, end) = sender.export_bounded(&known, &head, bytes);
                vec![sender.export_bounded(&end, &head, bytes).0, first]
            }
            How::Snapshot => vec![sender.snapshot()],
        };
        for _ in 0..=usize::from(twice) {
            for part in &parts {
                self.devices[to].import(&[part]);
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..2 {
            for from in 0..self.devices.len() {
                for to in 0..self.devices.len() {
                    self.send(from, to, How::News, false);
                }
            }
        }
    }

    fn check(&self) {
        let first = &self.devices[0];
        for device in &self.devices {
            assert_eq!((&device.title, &device.body), (&first.title, &first.body));
            assert_eq!(device.note.fields(), first.note.fields());
            assert_eq!((device.note.head(), device.note.point()), (first.note.head(), first.note.point()));
            let id = NoteId::from_bytes([3; 16]);
            let digest = |device: &Device| content_digest(id, &device.title, &device.body, &device.note.fields());
            assert_eq!(digest(device), digest(first));
        }
        for n in 1..=self.marks {
            let mark = char::from_u32(0xf_0000 + n).unwrap();
            let found = first.body.chars().filter(|c| *c == mark).count();
            assert_eq!(found, usize::from(!self.deleted.contains(&mark)), "mark {n}");
        }
        assert!(!first.body.contains('\r'));
    }
}

fn field(which: u8, value: u8) -> NoteEdit {
    let on = value.is_multiple_of(2);
    match which % 10 {
        0 => NoteEdit::Starred(on),
        1 => NoteEdit::Pinned(on),
        2 => NoteEdit::Archived(on),
        3 => NoteEdit::Hidden(on),
        4 => NoteEdit::Folder(on.then(|| FolderId::from_bytes([value; 16]))),
        5 => NoteEdit::AddTag(format!("tag{}", value % 4)),
        6 => NoteEdit::RemoveTag(format!("tag{}", value % 4)),
        7 => NoteEdit::Trash,
        8 => NoteEdit::Restore,
        _ => NoteEdit::Device(DeviceId::from_bytes([value; 16])),
    }
}

fn run(devices: usize, steps: &[Step]) -> World {
    let mut world = World::new(devices);
    for step in steps {
        world.take(step);
    }
    world.settle();
    world.check();
    world
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn all_devices_end_with_the_same_note_and_no_mark_is_lost(
        devices in 2..=4_usize,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        run(devices, &steps);
    }

    #[test]
    fn a_note_loaded_from_any_mixture_of_blobs_is_the_same_note(steps in prop::collection::vec(step(), 1..40)) {
        let world = run(3, &steps);
        let (a, b) = (&world.devices[0].note, &world.devices[1].note);
        let (middle_blob, middle) = a.export_bounded(&Version::new(), &a.head(), 300);
        let (snapshot, rest, all) = (a.snapshot(), b.export(&middle), b.export(&Version::new()));
        let mixtures: [&[&[u8]]; 4] =
            [&[&snapshot], &[&all], &[&rest, &middle_blob], &[&rest, &snapshot, &middle_blob, &all, &rest]];
        for parts in mixtures {
            let loaded = NoteDocument::load(parts, PeerId(9)).unwrap();
            prop_assert_eq!(loaded.head(), a.head());
            prop_assert_eq!((loaded.title(), loaded.body(), loaded.fields()), (a.title(), a.body(), a.fields()));
        }
    }
}
