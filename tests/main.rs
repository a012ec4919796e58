//! All tests in one binary: `unit` for the models, `contract` for the storage, `integration` for what is seen
//! from outside.

mod contract;
mod integration;
mod process;
mod support;
mod unit;
