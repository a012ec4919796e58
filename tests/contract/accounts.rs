//! Users, sessions and keys.

use duly::database::keys::{self, StoredKey};
use duly::database::users::{self, InsertUser, UserChange};
use duly::database::verifications::{self, Verification};
use duly::database::{accounts, sessions};
use duly::models::session::Session;

use crate::on_every_engine;
use crate::support::database::{TestDatabase, instant, now, owner, session, user};

async fn sign_up(database: &TestDatabase, name: &str) {
    let session = session(name, &format!("first of {name}"));
    let account = format!("account of {name}");
    let inserted = users::insert_user(database, &user(name), &account, "salt:key", &session).await;
    assert_eq!(inserted.unwrap(), InsertUser::Inserted);
}

async fn tokens(database: &TestDatabase, name: &str) -> Vec<String> {
    let sessions: Vec<Session> =
        sessions::list_sessions(database, &owner(name), now()).await.expect("the statement runs");
    sessions.into_iter().map(|session| session.token).collect()
}

fn key(id: &str, created_at: &str) -> StoredKey {
    StoredKey {
        id: id.to_owned(),
        public_key: r#"{"kty":"OKP"}"#.to_owned(),
        private_key: "\"00ff\"".to_owned(),
        created_at: instant(created_at),
        expires_at: None,
        algorithm: Some("EdDSA".to_owned()),
        curve: None,
    }
}

on_every_engine! {
    async fn a_user_is_found_by_address_and_session(database: TestDatabase) {
        sign_up(&database, "ada").await;
        let found = users::find_by_email(&database, "ada@example.com").await.unwrap().unwrap();
        assert_eq!(found.user, user("ada"));
        assert_eq!(found.password_hash.as_deref(), Some("salt:key"));
        assert!(users::find_by_email(&database, "ADA@example.com").await.unwrap().is_none());
        assert!(users::email_is_taken(&database, "ada@example.com").await.unwrap());
        assert!(!users::email_is_taken(&database, "grace@example.com").await.unwrap());
        let found = sessions::find_session(&database, "first of ada").await.unwrap().unwrap();
        assert_eq!(found.user, user("ada"));
        assert_eq!(found.session, session("ada", "first of ada"));
        assert!(sessions::find_session(&database, "first of grace").await.unwrap().is_none());
    }

    async fn a_session_that_runs_is_found_by_its_user_and_address(database: TestDatabase) {
        for (name, address) in [("ada", "1.1.1.1"), ("grace", "2.2.2.2")] {
            sign_up(&database, name).await; // from an address that is not known
            let mut session = session(name, &format!("second of {name}"));
            session.ip_address = address.to_owned();
            sessions::insert_session(&database, &session).await.unwrap();
        }
        let (end, before) = (instant("2026-11-30T07:00:00Z"), instant("2026-11-30T06:59:59Z"));
        for (name, address, time, expected) in [
            ("ada", "1.1.1.1", now(), true),
            ("ada", "1.1.1.1", before, true),
            ("ada", "1.1.1.1", end, false),
            ("ada", "2.2.2.2", now(), false),
            ("grace", "2.2.2.2", now(), true),
            ("nobody", "1.1.1.1", now(), false),
        ] {
            let user = owner(name);
            let found = sessions::user_has_session_at(&database, &user, address, time).await;
            assert_eq!(found.unwrap(), expected, "{name} {address} {time}");
            let email = format!("{name}@example.com");
            let found = sessions::email_has_session_at(&database, &email, address, time).await;
            assert_eq!(found.unwrap(), expected, "{email} {address} {time}");
        }
    }

    async fn a_user_changes_only_themselves(database: TestDatabase) {
        sign_up(&database, "ada").await;
        sign_up(&database, "grace").await;
        let later = instant("2026-11-24T00:00:00Z");
        let change = UserChange { name: Some("Ada L.".to_owned()), image: Some(Some("https://x".to_owned())) };
        users::update_user(&database, &owner("ada"), change, later).await.unwrap();
        let ada = users::find_by_email(&database, "ada@example.com").await.unwrap().unwrap().user;
        assert_eq!((ada.name.as_str(), ada.image.as_deref(), ada.updated_at), ("Ada L.", Some("https://x"), later));
        let change = UserChange { name: None, image: Some(None) };
        users::update_user(&database, &owner("ada"), change, later).await.unwrap();
        let ada = users::find_by_email(&database, "ada@example.com").await.unwrap().unwrap().user;
        assert_eq!((ada.name.as_str(), ada.image), ("Ada L.", None));
        let grace = users::find_by_email(&database, "grace@example.com").await.unwrap().unwrap().user;
        assert_eq!(grace, user("grace"));
    }

    async fn a_new_password_can_end_every_other_session(database: TestDatabase) {
        sign_up(&database, "ada").await;
        sign_up(&database, "grace").await;
        accounts::update_password(&database, &owner("ada"), "new", now(), None).await.unwrap();
        assert_eq!(tokens(&database, "ada").await, ["first of ada"]);
        let only = session("ada", "only");
        accounts::update_password(&database, &owner("ada"), "newer", now(), Some(&only)).await.unwrap();
        assert_eq!(tokens(&database, "ada").await, ["only"]);
        assert_eq!(tokens(&database, "grace").await, ["first of grace"]);
        let hash = async |name| accounts::find_password_hash(&database, &owner(name)).await.unwrap();
        assert_eq!(hash("ada").await.as_deref(), Some("newer"));
        assert_eq!(hash("grace").await.as_deref(), Some("salt:key"));
        assert_eq!(hash("nobody").await, None);
    }

    async fn sessions_end_one_by_one_or_all(database: TestDatabase) {
        for name in ["ada", "grace"] {
            sign_up(&database, name).await;
            for index in 2..=5 {
                let session = session(name, &format!("{index} of {name}"));
                sessions::insert_session(&database, &session).await.unwrap();
            }
        }
        let all = tokens(&database, "grace").await;
        assert_eq!(all.len(), 5);
        let ada = owner("ada");
        sessions::delete_own_session(&database, &ada, "2 of grace").await.unwrap();
        sessions::delete_own_session(&database, &ada, "2 of ada").await.unwrap();
        sessions::delete_session(&database, "3 of ada").await.unwrap();
        assert_eq!(tokens(&database, "ada").await.len(), 3);
        sessions::delete_other_sessions(&database, &ada, "4 of ada", now()).await.unwrap();
        assert_eq!(tokens(&database, "ada").await, ["4 of ada"]);
        sessions::delete_sessions(&database, &ada).await.unwrap();
        assert!(tokens(&database, "ada").await.is_empty());
        assert_eq!(tokens(&database, "grace").await, all);
    }

    async fn a_revoked_session_is_not_extended_back_to_life(database: TestDatabase) {
        sign_up(&database, "ada").await;
        let (until, later) = (instant("2027-01-01T00:00:00Z"), instant("2026-12-25T00:00:00Z"));
        sessions::update_expiry(&database, "first of ada", until, later).await.unwrap();
        let found = sessions::find_session(&database, "first of ada").await.unwrap().unwrap().session;
        assert_eq!((found.expires_at, found.updated_at), (until, later));
        sessions::delete_session(&database, "first of ada").await.unwrap();
        sessions::update_expiry(&database, "first of ada", until, later).await.unwrap();
        assert!(sessions::find_session(&database, "first of ada").await.unwrap().is_none());
    }

    async fn a_session_that_is_over_is_not_listed(database: TestDatabase) {
        sign_up(&database, "ada").await;
        let over = Session { expires_at: now(), ..session("ada", "over") };
        sessions::insert_session(&database, &over).await.unwrap();
        assert_eq!(tokens(&database, "ada").await, ["first of ada"]);
        assert!(sessions::find_session(&database, "over").await.unwrap().is_some());
    }

    async fn a_session_needs_its_user(database: TestDatabase) {
        assert!(sessions::insert_session(&database, &session("nobody", "t")).await.is_err());
        sign_up(&database, "ada").await;
        database.execute("DELETE FROM \"user\" WHERE \"id\" = 'ada'").await;
        assert_eq!(database.number("SELECT count(*) FROM \"session\"").await, 0);
        assert_eq!(database.number("SELECT count(*) FROM \"account\"").await, 0);
    }

    async fn keys_come_the_newest_first(database: TestDatabase) {
        for (id, at) in [("b", "2026-01-01T00:00:00Z"), ("new", "2026-02-01T00:00:00Z"), ("a", "2026-01-01T00:00:00Z")] {
            keys::insert_key(&database, &key(id, at)).await.unwrap();
        }
        let stored = keys::list_keys(&database).await.unwrap();
        let ids: Vec<&str> = stored.iter().map(|key| key.id.as_str()).collect();
        assert_eq!(ids, ["new", "a", "b"]);
        assert_eq!(stored[0].algorithm.as_deref(), Some("EdDSA"));
        assert_eq!((&stored[0].curve, stored[0].expires_at), (&None, None));
        assert_eq!(stored[0].public_key, r#"{"kty":"OKP"}"#);
    }

    async fn a_session_begins_only_with_the_password_that_is_there(database: TestDatabase) {
        for round in 0..20 {
            let name = format!("user {round}");
            let inserted = users::insert_user(&database, &user(&name), &format!("account {round}"), "old", &session(&name, &format!("first {round}"))).await;
            assert_eq!(inserted.expect("it is kept"), InsertUser::Inserted);
            let reset = Verification {
                identifier: format!("reset-password:{round}"),
                user: name.clone(),
                expires_at: instant("2026-11-23T08:00:00Z"),
            };
            verifications::insert_verification(&database, &format!("id {round}"), &reset, now()).await.expect("kept");
            let tokens = ["one", "two", "three"].map(|token| session(&name, &format!("{token} {round}")));
            let [one, two, three] = &tokens;
            let (claim, account) = (format!("claim {round}"), format!("unused {round}"));
            let (_, done, _) = tokio::join!(
                sessions::insert_session_with_password(&database, one, "old"),
                verifications::reset_password(&database, &reset.identifier, &claim, "new", &account, now()),
                sessions::insert_session_with_password(&database, two, "old"),
            );
            assert!(done.expect("it is reset"));
            let left = sessions::list_sessions(&database, &owner(&name), now()).await.expect("listed");
            assert!(left.is_empty(), "{left:?}");
            assert!(!sessions::insert_session_with_password(&database, three, "old").await.expect("asked"));
            assert!(sessions::insert_session_with_password(&database, three, "new").await.expect("asked"));
        }
    }
}
