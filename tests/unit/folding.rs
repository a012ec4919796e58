use duly::models::folding::fold;
use proptest::prelude::*;

#[test]
fn case_and_accents_make_no_difference() {
    for (text, expected) in [
        ("Buy MILK 2%", "buy milk 2%"),
        ("Ångström", "angstrom"),
        ("CRÈME brûlée", "creme brulee"),
        ("cre\u{300}me", "creme"),
        ("Straße STRASSE ẞ", "strasse strasse ss"),
        ("Łódź", "lodz"),
        ("Øre, Æble, Œuvre", "ore, aeble, oeuvre"),
        ("İstanbul ısı", "istanbul isi"),
        ("Đorđe Þór", "dorde thor"),
        ("ΟΔΥΣΣΕΎΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"),
        ("Ёлка", "елка"),
        ("ﬁne ２０２６ Ⅳ", "fine 2026 iv"),
        ("a\u{a0}b", "a b"),
        ("שָׁלוֹם", "שלום"),
        ("❤\u{fe0f}", "❤"),
        ("a\u{34f}b", "ab"),
        ("क\u{94d}\u{34f}\u{93c}", "क\u{93c}\u{94d}"),
        ("", ""),
    ] {
        assert_eq!(fold(text), expected, "{text}");
    }
}

#[test]
fn marks_that_make_another_letter_are_kept() {
    for (one, other) in [("か", "が"), ("दिन", "दान"), ("क", "क्"), ("ดี", "ดา")]
    {
        assert_ne!(fold(one), fold(other));
    }
}

#[test]
fn composed_and_decomposed_text_fold_alike() {
    assert_eq!(fold("が한"), fold("か\u{3099}\u{1112}\u{1161}\u{11ab}"));
}

#[test]
fn folding_every_character_twice_changes_nothing_and_adds_no_control_character() {
    for letter in '\0'..=char::MAX {
        let once = fold(&letter.to_string());
        assert_eq!(fold(&once), once, "{letter:?}");
        assert!(letter.is_control() || !once.chars().any(char::is_control), "{letter:?}");
    }
}

proptest! {
    #[test]
    fn folding_twice_changes_nothing(text in ".*") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn folding_marks_in_any_order_twice_changes_nothing(
        text in "[a-cσが\u{93c}\u{94d}\u{300}-\u{34f}\u{5b0}-\u{5bd}\u{e38}\u{e48}\u{fe0f}\u{1d165}]{0,12}",
    ) {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn ascii_folds_to_lower_case(text in "[ -~]*") {
        prop_assert_eq!(fold(&text), text.to_lowercase());
    }
}
