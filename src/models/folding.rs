//! Text as it is compared and searched: without regard to case or accents.
//!
//! What [`fold`] makes is stored beside the text (`title_folded`, `description_folded`), so a change to it needs a
//! migration that folds everything again.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// `text` in compatibility decomposition (NFKD), without accents, in lower case: `Ångström` becomes `angstrom`.
///
/// Folding what is folded changes nothing. Titles are ordered by the bytes of the result, which for UTF-8 is the order
/// of its characters.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let letters = text.chars().filter(|letter| !is_invisible(*letter)).nfkd();
    let lower = letters.filter(|letter| !is_accent(*letter)).flat_map(char::to_lowercase);
    let mut folded = String::with_capacity(text.len());
    for letter in lower {
        match base_letters(letter) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(letter),
        }
    }
    folded
}

/// Variation selectors and the grapheme joiner: they choose how the character before them is drawn.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{34f}' | '\u{fe00}'..='\u{fe0f}')
}

/// Whether a mark only adorns its letter, told by its canonical combining class (Unicode, chapter 4.3): overlays,
/// Hebrew and Arabic points, and everything attached, above and below.
///
/// The classes that are kept (nukta, kana voicing, virama, the vowel signs of Indic scripts, Thai and Lao) make another
/// letter or another word: か is not が.
fn is_accent(letter: char) -> bool {
    matches!(canonical_combining_class(letter), 1 | 10..=36 | 200..)
}

/// Letters that people take for variants of others, although Unicode does not decompose them.
fn base_letters(letter: char) -> Option<&'static str> {
    Some(match letter {
        'æ' => "ae",
        'ð' | 'đ' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ø' => "o",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        'ŧ' => "t",
        'ς' => "σ",
        _ => return None,
    })
}
