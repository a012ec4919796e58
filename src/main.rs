//! The binary: everything is in the library, but for the allocator.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request allocates some hundred times; the one of the C library takes a seventh of its time (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    duly::cli::run()
}
