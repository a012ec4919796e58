//! What is seen from outside.

mod tasks;
