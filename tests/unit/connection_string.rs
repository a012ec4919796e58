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
    assert_eq!(config.get_tcp_user_timeout().unwrap().as_secs(), 8);
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

#[test]
fn what_people_paste_is_answered_with_what_to_do() {
    for (url, advice) in [
        ("'postgresql://u:s3cr3t@h/d'", "quotation marks"),
        ("\"postgresql://u:s3cr3t@h/d\"", "quotation marks"),
        ("postgresql://u:s3cr3t@h/d'", "quotation mark"),
        ("psql 'postgresql://u:s3cr3t@h/d'", "begins with psql"),
        ("psql postgresql://u:s3cr3t@h/d", "begins with psql"),
        ("postgresql://u:s3cr3t@h/d&sslmode=require", "they begin with ?"),
        ("host=h dbname=d user=u password=s3cr3t", "host=… dbname=…"),
        ("PASSWORD=s3cr3t user=u", "host=… dbname=…"),
        ("jdbc:postgresql://h/d?password=s3cr3t", "postgresql://user:password@host/database"),
        ("postgresql+psycopg://u:s3cr3t@h/d", "postgresql://user:password@host/database"),
        ("postgresql:/u:s3cr3t@h/d", "postgresql://user:password@host/database"),
        ("postgres:s3cr3t@h/d", "postgresql://user:password@host/database"),
        ("postgresql://u:****************@h/d", "masked"),
        ("postgresql://u:%2A%2A%2A%2A@h/d", "masked"),
        ("postgresql://h/d?password=••••••", "masked"),
        ("postgresql://u:s3cr3t@2001:db8::1/d", "brackets"),
        ("postgresql://u:s3cr3t@::1:5432/d", "brackets"),
        ("postgresql://u:s3cr3t@h/d sslmode=require", "%20"),
        ("postgresql://u:s3cr3t\n@h/d", "line break"),
        ("postgresql://u:s3cr3t@db-….example/d", "host"),
    ] {
        let problem = problem(url);
        assert!(problem.contains(advice) && !problem.contains("s3cr3t"), "{url}: {problem}");
    }
    // Short, and of other characters as well: somebody's password all the same.
    read("postgresql://u:*@h/d");
    read("postgresql://u:***x@h/d");
}

#[test]
fn the_end_of_a_password_that_was_not_encoded_is_not_shown_as_something_else() {
    for url in [
        "postgresql://u:pass@tail@h/d",
        "postgresql://u:p@ss@tail@h/d",
        "postgresql://u:pass/tail@h/d",
        "postgresql://u:1234/tail@h/d",
        "postgresql://u:pass/more?tail=x@h/d",
        "postgresql://u:pass@tail/x@h/d",
        "postgresql://u:pass@tail?x@h/d",
        "postgresql://u:pass@tail#x@h/d",
        "postgresql://u:pass@tail:x@h/d",
        "postgresql://u:pass@h:tail/d",
        "postgresql://u:pass@tail:x:y/d",
        "postgresql://u:tail/d",
        "postgresql://u:pass%40h:1/d@tail",
        "postgresql://u:pass@tail%40h/d",
    ] {
        let problem = problem(url);
        assert!(problem.contains("%40 %3A %2F %3F %23"), "{url}: {problem}");
        assert!(!problem.contains("tail") && !problem.contains("pass@"), "{url}: {problem}");
    }
    let problem = problem("postgresql://h/d?user=u&password=pass&tail=1");
    assert!(problem.contains("%26") && !problem.contains("tail"), "{problem}");
    // These are as in libpq, which looks for the first @ and for no other mark but a slash.
    for (url, password) in [
        ("postgresql://u:p?s:s#w@h/d", "p?s:s#w"),
        ("postgresql://u:p%40s%2Fw%3F%23%3A@h/d", "p@s/w?#:"),
    ] {
        let settings = read(url);
        assert_eq!(settings.config.get_password(), Some(password.as_bytes()));
        assert_eq!(hosts(&settings), ["h"]);
    }
}

#[test]
fn what_can_never_connect_is_refused_by_name() {
    for (url, named) in [
        ("postgresql:///d?host=&hostaddr=127.0.0.1", "host"),
        ("postgresql://u@one,,two/d", "host"),
        ("postgresql://u@:5432/d", "host"),
        ("postgresql:///d?host=one,two", "host"),
        ("postgresql://u@one,two/d?hostaddr=127.0.0.1", "hostaddr"),
        ("postgresql://u@one/d?hostaddr=127.0.0.1,127.0.0.2", "hostaddr"),
        ("postgresql:///d?host=one&port=5432,5433", "port"),
        ("postgresql:///d?hostaddr=127.0.0.1&port=1,2", "port"),
        ("postgresql://u@one/d?port=5433", "port"),
        ("postgresql://u@one/d?host=two", "host"),
        ("postgresql://u@h:0/d", "port"),
        ("postgresql://u@h:65536/d", "port"),
        ("postgresql:///d?host=h&port=0", "port"),
        ("postgresql://u%00@h/d", "%00"),
        ("postgresql://u:p%00@h/d", "%00"),
        ("postgresql://u@h%00/d", "%00"),
        ("postgresql://u@h/d%00", "%00"),
        ("postgresql://u@h/d?application_name=a%00b", "application_name"),
        ("postgresql://h/d?password=%00", "password"),
        ("postgresql://u@h/d?sslnegotiation=direct", "sslnegotiation"),
        ("postgresql://u@h/d?sslnegotiation=direct&sslmode=allow", "sslnegotiation"),
        ("postgresql://u@h/d?connect_timeout=99999999999", "connect_timeout"),
        ("postgresql://u@h/d?connect_timeout=-5", "connect_timeout"),
        ("postgresql://u@h/d?tcp_user_timeout=99999999999", "tcp_user_timeout"),
        ("postgresql://u@h/d?keepalives_idle=32768", "keepalives_idle"),
        ("postgresql://u@h/d?keepalives_interval=32768", "keepalives_interval"),
        ("postgresql://u@h/d?keepalives_retries=128", "keepalives_retries"),
    ] {
        let problem = problem(url);
        assert!(problem.contains(named), "{url}: {problem}");
    }
    for url in [
        "postgresql:///d?hostaddr=127.0.0.1&port=5433",
        "postgresql://one:1,two:2/d?hostaddr=127.0.0.1,127.0.0.2",
        "postgresql:///d?host=one&host=two&port=5433",
        "postgresql://u@[fe80::1%25eth0]:5432/d",
        "postgresql://u@my_db.internal/d?sslmode=verify-ca&sslnegotiation=direct",
        "postgresql://u@h/d?sslmode=require&sslnegotiation=direct",
    ] {
        read(url);
    }
}

#[test]
fn zero_and_milliseconds_mean_what_they_mean_to_libpq() {
    let read = |query: &str| read(&format!("postgresql://u@h/d?{query}")).config;
    assert_eq!(read("tcp_user_timeout=15000").get_tcp_user_timeout().unwrap().as_secs(), 15);
    assert_eq!(read("tcp_user_timeout=0").get_tcp_user_timeout(), None);
    assert_eq!(read("connect_timeout=0").get_connect_timeout(), None);
    assert_eq!(read("keepalives_retries=0").get_keepalives_retries(), None);
    assert_eq!(read("keepalives_interval=0").get_keepalives_interval(), None);
}

#[test]
fn an_address_without_a_name_is_its_own_and_may_be_on_the_network() {
    let several = read("postgresql:///d?hostaddr=10.0.0.1,::1&port=5433");
    assert_eq!(hosts(&several), ["10.0.0.1", "::1"]);
    assert_eq!(several.config.get_ports(), [5433]);
    assert!(read("postgresql:///d?hostaddr=10.0.0.1").trusts_the_network());
    assert!(read("postgresql://localhost/d?hostaddr=10.0.0.1").trusts_the_network());
    assert!(!read("postgresql:///d?hostaddr=127.0.0.1").trusts_the_network());
}
