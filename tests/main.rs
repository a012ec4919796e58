//! All tests in one binary: `unit` for the models, `contract` for the storage, `integration` for what is seen
//! from outside, `process` for the binary, `trouble` for what becomes of it when PostgreSQL or the way to it
//! misbehaves, `faults` for killing either at random, `fuzz` for what reads foreign input.

mod contract;
mod faults;
mod fuzz;
mod integration;
mod process;
mod support;
mod trouble;
mod unit;
