//! duly: the backend of a to-do application.
//!
//! Layers, each of which knows only those before it: [`models`], [`error`], [`clock`], [`settings`], [`config`],
//! [`tls_roots`]; [`database`]; [`services`]; [`telemetry`]; [`api`]; [`cli`]. docs/ARCHITECTURE.md draws them.

#![forbid(unsafe_code)]

pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod database;
pub mod error;
pub mod models;
pub mod services;
pub mod settings;
pub mod telemetry;
pub mod tls_roots;
