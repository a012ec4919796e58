//! E-mail by SMTP, to a real server, and what happens without one.

use serde_json::json;

use super::mailbox::Mailbox;
use super::server::{End, Program, Server, mode};
use super::sign_up;

const LOGIN: &str = "duly:s3cret-of-smtp";

/// A server that sends its e-mail to `url`.
fn sending(url: &str) -> Program {
    Program::new()
        .with("SMTP_URL", url)
        .with("MAIL_FROM", "Tasks <tasks@example.com>")
        .with("AUTH_RATE_LIMIT", "off")
        .with("BETTER_AUTH_URL", "http://duly.test")
}

fn ask_for_reset(server: &Server, name: &str) {
    let body = json!({"email": format!("{name}@example.com")});
    let answer = server.call("POST", "/api/auth/request-password-reset", "", Some(&body));
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// A server on which ada has asked for a new password.
fn with_ada_asking(program: &Program) -> Server {
    let server = program.start();
    sign_up(&server, "ada");
    ask_for_reset(&server, "ada");
    server
}

/// Ends a server that could not send, and makes sure that it told no secret.
fn end_of_failure(server: Server) -> End {
    let end = server.stop();
    assert_eq!(end.status.code(), Some(0));
    for secret in ["s3cret-of-smtp", "ada@example.com", "reset-password/"] {
        assert!(!end.log.contains(secret), "{secret} is in the log");
    }
    end
}

#[test]
fn an_email_arrives_as_it_was_written() {
    let Some(mailbox) = Mailbox::start(&[]) else { return };
    let server = with_ada_asking(&sending(&format!("smtp://{}", mailbox.smtp)));
    let messages = mailbox.messages_to("ada@example.com", 1);
    let [message] = messages.as_slice() else { panic!("one, not {messages:?}") };
    assert_eq!(message["from"], "tasks@example.com");
    assert_eq!(message["to"], json!(["ada@example.com"]));
    assert_eq!(message["subject"], "Choose a new password");
    let header = |name: &str| message["headers"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (header("mime-version"), header("auto-submitted")),
        ("1.0".to_owned(), "auto-generated".to_owned())
    );
    assert!(header("message-id").ends_with("@example.com>"), "{message}");
    let text = message["text"].as_str().expect("plain text");
    assert!(text.contains("\nhttp://duly.test/api/auth/reset-password/"), "{text}");
    assert_eq!(end_of_failure(server).status.code(), Some(0));
}

#[test]
fn tls_from_the_first_byte_and_a_login() {
    let Some(mailbox) = Mailbox::start(&[("MAILBOX_TLS", "implicit"), ("MAILBOX_LOGIN", LOGIN)])
    else {
        return;
    };
    let authority = mailbox.certificate.clone().expect("it has a certificate");
    let url = format!("smtps://{LOGIN}@localhost:{}", mailbox.smtp.port());
    let server = with_ada_asking(&sending(&url).with("SSL_CERT_FILE", &authority));
    let messages = mailbox.messages_to("ada@example.com", 1);
    assert_eq!(messages.len(), 1);
    assert_eq!((&messages[0]["secure"], &messages[0]["user"]), (&json!(true), &json!("duly")));
    end_of_failure(server);
}

#[test]
fn starttls_where_it_is_required() {
    let Some(mailbox) = Mailbox::start(&[("MAILBOX_TLS", "starttls"), ("MAILBOX_LOGIN", LOGIN)])
    else {
        return;
    };
    let authority = mailbox.certificate.clone().expect("it has a certificate");
    let url = format!("smtp://{LOGIN}@localhost:{}?tls=required", mailbox.smtp.port());
    let server = with_ada_asking(&sending(&url).with("SSL_CERT_FILE", &authority));
    let messages = mailbox.messages_to("ada@example.com", 1);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["secure"], true);
    end_of_failure(server);
}

#[test]
fn nothing_is_sent_in_clear_where_tls_is_required() {
    let Some(mailbox) = Mailbox::start(&[]) else { return };
    let url = format!("smtp://localhost:{}?tls=required", mailbox.smtp.port());
    let server = with_ada_asking(&sending(&url));
    assert!(server.logs("an e-mail is tried again"));
    assert!(end_of_failure(server).log.contains("STARTTLS"));
}

#[test]
fn nothing_is_sent_to_a_server_that_nobody_vouches_for() {
    let Some(mailbox) = Mailbox::start(&[("MAILBOX_TLS", "implicit")]) else { return };
    let server = with_ada_asking(&sending(&format!("smtps://localhost:{}", mailbox.smtp.port())));
    assert!(server.logs("an e-mail is tried again"));
    assert!(end_of_failure(server).log.to_lowercase().contains("certificate"));
}

#[test]
fn a_wrong_login_and_a_refused_address_are_given_up_and_logged() {
    for settings in
        [("MAILBOX_LOGIN", "duly:another password"), ("MAILBOX_REJECT", "ada@example.com")]
    {
        let Some(mailbox) = Mailbox::start(&[settings]) else { return };
        let login = if settings.0 == "MAILBOX_LOGIN" { format!("{LOGIN}@") } else { String::new() };
        let server = with_ada_asking(&sending(&format!("smtp://{login}{}", mailbox.smtp)));
        assert!(server.logs("an e-mail was not sent"), "{settings:?}");
        end_of_failure(server);
    }
}

#[test]
fn a_server_that_says_later_is_asked_again() {
    let Some(mailbox) = Mailbox::start(&[("MAILBOX_DEFER", "1")]) else { return };
    let server = with_ada_asking(&sending(&format!("smtp://{}", mailbox.smtp)));
    assert_eq!(mailbox.messages_to("ada@example.com", 1).len(), 1);
    assert!(end_of_failure(server).log.contains("451"));
}

#[test]
fn what_waits_is_sent_before_the_server_stops() {
    let Some(mailbox) = Mailbox::start(&[]) else { return };
    let server = with_ada_asking(&sending(&format!("smtp://{}", mailbox.smtp)));
    end_of_failure(server);
    assert_eq!(mailbox.messages_to("ada@example.com", 1).len(), 1);
}

#[test]
fn without_an_smtp_server_an_email_is_a_file_that_says_so() {
    let program = Program::new().with("AUTH_RATE_LIMIT", "off");
    let server = with_ada_asking(&program);
    let end = end_of_failure(server);
    let folder = program.directory.join("data/mail");
    let files: Vec<_> = folder
        .read_dir()
        .expect("it was made")
        .map(|file| file.expect("it reads").path())
        .collect();
    assert_eq!(files.len(), 1);
    assert_eq!((mode(&folder), mode(&files[0])), (0o700, 0o600));
    let text = std::fs::read_to_string(&files[0]).expect("it is text");
    assert!(text.starts_with("X-Not-Sent: SMTP_URL is not set\r\n"), "{text}");
    assert!(text.contains("To: ada@example.com"), "{text}");
    let name = files[0].file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(end.log.contains(name) && end.log.contains("SMTP_URL is not set"), "{}", end.log);
}
