use std::ops::{Deref, DerefMut};

use crate::error::{ErrorCode, KernelError, Result};

/// `length` zeros, or an `out-of-memory` error where plain allocation would end the process.
pub fn zeros<T: Copy + Default>(length: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(length).map_err(|_| {
        let bytes = length.saturating_mul(size_of::<T>());
        KernelError::new(
            ErrorCode::OutOfMemory,
            format!("no room for an array of {bytes} bytes"),
        )
    })?;
    values.resize(length, T::default());
    Ok(values)
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
        let values = zeros(length + LINE / size_of::<T>())?;
        let values: Vec<T> = values;
        let first = values
            .as_ptr()
            .align_offset(LINE)
            .min(LINE / size_of::<T>());
        let mut values = values;
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
