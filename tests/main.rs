//! All tests in one binary: `unit` for the models, `contract` for the storage, `integration` for what is seen
//! from outside, `process` for the binary, `trouble` for what becomes of it when PostgreSQL or the way to it
//! misbehaves, `faults` for killing either at random.

mod contract;
mod faults;
mod integration;
mod process;
mod support;
mod trouble;
mod unit;
