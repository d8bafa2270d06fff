//! How fields are read that other programs write in more than one way. Never more tolerant than the protocol page says.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, de::IntoDeserializer as _};
use stet_model::id::UserId;

use super::ErrorCode;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Tells a field that is `null` from one that is absent.
pub fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Takes `null` for the default: false, nothing, no text.
pub fn null_as_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A user that isn't named is the empty name.
pub fn user<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UserId, D::Error> {
    Option::<UserId>::deserialize(deserializer).map(|user| user.unwrap_or_else(nobody))
}

/// Nobody in particular.
pub fn nobody() -> UserId {
    UserId(String::new())
}

/// A time as epoch milliseconds or as an ISO 8601 text; `null` is 0, not known.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    optional_time(deserializer).map(Option::unwrap_or_default)
}

/// The same, where it may be missing.
pub fn optional_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(Time)
}

struct Time;

impl<'de> Visitor<'de> for Time {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time in epoch milliseconds or ISO 8601")
    }

    fn visit_i64<E>(self, value: i64) -> Result<Option<i64>, E> {
        Ok(Some(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Option<i64>, E> {
        i64::try_from(value).map(Some).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Option<i64>, E> {
        // Ten thousand years either side, as far as the calendar below goes.
        const FARTHEST_MS: f64 = 3.2e14;
        if value.abs() > FARTHEST_MS || value.is_nan() {
            return Err(E::invalid_value(Unexpected::Float(value), &self));
        }
        #[expect(clippy::cast_possible_truncation, reason = "parts of a millisecond are dropped; the range is checked")]
        Ok(Some(value as i64))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<i64>, E> {
        iso(text).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Other("text"), &self))
    }

    fn visit_unit<E>(self) -> Result<Option<i64>, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Option<i64>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<i64>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Epoch milliseconds of `2026-01-31T09:30:00.250+01:00`. The time of day, the fraction and the zone may be left out (then
/// midnight, and UTC), a blank may stand for the `T`. `None` for anything else.
fn iso(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let midnight = days_from_epoch(year, month, day) * DAY_MS;
    if rest.is_empty() {
        return Some(midnight);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at_checked(zone_at)?;
    Some(midnight + time_of_day(clock)? - zone_offset(zone)?)
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff`, in milliseconds.
fn time_of_day(clock: &str) -> Option<i64> {
    let (clock, fraction) =
        clock.split_once(['.', ',']).map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.split(':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| number(second, 2))?;
    // A leap second counts as the first of the next minute.
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let thousandths = match fraction {
        None => 0,
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.bytes().chain(*b"00").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        }
        Some(_) => return None,
    };
    Some(((hour * 60 + minute) * 60 + second) * 1000 + thousandths)
}

/// Nothing, `Z`, `+HH`, `+HHMM` or `+HH:MM`, in milliseconds east of Greenwich.
fn zone_offset(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.as_bytes().first() {
        None => return Some(0),
        Some(b'Z' | b'z') => return (zone.len() == 1).then_some(0),
        Some(b'+') => (1, &zone[1..]),
        Some(_) => (-1, &zone[1..]),
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let minutes = if minutes.is_empty() { 0 } else { number(minutes, 2)? };
    let hours = number(hours, 2)?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60 * 1000)
}

/// A number of exactly this many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let whole = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole { text.parse().ok() } else { None }
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar, for years from 0.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE_1970: i64 = 719_528;
    let leap_days = if year == 0 { 0 } else { (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1 };
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    year * 365 + leap_days + months + day - 1 - BEFORE_1970
}

/// A code, or [`ErrorCode::Unknown`] for whatever else another program puts there.
pub fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ErrorCode, D::Error> {
    deserializer.deserialize_any(Code)
}

struct Code;

impl<'de> Visitor<'de> for Code {
    type Value = ErrorCode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error code")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ErrorCode, E> {
        let name: StrDeserializer<'_, E> = text.into_deserializer();
        ErrorCode::deserialize(name)
    }

    fn visit_bool<E>(self, _: bool) -> Result<ErrorCode, E> {
        Ok(ErrorCode::Unknown)
    }

    fn visit_i64<E>(self, _: i64) -> Result<ErrorCode, E> {
        Ok(ErrorCode::Unknown)
    }

    fn visit_u64<E>(self, _: u64) -> Result<ErrorCode, E> {
        Ok(ErrorCode::Unknown)
    }

    fn visit_f64<E>(self, _: f64) -> Result<ErrorCode, E> {
        Ok(ErrorCode::Unknown)
    }

    fn visit_unit<E>(self) -> Result<ErrorCode, E> {
        Ok(ErrorCode::Unknown)
    }

    fn visit_none<E>(self) -> Result<ErrorCode, E> {
        Ok(ErrorCode::Unknown)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ErrorCode, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(ErrorCode::Unknown)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ErrorCode, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(ErrorCode::Unknown)
    }
}
