//! A text as an editor without a window keeps it: every UTF-16 unit has an identity, so that rebasing needs no
//! arithmetic. What is deleted stays as long as something unsent may refer to its place. Knows no engine.

use stet_client::api::note::Replace;

/// One UTF-16 unit.
#[derive(Clone, Debug)]
struct Unit {
    code: u16,
    /// Part of the confirmed text.
    confirmed: bool,
    /// Typed by this unconfirmed change.
    born: Option<u64>,
    /// Deleted by this unconfirmed change.
    dead: Option<u64>,
}

impl Unit {
    const fn is_shown(&self) -> bool {
        (self.confirmed || self.born.is_some()) && self.dead.is_none()
    }

    /// Whether it is there for those who have taken the unconfirmed changes before this one.
    fn is_there_before(&self, change: u64) -> bool {
        (self.confirmed || self.born.is_some_and(|born| born < change)) && self.dead.is_none_or(|dead| dead >= change)
    }
}

/// A text with its unconfirmed changes, which are numbered and confirmed in order.
#[derive(Clone, Debug, Default)]
pub struct Units {
    units: Vec<Unit>,
    /// The first change that isn't confirmed.
    first: u64,
    /// The next change.
    next: u64,
}

impl Units {
    /// A confirmed text.
    pub fn new(text: &str) -> Self {
        let unit = |code| Unit { code, confirmed: true, born: None, dead: None };
        Self { units: text.encode_utf16().map(unit).collect(), first: 0, next: 0 }
    }

    /// The text as its user sees it.
    pub fn text(&self) -> String {
        let shown: Vec<u16> = self.units.iter().filter(|unit| unit.is_shown()).map(|unit| unit.code).collect();
        String::from_utf16_lossy(&shown)
    }

    /// The text as the engine has it, for all this editor knows.
    pub fn confirmed(&self) -> String {
        let kept: Vec<u16> = self.units.iter().filter(|unit| unit.confirmed).map(|unit| unit.code).collect();
        String::from_utf16_lossy(&kept)
    }

    /// How many changes aren't confirmed.
    pub const fn unconfirmed(&self) -> u64 {
        self.next - self.first
    }

    /// The user replaces `from..to`, in UTF-16 units of what is shown. One more unconfirmed change.
    pub fn replace(&mut self, from: u32, to: u32, insert: &str) {
        let change = self.next;
        self.next += 1;
        let mut shown = 0;
        let mut place = None;
        for (index, unit) in self.units.iter_mut().enumerate() {
            if shown == from && place.is_none() {
                place = Some(index);
            }
            if unit.is_shown() {
                if (from..to).contains(&shown) {
                    unit.dead = Some(change);
                }
                shown += 1;
            }
        }
        let place = place.unwrap_or(self.units.len());
        let born = insert.encode_utf16().map(|code| Unit { code, confirmed: false, born: Some(change), dead: None });
        self.units.splice(place..place, born);
    }

    /// The unconfirmed changes, one list of replacements each, in UTF-16 units of the text after those before it.
    pub fn outgoing(&self) -> Vec<Vec<Replace>> {
        (self.first..self.next).map(|change| self.replaces(change)).collect()
    }

    fn replaces(&self, change: u64) -> Vec<Replace> {
        let mut out: Vec<(u32, u32, Vec<u16>)> = Vec::new();
        let mut offset = 0;
        for unit in &self.units {
            let touches = out.last().is_some_and(|(_, to, _)| *to == offset);
            if unit.born == Some(change) {
                if !touches {
                    out.push((offset, offset, Vec::new()));
                }
                if let Some((_, _, insert)) = out.last_mut() {
                    insert.push(unit.code);
                }
            } else if unit.is_there_before(change) {
                if unit.dead == Some(change) {
                    if !touches {
                        out.push((offset, offset, Vec::new()));
                    }
                    if let Some((_, to, _)) = out.last_mut() {
                        *to = offset + 1;
                    }
                }
                offset += 1;
            }
        }
        let replace =
            |(from, to, insert): (u32, u32, Vec<u16>)| Replace { from, to, insert: String::from_utf16_lossy(&insert) };
        out.into_iter().map(replace).collect()
    }

    /// The engine has taken the oldest unconfirmed change. Says whether there was one.
    pub fn confirm(&mut self) -> bool {
        if self.first == self.next {
            return false;
        }
        for unit in &mut self.units {
            if unit.born == Some(self.first) {
                (unit.born, unit.confirmed) = (None, true);
            }
            if unit.dead == Some(self.first) {
                (unit.dead, unit.confirmed) = (None, false);
            }
        }
        self.first += 1;
        self.tidy();
        true
    }

    /// Somebody else's change, in UTF-16 units of the confirmed text. Says whether it fits.
    pub fn receive(&mut self, changes: &[Replace]) -> bool {
        let length = self.units.iter().filter(|unit| unit.confirmed).count() as u32;
        if changes.iter().any(|change| change.from > change.to || change.to > length) {
            return false;
        }
        // From the last to the first, so that the offsets before stay true.
        for change in changes.iter().rev() {
            let mut confirmed = 0;
            let mut place = None;
            for (index, unit) in self.units.iter_mut().enumerate() {
                if confirmed == change.from && place.is_none() {
                    place = Some(index);
                }
                if unit.confirmed {
                    if (change.from..change.to).contains(&confirmed) {
                        unit.confirmed = false;
                        unit.dead = None;
                    }
                    confirmed += 1;
                }
            }
            let place = place.unwrap_or(self.units.len());
            let new = change.insert.encode_utf16().map(|code| Unit { code, confirmed: true, born: None, dead: None });
            self.units.splice(place..place, new);
        }
        self.tidy();
        true
    }

    /// With nothing unconfirmed, nothing refers to the place of what was deleted.
    fn tidy(&mut self) {
        if self.first == self.next {
            self.units.retain(|unit| unit.confirmed);
        }
    }
}

#[cfg(test)]
mod tests {
    use stet_client::api::note::Replace;

    use super::Units;

    fn replace(from: u32, to: u32, insert: &str) -> Vec<Replace> {
        vec![Replace { from, to, insert: insert.to_owned() }]
    }

    #[test]
    fn unsent_changes_are_carried_over_what_came_from_elsewhere() {
        let mut units = Units::new("one two three");
        units.replace(4, 7, "2");
        units.replace(0, 0, "😀");
        assert_eq!(units.text(), "😀one 2 three");
        assert!(units.receive(&replace(0, 4, "")) && units.receive(&replace(9, 9, "!")));
        assert_eq!(units.text(), "😀2 three!");
        assert_eq!(units.outgoing(), [replace(0, 3, "2"), replace(0, 0, "😀")]);
        assert!(units.confirm() && units.confirm() && !units.confirm());
        assert_eq!(units.text(), units.confirmed());
    }

    #[test]
    fn text_put_into_a_stretch_that_is_being_deleted_survives() {
        let mut units = Units::new("abcdef");
        units.replace(1, 5, "");
        assert!(units.receive(&replace(3, 3, "XY")));
        assert_eq!(units.text(), "aXYf");
        let [changes] = units.outgoing().try_into().unwrap();
        assert_eq!(changes, [replace(1, 3, ""), replace(5, 7, "")].concat());
    }

    #[test]
    fn a_change_of_what_was_typed_and_not_sent_yet_counts_it() {
        let mut units = Units::new("");
        units.replace(0, 0, "abc");
        units.replace(1, 2, "B");
        assert_eq!(units.outgoing(), [replace(0, 0, "abc"), replace(1, 2, "B")]);
        assert!(units.receive(&replace(0, 0, "zz")));
        assert_eq!(units.unconfirmed(), 2);
        assert!(units.text().contains("aBc") && !units.receive(&replace(9, 9, "")));
    }
}
