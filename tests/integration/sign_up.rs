//! Signing up, as Better Auth answers it.

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::TestApp;
use crate::support::http::{Call, Response};

async fn sign_up(app: &TestApp, body: Value) -> Response {
    app.send(Call::post("/api/auth/sign-up/email").json(&body)).await
}

fn refusal(message: &str, code: &str) -> String {
    format!(r#"{{"message":"{message}","code":"{code}"}}"#)
}

on_every_engine! {
    async fn signing_up_begins_a_session_in_the_form_that_clients_expect(app: TestApp) {
        let answer = sign_up(&app, json!({
            "email": "ADA@Example.com", "password": "correct horse", "name": "Ada Lovelace",
            "id": "mine", "role": "admin", "emailVerified": true, "createdAt": "2000-01-01T00:00:00.000Z",
        })).await;
        let body = answer.expect(200);
        let (token, id) =
            (body["token"].as_str().expect("a token"), body["user"]["id"].as_str().expect("an id"));
        let expected = format!(
            r#"{{"token":"{token}","user":{{"name":"Ada Lovelace","email":"ada@example.com","emailVerified":false,"image":null,"createdAt":"2026-11-23T07:00:00.000Z","updatedAt":"2026-11-23T07:00:00.000Z","id":"{id}"}}}}"#,
        );
        assert_eq!(answer.text(), expected);
        for random in [token, id] {
            assert_eq!(random.len(), 32);
            assert!(random.chars().all(|letter| letter.is_ascii_alphanumeric()), "{random}");
        }
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("access-control-expose-headers"), "set-auth-token");
        let signed = answer.header("set-auth-token");
        assert_eq!(
            signed.split_once('.').map(|(value, mac)| (value, mac.len())),
            Some((token, 44))
        );
        let encoded = signed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let attributes = "Max-Age=604800; Path=/; HttpOnly; SameSite=Lax";
        assert_eq!(
            answer.set_cookies(),
            [format!("better-auth.session_token={encoded}; {attributes}")]
        );
        assert_eq!(answer.header("cache-control"), "");
    }

    async fn an_address_can_sign_up_once_in_whatever_case(app: TestApp) {
        let ada = app.person("ada").await;
        let again = json!({"name": "x", "email": "Ada@EXAMPLE.com", "password": "long enough"});
        let answer = sign_up(&app, again).await;
        assert_eq!(answer.status, 422);
        assert_eq!(
            answer.text(),
            refusal(
                "User already exists. Use another email.",
                "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"
            )
        );
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        let short = json!({"name": "x", "email": ada.email, "password": "short"});
        let answer = sign_up(&app, short).await;
        assert_eq!(answer.text(), refusal("Password too short", "PASSWORD_TOO_SHORT"));
    }

    async fn of_two_who_sign_up_with_one_address_at_once_one_wins(app: TestApp) {
        let body = json!({"name": "x", "email": "x@example.com", "password": "long enough"});
        let (one, other) = tokio::join!(sign_up(&app, body.clone()), sign_up(&app, body));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
    }

    async fn every_bad_field_is_named_in_better_auths_words(app: TestApp) {
        let text = "Invalid input: expected string, received";
        let cases = [
            ("{}", format!("[body.name] {text} undefined; [body.email] {text} undefined; [body.password] {text} undefined")),
            (r#"{"password":null,"email":5,"name":["x"]}"#,
             format!("[body.name] {text} array; [body.email] {text} number; [body.password] {text} null")),
            (r#"{"name":"x","email":"x@localhost","password":""}"#,
             "[body.email] Invalid email address; [body.password] Too small: expected string to have >=1 characters".to_owned()),
            (r#"{"name":{},"email":"a@b.co","password":"long enough","image":null,"callbackURL":"/x","rememberMe":"yes"}"#,
             format!("[body.name] {text} object; [body.image] {text} null; [body.rememberMe] Invalid input: expected boolean, received string")),
            (r#"{"name":"x","email":"a@b.co","password":true,"rememberMe":null}"#,
             format!("[body.password] {text} boolean; [body.rememberMe] Invalid input: expected boolean, received null")),
        ];
        for (body, message) in cases {
            let answer = app
                .send(Call::post("/api/auth/sign-up/email").body("application/json", body))
                .await;
            assert_eq!(answer.status, 400, "{body}");
            assert_eq!(answer.text(), refusal(&message, "VALIDATION_ERROR"), "{body}");
        }
        for (body, name) in [
            ("null", "null"),
            ("[]", "array"),
            ("\"x\"", "string"),
            ("5", "number"),
            ("true", "boolean"),
        ] {
            let answer = app
                .send(Call::post("/api/auth/sign-up/email").body("application/json", body))
                .await;
            let message = format!(
                "[body] Invalid input: expected object, received {name}; [body] Invalid input: expected record, received {name}"
            );
            assert_eq!(answer.text(), refusal(&message, "VALIDATION_ERROR"), "{body}");
        }
        let nothing = app.send(Call::post("/api/auth/sign-up/email")).await;
        let message = "[body] Invalid input: expected object, received undefined; [body] Invalid input: expected record, received undefined";
        assert_eq!(nothing.text(), refusal(message, "VALIDATION_ERROR"));
    }

    async fn addresses_are_judged_as_better_auth_judges_them(app: TestApp) {
        for email in [
            "a@localhost",
            "a@127.0.0.1",
            "a&b@example.com",
            "a'@example.com",
            ".a@example.com",
            "a..b@example.com",
            "a.@example.com",
            "a@example.com.",
            "a@exa_mple.com",
            " a@example.com",
            "ä@example.com",
            "a\0@example.com",
        ] {
            let answer =
                sign_up(&app, json!({"name": "x", "email": email, "password": "long enough"}))
                    .await;
            assert_eq!(
                answer.text(),
                refusal("[body.email] Invalid email address", "VALIDATION_ERROR"),
                "{email}"
            );
        }
        for email in [
            "o'hara@example.com",
            "_a@example.com",
            "-a@example.com",
            "a@example-.com",
            "a@1.com",
            "a+b@x.example.org",
        ] {
            sign_up(&app, json!({"name": "x", "email": email, "password": "long enough"}))
                .await
                .expect(200);
        }
    }

    async fn passwords_are_counted_in_utf_16_units(app: TestApp) {
        let attempt = async |password: String| {
            let email = format!("p{}@example.com", password.len());
            sign_up(&app, json!({"name": "x", "email": email, "password": password})).await
        };
        assert_eq!(
            attempt("1234567".to_owned()).await.text(),
            refusal("Password too short", "PASSWORD_TOO_SHORT")
        );
        assert_eq!(
            attempt("😀😀😀".to_owned()).await.text(),
            refusal("Password too short", "PASSWORD_TOO_SHORT")
        );
        assert_eq!(
            attempt("x".repeat(129)).await.text(),
            refusal("Password too long", "PASSWORD_TOO_LONG")
        );
        assert_eq!(
            attempt("😀".repeat(65)).await.text(),
            refusal("Password too long", "PASSWORD_TOO_LONG")
        );
        for password in ["😀".repeat(4), "x".repeat(128), "😀".repeat(64), " ".repeat(8)] {
            attempt(password).await.expect(200);
        }
    }

    async fn names_and_images_are_kept_as_they_are(app: TestApp) {
        let name = format!("  ünï \u{2028} <b>/ {} ", "x".repeat(1_000));
        let body =
            json!({"name": name, "email": "a@example.com", "password": "long enough", "image": ""});
        let user = &sign_up(&app, body).await.expect(200)["user"];
        assert_eq!(user["name"], name);
        assert_eq!(user["image"], "");
        let empty = json!({"name": "", "email": "b@example.com", "password": "long enough"});
        assert_eq!(sign_up(&app, empty).await.expect(200)["user"]["name"], "");
        for field in ["name", "image"] {
            let mut body =
                json!({"name": "x", "email": "c@example.com", "password": "long enough"});
            body[field] = json!("a\0b");
            let answer = sign_up(&app, body).await;
            assert_eq!(answer.status, 422);
            assert_eq!(answer.text(), refusal("Failed to create user", "FAILED_TO_CREATE_USER"));
        }
    }

    async fn signing_up_while_signed_in_is_a_second_account(app: TestApp) {
        let ada = app.person("ada").await;
        let body = json!({"name": "x", "email": "b@example.com", "password": "long enough"});
        let call = Call::post("/api/auth/sign-up/email").json(&body).bearer(&ada.session_token);
        assert_ne!(app.send(call).await.expect(200)["user"]["id"], ada.id.as_str());
        let session = app.send(Call::get("/api/auth/get-session").bearer(&ada.session_token)).await;
        assert_eq!(session.json()["user"]["id"], ada.id.as_str());
    }
}
