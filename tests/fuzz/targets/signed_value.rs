//! Signed cookies and session tokens.

use std::sync::LazyLock;

use duly::services::signatures::Signatures;

use super::{secrets, text};

static SIGNATURES: LazyLock<Signatures> = LazyLock::new(|| Signatures::new(&secrets()));

pub fn run(input: &[u8]) {
    let Some(text) = text(input) else { return };
    // There is one way to write each signature.
    if let Some(value) = SIGNATURES.verify(text) {
        assert_eq!(SIGNATURES.sign(value), text);
    }
    let signed = SIGNATURES.sign(text);
    assert_eq!(SIGNATURES.verify(&signed), Some(text));
    let stretched = format!("{text}x{}", &signed[text.len()..]);
    assert_eq!(SIGNATURES.verify(&stretched), None);
}
