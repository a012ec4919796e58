//! Passwords, hashed as Better Auth hashes them (BETTER-AUTH.md 1.7).

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use metrics::counter;
use scrypt::{Params, scrypt};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use super::random;
use crate::database::DatabaseError;

const KEY_BYTES: usize = 64;
/// How long a request waits for its turn to hash.
const WAIT: Duration = Duration::from_secs(8);

/// Hashes and checks passwords off the async runtime, as many at a time as there are cores: each takes
/// 32 MiB and a tenth of a second of CPU.
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// One turn for each core.
    pub fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(cores)) }
    }

    /// The hash to store: `<salt>:<key>`, 32 and 128 hexadecimal digits.
    ///
    /// # Errors
    /// [`DatabaseError::Busy`] where too many wait before this one.
    pub async fn hash(&self, password: &str) -> Result<String, DatabaseError> {
        let salt = hex::encode(random::bytes::<16>());
        let key = self.derive(password, salt.clone()).await?;
        Ok(format!("{salt}:{}", hex::encode(key)))
    }

    /// Whether the password is the one that was hashed. Without a hash (nobody by that name, or no password)
    /// the answer is no, after the same work.
    ///
    /// # Errors
    /// [`DatabaseError::Busy`] where too many wait before this one.
    pub async fn verify(&self, hash: Option<&str>, password: &str) -> Result<bool, DatabaseError> {
        let stored = hash.and_then(|hash| hash.split_once(':'));
        let salt = stored.map_or_else(|| "0".repeat(32), |(salt, _)| salt.to_owned());
        let derived = self.derive(password, salt).await?;
        let expected = stored.and_then(|(_, key)| hex::decode(key).ok());
        Ok(expected.is_some_and(|key| verify_slices_are_equal(&key, &derived).is_ok()))
    }

    async fn derive(&self, password: &str, salt: String) -> Result<Vec<u8>, DatabaseError> {
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(DatabaseError::Busy("too many passwords wait"));
        };
        counter!("password_hashes_total").increment(1);
        let normal: String = password.nfkc().collect();
        let derived = tokio::task::spawn_blocking(move || {
            // The hash goes on when the client has hung up; its turn ends with it, not before.
            let _turn = turn;
            derive_key(&normal, &salt)
        })
        .await;
        derived.map_err(|panic| DatabaseError::Failed(panic.to_string()))
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

/// The salt is used as the text it is, not as the bytes that its digits stand for.
fn derive_key(password: &str, salt: &str) -> Vec<u8> {
    let params = Params::new(14, 16, 1).expect("N=16384, r=16, p=1 are within scrypt's limits");
    let mut key = vec![0; KEY_BYTES];
    scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut key)
        .expect("64 bytes are within scrypt's limits");
    key
}
