use std::sync::{Mutex, PoisonError};

use memmap2::MmapMut;

/// Bytes from which an array lies in pages of its own.
pub const LARGE: usize = 1 << 20;
/// Bytes of pages that are kept for those who need some next, at most.
const KEPT: usize = 64 << 20;
/// Pages may be larger than needed by this fraction, upside down.
const SPARE: usize = 16;

/// Bytes of a large page.
const HUGE: usize = 2 << 20;

/// What was dropped last, the latest at the end. To be given new pages costs as much as to write them several times, and one
/// fit is often followed by others of about the same shapes.
static DROPPED: Mutex<Vec<Mapped>> = Mutex::new(Vec::new());

/// Some bytes of a map, from the first that a large page may begin on.
struct Mapped {
    map: MmapMut,
    first: usize,
    bytes: usize,
}

/// Memory of its own, apart from the allocator: that would keep what large arrays leave behind beside what the next ones
/// take. Here whoever takes some anew has as much given back first.
pub struct Pages {
    bytes: usize,
    /// Nothing only while they are dropped.
    mapped: Option<Mapped>,
}

impl Pages {
    /// So many bytes, and whether they are all zero; nothing where there is no room.
    pub fn take(bytes: usize) -> Option<(Self, bool)> {
        let (mapped, zero) = match reused(bytes) {
            Some(mapped) => (mapped, false),
            None => (Mapped::new(bytes)?, true),
        };
        let pages = Self {
            bytes,
            mapped: Some(mapped),
        };
        Some((pages, zero))
    }

    pub fn bytes(&self) -> &[u8] {
        let own = self.mapped.as_ref();
        own.map_or(&[], |own| &own.map[own.first..own.first + self.bytes])
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let own = self.mapped.as_mut();
        own.map_or(&mut [], |own| {
            &mut own.map[own.first..own.first + self.bytes]
        })
    }
}

impl Mapped {
    fn new(bytes: usize) -> Option<Self> {
        if bytes < HUGE {
            let map = MmapMut::map_anon(bytes).ok()?;
            return Some(Self {
                map,
                first: 0,
                bytes,
            });
        }
        // What is never touched takes no memory.
        let map = MmapMut::map_anon(bytes.checked_add(HUGE)?).ok()?;
        let first = map.as_ptr().align_offset(HUGE).min(HUGE);
        // Large pages are given sooner and found sooner, where the system has any. None may reach into a neighbour: it would
        // stay when either is given back.
        #[cfg(target_os = "linux")]
        let _ = map.advise_range(memmap2::Advice::HugePage, first, bytes / HUGE * HUGE);
        Some(Self { map, first, bytes })
    }
}

/// The smallest that were dropped and fit; where none do, as much is given back.
fn reused(bytes: usize) -> Option<Mapped> {
    let fits = bytes..=bytes.saturating_add(bytes / SPARE);
    let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let near = (0..dropped.len()).filter(|&p| fits.contains(&dropped[p].bytes));
    if let Some(place) = near.min_by_key(|&p| dropped[p].bytes) {
        return Some(dropped.remove(place));
    }
    drop(dropped);
    make_room(bytes);
    None
}

/// Gives back as much of what is kept as is about to be taken anew: the smallest that is enough, or else the largest first.
pub fn make_room(bytes: usize) {
    if bytes < LARGE {
        return;
    }
    let mut unfit = Vec::new();
    let mut left = bytes;
    let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
    while left > 0 && !dropped.is_empty() {
        let length = |p: &usize| dropped[*p].bytes;
        let enough = (0..dropped.len()).filter(|p| length(p) >= left);
        let place = enough.min_by_key(length);
        let place = place.or_else(|| (0..dropped.len()).max_by_key(length));
        let pages = dropped.remove(place.unwrap_or(0));
        left = left.saturating_sub(pages.bytes);
        unfit.push(pages);
    }
    // The system takes them when nobody waits.
    drop(dropped);
}

impl Drop for Pages {
    fn drop(&mut self) {
        let own = self.mapped.take().filter(|pages| pages.bytes <= KEPT);
        let mut unfit = Vec::new();
        let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
        dropped.extend(own);
        let mut kept: usize = dropped.iter().map(|pages| pages.bytes).sum();
        while kept > KEPT {
            // What was dropped first.
            let pages = dropped.remove(0);
            kept -= pages.bytes;
            unfit.push(pages);
        }
        drop(dropped);
    }
}
