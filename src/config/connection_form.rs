//! The form of a connection string, before anything is read from it: what people paste that is none, and what would be
//! read in another way than it was meant. Nothing here repeats the text, which may hold a password.
//!
//! Source: `conninfo_uri_parse_options` of libpq. It lets the first `@` end the login, unless a `/` comes before it.

use super::connection_string::decode;

const FORM: &str = "postgresql://user:password@host/database";
/// What to do about a password that was not encoded.
pub(super) const HINT: &str =
    "characters such as @ : / ? # in a password are written as %40 %3A %2F %3F %23";
const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];
/// What libpq's other form of a connection string has in it.
const KEYWORDS: [&str; 4] = ["host=", "hostaddr=", "dbname=", "password="];
/// How a path is written that would be taken for a connection string.
pub const HOW_TO_WRITE_A_PATH: &str = "a path that looks like one begins with ./";
/// What consoles show in place of each character of a password.
const MASKS: [char; 3] = ['*', '•', '●'];

/// Whether a text begins as a connection string does.
pub(super) fn is_connection_string(text: &str) -> bool {
    SCHEMES.iter().any(|scheme| text.starts_with(scheme))
}

/// Whether a text is, or was meant as, a connection string rather than a path. One that begins with `/`, `./` or `../`
/// is a path.
pub fn looks_like_a_connection_string(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let is_path = ["/", "./", "../"].iter().any(|start| text.starts_with(start));
    if text.contains("://") || (is_path && !text.starts_with("//")) {
        return text.contains("://");
    }
    let has_login = text.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'));
    // A command that was pasted, or a part of one.
    let is_command = text.starts_with('-') || text.starts_with("psql ");
    has_scheme(&text) || has_login || has_keywords(&text) || is_command
}

/// Whether a text begins with the name of the scheme, whatever follows; `postgres.db` and `postgres-data` are longer
/// names.
fn has_scheme(text: &str) -> bool {
    let goes_on = |char: char| char.is_alphanumeric() || matches!(char, '.' | '-' | '_');
    let rest = text.strip_prefix("postgresql").or_else(|| text.strip_prefix("postgres"));
    rest.is_some_and(|rest| !rest.starts_with(goes_on))
}

fn has_keywords(text: &str) -> bool {
    KEYWORDS.iter().any(|keyword| text.contains(keyword))
}

/// What is wrong with a text that does not begin as a connection string does, as the end of a sentence.
pub(super) fn mistake(text: &str) -> String {
    if text.starts_with(['\'', '"', '`', '‘', '“']) {
        "is in quotation marks: leave them out".to_owned()
    } else if text.starts_with("psql ") {
        format!(
            "begins with psql: leave that out, and the quotation marks, so that it has the form {FORM}"
        )
    } else if !text.contains("://") && has_keywords(&text.to_ascii_lowercase()) {
        format!("is in the form host=… dbname=…, which is not taken: write it in the form {FORM}")
    } else {
        format!("must start with postgresql:// or postgres://, in the form {FORM}")
    }
}

/// Splits a connection string into what comes before the parameters, and the parameters.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn split(url: &str) -> Result<(&str, &str), String> {
    if !is_connection_string(url) {
        return Err(mistake(url));
    }
    if url.ends_with(['\'', '"', '`', '’', '”']) {
        return Err("ends with a quotation mark: leave it out".to_owned());
    }
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let (login, address) = rest.split_once('@').unwrap_or(("", rest));
    // The driver would look for the login beyond a slash, and take what is before a second @ for the host.
    if login.contains('/') || address.contains('@') {
        return Err(format!("has an @ or a / where none can be: {HINT}"));
    }
    let (start, query) = address.split_once('?').unwrap_or((address, ""));
    let (authority, _) = start.split_once('/').unwrap_or((start, ""));
    let password = login.split_once(':').map_or("", |(_, password)| password);
    check_password(password)?;
    if start.contains('&') {
        return Err("has an & before the parameters: they begin with ?".to_owned());
    }
    if login.contains("%00") || start.contains("%00") {
        return Err("has %00 in it, before the parameters: nothing can hold that".to_owned());
    }
    if login.contains(char::is_control) || start.contains(char::is_whitespace) {
        return Err(
            "has a space or a line break in it: leave it out, or write it as %20".to_owned()
        );
    }
    authority.split(',').try_for_each(check_host)?;
    check_parameters(authority, query)?;
    let end_of_start = url.len() - address.len() + start.len();
    Ok((&url[..end_of_start], query))
}

fn check_password(password: &str) -> Result<(), String> {
    // What cannot be decoded is a problem elsewhere.
    let shown = decode(password).unwrap_or_default();
    if shown.chars().count() >= 3 && shown.chars().all(|char| MASKS.contains(&char)) {
        let why = "has a masked password: copy it with the button that shows the password";
        return Err(why.to_owned());
    }
    Ok(())
}

/// One of the hosts, with its port.
fn check_host(host: &str) -> Result<(), String> {
    if host.starts_with('[') || host.matches(':').count() < 2 {
        return Ok(());
    }
    let of_ipv6 = |char: char| char.is_ascii_hexdigit() || matches!(char, ':' | '.');
    Err(match host.chars().all(of_ipv6) {
        true => "has an IPv6 address without brackets: write it as in [::1]:5432".to_owned(),
        false => format!("has a host with more than one colon: {HINT}"),
    })
}

fn check_parameters(authority: &str, query: &str) -> Result<(), String> {
    let mut after_password = false;
    for parameter in query.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if value.contains("%00") {
            // What follows a password may be its end.
            let which = match after_password {
                true => "a parameter after the password".to_owned(),
                false => format!("the parameter {name}"),
            };
            return Err(format!("has {which} with %00 in it: nothing can hold that"));
        }
        match name {
            "password" => {
                check_password(value)?;
                after_password = true;
            }
            // libpq lets it take the place of the one in the address; the driver takes both.
            "host" | "port" if !authority.is_empty() => {
                return Err(format!(
                    "has the parameter {name} besides the address: write it there, as in host:5432"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}
