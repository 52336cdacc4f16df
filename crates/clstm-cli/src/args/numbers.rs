//! Numbers of the command line, with messages that give the range.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

/// Most of anything that is counted. Larger numbers are mistakes.
const MOST: usize = 1_000_000_000;
/// Most threads: each takes memory, and thousands of them more time to start than they save.
const MOST_THREADS: usize = 1024;
/// Most copies of the input in test-time augmentation.
const MOST_SHIFTS: usize = 64;
/// Longest time of a setting in seconds.
const MOST_S: f64 = 3600.0;

fn whole(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number
        .ok_or_else(|| format!("expected a whole number from {} to {}", range.start(), range.end()))
}

fn seconds(text: &str, range: RangeInclusive<f64>) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        format!("expected a number of seconds from {} to {}", range.start(), range.end())
    })
}

fn at_least_one(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
}

/// A count of at least one.
pub(super) fn count(text: &str) -> Result<NonZeroUsize, String> {
    whole(text, 1..=MOST).map(at_least_one)
}

/// A number of threads or processes.
pub(super) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    whole(text, 1..=MOST_THREADS).map(at_least_one)
}

/// A number of processes, or 0 for none.
pub(super) fn processes(text: &str) -> Result<usize, String> {
    whole(text, 0..=MOST_THREADS)
}

/// A number of folds, or of one fold, or of epochs.
pub(super) fn number(text: &str) -> Result<usize, String> {
    whole(text, 0..=MOST)
}

/// A number of shifts of test-time augmentation.
pub(super) fn shifts(text: &str) -> Result<usize, String> {
    whole(text, 1..=MOST_SHIFTS)
}

/// The seed of a generator of random numbers.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

/// The hop of a timeline.
pub(super) fn hop(text: &str) -> Result<f64, String> {
    seconds(text, 0.1..=MOST_S)
}

/// The window of a timeline. Its longest depends on the model.
pub(super) fn window(text: &str) -> Result<f64, String> {
    seconds(text, 0.5..=MOST_S)
}

/// The lookahead of a stream.
pub(super) fn lookahead(text: &str) -> Result<f64, String> {
    seconds(text, 0.0..=MOST_S)
}

/// The context of a segment.
pub(super) fn context(text: &str) -> Result<f64, String> {
    seconds(text, 0.0..=10.0)
}

/// A confidence or share.
pub(super) fn share(text: &str) -> Result<f64, String> {
    // Without the sign of a negative zero.
    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.map(f64::abs).ok_or_else(|| "expected a number from 0 to 1, such as 0.8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{count, hop, processes, seed, share, threads};

    #[test]
    fn numbers_outside_of_their_range_are_refused() {
        for text in ["0", "-1", "", "x", "1025", "99999999999999999999", "1.5", "nan"] {
            let message = threads(text).unwrap_err();
            assert_eq!(message, "expected a whole number from 1 to 1024", "{text}");
        }
        assert_eq!(threads("8").unwrap().get(), 8);
        assert!(count("0").is_err() && count("18446744073709551615").is_err());
        assert!(processes("0").is_ok() && processes("1000000").is_err());
        assert!(seed("18446744073709551615").is_ok() && seed("-1").is_err());
        for text in ["nan", "inf", "-1", "0", "1e300", ""] {
            let message = hop(text).unwrap_err();
            assert_eq!(message, "expected a number of seconds from 0.1 to 3600", "{text}");
        }
        assert!(share("nan").is_err() && share("1.5").is_err());
        assert!(share("-0").unwrap().is_sign_positive());
    }
}
