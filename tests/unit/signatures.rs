use duly::models::secret::{Secret, Secrets};
use duly::services::signatures::Signatures;
use proptest::prelude::*;

fn signatures(secret: &str) -> Signatures {
    Signatures::new(&Secrets::single(Secret::parse(secret).expect("long enough")))
}

fn ours() -> Signatures {
    signatures("a-secret-for-tests-that-is-long-enough")
}

/// Made with: openssl dgst -sha256 -hmac a-secret-for-tests-that-is-long-enough -binary | base64
#[test]
fn a_signature_is_padded_base64_of_hmac_sha256() {
    let signed = ours().sign("ps71oT6943YlQ0fzQlGSuvA6FT3MJgrl");
    let expected = "oqVVenaLupCA6HgIUghfiqFhxrWHDQG7aPTRgZ7AzKQ=";
    assert_eq!(signed, format!("ps71oT6943YlQ0fzQlGSuvA6FT3MJgrl.{expected}"));
}

#[test]
fn what_was_not_signed_with_this_secret_is_refused() {
    let signed = ours().sign("token");
    assert_eq!(ours().verify(&signed), Some("token"));
    assert_eq!(signatures("another-secret-that-is-long-enough-too").verify(&signed), None);
    let (value, signature) = signed.split_once('.').unwrap();
    for text in [
        String::new(),
        ".".to_owned(),
        "token".to_owned(),
        "token.".to_owned(),
        format!("tokem.{signature}"),
        format!(".{signature}"),
        signature.to_owned(),
        format!("{value}.{}", signature.trim_end_matches('=')),
        format!("{value}.{signature}="),
        format!("{value}. {signature}"),
        format!("{signed}\n"),
        format!("{value}.{}", &signature[4..]),
        format!("{value}.{}", signature.to_ascii_lowercase()),
        format!("{value}.not base64"),
    ] {
        assert_eq!(ours().verify(&text), None, "{text:?}");
    }
}

#[test]
fn an_earlier_secret_still_verifies_and_the_present_one_signs() {
    let [old, new] =
        ["a-secret-for-tests-that-is-long-enough", "another-secret-that-is-long-enough-too"];
    let parse = |text: &str| Secret::parse(text).expect("long enough");
    let secrets = Secrets::versioned(vec![(2, parse(new)), (1, parse(old))], None);
    let both = Signatures::new(&secrets.expect("there are some"));
    assert_eq!(both.sign("token"), signatures(new).sign("token"));
    for secret in [old, new] {
        assert_eq!(both.verify(&signatures(secret).sign("token")), Some("token"));
    }
    let stranger = signatures("a-third-secret-that-is-long-enough-as-well");
    assert_eq!(both.verify(&stranger.sign("token")), None);
}

proptest! {
    #[test]
    fn what_is_signed_verifies(value in ".*") {
        let signed = ours().sign(&value);
        prop_assert_eq!(ours().verify(&signed), Some(value.as_str()));
    }

    #[test]
    fn a_changed_character_does_not(value in "[a-zA-Z0-9]{32}", index in 0..77_usize, new in "[a-zA-Z0-9+/.=]") {
        let signed = ours().sign(&value);
        let index = index.min(signed.len() - 1);
        let mut changed = signed.clone();
        changed.replace_range(index..=index, &new);
        if changed != signed {
            prop_assert_eq!(ours().verify(&changed), None);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = ours().verify(&text);
    }
}
