//! Encryption, who may vouch for whom, and passwords that are never sent: as libpq does it.

use std::path::PathBuf;

use duly::config::{PostgresSettings, Storage};
use duly::database::Database;
use tempfile::TempDir;

use super::program;
use crate::process::server::text;
use crate::support::certificates::{Authority, Certified};
use crate::support::cluster::{Cluster, Options, PASSWORD, ROLE};

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
const SCRAM: &str = "host all all 127.0.0.1/32 scram-sha-256";
const SCRAM_WITH_TLS: &str = "hostssl all all 127.0.0.1/32 scram-sha-256";
const SCRAM_WITHOUT_TLS: &str = "hostnossl all all 127.0.0.1/32 scram-sha-256";

fn cluster(certificate: Option<Certified>, access: &str) -> Option<Cluster> {
    let host_access = vec![access.to_owned()];
    Cluster::start_with(&Options { certificate, host_access, ..Options::default() })
}

/// A file that lasts as long as its folder.
fn file(folder: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn root_cert(folder: &TempDir, authority: &Authority) -> String {
    format!("sslrootcert={}", file(folder, "authority.pem", &authority.pem).display())
}

/// Whether a connection comes about that is encrypted, or one that is not.
fn is_encrypted(cluster: &Cluster, url: &str) -> bool {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let storage = Storage::Postgres(PostgresSettings::parse(url).unwrap());
    runtime.block_on(async {
        let database = Database::open(&storage).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        let rows = database.read::<duly::database::statement::Row>(
            crate::support::database::statement("SELECT 1::bigint"),
        );
        rows.await.unwrap();
        let ssl = format!(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = '{ROLE}'"
        );
        match cluster.sql(&ssl).as_str() {
            "t" => true,
            "f" => false,
            other => panic!("{other:?}"),
        }
    })
}

/// What `duly` says to a URL that it does not start with.
#[track_caller]
fn refusal(command: &str, url: &str) -> String {
    let output = program(url).run(&[command]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{url}: {said}");
    assert!(!said.contains(PASSWORD), "{said}");
    said
}

#[track_caller]
fn assert_refused(url: &str, because: &str, advice: &str) {
    let said = refusal("migrate", url);
    assert!(said.contains(because) && said.contains(advice), "{url}: {said}");
}

#[test]
fn a_password_is_proved_by_scram_bound_to_the_certificate() {
    let authority = Authority::new("ours");
    let folder = TempDir::new().unwrap();
    let certificate = Some(authority.certify(&NAMES));
    let Some(cluster) = cluster(certificate, SCRAM_WITH_TLS) else { return };
    let root = root_cert(&folder, &authority);
    for parameters in [
        "sslmode=require&channel_binding=require",
        &format!("sslmode=verify-full&{root}&channel_binding=require"),
        &format!("sslmode=verify-ca&{root}"),
        &format!("sslmode=require&{root}"),
        "sslmode=require",
        "sslmode=prefer",
        "sslmode=allow",
        "",
    ] {
        assert!(is_encrypted(&cluster, &cluster.url_at("localhost", parameters)), "{parameters}");
    }
    assert_eq!(
        cluster.sql("SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = 'duly'"),
        "SCRAM-SHA-256"
    );
    assert_refused(&cluster.url_at("localhost", "sslmode=disable"), "no encryption", "pg_hba.conf");
    let wrong = cluster.url_at("localhost", "sslmode=require").replace(PASSWORD, "another");
    assert_refused(&wrong, "password authentication failed", "password in the connection string");
}

#[test]
fn a_certificate_for_another_name_is_refused_where_the_name_counts() {
    let authority = Authority::new("ours");
    let folder = TempDir::new().unwrap();
    let certificate = Some(authority.certify(&["elsewhere.example"]));
    let Some(cluster) = cluster(certificate, SCRAM_WITH_TLS) else { return };
    let root = root_cert(&folder, &authority);
    for host in NAMES {
        let url = cluster.url_at(host, &format!("sslmode=verify-full&{root}"));
        assert_refused(&url, "for another name", "sslmode=verify-ca");
        assert!(is_encrypted(
            &cluster,
            &cluster.url_at(host, &format!("sslmode=verify-ca&{root}"))
        ));
        assert!(is_encrypted(&cluster, &cluster.url_at(host, &format!("sslmode=require&{root}"))));
    }
}

#[test]
fn a_certificate_of_another_authority_is_refused_where_the_authority_counts() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let folder = TempDir::new().unwrap();
    let Some(cluster) = cluster(Some(theirs.certify(&NAMES)), SCRAM_WITH_TLS) else { return };
    let root = root_cert(&folder, &ours);
    for parameters in [
        &format!("sslmode=verify-full&{root}"),
        &format!("sslmode=verify-ca&{root}"),
        &format!("sslmode=require&{root}"),
        // The public ones have not vouched for it, either.
        "sslmode=verify-full",
        "sslmode=verify-ca",
        "sslrootcert=system",
    ] {
        let url = cluster.url_at("localhost", parameters);
        assert_refused(&url, "an authority that is not known here", "sslrootcert");
    }
    assert!(is_encrypted(&cluster, &cluster.url_at("localhost", "sslmode=require")));
}

#[test]
fn a_certificate_that_has_expired_is_refused_where_it_counts() {
    let authority = Authority::new("ours");
    let folder = TempDir::new().unwrap();
    let certificate = Some(authority.certify_once(&NAMES));
    let Some(cluster) = cluster(certificate, SCRAM_WITH_TLS) else { return };
    let root = root_cert(&folder, &authority);
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = cluster.url_at("localhost", &format!("sslmode={mode}&{root}"));
        assert_refused(&url, "has expired", "Renew it");
    }
    assert!(is_encrypted(&cluster, &cluster.url_at("localhost", "sslmode=require")));
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let Some(cluster) = cluster(None, SCRAM) else { return };
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = cluster.url_at("localhost", &format!("sslmode={mode}"));
        assert_refused(&url, "does not support TLS", "Turn on ssl in the server");
    }
    for mode in ["disable", "allow", "prefer"] {
        let url = cluster.url_at("localhost", &format!("sslmode={mode}"));
        assert!(!is_encrypted(&cluster, &url), "{mode}");
    }
    let url = cluster.url_at("localhost", "sslmode=prefer&channel_binding=require");
    assert_refused(&url, "channel binding", "sslmode=require");
}

#[test]
fn a_server_with_tls_that_wants_it_or_not_is_met_as_libpq_does() {
    let certificate = Some(Authority::new("ours").certify(&NAMES));
    let Some(cluster) = cluster(certificate, SCRAM_WITHOUT_TLS) else { return };
    for mode in ["disable", "allow", "prefer"] {
        let url = cluster.url_at("localhost", &format!("sslmode={mode}"));
        assert!(!is_encrypted(&cluster, &url), "{mode}");
    }
    assert_refused(
        &cluster.url_at("localhost", "sslmode=require"),
        "pg_hba.conf",
        "who may connect",
    );
}

#[test]
fn a_server_that_offers_no_channel_binding_is_refused_where_it_is_asked_for() {
    let certificate = Some(Authority::new("ours").certify(&NAMES));
    let access = "hostssl all all 127.0.0.1/32 password";
    let Some(cluster) = cluster(certificate, access) else { return };
    let url = cluster.url_at("localhost", "sslmode=require&channel_binding=require");
    assert_refused(&url, "channel binding", "channel_binding");
    assert!(is_encrypted(&cluster, &cluster.url_at("localhost", "sslmode=require")));
}

#[test]
fn an_sslrootcert_that_is_not_there_or_holds_no_certificate_is_refused_at_check() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing.pem");
    let empty = file(&folder, "empty.pem", "nothing of the kind");
    let broken = "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n";
    let broken = file(&folder, "broken.pem", broken);
    for path in [missing, empty, broken] {
        let file = path.display().to_string();
        let url = format!(
            "postgresql://duly:{PASSWORD}@localhost/duly?sslmode=verify-full&sslrootcert={file}"
        );
        let said = refusal("check", &url);
        assert!(said.contains("DATABASE_URL") && said.contains("sslrootcert"), "{said}");
    }
}

#[test]
fn a_parameter_that_cannot_be_honoured_is_named_and_its_value_is_not_repeated() {
    for parameter in ["sslcert", "passfile", "service", "krbsrvname", "sslpassword", "nonsense"] {
        let url = format!("postgresql://duly@localhost/duly?{parameter}={PASSWORD}");
        let said = refusal("check", &url);
        assert!(said.contains(parameter) && said.contains("DATABASE_URL"), "{said}");
    }
}

#[test]
fn a_unix_socket_is_reached_by_its_folder() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = cluster.socket_folder().display().to_string();
    let encoded = folder.replace('/', "%2F");
    for url in [
        format!("postgresql://{ROLE}@/{ROLE}?host={folder}&port={}", cluster.port),
        format!("postgresql://{ROLE}@/{ROLE}?host={encoded}&port={}&sslmode=require", cluster.port),
        format!("postgresql://{ROLE}@{encoded}:{}/{ROLE}", cluster.port),
    ] {
        assert!(!is_encrypted(&cluster, &url), "{url}");
    }
}

#[test]
fn of_several_hosts_the_one_that_takes_writes_is_found() {
    let Some(primary) = Cluster::start() else { return };
    let standby = primary.standby();
    for (first, second) in
        [(standby.port, primary.port), (primary.port, standby.port), (1, primary.port)]
    {
        for attributes in ["read-write", "primary"] {
            let url = format!(
                "postgresql://{ROLE}@127.0.0.1:{first},127.0.0.1:{second}/{ROLE}?target_session_attrs={attributes}"
            );
            assert!(!is_encrypted(&primary, &url), "{url}");
        }
    }
}
