//! Texts of several stretches are read alike by any number of threads, and with any room.

use std::fs;
use std::path::PathBuf;

use factorloom_text::entries::{Lent, Listed, Lists, Order, Room, read_entries};
use factorloom_text::table::{Dialect, Field, Rows, read_rows};
use factorloom_text::{Declined, Text};
use rayon::ThreadPoolBuilder;

/// A file that goes with the test.
struct Kept(PathBuf);

impl Kept {
    fn new(name: &str, text: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("factorloom-text-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn by_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(work)
}

const FIELDS: [Field; 4] = [
    Field::Name,
    Field::Number(0),
    Field::Skipped,
    Field::Number(1),
];

/// Numbers and names of a table, with room for so many rows at a time.
fn table(file: &Kept, threads: usize, at_once: usize) -> Result<(Vec<u64>, Vec<String>), Declined> {
    let missing = [b"NA".to_vec()];
    let dialect = Dialect {
        delimiter: b',',
        fields: &FIELDS,
        missing: &missing,
    };
    by_threads(threads, || {
        let mut text = Text::new(&file.0, false, 0);
        let (mut bits, mut names) = (Vec::new(), Vec::new());
        loop {
            let mut data = vec![0.0; 2 * at_once];
            let mut rows = Rows {
                data: &mut data,
                cols: 2,
                filled: 0,
                names: Vec::new(),
            };
            let over = read_rows(&mut text, &dialect, &mut rows, || false)?;
            let filled = rows.filled;
            names.append(&mut rows.names);
            bits.extend(data[..2 * filled].iter().map(|x| x.to_bits()));
            if over {
                return Ok((bits, names));
            }
        }
    })
}

#[test]
fn tables() {
    let lines: Vec<_> = (0..150_000)
        .map(|i| format!("\"g {i}\",{},skipped,{}", f64::from(i) / 7.0, -i))
        .collect();
    let spaced = |every: usize| -> String {
        let between = |i: usize| {
            if i.is_multiple_of(every) {
                "\r\n\n"
            } else {
                "\n"
            }
        };
        lines
            .iter()
            .enumerate()
            .map(|(i, line)| line.clone() + between(i))
            .collect()
    };
    let wanted: Vec<_> = (0..150_000)
        .flat_map(|i| [f64::from(i) / 7.0, -f64::from(i) + 0.0])
        .map(f64::to_bits)
        .collect();
    for every in [usize::MAX, 1000] {
        let file = Kept::new(&format!("table-{every}"), &spaced(every));
        for threads in [1, 2, 3, 7] {
            for at_once in [200_000, 40_000] {
                let (bits, names) = table(&file, threads, at_once).unwrap();
                assert!(bits == wanted, "{threads} threads, {at_once} rows at once");
                assert_eq!(names.len(), 150_000);
                assert_eq!(names[149_999], "g 149999");
            }
        }
    }
}

#[test]
fn a_table_with_something_else_is_declined() {
    let good = "a,1,b,2\n".repeat(100_000);
    for bad in [
        "a,1,b\n",
        "a,1,b,2,3\n",
        "a,x,b,2\n",
        "a,1,b,\n",
        "\"a,1,b,2\n",
        "\"a\"\"b\",1,c,2\n",
    ] {
        for threads in [1, 3] {
            let file = Kept::new("bad", &format!("{good}{bad}{good}"));
            assert_eq!(table(&file, threads, 300_000), Err(Declined), "{bad}");
        }
    }
}

/// Entries of a text that begins with the first of them, and what else is known of them: in lists and in lent arrays.
fn entries_of(
    name: &str,
    text: &str,
    threads: usize,
    listed: Listed,
) -> Result<(Lists, Order), Declined> {
    let file = Kept::new(name, text);
    let mut own = Lists::default();
    let order = read(&file, threads, listed, &mut own)?;
    let most = 2 * listed.count;
    let (mut indices, mut values) = (vec![u32::MAX; most], vec![f64::NAN; most]);
    let mut lent = Lent::new(&mut indices, &mut values);
    let again = read(&file, threads, listed, &mut lent)?;
    assert_eq!(again, order);
    let count = own.indices.len();
    assert!(indices[..count] == own.indices && values[..count] == own.values);
    assert!(values[count..].iter().all(|x| x.is_nan()));
    Ok((own, order))
}

fn read(
    file: &Kept,
    threads: usize,
    listed: Listed,
    room: &mut (impl Room + Send),
) -> Result<Order, Declined> {
    let mut text = Text::new(&file.0, false, 0);
    by_threads(threads, || read_entries(&mut text, listed, room, || false))
}

const LISTED: Listed = Listed {
    rows: 1000,
    cols: 400,
    valued: true,
    mirror: None,
    count: 400_000,
};

/// Rows, columns and values as they are listed: those of columns one after the other.
fn in_order() -> impl Iterator<Item = (u32, u32, f64)> {
    (0..400_000).map(|n| (n % 1000, n / 1000, f64::from(n % 13)))
}

fn listed(entries: impl Iterator<Item = (u32, u32, f64)>) -> String {
    entries
        .map(|(i, j, x)| format!("{} {} {x}\n", i + 1, j + 1))
        .collect()
}

#[test]
fn entries_in_order() {
    let text = listed(in_order());
    for threads in [1, 2, 3] {
        let own = entries_of("entries", &text, threads, LISTED).unwrap();
        let order = Order {
            columns: None,
            counts: (0..=400).map(|j| if j == 0 { 0 } else { 1000 }).collect(),
            ascending: true,
        };
        let lists = Lists {
            indices: in_order().map(|(i, ..)| i).collect(),
            values: in_order().map(|(.., x)| x).collect(),
        };
        assert!(own == (lists, order), "{threads} threads");
    }
}

#[test]
fn entries_in_no_order() {
    // The last thousand come first, all others behind them.
    let shifted = || in_order().skip(399_000).chain(in_order().take(399_000));
    for threads in [1, 3] {
        let text = listed(shifted());
        let (own, order) = entries_of("shifted", &text, threads, LISTED).unwrap();
        assert!(own.indices.into_iter().eq(shifted().map(|(i, ..)| i)));
        assert!(own.values.into_iter().eq(shifted().map(|(.., x)| x)));
        let columns = order.columns.unwrap();
        assert!(columns.into_iter().eq(shifted().map(|(_, j, _)| j)));
        assert!(!order.ascending);
    }
    // Rows that fall within a column leave the columns in order.
    let two = Listed { count: 2, ..LISTED };
    let (_, order) = entries_of("falling", "5 3 1\n2 3 1\n", 1, two).unwrap();
    assert_eq!((order.columns, order.ascending), (None, false));
}

#[test]
fn entries_across_the_diagonal() {
    let half = Listed {
        cols: 1000,
        mirror: Some(-1.0),
        count: 3,
        ..LISTED
    };
    let text = "2 1 0\n3 1 2.5\n3 3 4\n";
    let (own, order) = entries_of("half", text, 2, half).unwrap();
    assert_eq!(own.indices, [1, 0, 2, 0, 2]);
    assert_eq!(order.columns.unwrap(), [0, 1, 0, 2, 2]);
    assert_eq!(own.values, [0.0, 0.0, 2.5, -2.5, 4.0]);
    assert!(own.values.iter().all(|x| x.is_sign_positive() || *x < 0.0));
}

#[test]
fn entries_without_room_are_declined() {
    let file = Kept::new("no-room", "1 1 1\n2 1 1\n");
    let two = Listed { count: 2, ..LISTED };
    for (rows, values) in [(1, 2), (2, 1)] {
        let (mut indices, mut values) = (vec![0; rows], vec![0.0; values]);
        let mut lent = Lent::new(&mut indices, &mut values);
        assert_eq!(read(&file, 1, two, &mut lent), Err(Declined));
    }
}

#[test]
fn entries_that_are_not_as_listed_are_declined() {
    let text = listed(in_order());
    for (count, more) in [
        (400_001, ""),
        (399_999, ""),
        (400_000, "x\n"),
        (400_000, "1 1 1\n"),
    ] {
        let listed = Listed { count, ..LISTED };
        let own = entries_of("declined", &(text.clone() + more), 2, listed);
        assert_eq!(own, Err(Declined), "{count} {more}");
    }
    for count in [usize::MAX, usize::MAX / 16] {
        let listed = Listed { count, ..LISTED };
        assert_eq!(entries_of("huge", &text, 1, listed), Err(Declined));
    }
}

#[test]
fn an_end_that_is_asked_for_is_one() {
    let file = Kept::new("closing", &"1\n".repeat(100));
    let mut text = Text::new(&file.0, false, 0);
    assert_eq!(text.read(|| true, |_| unreachable!()), Err(Declined));
}
