//! `DATABASE_URL`: what is wrong with one is said without its password.

use duly::config::PostgresSettings;

use super::text;

/// Behind one of these stands the password, which may go on with what should have been encoded.
const BEGINNINGS: [&str; 4] =
    ["postgres://ada:", "postgresql://ada:", "postgres:///?password=", "postgres://db/?password="];
const PASSWORD: &str = "s3cret-passw0rd";

pub fn run(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let said = match PostgresSettings::parse(text) {
        Ok(settings) => {
            let (config, _) = (&settings.config, settings.trusts_the_network());
            assert!(!config.get_hosts().is_empty() || !config.get_hostaddrs().is_empty());
            format!("{settings:?}")
        }
        Err(problem) => problem,
    };
    let mut behind = BEGINNINGS.iter().filter_map(|begin| text.strip_prefix(begin));
    let has_password = behind.any(|rest| rest.starts_with(PASSWORD));
    if has_password && text.matches(PASSWORD).count() == 1 {
        assert!(!said.contains(PASSWORD), "{said}");
    }
}
