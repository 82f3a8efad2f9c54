use std::sync::atomic::{AtomicU8, Ordering};

/// Which instructions the leaves are run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Whatever the platform has.
    Portable = 1,
    /// AVX2 with FMA: 32 bytes at once.
    Avx2 = 2,
    /// AVX-512 (F, DQ, BW, VL): 64 bytes at once.
    Avx512 = 3,
}

impl Level {
    /// Its name, as options spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// The level in use, 0 until one was looked for.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// The level in use: the best there is, unless another was forced.
pub fn level() -> Level {
    match CHOSEN.load(Ordering::Relaxed) {
        1 => Level::Portable,
        2 => Level::Avx2,
        3 => Level::Avx512,
        _ => {
            let best = detect();
            CHOSEN.store(best as u8, Ordering::Relaxed);
            best
        }
    }
}

/// The levels of this machine, least first.
pub fn available() -> Vec<Level> {
    let best = detect();
    [Level::Portable, Level::Avx2, Level::Avx512]
        .into_iter()
        .filter(|level| *level <= best)
        .collect()
}

/// Uses this level from now on, or the best there is if this machine has no such; returns the one in use.
pub fn force(level: Level) -> Level {
    let level = level.min(detect());
    CHOSEN.store(level as u8, Ordering::Relaxed);
    level
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
fn detect() -> Level {
    let avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        (false, _) => Level::Portable,
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn detect() -> Level {
    Level::Portable
}
