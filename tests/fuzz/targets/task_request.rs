//! Whole requests to the task routes: the path, `Authorization`, cookies, `Idempotency-Key`, `If-Match`, `Accept`, the
//! body. Nobody gets in without a credential, and nobody gets anything of somebody else's.

use super::request::exchange;

pub fn run(input: &[u8]) {
    let is_meant = |path: &str| path.starts_with("/api/") && !path.starts_with("/api/auth");
    let Some(exchange) = exchange(input, |target| is_meant(target.path())) else { return };
    exchange.check_problem();
    let status = exchange.response.status;
    let is_let_in = status.is_success() || status.is_redirection();
    assert!(exchange.has_credentials || !is_let_in, "{status} without a credential");
    if !exchange.response.body.is_empty() && is_let_in {
        assert_eq!(exchange.response.header("cache-control"), "no-store");
    }
}
