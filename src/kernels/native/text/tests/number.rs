//! Numbers are those that the standard library makes of the same letters, to the bit; what is none is none.

use factorloom_text::number::{number, number_at};

/// Numbers that nobody knows beforehand, the same ones each time (Steele, Lea & Flood 2014).
struct Drawn(u64);

impl Drawn {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn digits(&mut self, most: u64) -> String {
        let length = self.next() % (most + 1);
        (0..length)
            .map(|_| char::from(b'0' + (self.next() % 10) as u8))
            .collect()
    }
}

fn same(text: &str) {
    let wanted: f64 = text.parse().unwrap();
    let found = number(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a number"));
    assert_eq!(found.to_bits(), wanted.to_bits(), "{text}");
    let behind = format!("{text},7");
    assert_eq!(
        number_at(behind.as_bytes()).unwrap().1,
        text.len(),
        "{text}"
    );
}

#[test]
fn every_double_comes_back() {
    let mut drawn = Drawn(1);
    for _ in 0..200_000 {
        let value = f64::from_bits(drawn.next());
        if value.is_finite() {
            same(&format!("{value:e}"));
        }
        let unit = (drawn.next() >> 11) as f64 / (1_u64 << 53) as f64;
        same(&unit.to_string());
        same(&format!("{:.3}", unit * 1e4));
    }
}

#[test]
fn any_digits_are_rounded_as_the_standard_library_rounds() {
    let mut drawn = Drawn(2);
    for _ in 0..200_000 {
        let sign = ["", "-", "+"][(drawn.next() % 3) as usize];
        let (whole, behind) = (drawn.digits(24), drawn.digits(24));
        if whole.is_empty() && behind.is_empty() {
            continue;
        }
        let power = match drawn.next() % 4 {
            0 => format!("e{}", drawn.next() % 400),
            1 => format!("E-{}", drawn.next() % 400),
            2 => format!("e+0{}", drawn.next() % 30),
            _ => String::new(),
        };
        same(&format!("{sign}{whole}.{behind}{power}"));
        if !whole.is_empty() {
            same(&format!("{sign}{whole}{power}"));
        }
    }
    for text in [
        "-0",
        "5.",
        ".5",
        "9007199254740993",
        "1e22",
        "1e23",
        "1e-400",
        "4.9e-324",
        "1e9999",
    ] {
        same(text);
    }
}

#[test]
fn words() {
    for (text, wanted) in [
        ("inf", f64::INFINITY),
        ("-Infinity", -f64::INFINITY),
        ("+INF", f64::INFINITY),
    ] {
        assert_eq!(number(text.as_bytes()), Some(wanted));
    }
    assert!(number(b"-NaN").unwrap().is_nan());
}

#[test]
fn what_is_none() {
    for text in [
        "", "+", "-", ".", "e5", "1e", "1e+", "1_0", "0x10", "--1", "1 ", " 1", "1,5", "infin",
        "1d5",
    ] {
        assert_eq!(number(text.as_bytes()), None, "{text}");
    }
    assert_eq!(number("1".repeat(401).as_bytes()), None);
}
