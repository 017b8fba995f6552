//! How much stack threads have that answer requests.

/// Bytes of address space: filters, geometries and documents nest as deep as their limits allow, and a build for
/// development needs several times the stack of one for use. What is never touched takes no memory.
pub const STACK: usize = 8 * 1024 * 1024;
