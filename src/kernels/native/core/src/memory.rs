use std::ops::{Deref, DerefMut};

use bytemuck::{Pod, cast_slice, cast_slice_mut};

use crate::error::{ErrorCode, KernelError, Result};
use crate::pages::{LARGE, Pages, make_room};

/// `length` zeros, or an `out-of-memory` error where plain allocation would end the process.
pub fn zeros<T: Copy + Default>(length: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    let mut reserved = values.try_reserve_exact(length);
    if reserved.is_err() {
        make_room(usize::MAX);
        reserved = values.try_reserve_exact(length);
    }
    reserved.map_err(|_| no_room::<T>(length))?;
    values.resize(length, T::default());
    Ok(values)
}

fn no_room<T>(length: usize) -> KernelError {
    let bytes = length.saturating_mul(size_of::<T>());
    KernelError::new(
        ErrorCode::OutOfMemory,
        format!("no room for an array of {bytes} bytes"),
    )
}

/// Bytes of a cache line; panels begin on one.
const LINE: usize = 64;

/// Numbers that begin on a cache line.
pub struct Aligned<T> {
    values: Vec<T>,
    first: usize,
}

impl<T> Default for Aligned<T> {
    /// No numbers, and no memory.
    fn default() -> Self {
        Self {
            values: Vec::new(),
            first: 0,
        }
    }
}

impl<T: Copy + Default> Aligned<T> {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Result<Self> {
        let spare = LINE / size_of::<T>();
        let mut values: Vec<T> = zeros(length.saturating_add(spare))?;
        let first = values.as_ptr().align_offset(LINE).min(spare);
        values.truncate(first + length);
        Ok(Self { values, first })
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.values[self.first..]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.first..]
    }
}

/// Numbers that begin on a cache line and last about as long as a fit: many of them lie in pages of their own. Every look at
/// them takes a few instructions, so loops look once.
pub struct Lasting<T>(Place<T>);

enum Place<T> {
    Heap(Aligned<T>),
    Pages(Pages),
}

impl<T: Pod + Default> Lasting<T> {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Result<Self> {
        let (mut out, zero) = Self::taken(length)?;
        if !zero {
            out.fill(T::default());
        }
        Ok(out)
    }

    /// `length` numbers that mean nothing: all must be written before any is read.
    pub fn unset(length: usize) -> Result<Self> {
        let (mut out, _) = Self::taken(length)?;
        if cfg!(debug_assertions) {
            // No numbers, and indices of nothing.
            cast_slice_mut(&mut out).fill(0xFF_u8);
        }
        Ok(out)
    }

    /// The same numbers.
    pub fn copied(values: &[T]) -> Result<Self> {
        let mut out = Self::unset(values.len())?;
        out.copy_from_slice(values);
        Ok(out)
    }

    /// `length` numbers, and whether they are all zero.
    fn taken(length: usize) -> Result<(Self, bool)> {
        let bytes = length.saturating_mul(size_of::<T>());
        if bytes < LARGE {
            return Ok((Self(Place::Heap(Aligned::zeros(length)?)), true));
        }
        let (pages, zero) = Pages::take(bytes).ok_or_else(|| no_room::<T>(length))?;
        Ok((Self(Place::Pages(pages)), zero))
    }
}

impl<T: Pod> Deref for Lasting<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match &self.0 {
            Place::Heap(values) => values,
            Place::Pages(pages) => cast_slice(pages.bytes()),
        }
    }
}

impl<T: Pod> DerefMut for Lasting<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Place::Heap(values) => values,
            Place::Pages(pages) => cast_slice_mut(pages.bytes_mut()),
        }
    }
}
