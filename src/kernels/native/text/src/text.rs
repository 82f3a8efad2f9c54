use std::collections::VecDeque;
use std::mem::take;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{channel, sync_channel};
use std::thread::{Builder, scope};

use crate::stretches::{Stretch, Stretches};
use crate::{Declined, Result};

/// Stretches that are made before they are wanted.
const AHEAD: usize = 3;
/// How the thread that unpacks is called.
const THREAD_NAME: &str = "factorloom-text";

/// A text whose lines are read in stretches, others being unpacked meanwhile.
pub struct Text {
    path: PathBuf,
    gzip: bool,
    from: u64,
    open: Option<Open>,
}

struct Open {
    stretches: Stretches,
    made: Made,
}

/// Stretches that are there and not read to their end.
#[derive(Default)]
struct Made {
    waiting: VecDeque<Stretch>,
    /// Where the first goes on.
    at: usize,
    /// Bytes of the text before that.
    consumed: u64,
}

/// How a stretch of lines was read.
pub struct Took {
    /// Bytes of the lines that were read.
    pub bytes: usize,
    /// Whether the rest is to be kept for later.
    pub enough: bool,
}

impl Text {
    /// The text of a file from a byte on, counted as it is unpacked; nothing is opened yet.
    #[must_use]
    pub fn new(path: &Path, gzip: bool, from: u64) -> Self {
        Self {
            path: path.to_owned(),
            gzip,
            from,
            open: None,
        }
    }

    /// Bytes of the text that were read, or left out before.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.open
            .as_ref()
            .map_or(self.from, |open| self.from + open.made.consumed)
    }

    /// Hands out stretches of whole lines, each ending with the end of a line, until `take` has enough or the text is over. Where there is
    /// more than one thread, one more makes them meanwhile.
    ///
    /// # Errors
    /// Where the file can't be read or isn't whole, where `take` declines, and once `closing`.
    pub fn read(
        &mut self,
        closing: impl Fn() -> bool,
        take: impl FnMut(&[u8]) -> Result<Took>,
    ) -> Result<()> {
        let Open { stretches, made } = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(Open {
                stretches: Stretches::open(&self.path, self.gzip, self.from)?,
                made: Made::default(),
            }),
        };
        if rayon::current_num_threads() == 1 {
            return made.read(closing, take, |used| stretches.next(used));
        }
        made.read_ahead(closing, take, stretches)
    }
}

impl Made {
    /// Reads what is there, and then what is made in the room of what was read.
    fn read(
        &mut self,
        closing: impl Fn() -> bool,
        mut take_lines: impl FnMut(&[u8]) -> Result<Took>,
        mut next: impl FnMut(Stretch) -> Result<Option<Stretch>>,
    ) -> Result<()> {
        let mut used = Stretch::default();
        loop {
            if closing() {
                return Err(Declined);
            }
            if self.waiting.is_empty() {
                match next(take(&mut used))? {
                    Some(stretch) => self.waiting.push_back(stretch),
                    None => return Ok(()),
                }
            }
            let lines = self.waiting[0].lines();
            let took = take_lines(&lines[self.at..])?;
            self.at += took.bytes;
            self.consumed += took.bytes as u64;
            let over = self.at == lines.len();
            if over {
                used = self.waiting.pop_front().unwrap_or_default();
                self.at = 0;
            }
            if took.enough || !over {
                return Ok(());
            }
        }
    }

    /// The same, stretches being made by a thread of their own, which ends with this call.
    fn read_ahead(
        &mut self,
        closing: impl Fn() -> bool,
        take_lines: impl FnMut(&[u8]) -> Result<Took>,
        stretches: &mut Stretches,
    ) -> Result<()> {
        scope(|scope| {
            let (give, rooms) = channel::<Stretch>();
            let (put, made) = sync_channel(AHEAD);
            let make = move || {
                for room in rooms {
                    let stretch = stretches.next(room);
                    let last = !matches!(stretch, Ok(Some(_)));
                    if put.send(stretch).is_err() || last {
                        return;
                    }
                }
            };
            Builder::new()
                .name(THREAD_NAME.to_owned())
                .spawn_scoped(scope, make)
                .map_err(|_| Declined)?;
            // What can't be given or had is behind the end of the text.
            for _ in 1..AHEAD {
                let _ = give.send(Stretch::default());
            }
            self.read(closing, take_lines, |used| {
                let _ = give.send(used);
                made.recv().unwrap_or(Ok(None))
            })?;
            drop(give);
            for stretch in made {
                self.waiting.extend(stretch?);
            }
            Ok(())
        })
    }
}
