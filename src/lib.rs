//! duly: the backend of a to-do application.
//!
//! Layers, each of which knows only those before it: [`models`], [`clock`], [`config`]; [`database`];
//! [`services`]; [`api`]; [`cli`]. docs/ARCHITECTURE.md draws them.

#![forbid(unsafe_code)]

pub mod clock;
pub mod config;
pub mod database;
pub mod models;
