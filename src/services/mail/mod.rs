//! E-mail: what is written ([`letters`]), how it gets there ([`transport`]), and the queue in between ([`outbox`]).
//!
//! A request only queues a letter. Looking up whom it is for, and sending it, happen a moment after the answer, so that
//! how long the answer takes tells nobody whether an address is known.

pub mod letters;
pub mod outbox;
pub mod transport;

/// An e-mail that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub to: String,
    pub subject: &'static str,
    /// Plain text, lines that end in a line feed.
    pub text: String,
}
