//! `Idempotency-Key`: the name that a client gives to a write, so that it can ask for it again (IETF
//! draft-ietf-httpapi-idempotency-key-header).

/// The most characters of a key.
const MAX_CHARACTERS: usize = 255;

/// A key: 1 to 255 printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the value of the header, a string of structured fields (RFC 9651, section 3.3.3): in quotes, with `\"` and
    /// `\\` for these two, and no parameters.
    ///
    /// # Errors
    /// What a key must be.
    pub fn parse(value: &[u8]) -> Result<Self, String> {
        let wanted = || {
            format!(
                "Idempotency-Key must be a string in quotes, such as \"8e03978e-40d5-43e8-bc93-6894a57f9324\", \
                 of 1 to {MAX_CHARACTERS} printable ASCII characters"
            )
        };
        let quoted =
            value.trim_ascii().strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        let mut bytes = quoted.ok_or_else(wanted)?.iter();
        let mut key = String::new();
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                b'\\' => bytes.next().filter(|escaped| matches!(escaped, b'"' | b'\\')),
                b'"' => None,
                other => Some(other),
            };
            let printable = byte.filter(|byte| matches!(byte, b' '..=b'~')).ok_or_else(wanted)?;
            key.push(char::from(*printable));
        }
        if key.is_empty() || key.len() > MAX_CHARACTERS {
            return Err(wanted());
        }
        Ok(Self(key))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
