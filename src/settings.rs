//! The settings as flags and environment variables, with the words of `--help`.

use clap::Args;

/// The settings as they come in, each a flag and an environment variable. All are text here, so that one
/// check can name every mistake at once.
#[derive(Args, Clone)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Address to listen on
    #[arg(long, env = "HOST", default_value = "127.0.0.1", global = true, hide_env_values = true)]
    pub host: String,
    /// Port to listen on; 0 takes any free one
    #[arg(long, env = "PORT", default_value = "8000", global = true, hide_env_values = true)]
    pub port: String,
    /// Directory of the embedded database and the generated secret; made when it is not there
    #[arg(long, env = "DATA_DIR", default_value = "./data", global = true, hide_env_values = true)]
    pub data_dir: String,
    /// PostgreSQL to keep everything in (postgresql://user:password@host/database); without it, an embedded file
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,
    /// Connections to PostgreSQL that this copy opens at the most
    #[arg(
        long,
        env = "DATABASE_MAX_CONNECTIONS",
        default_value = "16",
        global = true,
        hide_env_values = true
    )]
    pub database_max_connections: String,
    /// Seconds after which a connection to PostgreSQL that nobody uses is closed, so that the database can sleep
    #[arg(
        long,
        env = "DATABASE_IDLE_SECONDS",
        default_value = "60",
        global = true,
        hide_env_values = true
    )]
    pub database_idle_seconds: String,
    /// Whether a pooler stands before PostgreSQL that hands on connections after each transaction: auto (noticed), none,
    /// transaction, or prepared (one that carries prepared statements along)
    #[arg(
        long,
        env = "DATABASE_POOLER",
        default_value = "auto",
        global = true,
        hide_env_values = true
    )]
    pub database_pooler: String,
    /// The same database without a pooler in between, for migrations [default: DATABASE_URL]
    #[arg(long, env = "DATABASE_DIRECT_URL", global = true, hide_env_values = true)]
    pub database_direct_url: Option<String>,
    /// Secret of at least 32 characters that signs cookies and encrypts keys; generated for the embedded
    /// database, required with PostgreSQL (openssl rand -base64 32)
    #[arg(long, env = "BETTER_AUTH_SECRET", global = true, hide_env_values = true)]
    pub better_auth_secret: Option<String>,
    /// Secrets for changing over, the new one first: 2:NEW,1:OLD; what the old one signed and encrypted goes on working
    #[arg(long, env = "BETTER_AUTH_SECRETS", global = true, hide_env_values = true)]
    pub better_auth_secrets: Option<String>,
    /// Who signs people in: embedded (this server), remote (the Better Auth at BETTER_AUTH_URL, by its public keys),
    /// or secret (whoever signs tokens with AUTH_JWT_SECRET)
    #[arg(
        long,
        env = "AUTH_MODE",
        default_value = "embedded",
        global = true,
        hide_env_values = true
    )]
    pub auth_mode: String,
    /// Public address of this server, as browsers see it [default: http://localhost:PORT]; with AUTH_MODE=remote, the
    /// address of the server that signs people in
    #[arg(long, env = "BETTER_AUTH_URL", global = true, hide_env_values = true)]
    pub better_auth_url: Option<String>,
    /// Where the remote issuer publishes its keys [default: BETTER_AUTH_URL/api/auth/jwks]
    #[arg(long, env = "AUTH_JWKS_URL", global = true, hide_env_values = true)]
    pub auth_jwks_url: Option<String>,
    /// Issuers whose tokens are taken, comma separated [default: the origin of BETTER_AUTH_URL]
    #[arg(long, env = "AUTH_ISSUER", global = true, hide_env_values = true)]
    pub auth_issuer: Option<String>,
    /// Audiences that tokens may be for, comma separated [default: the origin of BETTER_AUTH_URL]
    #[arg(long, env = "AUTH_AUDIENCE", global = true, hide_env_values = true)]
    pub auth_audience: Option<String>,
    /// Secret of at least 32 bytes that tokens are signed with (HS256), with AUTH_MODE=secret
    #[arg(long, env = "AUTH_JWT_SECRET", global = true, hide_env_values = true)]
    pub auth_jwt_secret: Option<String>,
    /// Whether requests under /api/auth, guesses of passwords and e-mail are limited: on or off
    #[arg(
        long,
        env = "AUTH_RATE_LIMIT",
        default_value = "on",
        global = true,
        hide_env_values = true
    )]
    pub auth_rate_limit: String,
    /// Proxies whose X-Forwarded-For is believed, as addresses or networks, comma separated [default: none]
    #[arg(long, env = "TRUSTED_PROXIES", global = true, hide_env_values = true)]
    pub trusted_proxies: Option<String>,
    /// SMTP server that e-mail is sent by (smtps://user:password@host); without it, e-mail is kept in DATA_DIR/mail
    #[arg(long, env = "SMTP_URL", global = true, hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Address that e-mail comes from; required with SMTP_URL
    #[arg(long, env = "MAIL_FROM", global = true, hide_env_values = true)]
    pub mail_from: Option<String>,
    /// Other origins that may sign people in, comma separated; https://*.example.com matches subdomains
    #[arg(long, env = "BETTER_AUTH_TRUSTED_ORIGINS", global = true, hide_env_values = true)]
    pub better_auth_trusted_origins: Option<String>,
    /// Origins whose pages may call this server, comma separated [default: none]
    #[arg(long, env = "CORS_ORIGINS", global = true, hide_env_values = true)]
    pub cors_origins: Option<String>,
    /// Tasks that one person may keep, at least 1000
    #[arg(
        long,
        env = "MAX_TASKS_PER_USER",
        default_value = "10000",
        global = true,
        hide_env_values = true
    )]
    pub max_tasks_per_user: String,
    /// Requests for tasks that one person may make in a minute, at least 60; off for no limit
    #[arg(
        long,
        env = "MAX_REQUESTS_PER_MINUTE",
        default_value = "6000",
        global = true,
        hide_env_values = true
    )]
    pub max_requests_per_minute: String,
    /// Milliseconds that requests may wait for their turn, 20 to 20000, before the next ones hear 503; off for no limit
    #[arg(long, env = "MAX_WAIT_MS", default_value = "150", global = true, hide_env_values = true)]
    pub max_wait_ms: String,
    /// Connections that may be open at once, 100 to 1000000; one more hears 503
    #[arg(
        long,
        env = "MAX_CONNECTIONS",
        default_value = "20000",
        global = true,
        hide_env_values = true
    )]
    pub max_connections: String,
    /// Seconds after SIGTERM for which it goes on serving but is not ready, so that load balancers notice
    #[arg(long, env = "DRAIN_SECONDS", default_value = "0", global = true, hide_env_values = true)]
    pub drain_seconds: String,
    /// How log lines look: pretty or json
    #[arg(
        long,
        env = "LOG_FORMAT",
        default_value = "pretty",
        global = true,
        hide_env_values = true
    )]
    pub log_format: String,
    /// What is logged, as tracing's filter directives
    #[arg(
        long = "log",
        env = "RUST_LOG",
        default_value = "info,refinery_core=warn",
        global = true,
        hide_env_values = true
    )]
    pub rust_log: String,
    /// Address and port on which Prometheus metrics are served, such as 127.0.0.1:9000 [default: off]
    #[arg(long, env = "METRICS_ADDR", global = true, hide_env_values = true)]
    pub metrics_addr: Option<String>,
}
