//! Bodies of the auth routes, read as JavaScript reads them.

use duly::models::lenient_json::parse;
use serde_json::Value;

pub fn run(input: &[u8]) {
    let read = parse(input);
    // Whatever is JSON to others is the same to us.
    if let Ok(strict) = serde_json::from_slice::<Value>(input) {
        assert_eq!(read.as_ref(), Some(&strict));
    }
    if let Some(value) = read {
        assert_eq!(parse(value.to_string().as_bytes()), Some(value));
    }
}
