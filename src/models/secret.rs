//! The secrets that sign cookies and encrypt keys, kept out of sight.

use std::fmt;

/// The shortest secret that is accepted, in characters (BETTER-AUTH.md 1.3).
pub const MIN_SECRET_CHARS: usize = 32;
/// The shortest secret that signs tokens with HS256, in bytes (RFC 7518, section 3.2).
const MIN_HS256_BYTES: usize = 32;

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// A secret that is long enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret(Hidden);

impl Secret {
    /// The secret in `text`, or `None` where it is shorter than [`MIN_SECRET_CHARS`].
    pub fn parse(text: &str) -> Option<Self> {
        (text.chars().count() >= MIN_SECRET_CHARS).then(|| Self(Hidden(text.to_owned())))
    }

    /// The secret in `text`, or `None` where it has fewer than 32 bytes, which is what HS256 needs.
    pub fn parse_bytes(text: &str) -> Option<Self> {
        (text.len() >= MIN_HS256_BYTES).then(|| Self(Hidden(text.to_owned())))
    }

    /// The bytes that cryptography works with: the text's UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.0.as_bytes()
    }
}

/// The secrets of a deployment. The present one signs and encrypts; all of them verify and decrypt, so that one can
/// be replaced while what it made is still about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    current: Secret,
    /// What the present one is called in what it encrypts; `None` for one that was never numbered.
    current_version: Option<u32>,
    /// With their versions; `None` for the one that is not numbered.
    others: Vec<(Option<u32>, Secret)>,
}

impl Secrets {
    /// One secret, without a number.
    pub fn single(secret: Secret) -> Self {
        Self { current: secret, current_version: None, others: Vec::new() }
    }

    /// Numbered secrets, the present one first, and the one from before there were numbers. `None` where there is
    /// none with a number.
    pub fn versioned(versions: Vec<(u32, Secret)>, unnumbered: Option<Secret>) -> Option<Self> {
        let mut versions = versions.into_iter();
        let (version, current) = versions.next()?;
        let numbered = versions.map(|(version, secret)| (Some(version), secret));
        let others = numbered.chain(unnumbered.map(|secret| (None, secret))).collect();
        Some(Self { current, current_version: Some(version), others })
    }

    /// The present secret.
    pub fn current(&self) -> &Secret {
        &self.current
    }

    /// The number of the present secret.
    pub fn current_version(&self) -> Option<u32> {
        self.current_version
    }

    /// Every secret with its number, the present one first.
    pub fn all(&self) -> impl Iterator<Item = (Option<u32>, &Secret)> {
        let others = self.others.iter().map(|(version, secret)| (*version, secret));
        std::iter::once((self.current_version, &self.current)).chain(others)
    }
}
