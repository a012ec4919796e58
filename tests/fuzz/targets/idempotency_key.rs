//! `Idempotency-Key`.

use duly::models::idempotency_key::IdempotencyKey;

pub fn run(input: &[u8]) {
    let Ok(key) = IdempotencyKey::parse(input) else { return };
    let text = key.as_str();
    assert!(
        (1..=255).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    );
    let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    assert_eq!(IdempotencyKey::parse(quoted.as_bytes()), Ok(key));
}
