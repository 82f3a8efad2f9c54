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
