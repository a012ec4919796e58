//! When the keys of an issuer elsewhere are read again, whatever the clock does.

use duly::clock::ManualClock;
use jiff::SignedDuration;

use crate::support::database::now;
use crate::support::issuer::{Answer, Issuer, TestKey, claims};

fn published(keys: &[&TestKey]) -> Answer {
    Answer::Keys(keys.iter().map(|key| key.jwk()).collect())
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_keep_new_keys_out() {
    let (old, new) = (TestKey::new("old", "EdDSA"), TestKey::new("new", "EdDSA"));
    let issuer = Issuer::start(published(&[&old])).await;
    let clock = ManualClock::starting_at(now());
    let verifier = issuer.verifier(&clock);
    assert!(verifier.verify(&old.token(&claims("ada")), now()).await.is_ok());
    issuer.answers(published(&[&old, &new]));
    let earlier = now() - SignedDuration::from_hours(1);
    assert!(verifier.verify(&new.token(&claims("ada")), earlier).await.is_ok());
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn requests_whose_clocks_differ_a_little_are_still_one_fetch() {
    let (known, unknown) = (TestKey::new("known", "EdDSA"), TestKey::new("unknown", "EdDSA"));
    let issuer = Issuer::start(published(&[&known])).await;
    let verifier = issuer.verifier(&ManualClock::starting_at(now()));
    for milliseconds in [0, 9_999, -1, 5_000, -9_999] {
        let at = now() + SignedDuration::from_millis(milliseconds);
        assert!(verifier.verify(&unknown.token(&claims("ada")), at).await.is_err());
    }
    assert_eq!(issuer.asked(), 1);
}
