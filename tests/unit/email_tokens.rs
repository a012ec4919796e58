use duly::models::secret::{Secret, Secrets};
use duly::models::user::UserId;
use duly::services::email_tokens::{ChangeStep, EmailClaims, EmailTokenError, EmailTokens};
use jiff::{SignedDuration, Timestamp};

const OLD: &str = "the old secret, which is long enough";
const NEW: &str = "the new secret, which is long enough";

fn secret(text: &str) -> Secret {
    Secret::parse(text).expect("it is long enough")
}

fn now() -> Timestamp {
    "2026-11-23T07:00:00Z".parse().expect("a timestamp")
}

fn ada() -> UserId {
    UserId::parse("ada").expect("a user id")
}

/// Both made by a real Better Auth 1.7.25's own function for it, with the same secret at the same time.
#[test]
fn the_text_is_the_one_that_better_auth_makes() {
    let tokens = EmailTokens::new(&Secrets::single(secret(OLD)));
    assert_eq!(
        tokens.verification("ada@example.com", &ada(), now()),
        "eyJhbGciOiJIUzI1NiJ9.\
         eyJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSIsInVzZXJJZCI6ImFkYSIsImlhdCI6MTc5NTQxNzIwMCwiZXhwIjoxNzk1NDIwODAwfQ.\
         Pumc5ssm8Z4e6mUET27wQF-qaO-QUo8DwsMVjRonhYI"
    );
    let step = ChangeStep::Verification;
    assert_eq!(
        tokens.change("ada@example.com", &ada(), "new@example.com", step, now()),
        "eyJhbGciOiJIUzI1NiJ9.\
         eyJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSIsInVwZGF0ZVRvIjoibmV3QGV4YW1wbGUuY29tIiwicmVxdWVzdFR5cGUiOiJjaGFuZ2UtZW\
         1haWwtdmVyaWZpY2F0aW9uIiwidXNlcklkIjoiYWRhIiwiaWF0IjoxNzk1NDE3MjAwLCJleHAiOjE3OTU0MjA4MDB9.\
         30Nt68LXQOVvAzi4hVTAHW_7fq73IsQwWxp9v6freWw"
    );
}

#[test]
fn a_token_says_what_was_put_into_it_for_an_hour() {
    let tokens = EmailTokens::new(&Secrets::single(secret(OLD)));
    for step in [ChangeStep::Confirmation, ChangeStep::Verification] {
        let token = tokens.change("ada@example.com", &ada(), "new@example.com", step, now());
        let expected = EmailClaims {
            email: "ada@example.com".to_owned(),
            user_id: Some("ada".to_owned()),
            issued_at_seconds: Some(now().as_second()),
            change: Some(("new@example.com".to_owned(), Some(step))),
        };
        let hour = SignedDuration::from_hours(1);
        let almost = now() + hour - SignedDuration::from_secs(1);
        assert_eq!(tokens.verify(&token, almost), Ok(expected));
        assert_eq!(tokens.verify(&token, now() + hour), Err(EmailTokenError::Expired));
    }
}

#[test]
fn an_earlier_secret_still_verifies_and_the_present_one_signs() {
    let old = EmailTokens::new(&Secrets::single(secret(OLD)));
    let numbered = vec![(2, secret(NEW)), (1, secret(OLD))];
    let both = EmailTokens::new(&Secrets::versioned(numbered, None).expect("there are some"));
    let new = EmailTokens::new(&Secrets::single(secret(NEW)));
    let earlier = old.verification("ada@example.com", &ada(), now());
    assert!(both.verify(&earlier, now()).is_ok());
    assert_eq!(new.verify(&earlier, now()), Err(EmailTokenError::Invalid));
    let present = both.verification("ada@example.com", &ada(), now());
    assert!(new.verify(&present, now()).is_ok());
    assert_eq!(old.verify(&present, now()), Err(EmailTokenError::Invalid));
}
