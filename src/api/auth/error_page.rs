//! Where links lead that have no page of their own to go to.

use axum::extract::RawQuery;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::AuthApp;
use super::else_not_found;

pub(super) fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::new().routes(else_not_found(routes!(error_page)))
}

/// A page that names an error
#[utoipa::path(get, path = "/error", operation_id = "auth_error_page", tag = "auth", security(()),
    params(
        ("error" = Option<String>, Query, description = "A code"),
        ("error_description" = Option<String>, Query, description = "A sentence"),
    ),
    responses((status = 200, description = "The page", body = String, content_type = "text/html")))]
async fn error_page(RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let parameter = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let code = parameter("error").filter(|code| is_code(code));
    let code = code.as_deref().unwrap_or("UNKNOWN");
    let description = parameter("error_description").unwrap_or_default();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Error</title>\n\
         <style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 20vh auto; padding: 0 1rem }}</style>\n\
         <h1>This did not work</h1>\n<p>The link may be too old, or used already. Ask for a new one.</p>\n\
         <p>{}</p>\n<p><code>{}</code></p>\n</html>\n",
        escaped(&description),
        escaped(code),
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, "text/html"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, page).into_response()
}

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"'_-".contains(&byte))
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}
