use duly::config::{Authorities, Pooler, PostgresSettings, SslMode};
use tempfile::TempDir;
use tokio_postgres::config::{ChannelBinding, Host, TargetSessionAttrs};

fn read(url: &str) -> PostgresSettings {
    PostgresSettings::parse(url).unwrap_or_else(|problem| panic!("{url} {problem}"))
}

fn problem(url: &str) -> String {
    PostgresSettings::parse(url).expect_err(url)
}

fn hosts(settings: &PostgresSettings) -> Vec<String> {
    let name = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    };
    settings.config.get_hosts().iter().map(name).collect()
}

#[test]
fn a_string_of_neon_is_taken_as_it_is() {
    let settings = read(
        "postgresql://neondb_owner:npg_p4ss@ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech/neondb?sslmode=require&channel_binding=require",
    );
    assert_eq!(hosts(&settings), ["ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech"]);
    assert_eq!(settings.ssl_mode, SslMode::Require);
    assert_eq!(settings.authorities, Authorities::Known);
    assert_eq!(settings.pooler, Pooler::Auto);
    let config = &settings.config;
    assert_eq!(config.get_channel_binding(), ChannelBinding::Require);
    assert_eq!((config.get_user(), config.get_dbname()), (Some("neondb_owner"), Some("neondb")));
    let settings =
        read("postgres://u:p@db.example/d?options=endpoint%3Dep-cool-1&sslmode=verify-full");
    assert_eq!(settings.config.get_options(), Some("endpoint=ep-cool-1"));
    let settings = read("postgresql://u:p?s@db.example/d?sslmode=require");
    assert_eq!(settings.config.get_password(), Some("p?s".as_bytes()));
    assert_eq!(settings.ssl_mode, SslMode::Require);
}

#[test]
fn every_ssl_mode_of_libpq_is_known() {
    for (text, mode) in [
        ("disable", SslMode::Disable),
        ("allow", SslMode::Allow),
        ("prefer", SslMode::Prefer),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ] {
        assert_eq!(read(&format!("postgresql://u@h/d?sslmode={text}")).ssl_mode, mode);
    }
    assert_eq!(read("postgresql://u@h/d").ssl_mode, SslMode::Prefer);
    assert_eq!(
        read("postgresql://u@h/d?sslmode=disable&sslmode=require").ssl_mode,
        SslMode::Require
    );
    assert!(problem("postgresql://u@h/d?sslmode=no-verify").contains("verify-full"));
}

#[test]
fn sslrootcert_is_a_file_of_certificates_or_the_systems() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let certificate = rcgen::generate_simple_self_signed(["db.example".to_owned()]).unwrap().cert;
    let good = write("root.crt", &format!("{0}{0}", certificate.pem()));
    let settings = read(&format!("postgresql://u@h/d?sslmode=verify-ca&sslrootcert={good}"));
    assert_eq!(settings.authorities, Authorities::Only(vec![certificate.der().clone(); 2]));
    for file in [
        write("empty.crt", ""),
        write("text.crt", "no certificate"),
        "/nowhere/root.crt".to_owned(),
    ] {
        let problem = problem(&format!("postgresql://u@h/d?sslrootcert={file}"));
        assert!(problem.contains("sslrootcert") && problem.contains(&file), "{problem}");
    }
    assert_eq!(read("postgresql://u@h/d?sslrootcert=system").ssl_mode, SslMode::VerifyFull);
    assert!(
        problem("postgresql://u@h/d?sslrootcert=system&sslmode=require").contains("verify-full")
    );
}

#[test]
fn sockets_and_several_hosts_are_taken() {
    let socket = read("postgresql://u@%2Fvar%2Frun%2Fpostgresql/d?sslmode=require");
    assert_eq!(hosts(&socket), ["/var/run/postgresql"]);
    // As in libpq, nothing is encrypted on a Unix socket.
    assert_eq!(socket.ssl_mode, SslMode::Disable);
    assert_eq!(hosts(&read("postgresql:///d?host=/run/pg&user=u")), ["/run/pg"]);
    let several = read("postgresql://u@one:5433,two,three:5435/d?target_session_attrs=read-write");
    assert_eq!(hosts(&several), ["one", "two", "three"]);
    assert_eq!(several.config.get_ports(), [5433, 5432, 5435]);
    assert_eq!(several.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    let primary = read("postgresql://u@one,two/d?target_session_attrs=primary");
    assert_eq!(primary.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
}

#[test]
fn a_dead_connection_is_noticed_unless_the_string_says_otherwise() {
    let config = read("postgresql://u@h/d").config;
    assert_eq!(config.get_keepalives_idle().as_secs(), 30);
    assert_eq!(config.get_tcp_user_timeout().unwrap().as_secs(), 15);
    assert_eq!(config.get_connect_timeout().unwrap().as_secs(), 5);
    let config =
        read("postgresql://u@h/d?keepalives_idle=7&connect_timeout=3&application_name=mine").config;
    assert_eq!(config.get_keepalives_idle().as_secs(), 7);
    assert_eq!(config.get_connect_timeout().unwrap().as_secs(), 3);
    assert_eq!(config.get_application_name(), Some("mine"));
}

#[test]
fn what_cannot_be_honoured_is_refused_by_name_and_without_its_value() {
    for (url, named) in [
        ("mysql://u:s3cr3t@h/d", "postgresql://"),
        ("postgresql://u:s3cr3t@h/d?sslcert=s3cr3t", "sslcert"),
        ("postgresql://u:s3cr3t@h/d?sslpassword=s3cr3t", "sslpassword"),
        ("postgresql://u:s3cr3t@h/d?gssencmode=require", "gssencmode"),
        ("postgresql://u:s3cr3t@h/d?pgbouncer=true", "pgbouncer"),
        ("postgresql://u:s3cr3t@h/d?passfile=s3cr3t", "passfile"),
        ("postgresql://u:s3cr3t@h/d?target_session_attrs=standby", "target_session_attrs"),
        ("postgresql://u:s3cr3t@h/d?connect_timeout=s3cr3t", "connect_timeout"),
        ("postgresql://u:s3cr3t@h/d?channel_binding=s3cr3t", "channel_binding"),
        ("postgresql://u:s3cr3t@h/d?sslmode=disable&channel_binding=require", "channel_binding"),
        ("postgresql://u:s3cr3t@h/d?s3cr3t", "name=value"),
        ("postgresql://u:s3cr3t@h/d?sslmode=%FF", "UTF-8"),
        ("postgresql:///d?user=u&password=s3cr3t", "host"),
    ] {
        let problem = problem(url);
        assert!(problem.contains(named) && !problem.contains("s3cr3t"), "{url}: {problem}");
    }
    read("postgresql://u@h/d?gssencmode=disable&sslsni=1&client_encoding=UTF8");
}

#[test]
fn it_is_known_whether_somebody_on_the_way_could_take_the_servers_place() {
    for url in [
        "postgresql://u@db.example/d",
        "postgresql://u@db.example/d?sslmode=require",
        "postgresql://u@10.0.0.1/d?sslmode=disable",
        "postgresql://u@localhost,db.example/d",
    ] {
        assert!(read(url).trusts_the_network(), "{url}");
    }
    for url in [
        "postgresql://u@db.example/d?sslmode=verify-ca",
        "postgresql://u@db.example/d?sslmode=verify-full",
        "postgresql://u@db.example/d?sslmode=require&channel_binding=require",
        "postgresql://u@localhost/d",
        "postgresql://u@[::1]/d",
        "postgresql://u@127.0.0.1/d?sslmode=disable",
        "postgresql://u@%2Frun%2Fpostgresql/d",
    ] {
        assert!(!read(url).trusts_the_network(), "{url}");
    }
}
