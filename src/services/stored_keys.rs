//! Our own signing keys, in the database, where other copies and a TypeScript Better Auth find them too. They are
//! read again when they have become old, and when a token names one that is not known: another copy may have made it a
//! moment ago.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};

use super::key_encryption::KeyEncryption;
use super::key_set::{KeySet, SigningKey, mint_key};
use crate::database::keys;
use crate::database::{Database, DatabaseError};
use crate::models::secret::Secrets;

/// How long keys are used before they are read again: the bound within which a rotation elsewhere shows here.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(30);

/// The keys of the table `jwks`, as they were a moment ago.
pub struct StoredKeys {
    database: Arc<Database>,
    encryption: KeyEncryption,
    reading: RwLock<Reading>,
    /// How many times reading them has begun.
    begun: AtomicU64,
    /// Held by the one request that reads or makes keys while the others wait for it.
    loading: tokio::sync::Mutex<()>,
}

/// The keys as they were at one time.
#[derive(Clone, Default)]
struct Reading {
    /// Counted by when it began, the first is 1.
    number: u64,
    keys: Arc<KeySet>,
}

impl StoredKeys {
    /// No key is read or made before one is needed.
    pub fn new(database: Arc<Database>, secrets: &Secrets) -> Self {
        Self {
            database,
            encryption: KeyEncryption::new(secrets),
            reading: RwLock::default(),
            begun: AtomicU64::new(0),
            loading: tokio::sync::Mutex::default(),
        }
    }

    /// The keys as they were last read.
    pub(super) fn current(&self) -> Arc<KeySet> {
        self.last_reading().keys
    }

    fn last_reading(&self) -> Reading {
        // It is replaced whole, so a panic elsewhere cannot have left half of one.
        self.reading.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys, if they were read a moment ago.
    pub(super) fn fresh(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let keys = self.current();
        keys.is_younger_than(FRESH_FOR, now).then_some(keys)
    }

    /// The keys, read again where they are old, or where `key_id` is not among them. However many tokens name unknown
    /// keys, they are read once at a time: whoever has come before a reading began shares what it finds.
    pub(super) async fn with(
        &self,
        key_id: &str,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, DatabaseError> {
        let serves = |keys: &KeySet| {
            keys.verifying.contains_key(key_id) && keys.is_younger_than(FRESH_FOR, now)
        };
        let begun = self.begun.load(Ordering::SeqCst);
        let keys = self.current();
        if serves(&keys) {
            return Ok(keys);
        }
        let _loading = self.loading.lock().await;
        let Reading { number, keys } = self.last_reading();
        if serves(&keys) || number > begun { Ok(keys) } else { self.load(now).await }
    }

    /// The key that signs, made where there is none.
    pub(super) async fn signing(&self, now: Timestamp) -> Result<SigningKey, DatabaseError> {
        if let Some(key) = self.fresh(now).and_then(|keys| keys.signing.clone()) {
            return Ok(key);
        }
        let _loading = self.loading.lock().await;
        if let Some(key) = self.fresh(now).and_then(|keys| keys.signing.clone()) {
            return Ok(key);
        }
        if let Some(key) = &self.load(now).await?.signing {
            return Ok(key.clone());
        }
        keys::insert_key(&self.database, &mint_key(&self.encryption, now)).await?;
        self.load(now)
            .await?
            .signing
            .clone()
            .ok_or_else(|| DatabaseError::Failed("the new signing key does not read".to_owned()))
    }

    async fn load(&self, now: Timestamp) -> Result<Arc<KeySet>, DatabaseError> {
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let stored = keys::list_keys(&self.database).await?;
        let keys = Arc::new(KeySet::read(&stored, &self.encryption, now));
        let reading = Reading { number, keys: Arc::clone(&keys) };
        *self.reading.write().unwrap_or_else(PoisonError::into_inner) = reading;
        Ok(keys)
    }
}
