use clap::{Args, FromArgMatches};
use duly::config::{
    AuthSettings, Config, ConfigProblems, IssuerSettings, LogFormat, Settings, Storage,
};

const SECRET: &str = "f1nd-me-f1nd-me-f1nd-me-f1nd-me-f1nd-me";

/// The settings of a command line, with what the test's own environment says left out.
pub fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let command = Settings::augment_args(clap::Command::new("duly").no_binary_name(true));
    let command = command.mut_args(|argument| argument.env(None::<&str>));
    let matches = command.get_matches_from(Vec::<String>::new());
    let mut settings = Settings::from_arg_matches(&matches).expect("everything has a default");
    change(&mut settings);
    settings
}

fn config(change: impl FnOnce(&mut Settings)) -> Config {
    Config::check(&settings(change)).unwrap_or_else(|problems| panic!("{problems}"))
}

fn problems(change: impl FnOnce(&mut Settings)) -> Vec<String> {
    match Config::check(&settings(change)) {
        Err(ConfigProblems(problems)) => problems,
        Ok(config) => panic!("nothing is wrong with {config:?}"),
    }
}

fn issuer(config: &Config) -> &IssuerSettings {
    match &config.auth {
        AuthSettings::Embedded(issuer) => issuer,
        other => panic!("we are the issuer, not {other:?}"),
    }
}

fn on_postgres(settings: &mut Settings) {
    settings.database_url =
        Some("postgresql://duly:pa55phrase@db.example.com:5433/tasks".to_owned());
    settings.better_auth_secret = Some(SECRET.to_owned());
}

#[test]
fn nothing_configured_is_a_local_server_on_an_embedded_file() {
    let config = config(|_| {});
    assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
    let issuer = issuer(&config);
    assert!(issuer.secrets.is_none() && issuer.base_url.is_none() && config.metrics.is_none());
    assert!(config.trusted_origins.is_empty() && config.cors_origins.is_empty());
    assert_eq!(config.max_tasks_per_user, 10_000);
    assert!(config.drain_time.is_zero());
    assert_eq!(config.log.format, LogFormat::Pretty);
    let Storage::Embedded(embedded) = config.storage else { panic!("it is embedded") };
    assert_eq!(embedded.file.to_str(), Some("./data/duly.db"));
    assert_eq!(embedded.secret_file.to_str(), Some("./data/secret"));
}

#[test]
fn a_database_url_is_postgres() {
    let Storage::Postgres(postgres) = config(on_postgres).storage else {
        panic!("it is PostgreSQL")
    };
    assert_eq!(postgres.max_connections, 16);
    assert_eq!(postgres.config.get_dbname(), Some("tasks"));
    assert_eq!(postgres.config.get_ports(), [5433]);
    assert_eq!(postgres.config.get_application_name(), Some("duly"));
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?} {:#?}", config(on_postgres), config(on_postgres));
    assert!(!shown.contains(SECRET) && !shown.contains("pa55phrase"), "{shown}");
    assert!(shown.contains("db.example.com"), "{shown}");
}

#[test]
fn values_at_the_limits_are_taken() {
    for (max, secret) in [("1000", "x".repeat(32)), ("9223372036854775807", "ü".repeat(32))] {
        let config = config(|settings| {
            settings.max_tasks_per_user = max.to_owned();
            settings.better_auth_secret = Some(secret.clone());
            settings.port = "65535".to_owned();
            settings.host = "::".to_owned();
            settings.metrics_addr = Some("[::1]:9000".to_owned());
            settings.log_format = "json".to_owned();
            settings.drain_seconds = "300".to_owned();
        });
        assert_eq!(config.drain_time.as_secs(), 300);
        assert_eq!(config.max_tasks_per_user.to_string(), max);
        assert_eq!(
            issuer(&config).secrets.as_ref().unwrap().current().as_bytes(),
            secret.as_bytes()
        );
        assert_eq!(config.listen.to_string(), "[::]:65535");
    }
    for connections in ["1", "1000"] {
        config(|settings| {
            on_postgres(settings);
            settings.database_max_connections = connections.to_owned();
        });
    }
}

#[test]
fn each_value_beyond_a_limit_is_one_problem() {
    type Change = fn(&mut Settings, String);
    let cases: [(&str, Change, &[&str]); 13] = [
        ("HOST", |s, v| s.host = v, &["", "localhost", "1.2.3", "127.0.0.1:80", "example.com"]),
        ("PORT", |s, v| s.port = v, &["", "-1", "65536", "http", "80.0"]),
        (
            "DATABASE_MAX_CONNECTIONS",
            |s, v| s.database_max_connections = v,
            &["", "0", "1001", "-1", "many"],
        ),
        (
            "BETTER_AUTH_SECRET",
            |s, v| s.better_auth_secret = Some(v),
            &["short", "1234567890123456789012345678901"],
        ),
        (
            "BETTER_AUTH_URL",
            |s, v| s.better_auth_url = Some(v),
            &["example.com", "ftp://example.com", "/path", "http://"],
        ),
        (
            "BETTER_AUTH_TRUSTED_ORIGINS",
            |s, v| s.better_auth_trusted_origins = Some(v),
            &["example.com", "https://", "https://a/b", "https://a,b c"],
        ),
        (
            "CORS_ORIGINS",
            |s, v| s.cors_origins = Some(v),
            &[
                "*",
                "null",
                "https://a.example/b",
                "https://*.example.com",
                "https://a.example?b",
                "https://user@a.example",
            ],
        ),
        ("MAX_TASKS_PER_USER", |s, v| s.max_tasks_per_user = v, &["", "999", "0", "-5", "1e4"]),
        (
            "MAX_REQUESTS_PER_MINUTE",
            |s, v| s.max_requests_per_minute = v,
            &["", "0", "59", "1000000001", "-1", "OFF"],
        ),
        ("MAX_WAIT_MS", |s, v| s.max_wait_ms = v, &["", "0", "19", "20001", "-1", "0.1", "100ms"]),
        ("MAX_CONNECTIONS", |s, v| s.max_connections = v, &["", "-1", "99", "1000001", "many"]),
        ("DRAIN_SECONDS", |s, v| s.drain_seconds = v, &["", "-1", "301", "1.5", "5s", "never"]),
        ("LOG_FORMAT", |s, v| s.log_format = v, &["xml", "", "pretty json"]),
    ];
    for (name, change, values) in cases {
        for value in values {
            let problems = problems(|settings| change(settings, (*value).to_owned()));
            assert_eq!(problems.len(), 1, "{name}={value}: {problems:?}");
            assert!(problems[0].contains(name), "{value}: {problems:?}");
        }
    }
}

#[test]
fn postgres_needs_a_secret() {
    let problems =
        problems(|settings| settings.database_url = Some("postgres://localhost/x".to_owned()));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("openssl rand -base64 32"), "{problems:?}");
}

#[test]
fn lists_are_split_and_trimmed() {
    let config = config(|settings| {
        settings.cors_origins = Some(" https://a.example/ ,, HTTP://B.example:8080 ,".to_owned());
        settings.better_auth_trusted_origins = Some("https://*.example.com, myapp://".to_owned());
    });
    assert_eq!(config.cors_origins, ["https://a.example", "http://b.example:8080"]);
    assert_eq!(config.trusted_origins.len(), 2);
    assert!(config.trusted_origins[0].matches("https://x.example.com"));
}

#[test]
fn a_data_directory_has_a_name_and_no_password() {
    for directory in ["", " ", "postgresql://duly:pa55phrase@localhost/tasks"] {
        let problems = problems(|settings| settings.data_dir = directory.to_owned());
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("DATA_DIR"), "{problems:?}");
        assert!(!problems[0].contains("pa55phrase"), "{problems:?}");
    }
}
