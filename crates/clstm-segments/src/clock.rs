//! Times as subtitles write them.

/// Seconds of a time such as `1:02:03,456`, `02:03.456` or `123:00:00,000`. The fraction begins with a comma or a point.
///
/// # Errors
/// In words, if it is no time.
pub(crate) fn parse(text: &str) -> Result<f64, String> {
    let wrong = || format!("{text:?} is not a time such as 00:01:02,345");
    let unsigned = text.strip_prefix('-');
    let parts: Vec<&str> = unsigned.unwrap_or(text).split(':').collect();
    let [minutes @ .., seconds] = &parts[..] else { return Err(wrong()) };
    if minutes.is_empty() || minutes.len() > 2 {
        return Err(wrong());
    }
    let (whole, fraction) = seconds.split_once([',', '.']).unwrap_or((seconds, ""));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !minutes.iter().all(|part| digits(part)) || !digits(whole) {
        return Err(wrong());
    }
    if !fraction.is_empty() && !digits(fraction) {
        return Err(wrong());
    }
    let mut total = 0.0;
    for (index, part) in minutes.iter().chain([&whole]).enumerate() {
        let value: f64 = part.parse().map_err(|_| wrong())?;
        if index > 0 && value >= 60.0 {
            return Err(wrong());
        }
        total = 60.0 * total + value;
    }
    if !fraction.is_empty() {
        // One number, so that it is the nearest one to what is written.
        total = format!("{total}.{fraction}").parse().map_err(|_| wrong())?;
    }
    Ok(if unsigned.is_some() { -total } else { total })
}

/// Seconds of a number with a decimal point or comma.
pub(crate) fn number(text: &str) -> Option<f64> {
    let plain = |c: char| c.is_ascii_digit() || "+-.,eE".contains(c);
    let text = text.trim();
    if text.is_empty() || !text.chars().all(plain) || text.matches([',', '.']).count() > 1 {
        return None;
    }
    text.replace(',', ".").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{number, parse};

    #[test]
    fn times_have_any_number_of_hours_and_a_comma_or_a_point() {
        for (text, seconds) in [
            ("00:00:01,500", 1.5),
            ("00:01.250", 1.25),
            ("100:00:00,001", 360_000.001),
            ("1:02:03", 3723.0),
            ("00:00:00.1", 0.1),
            ("-00:00:01,000", -1.0),
        ] {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
        for text in
            ["", "1", "00:60:00,000", "00:00:60,000", "a:b:c", "00:00:01,5x", "1:2:3:4", "::"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_may_have_a_decimal_comma() {
        assert_eq!(
            (number("1,5"), number(" 2.25 "), number("-3")),
            (Some(1.5), Some(2.25), Some(-3.0))
        );
        assert_eq!(
            (number("1.000,5"), number("nan"), number("inf"), number("")),
            (None, None, None, None)
        );
    }
}
