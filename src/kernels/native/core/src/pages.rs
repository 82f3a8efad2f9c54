use std::sync::{Mutex, PoisonError};

use memmap2::MmapMut;

/// Bytes from which an array lies in pages of its own.
pub const LARGE: usize = 1 << 20;
/// Bytes of pages that are kept for those who need some next, at most.
const KEPT: usize = 64 << 20;
/// Pages may be larger than needed by this fraction, upside down.
const SPARE: usize = 16;

/// What was dropped last. To be given new pages costs as much as to write them several times, and one fit is often
/// followed by others of about the same shapes.
static DROPPED: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// Memory of its own, apart from the allocator: that would keep what large arrays leave behind beside what the next ones
/// take. Here whoever finds nothing that fits has all of it given back first, so that a process never holds more than it
/// once needed.
pub struct Pages {
    bytes: usize,
    /// Nothing only while they are dropped.
    mapped: Option<MmapMut>,
}

impl Pages {
    /// So many bytes, and whether they are all zero; nothing where there is no room.
    pub fn take(bytes: usize) -> Option<(Self, bool)> {
        let (mapped, zero) = match reused(bytes) {
            Some(pages) => (pages, false),
            None => (new(bytes)?, true),
        };
        let pages = Self {
            bytes,
            mapped: Some(mapped),
        };
        Some((pages, zero))
    }

    pub fn bytes(&self) -> &[u8] {
        let mapped = self.mapped.as_ref();
        mapped.map_or(&[], |mapped| &mapped[..self.bytes])
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let mapped = self.mapped.as_mut();
        mapped.map_or(&mut [], |mapped| &mut mapped[..self.bytes])
    }
}

fn new(bytes: usize) -> Option<MmapMut> {
    let pages = MmapMut::map_anon(bytes).ok()?;
    // Fewer and larger ones are given sooner; a system that has none gives small ones.
    #[cfg(target_os = "linux")]
    let _ = pages.advise(memmap2::Advice::HugePage);
    Some(pages)
}

/// The smallest that were dropped and fit; otherwise none is kept any longer.
fn reused(bytes: usize) -> Option<MmapMut> {
    let unfit;
    {
        let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            |pages: &MmapMut| (bytes..=bytes.saturating_add(bytes / SPARE)).contains(&pages.len());
        let near = (0..dropped.len()).filter(|&p| fits(&dropped[p]));
        if let Some(place) = near.min_by_key(|&p| dropped[p].len()) {
            return Some(dropped.swap_remove(place));
        }
        unfit = std::mem::take(&mut *dropped);
    }
    drop(unfit);
    None
}

/// Gives back as much of what is kept as the allocator will take for a large array that may outlast a fit: the smallest
/// that is enough, or else the largest first.
pub fn make_room(bytes: usize) {
    if bytes < LARGE {
        return;
    }
    let mut unfit = Vec::new();
    let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut left = bytes;
    while left > 0 && !dropped.is_empty() {
        let length = |p: &usize| dropped[*p].len();
        let enough = (0..dropped.len()).filter(|p| length(p) >= left);
        let place = enough.min_by_key(length);
        let place = place.or_else(|| (0..dropped.len()).max_by_key(length));
        let Some(place) = place else { break };
        let pages = dropped.swap_remove(place);
        left = left.saturating_sub(pages.len());
        unfit.push(pages);
    }
    drop(dropped);
}

impl Drop for Pages {
    fn drop(&mut self) {
        let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = dropped.iter().map(|pages| pages.len()).sum();
        dropped.extend(
            self.mapped
                .take()
                .filter(|pages| kept + pages.len() <= KEPT),
        );
    }
}
