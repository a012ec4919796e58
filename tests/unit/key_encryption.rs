use duly::models::secret::{Secret, Secrets};
use duly::services::key_encryption::KeyEncryption;
use proptest::prelude::*;

fn cipher(secret: &str) -> KeyEncryption {
    KeyEncryption::new(&Secrets::single(Secret::parse(secret).expect("long enough")))
}

fn ours() -> KeyEncryption {
    cipher("a-secret-for-tests-that-is-long-enough")
}

#[test]
fn a_key_is_stored_as_a_json_string_of_hexadecimal_digits() {
    let stored = ours().encrypt(r#"{"kty":"OKP"}"#);
    let digits: String = serde_json::from_str(&stored).expect("a JSON string");
    assert_eq!(digits.len(), 2 * (24 + 13 + 16));
    assert!(digits.bytes().all(|byte| b"0123456789abcdef".contains(&byte)));
    assert_ne!(stored, ours().encrypt(r#"{"kty":"OKP"}"#), "a nonce is used once");
    assert_eq!(
        ours().decrypt(&digits).as_deref(),
        Some(r#"{"kty":"OKP"}"#),
        "quotes may be missing"
    );
}

#[test]
fn what_was_encrypted_with_another_secret_stays_closed() {
    let stored = ours().encrypt("private");
    assert_eq!(cipher("another-secret-that-is-long-enough-too").decrypt(&stored), None);
}

#[test]
fn a_plain_key_comes_back_as_it_is() {
    assert_eq!(ours().decrypt(r#"{"kty":"OKP"}"#).as_deref(), Some(r#"{"kty":"OKP"}"#));
}

#[test]
fn what_is_neither_is_refused() {
    let stored = ours().encrypt("private");
    for text in [
        "",
        "\"\"",
        "\"zz\"",
        "\"00\"",
        "00",
        &stored[..stored.len() - 3],
        "$ba$1$00",
        &"0".repeat(80),
        &"0".repeat(48),
    ] {
        assert_eq!(ours().decrypt(text), None, "{text:?}");
    }
}

/// Several secrets, the present one first, and the one from before there were numbers.
fn numbered(secrets: &[(u32, &str)], unnumbered: Option<&str>) -> KeyEncryption {
    let parse = |text: &str| Secret::parse(text).expect("long enough");
    let secrets = secrets.iter().map(|(number, secret)| (*number, parse(secret))).collect();
    let secrets = Secrets::versioned(secrets, unnumbered.map(parse)).expect("there are some");
    KeyEncryption::new(&secrets)
}

const OLD: &str = "a-secret-for-tests-that-is-long-enough";
const NEW: &str = "another-secret-that-is-long-enough-too";

#[test]
fn a_numbered_secret_stands_before_what_it_encrypts() {
    let stored = numbered(&[(7, NEW), (1, OLD)], None).encrypt("private");
    assert!(stored.starts_with("\"$ba$7$"), "{stored}");
    for (secrets, opens) in [
        (&[(7, NEW)][..], true),
        (&[(8, OLD), (7, NEW)], true),
        (&[(7, OLD)], false),
        (&[(8, NEW)], false),
    ] {
        let opened = numbered(secrets, None).decrypt(&stored);
        assert_eq!(opened.as_deref(), opens.then_some("private"), "{secrets:?}");
    }
    assert_eq!(cipher(NEW).decrypt(&stored), None);
}

#[test]
fn what_has_no_number_opens_with_any_of_the_secrets() {
    let stored = cipher(OLD).encrypt("private");
    for (secrets, unnumbered, opens) in [
        (&[(2, NEW)][..], Some(OLD), true),
        (&[(2, NEW), (1, OLD)], None, true),
        (&[(2, NEW)], None, false),
    ] {
        let opened = numbered(secrets, unnumbered).decrypt(&stored);
        assert_eq!(opened.as_deref(), opens.then_some("private"), "{secrets:?}");
    }
}

proptest! {
    #[test]
    fn what_is_encrypted_decrypts(plain in "[^{].*|") {
        prop_assert_eq!(ours().decrypt(&ours().encrypt(&plain)), Some(plain));
    }

    #[test]
    fn a_changed_digit_is_noticed(plain in ".{0,40}", index in any::<prop::sample::Index>()) {
        let stored = ours().encrypt(&plain);
        let mut bytes = stored.into_bytes();
        let last = bytes.len() - 1;
        let place = 1 + index.index(last - 1);
        bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
        prop_assert_eq!(ours().decrypt(std::str::from_utf8(&bytes).unwrap()), None);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = ours().decrypt(&text);
    }
}
