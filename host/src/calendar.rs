//! Points in time as texts; just enough of a calendar for log streams and HTTP events.

use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time, in UTC, to the millisecond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    epoch_ms: u64,
}

impl Moment {
    /// A clock set before 1970 counts as 1970.
    pub(crate) fn from_system(time: SystemTime) -> Self {
        let elapsed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { epoch_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX) }
    }

    pub(crate) fn epoch_ms(self) -> u64 {
        self.epoch_ms
    }

    /// The date as year, month and day.
    pub(crate) fn date(self, separator: &str) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}{separator}{month:02}{separator}{day:02}")
    }

    /// The form of an event's `requestContext.time`: `09/Apr/2015:12:34:56 +0000`.
    pub(crate) fn common_log(self) -> String {
        let (year, month, day) = self.civil();
        let month = MONTHS[month as usize - 1];
        let second = self.epoch_ms / 1_000 % 86_400;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000")
    }

    /// The Gregorian date, counted in eras of 400 years that begin in March, so that the leap day
    /// is a year's last.
    fn civil(self) -> (u64, u64, u64) {
        let days = self.epoch_ms / 86_400_000 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        (year, month, day)
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(epoch_seconds: u64, expected: &str) {
        let time = UNIX_EPOCH + Duration::from_secs(epoch_seconds);
        assert_eq!(Moment::from_system(time).common_log(), expected);
    }

    #[test]
    fn known_moments() {
        check(0, "01/Jan/1970:00:00:00 +0000");
        check(951_782_399, "28/Feb/2000:23:59:59 +0000");
        check(951_782_400, "29/Feb/2000:00:00:00 +0000");
        check(1_709_251_199, "29/Feb/2024:23:59:59 +0000");
        check(1_709_251_200, "01/Mar/2024:00:00:00 +0000");
        check(4_107_542_399, "28/Feb/2100:23:59:59 +0000");
        check(4_107_542_400, "01/Mar/2100:00:00:00 +0000");
        check(1_767_225_599, "31/Dec/2025:23:59:59 +0000");
    }

    #[test]
    fn dates_take_a_separator() {
        let time = UNIX_EPOCH + Duration::from_millis(1_767_225_599_999);
        let moment = Moment::from_system(time);
        assert_eq!(moment.date("/"), "2025/12/31");
        assert_eq!(moment.epoch_ms(), 1_767_225_599_999);
        assert_eq!(Moment::from_system(UNIX_EPOCH - Duration::from_secs(1)).epoch_ms(), 0);
    }
}
