use crate::error::Result;
use crate::memory::Aligned;
use crate::simd::Real;

/// Numbers that begin on a cache line, as many as were ever asked for.
pub struct Room<T>(Aligned<T>);

impl<T> Default for Room<T> {
    fn default() -> Self {
        Self(Aligned::default())
    }
}

impl<T: Real> Room<T> {
    /// `length` numbers, of whatever value.
    pub(super) fn of(&mut self, length: usize) -> Result<&mut [T]> {
        if self.0.len() < length {
            self.0 = Aligned::zeros(length.next_power_of_two())?;
        }
        Ok(&mut self.0[..length])
    }

    pub(super) fn first(&self, length: usize) -> &[T] {
        &self.0[..length]
    }
}
