//! Texts of several stretches are read alike by any number of threads, and with any room.

use std::fs;
use std::path::PathBuf;

use factorloom_text::entries::{Listed, Room, Stopped, read_entries};
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

#[test]
fn entries() {
    let text: String = (0..400_000)
        .map(|n| format!("{} {} {}\n", n % 1000 + 1, n / 1000 + 1, n % 13))
        .collect();
    let file = Kept::new("entries", &text);
    for (threads, room) in [(1, 400_000), (2, 400_000), (3, 1000)] {
        let (mut indices, mut values) = (vec![0; 400_000], vec![0.0; 400_000]);
        let mut counts = vec![0; 401];
        by_threads(threads, || {
            let mut text = Text::new(&file.0, false, 0);
            let listed = Listed {
                rows: 1000,
                cols: 400,
                valued: true,
                mirror: None,
            };
            let (mut filled, mut last, mut left) = (0, (0, 0), 400_000);
            loop {
                let to = 400_000.min(filled + room);
                let mut own = Room {
                    indices: &mut indices[..to],
                    values: &mut values[..to],
                    columns: None,
                    counts: &mut counts,
                    filled,
                    last,
                    ascending: true,
                    left,
                };
                let stopped = read_entries(&mut text, listed, &mut own, || false).unwrap();
                assert!(own.ascending);
                (filled, last, left) = (own.filled, own.last, own.left);
                if stopped == Stopped::Done {
                    break;
                }
                assert_eq!(stopped, Stopped::Full);
            }
            assert_eq!(filled, 400_000);
        });
        assert!(
            (0..400_000).all(|n| indices[n] == (n % 1000) as u32 && values[n] == (n % 13) as f64)
        );
        assert!(counts[1..].iter().all(|&count| count == 1000));
    }
}

#[test]
fn an_end_that_is_asked_for_is_one() {
    let file = Kept::new("closing", &"1\n".repeat(100));
    let mut text = Text::new(&file.0, false, 0);
    assert_eq!(text.read(|| true, |_| unreachable!()), Err(Declined));
}
