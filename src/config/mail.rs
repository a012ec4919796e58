//! How e-mail is sent: `SMTP_URL`, `MAIL_FROM`; or kept in files that say that it was not.

use std::net::IpAddr;
use std::path::PathBuf;

use lettre::message::Mailbox;
use url::Url;

use super::reading::given;
use crate::models::secret::Hidden;
use crate::settings::Settings;

/// Who writes, and how it gets there.
#[derive(Clone, Debug)]
pub struct MailSettings {
    pub from: Mailbox,
    pub delivery: Delivery,
}

/// How e-mail gets there.
#[derive(Clone, Debug)]
pub enum Delivery {
    Smtp(SmtpSettings),
    /// Not at all: each is a file in this directory, for the operator to read.
    Kept(PathBuf),
}

/// How to reach the SMTP server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    /// User and password.
    pub credentials: Option<(String, Hidden)>,
}

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte (`smtps:`).
    Implicit,
    /// `STARTTLS`, and nothing is sent where the server has none.
    Required,
    /// Not at all.
    None,
}

const FORM: &str = "smtps://user:password@host, or smtp://host for STARTTLS";

pub(super) fn mail(settings: &Settings, problems: &mut Vec<String>) -> MailSettings {
    let smtp = given(&settings.smtp_url).and_then(|text| {
        let smtp = Url::parse(text).ok().as_ref().and_then(smtp);
        if smtp.is_none() {
            // The text may hold a password, so it is not repeated.
            problems.push(format!("SMTP_URL must be {FORM}"));
        }
        smtp
    });
    let from = given(&settings.mail_from);
    if from.is_none() && given(&settings.smtp_url).is_some() {
        problems.push(
            "MAIL_FROM is required with SMTP_URL: the address that e-mail comes from".to_owned(),
        );
    }
    MailSettings {
        from: sender(from.unwrap_or("duly <duly@localhost>"), problems),
        delivery: match smtp {
            Some(smtp) => Delivery::Smtp(smtp),
            None => Delivery::Kept(PathBuf::from(settings.data_dir.trim()).join("mail")),
        },
    }
}

fn sender(text: &str, problems: &mut Vec<String>) -> Mailbox {
    text.parse().unwrap_or_else(|_| {
        problems.push(format!(
            "MAIL_FROM must be an address such as tasks@example.com, or Tasks <tasks@example.com>, not {text:?}"
        ));
        "duly@localhost".parse().expect("it is an address")
    })
}

fn smtp(url: &Url) -> Option<SmtpSettings> {
    let host = url.host_str()?;
    let mut tls = match (url.scheme(), is_loopback(host)) {
        ("smtps", _) => SmtpTls::Implicit,
        ("smtp", false) => SmtpTls::Required,
        // A relay on this machine; what nobody else can hear needs no certificate.
        ("smtp", true) => SmtpTls::None,
        _ => return None,
    };
    for (name, value) in url.query_pairs() {
        tls = match (&*name, &*value, tls) {
            ("tls", "required", SmtpTls::Required | SmtpTls::None) => SmtpTls::Required,
            ("tls", "none", SmtpTls::Required | SmtpTls::None) => SmtpTls::None,
            _ => return None,
        };
    }
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).ok()
    };
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        (user, password) => Some((decoded(user)?, Hidden(decoded(password?)?))),
    };
    let default_port = if tls == SmtpTls::Implicit { 465 } else { 587 };
    Some(SmtpSettings {
        host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port: url.port().unwrap_or(default_port),
        tls,
        credentials,
    })
}

/// The URL standard reads numbers as an address for schemes of the web only.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
