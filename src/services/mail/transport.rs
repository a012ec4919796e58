//! How an e-mail leaves: by SMTP, or into a file that says that it did not.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::Message;
use crate::config::{Delivery, MailSettings, SmtpSettings, SmtpTls};
use crate::services::data_directory::{private_directory, private_file};
use crate::services::random;
use crate::tls_roots;

/// How long one exchange with the SMTP server may take.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);
/// How many kept e-mails there are at the most; the oldest go.
const MAX_KEPT: usize = 1_000;

/// Sends e-mail.
pub struct Transport {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Kept(PathBuf),
}

/// Why an e-mail was not sent. The reason names no address.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Trying again can help.
    #[error("{0}")]
    Temporary(String),
    #[error("{0}")]
    Permanent(String),
}

impl Transport {
    /// # Errors
    /// A sentence, where the certificates of this machine cannot be used.
    pub fn new(settings: &MailSettings) -> Result<Self, String> {
        let way = match &settings.delivery {
            Delivery::Smtp(smtp) => Way::Smtp(smtp_transport(smtp)?),
            Delivery::Kept(directory) => Way::Kept(directory.clone()),
        };
        Ok(Self { from: settings.from.clone(), way })
    }

    /// Sends, or keeps.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        let email = self.compose(message)?;
        match &self.way {
            Way::Smtp(smtp) => smtp.send(email).await.map(drop).map_err(|error| {
                if error.is_permanent() {
                    SendError::Permanent(format!("{}, for good", describe(&error)))
                } else {
                    SendError::Temporary(describe(&error))
                }
            }),
            Way::Kept(directory) => {
                let (directory, bytes) = (directory.clone(), email.formatted());
                let kept = tokio::task::spawn_blocking(move || keep(&directory, &bytes)).await;
                let kept = kept.map_err(|panic| SendError::Permanent(panic.to_string()))?;
                let file = kept.map_err(|error| {
                    SendError::Temporary(format!("it could not be kept in a file: {error}"))
                })?;
                tracing::warn!(
                    file = %file.display(),
                    "an e-mail was not sent, because SMTP_URL is not set; it is kept in the file"
                );
                Ok(())
            }
        }
    }

    fn compose(&self, message: &Message) -> Result<lettre::Message, SendError> {
        let unreadable = |_| SendError::Permanent("the address is none for SMTP".to_owned());
        let to: Address = message.to.parse().map_err(unreadable)?;
        let builder: MessageBuilder = lettre::Message::builder();
        builder
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(message.subject)
            .message_id(Some(format!("<{}@{}>", random::id(), self.from.email.domain())))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            // Nobody's holiday answers to it (RFC 3834, section 5).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .body(message.text.clone())
            .map_err(|error| SendError::Permanent(error.to_string()))
    }
}

/// The error without what the server said, which repeats addresses.
fn describe(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the SMTP server answered {code}"),
        None if error.is_timeout() => "the SMTP server did not answer in time".to_owned(),
        None => error.to_string(),
    }
}

fn smtp_transport(settings: &SmtpSettings) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = match settings.tls {
        SmtpTls::None => Tls::None,
        SmtpTls::Required => Tls::Required(tls_parameters(&settings.host)?),
        SmtpTls::Implicit => Tls::Wrapper(tls_parameters(&settings.host)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
        .port(settings.port)
        .tls(tls)
        .timeout(Some(SMTP_TIMEOUT));
    if let Some((user, password)) = &settings.credentials {
        builder = builder.credentials(Credentials::new(user.clone(), password.0.clone()));
    }
    Ok(builder.build())
}

/// The public authorities, and those that this machine trusts.
fn tls_parameters(host: &str) -> Result<TlsParameters, String> {
    let mut builder =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
    for root in tls_roots::of_this_machine() {
        // One that does not read is one that nobody can use.
        if let Ok(root) = Certificate::from_der(root) {
            builder = builder.add_root_certificate(root);
        }
    }
    builder.build_rustls().map_err(|error| format!("SMTP_URL: {error}"))
}

/// Writes an e-mail into a file of its own, which only its owner may read: the link in it is a secret.
fn keep(directory: &Path, email: &[u8]) -> io::Result<PathBuf> {
    private_directory(directory)?;
    make_room(directory)?;
    let file = directory.join(format!("{}-{}.eml", uuid::Uuid::now_v7(), random::text(8)));
    let mut kept = private_file(&file)?;
    kept.write_all(b"X-Not-Sent: SMTP_URL is not set\r\n")?;
    kept.write_all(email)?;
    Ok(file)
}

/// File names begin with the time, so the first in order are the oldest.
fn make_room(directory: &Path) -> io::Result<()> {
    let mut files: Vec<PathBuf> = directory
        .read_dir()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    files.sort();
    let surplus = (files.len() + 1).saturating_sub(MAX_KEPT);
    for file in files.iter().take(surplus) {
        match std::fs::remove_file(file) {
            // Another letter has made room at the same time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}
