use std::fmt;

/// What a kernel can fail with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Shapes, counts or indices that do not fit together.
    InvalidArgument,
    /// A sum left the range of numbers.
    NonFinite,
    /// An array could not be allocated, or a thread not be started.
    OutOfMemory,
}

impl ErrorCode {
    /// The code as callers see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid-argument",
            Self::NonFinite => "non-finite",
            Self::OutOfMemory => "out-of-memory",
        }
    }
}

/// A kernel that could not do its work: a code and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelError {
    /// Which kind of failure it is.
    pub code: ErrorCode,
    /// What went wrong, in words.
    pub message: String,
}

impl KernelError {
    /// A failure of the given kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Arguments that do not fit together.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidArgument, message)
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for KernelError {}

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, KernelError>;
