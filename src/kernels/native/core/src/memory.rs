use std::ops::{Deref, DerefMut};

use bytemuck::{Pod, cast_slice, cast_slice_mut};

use crate::error::{ErrorCode, KernelError, Result};
use crate::pages::{LARGE, Pages};

/// `length` zeros, or an `out-of-memory` error where plain allocation would end the process.
pub fn zeros<T: Copy + Default>(length: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(length)
        .map_err(|_| no_room::<T>(length))?;
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

/// Numbers that begin on a cache line; many of them lie in pages of their own.
pub struct Aligned<T>(Place<T>);

enum Place<T> {
    Heap { values: Vec<T>, first: usize },
    Pages(Pages),
}

impl<T> Default for Aligned<T> {
    /// No numbers, and no memory.
    fn default() -> Self {
        Self(Place::Heap {
            values: Vec::new(),
            first: 0,
        })
    }
}

impl<T: Pod + Default> Aligned<T> {
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
            cast_slice_mut(&mut out).fill(0xA5_u8);
        }
        Ok(out)
    }

    /// The same numbers.
    pub fn copied(values: &[T]) -> Result<Self> {
        let mut out = Self::unset(values.len())?;
        out.copy_from_slice(values);
        Ok(out)
    }

    /// `length` zeros for a while: many of many sizes, which is what an allocator is for.
    pub fn scratch(length: usize) -> Result<Self> {
        let spare = LINE / size_of::<T>();
        let mut values: Vec<T> = zeros(length.saturating_add(spare))?;
        let first = values.as_ptr().align_offset(LINE).min(spare);
        values.truncate(first + length);
        Ok(Self(Place::Heap { values, first }))
    }

    /// `length` numbers, and whether they are all zero.
    fn taken(length: usize) -> Result<(Self, bool)> {
        let bytes = length.saturating_mul(size_of::<T>());
        if bytes < LARGE {
            return Ok((Self::scratch(length)?, true));
        }
        let (pages, zero) = Pages::take(bytes).ok_or_else(|| no_room::<T>(length))?;
        Ok((Self(Place::Pages(pages)), zero))
    }
}

impl<T: Pod> Deref for Aligned<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match &self.0 {
            Place::Heap { values, first } => &values[*first..],
            Place::Pages(pages) => cast_slice(pages.bytes()),
        }
    }
}

impl<T: Pod> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Place::Heap { values, first } => &mut values[*first..],
            Place::Pages(pages) => cast_slice_mut(pages.bytes_mut()),
        }
    }
}

/// Numbers that were given, or some of one's own in their place.
pub enum Lent<'a, T> {
    /// As they were given.
    Given(&'a [T]),
    /// Others.
    Own(Aligned<T>),
}

impl<T: Pod> Deref for Lent<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Self::Given(values) => values,
            Self::Own(values) => values,
        }
    }
}
