use duly::models::email::Email;
use proptest::prelude::*;

#[test]
fn an_address_is_kept_in_lower_case() {
    for (text, kept) in [
        ("ada@example.com", "ada@example.com"),
        ("ADA.Lovelace@Example.COM", "ada.lovelace@example.com"),
        ("a+b-c_d'e@x-y.co.uk", "a+b-c_d'e@x-y.co.uk"),
        ("1@2.de", "1@2.de"),
    ] {
        assert_eq!(Email::parse(text).expect(text).as_str(), kept);
        assert_eq!(Email::parse(text).expect(text).into_string(), kept);
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@.com",
        "ada@example.c",
        "ada@example.c0",
        "ada@@example.com",
        "a@b@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..b@example.com",
        "ada@example..com",
        "ada@-example.com",
        " ada@example.com",
        "ada@example.com ",
        "ada@exam ple.com",
        "ada@example.com\n",
        "ada\0@example.com",
        "ädä@example.com",
        "ada@exämple.com",
        "ada'@example.com",
        "\"ada\"@example.com",
        "ada@[127.0.0.1]",
        "ada@example.com.",
        "ada,b@example.com",
        "ａda@example.com",
    ] {
        assert_eq!(Email::parse(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_is_read_reads_again_as_itself(text in "[A-Za-z0-9._'+@-]{1,20}@[A-Za-z0-9.-]{1,20}") {
        if let Some(email) = Email::parse(&text) {
            prop_assert_eq!(Email::parse(email.as_str()), Some(email.clone()));
            prop_assert_eq!(email.as_str(), text.to_ascii_lowercase());
            prop_assert!(email.as_str().is_ascii());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = Email::parse(&text);
    }
}
