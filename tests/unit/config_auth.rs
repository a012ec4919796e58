use duly::config::{
    Accepted, AuthSettings, Config, ConfigProblems, Delivery, RateLimiting, Settings, SmtpTls,
};

use super::config::settings;

const SECRET: &str = "f1nd-me-f1nd-me-f1nd-me-f1nd-me-f1nd-me";
const OTHER: &str = "f1nd-me-too-f1nd-me-too-f1nd-me-too-f1nd";
const AUTH: &str = "https://auth.example.com";

type Change = fn(&mut Settings, &str);

/// The settings of these names, with these values.
fn with(changes: &[(&str, &str)]) -> Settings {
    let setters: [(&str, Change); 12] = [
        ("AUTH_MODE", |s, v| s.auth_mode = v.to_owned()),
        ("AUTH_JWKS_URL", |s, v| s.auth_jwks_url = Some(v.to_owned())),
        ("AUTH_ISSUER", |s, v| s.auth_issuer = Some(v.to_owned())),
        ("AUTH_AUDIENCE", |s, v| s.auth_audience = Some(v.to_owned())),
        ("AUTH_JWT_SECRET", |s, v| s.auth_jwt_secret = Some(v.to_owned())),
        ("AUTH_RATE_LIMIT", |s, v| s.auth_rate_limit = v.to_owned()),
        ("BETTER_AUTH_URL", |s, v| s.better_auth_url = Some(v.to_owned())),
        ("BETTER_AUTH_SECRET", |s, v| s.better_auth_secret = Some(v.to_owned())),
        ("BETTER_AUTH_SECRETS", |s, v| s.better_auth_secrets = Some(v.to_owned())),
        ("TRUSTED_PROXIES", |s, v| s.trusted_proxies = Some(v.to_owned())),
        ("SMTP_URL", |s, v| s.smtp_url = Some(v.to_owned())),
        ("MAIL_FROM", |s, v| s.mail_from = Some(v.to_owned())),
    ];
    settings(|settings| {
        for (name, value) in changes {
            let setter = setters.iter().find(|(known, _)| known == name);
            (setter.unwrap_or_else(|| panic!("no setting {name}")).1)(settings, value);
        }
    })
}

fn config(changes: &[(&str, &str)]) -> Config {
    Config::check(&with(changes)).unwrap_or_else(|problems| panic!("{changes:?}: {problems}"))
}

fn problems(changes: &[(&str, &str)]) -> Vec<String> {
    match Config::check(&with(changes)) {
        Err(ConfigProblems(problems)) => problems,
        Ok(config) => panic!("{changes:?}: nothing is wrong with {config:?}"),
    }
}

#[test]
fn a_remote_issuer_is_known_by_its_address() {
    for (url, jwks) in [
        (AUTH, "https://auth.example.com/api/auth/jwks"),
        ("https://auth.example.com/", "https://auth.example.com/api/auth/jwks"),
        ("https://auth.example.com/api/auth/", "https://auth.example.com/api/auth/jwks"),
        ("https://AUTH.example.com:443/custom//", "https://auth.example.com/custom/jwks"),
        ("https://auth.example.com?a=b#c", "https://auth.example.com/api/auth/jwks"),
    ] {
        let config = config(&[("AUTH_MODE", "remote"), ("BETTER_AUTH_URL", url)]);
        let AuthSettings::Remote(remote) = config.auth else { panic!("{url}: it is remote") };
        assert_eq!(remote.jwks_url.as_str(), jwks);
        assert_eq!(remote.accepted, Accepted::only(AUTH));
    }
}

#[test]
fn each_part_of_a_remote_issuer_can_be_set() {
    let overrides = [
        ("AUTH_MODE", "remote"),
        ("AUTH_JWKS_URL", "http://auth:3000/keys"),
        ("AUTH_ISSUER", "https://a.example, https://b.example"),
        ("AUTH_AUDIENCE", "tasks"),
    ];
    for changes in [&overrides[..], &[&overrides[..], &[("BETTER_AUTH_URL", AUTH)]].concat()] {
        let AuthSettings::Remote(remote) = config(changes).auth else { panic!("it is remote") };
        assert_eq!(remote.jwks_url.as_str(), "http://auth:3000/keys");
        assert_eq!(remote.accepted.issuers, ["https://a.example", "https://b.example"]);
        assert_eq!(remote.accepted.audiences, ["tasks"]);
    }
}

#[test]
fn a_shared_secret_goes_with_an_issuer_and_an_audience() {
    let base = [("AUTH_MODE", "secret"), ("AUTH_JWT_SECRET", SECRET), ("BETTER_AUTH_URL", AUTH)];
    let AuthSettings::Secret(shared) = config(&base).auth else { panic!("it is shared") };
    assert_eq!(shared.secret.as_bytes(), SECRET.as_bytes());
    assert_eq!(shared.accepted, Accepted::only(AUTH));
    // Sixteen characters of two bytes.
    let short = "ü".repeat(16);
    config(&[
        ("AUTH_MODE", "secret"),
        ("AUTH_JWT_SECRET", &short),
        ("AUTH_ISSUER", "a"),
        ("AUTH_AUDIENCE", "b"),
    ]);
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (changes, named) in [
        (&[("AUTH_MODE", "both")][..], "AUTH_MODE"),
        (&[("AUTH_MODE", "remote")], "BETTER_AUTH_URL"),
        (&[("AUTH_MODE", "remote"), ("AUTH_JWKS_URL", AUTH)], "BETTER_AUTH_URL"),
        (&[("AUTH_MODE", "remote"), ("BETTER_AUTH_URL", "auth.example.com")], "BETTER_AUTH_URL"),
        (
            &[("AUTH_MODE", "remote"), ("BETTER_AUTH_URL", AUTH), ("AUTH_JWKS_URL", "/jwks")],
            "AUTH_JWKS_URL",
        ),
        (
            &[("AUTH_MODE", "remote"), ("BETTER_AUTH_URL", AUTH), ("AUTH_ISSUER", ",")],
            "AUTH_ISSUER",
        ),
        (
            &[("AUTH_MODE", "remote"), ("BETTER_AUTH_URL", AUTH), ("AUTH_JWT_SECRET", SECRET)],
            "AUTH_JWT_SECRET",
        ),
        (
            &[("AUTH_MODE", "remote"), ("BETTER_AUTH_URL", "http://user:f1nd-me@h")],
            "BETTER_AUTH_URL",
        ),
        (&[("AUTH_MODE", "remote"), ("BETTER_AUTH_URL", "user:f1nd-me@h")], "BETTER_AUTH_URL"),
        (
            &[
                ("AUTH_MODE", "remote"),
                ("AUTH_ISSUER", AUTH),
                ("AUTH_AUDIENCE", AUTH),
                ("AUTH_JWKS_URL", "https://f1nd-me@h/jwks"),
            ],
            "AUTH_JWKS_URL",
        ),
        (&[("BETTER_AUTH_URL", "https://user:f1nd-me@duly.example")], "BETTER_AUTH_URL"),
        (&[("AUTH_MODE", "secret"), ("BETTER_AUTH_URL", AUTH)], "AUTH_JWT_SECRET"),
        (
            &[("AUTH_MODE", "secret"), ("BETTER_AUTH_URL", AUTH), ("AUTH_JWT_SECRET", "f1nd-me")],
            "AUTH_JWT_SECRET",
        ),
        (&[("AUTH_MODE", "secret"), ("AUTH_JWT_SECRET", SECRET)], "AUTH_ISSUER"),
        (
            &[
                ("AUTH_MODE", "secret"),
                ("AUTH_JWT_SECRET", SECRET),
                ("BETTER_AUTH_URL", AUTH),
                ("AUTH_JWKS_URL", AUTH),
            ],
            "AUTH_JWKS_URL",
        ),
        (&[("AUTH_JWKS_URL", AUTH)], "AUTH_JWKS_URL"),
        (&[("AUTH_ISSUER", AUTH)], "AUTH_ISSUER"),
        (&[("AUTH_AUDIENCE", AUTH)], "AUTH_AUDIENCE"),
        (&[("AUTH_JWT_SECRET", SECRET)], "AUTH_JWT_SECRET"),
        (&[("AUTH_RATE_LIMIT", "yes")], "AUTH_RATE_LIMIT"),
        (&[("TRUSTED_PROXIES", "10.0.0.0/8,proxy")], "TRUSTED_PROXIES"),
        (&[("TRUSTED_PROXIES", "10.0.0.0/33")], "TRUSTED_PROXIES"),
        (&[("SMTP_URL", "smtp://mail.example.com")], "MAIL_FROM"),
        (&[("SMTP_URL", "mail.f1nd-me.example"), ("MAIL_FROM", "a@example.com")], "SMTP_URL"),
        (&[("SMTP_URL", "https://example.com"), ("MAIL_FROM", "a@example.com")], "SMTP_URL"),
        (&[("SMTP_URL", "smtps://h?tls=none"), ("MAIL_FROM", "a@example.com")], "SMTP_URL"),
        (&[("SMTP_URL", "smtp://h?tls=maybe"), ("MAIL_FROM", "a@example.com")], "SMTP_URL"),
        (&[("SMTP_URL", "smtp://user@h"), ("MAIL_FROM", "a@example.com")], "SMTP_URL"),
        (&[("MAIL_FROM", "nobody")], "MAIL_FROM"),
    ] {
        let problems = problems(changes);
        assert_eq!(problems.len(), 1, "{changes:?}: {problems:?}");
        assert!(problems[0].contains(named), "{changes:?}: {problems:?}");
        assert!(!problems[0].contains("f1nd-me"), "{changes:?}: {problems:?}");
    }
}

#[test]
fn secrets_are_numbered_and_the_first_is_the_present_one() {
    let numbered = format!(" 7:{OTHER} , 1: {SECRET},");
    let config = config(&[("BETTER_AUTH_SECRETS", &numbered), ("BETTER_AUTH_SECRET", SECRET)]);
    let AuthSettings::Embedded(issuer) = config.auth else { panic!("we are the issuer") };
    let secrets = issuer.secrets.expect("they were set");
    let versions: Vec<_> = secrets.all().map(|(version, _)| version).collect();
    assert_eq!(versions, [Some(7), Some(1), None]);
    assert_eq!(secrets.current().as_bytes(), OTHER.as_bytes());
}

#[test]
fn secrets_that_do_not_read_are_refused_and_not_repeated() {
    for entries in [
        SECRET.to_owned(),
        format!("x:{SECRET}"),
        format!("-1:{SECRET}"),
        format!("1.5:{SECRET}"),
        format!(":{SECRET}"),
        "1:f1nd-me".to_owned(),
        format!("2:{SECRET},2:{OTHER}"),
        format!("2:{SECRET},{OTHER}"),
    ] {
        let problems = problems(&[("BETTER_AUTH_SECRETS", &entries)]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("BETTER_AUTH_SECRETS"), "{problems:?}");
        assert!(!problems[0].contains("f1nd-me"), "{problems:?}");
    }
}

#[test]
fn debug_shows_no_secret_of_any_mode() {
    let numbered = format!("1:{SECRET}");
    for changes in [
        &[("AUTH_MODE", "secret"), ("AUTH_JWT_SECRET", SECRET), ("BETTER_AUTH_URL", AUTH)][..],
        &[("BETTER_AUTH_SECRETS", &numbered)],
        &[("SMTP_URL", "smtps://user:f1nd-me@mail.example.com"), ("MAIL_FROM", "a@example.com")],
    ] {
        let shown = format!("{:?}", config(changes));
        assert!(!shown.contains("f1nd-me"), "{shown}");
    }
}

#[test]
fn smtp_is_encrypted_wherever_others_can_listen() {
    for (url, host, port, tls) in [
        ("smtps://mail.example.com", "mail.example.com", 465, SmtpTls::Implicit),
        ("smtps://mail.example.com:2465", "mail.example.com", 2465, SmtpTls::Implicit),
        ("smtp://mail.example.com", "mail.example.com", 587, SmtpTls::Required),
        ("smtp://mail.example.com:25?tls=none", "mail.example.com", 25, SmtpTls::None),
        ("smtp://10.0.0.5", "10.0.0.5", 587, SmtpTls::Required),
        ("smtp://localhost:2525", "localhost", 2525, SmtpTls::None),
        ("smtp://127.0.0.1:25", "127.0.0.1", 25, SmtpTls::None),
        ("smtp://[::1]:25", "::1", 25, SmtpTls::None),
        ("smtp://localhost?tls=required", "localhost", 587, SmtpTls::Required),
    ] {
        let config = config(&[("SMTP_URL", url), ("MAIL_FROM", "Tasks <tasks@example.com>")]);
        let AuthSettings::Embedded(issuer) = config.auth else { panic!("we are the issuer") };
        assert_eq!(issuer.mail.from.email.to_string(), "tasks@example.com");
        let Delivery::Smtp(smtp) = issuer.mail.delivery else { panic!("{url}: it is sent") };
        assert_eq!((smtp.host.as_str(), smtp.port, smtp.tls), (host, port, tls), "{url}");
        assert_eq!(smtp.credentials, None);
    }
    let login = "smtps://me%40example.com:p%3Aa%2Fss@mail.example.com";
    let config = config(&[("SMTP_URL", login), ("MAIL_FROM", "tasks@example.com")]);
    let AuthSettings::Embedded(issuer) = config.auth else { panic!("we are the issuer") };
    let Delivery::Smtp(smtp) = issuer.mail.delivery else { panic!("it is sent") };
    let (user, password) = smtp.credentials.expect("it has a login");
    assert_eq!((user.as_str(), password.0.as_str()), ("me@example.com", "p:a/ss"));
}

#[test]
fn nothing_configured_limits_guesses_and_keeps_email_in_files() {
    let config = config(&[]);
    assert!(config.trusted_proxies.is_empty());
    let AuthSettings::Embedded(issuer) = config.auth else { panic!("we are the issuer") };
    assert_eq!(issuer.rate_limiting, RateLimiting::On);
    let Delivery::Kept(directory) = issuer.mail.delivery else { panic!("it is kept") };
    assert_eq!(directory.to_str(), Some("./data/mail"));
}
