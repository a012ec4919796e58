//! E-mail addresses: what is taken can stand in a header of a letter, and is one mailbox.

use duly::models::email::Email;

use super::text;

pub fn run(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let Some(email) = Email::parse(text) else { return };
    assert_eq!(email.as_str(), text.to_ascii_lowercase());
    assert_eq!(Email::parse(email.as_str()).as_ref(), Some(&email));
    assert_eq!(email.as_str().matches('@').count(), 1);
    let special = |byte: u8| !byte.is_ascii_graphic() || b",;:<>()[]\\\"".contains(&byte);
    assert!(!email.as_str().bytes().any(special), "{email:?}");
}
