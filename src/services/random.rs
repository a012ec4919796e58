//! Random texts that nobody can guess.

use aws_lc_rs::rand;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `N` bytes from the system's generator.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system's random generator works, or nothing here is safe");
    bytes
}

/// An id or session token as Better Auth makes them: 32 letters and digits (BETTER-AUTH.md 1.1), 190 bits.
pub fn id() -> String {
    text(32)
}

/// So many letters and digits, of six bits each.
pub fn text(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // Six bits each; the two values beyond the alphabet are thrown away, so that all 62 are equally likely.
        let drawn =
            bytes::<48>().into_iter().filter_map(|byte| ALPHABET.get(usize::from(byte >> 2)));
        text.extend(drawn.map(|&letter| char::from(letter)).take(length - text.len()));
    }
    text
}
