//! Numbers as they are written: correctly rounded, and exactly those of JavaScript's `Number`.

/// Letters of a number.
const LONGEST: usize = 400;

/// The number that a text begins with, and how many bytes it has: an optional sign, digits with or without a point and a power
/// of ten, or NaN or infinity as programs write them.
#[must_use]
pub fn number_at(text: &[u8]) -> Option<(f64, usize)> {
    let (value, length): (f64, _) = fast_float2::parse_partial(text).ok()?;
    // One sign of NaN is as good as the other.
    let value = if value.is_nan() { f64::NAN } else { value };
    (length <= LONGEST).then_some((value, length))
}

/// The number that all of a text is.
#[must_use]
pub fn number(text: &[u8]) -> Option<f64> {
    let (value, length) = number_at(text)?;
    (length == text.len()).then_some(value)
}
