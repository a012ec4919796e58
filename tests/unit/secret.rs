use duly::models::secret::{Hidden, Secret, Secrets};

fn secret(text: &str) -> Secret {
    Secret::parse(text).expect("it is long enough")
}

const OLD: &str = "the old secret, which is long enough";
const NEW: &str = "the new secret, which is long enough";
const UNNUMBERED: &str = "a secret from before, which is long enough";

#[test]
fn a_secret_has_enough_characters_or_bytes() {
    assert!(Secret::parse(&"x".repeat(31)).is_none() && Secret::parse(&"ü".repeat(32)).is_some());
    assert!(Secret::parse_bytes(&"x".repeat(31)).is_none());
    assert!(Secret::parse_bytes(&"ü".repeat(16)).is_some());
}

#[test]
fn none_is_shown() {
    let shown = format!("{:?} {:?}", secret(OLD), Hidden(NEW.to_owned()));
    assert!(!shown.contains("secret,"), "{shown}");
}

#[test]
fn the_first_is_the_present_one() {
    let secrets = vec![(2, secret(NEW)), (1, secret(OLD))];
    let secrets = Secrets::versioned(secrets, Some(secret(UNNUMBERED))).expect("there are some");
    assert_eq!((secrets.current(), secrets.current_version()), (&secret(NEW), Some(2)));
    let all: Vec<_> = secrets.all().collect();
    let expected = [(Some(2), &secret(NEW)), (Some(1), &secret(OLD)), (None, &secret(UNNUMBERED))];
    assert_eq!(all, expected);
    assert_eq!(Secrets::versioned(Vec::new(), Some(secret(OLD))), None);
    assert_eq!(Secrets::single(secret(OLD)).current_version(), None);
}
