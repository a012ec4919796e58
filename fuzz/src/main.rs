//! One target of tests/fuzz, the one that `FUZZ_TARGET` names, run by libFuzzer. `script/fuzz` is the way to it.

#![no_main]

#[path = "../../tests/fuzz/targets/mod.rs"]
#[expect(dead_code, reason = "nothing is taken down here: the process ends")]
mod targets;

#[path = "../../tests/support"]
#[expect(dead_code, reason = "tests use more of it")]
mod support {
    pub mod app;
    pub mod database;
    pub mod http;
    pub mod openapi;
    pub mod storage;
}

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let target = targets::ALL.into_iter().find(|(found, _)| *found == name);
    target.unwrap_or_else(|| panic!("FUZZ_TARGET is {name:?}, which is no target")).1
});

fuzz_target!(|input: &[u8]| TARGET(input));
