use duly::models::task_text::{MAX_TAGS, Tag, Tags, TaskDescription, TaskTitle};
use duly::models::validation::Violation;
use proptest::prelude::*;

fn title(text: &str) -> Result<String, &'static str> {
    TaskTitle::parse(text).map(TaskTitle::into_string).map_err(|violation| violation.code)
}

fn description(text: &str) -> Result<String, &'static str> {
    TaskDescription::parse(text)
        .map(TaskDescription::into_string)
        .map_err(|violation| violation.code)
}

fn tags<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, Violation> {
    Tags::parse(texts.into_iter().map(|text| Tag::parse(text).unwrap())).map(Tags::into_strings)
}

#[test]
fn a_title_is_trimmed_and_has_1_to_200_characters() {
    for (text, expected) in [
        ("Buy milk", Ok("Buy milk")),
        (" \t\u{a0}\u{2003}Buy milk\n\u{85}", Ok("Buy milk")),
        ("🥛", Ok("🥛")),
        ("a\u{2028}b", Ok("a\u{2028}b")),
        ("", Err("length")),
        (" \u{3000}\n", Err("length")),
        ("a\nb", Err("control_character")),
        ("a\0", Err("control_character")),
        ("a\u{9f}b", Err("control_character")),
    ] {
        assert_eq!(title(text), expected.map(str::to_owned), "{text:?}");
    }
    assert!(title(&"🥛".repeat(200)).is_ok());
    assert_eq!(title(&"a".repeat(201)), Err("length"));
    assert!(title(&format!("  {}  ", "a".repeat(200))).is_ok());
}

#[test]
fn a_description_is_kept_as_it_is() {
    for text in ["", " ", "  two\r\n\tlines  ", "🥛"] {
        assert_eq!(description(text), Ok(text.to_owned()));
    }
    assert!(description(&"é".repeat(10_000)).is_ok());
    assert_eq!(description(&"é".repeat(10_001)), Err("length"));
    for text in ["\0", "a\u{b}", "\u{7f}", "\u{85}"] {
        assert_eq!(description(text), Err("control_character"));
    }
}

#[test]
fn a_tag_has_1_to_64_characters() {
    assert_eq!(Tag::parse(" home ").unwrap().as_str(), "home");
    assert_eq!(Tag::parse("\n").unwrap_err().code, "length");
    assert_eq!(Tag::parse("a\tb").unwrap_err().code, "control_character");
    assert!(Tag::parse(&"ü".repeat(64)).is_ok());
    assert_eq!(Tag::parse(&"ü".repeat(65)).unwrap_err().code, "length");
}

#[test]
fn of_equal_tags_the_first_stays() {
    assert_eq!(tags(["b", " a", "b ", "B", "a"]).unwrap(), ["b", "a", "B"]);
    assert!(tags([]).unwrap().is_empty());
}

#[test]
fn duplicates_do_not_count_towards_the_limit() {
    let names: Vec<String> = (0..=MAX_TAGS).map(|number| format!("t{number}")).collect();
    let allowed = &names[..MAX_TAGS];
    assert_eq!(tags(allowed.iter().chain(allowed).map(String::as_str)).unwrap(), allowed);
    assert_eq!(tags(names.iter().map(String::as_str)).unwrap_err().code, "too_many");
}

proptest! {
    #[test]
    fn a_title_that_was_accepted_is_accepted_again_unchanged(text in "\\PC{0,210}|.*") {
        if let Ok(once) = title(&text) {
            prop_assert!((1..=200).contains(&once.chars().count()));
            prop_assert!(!once.chars().any(char::is_control));
            prop_assert_eq!(title(&once), Ok(once));
        }
    }

    #[test]
    fn an_accepted_description_is_what_was_sent(text in "(?s).*") {
        if let Ok(accepted) = description(&text) {
            prop_assert_eq!(accepted, text);
        }
    }

    #[test]
    fn tags_are_distinct_and_in_order(texts in prop::collection::vec("[a-f]{1,2}", 0..40)) {
        if let Ok(distinct) = tags(texts.iter().map(String::as_str)) {
            let mut rest = texts.iter();
            prop_assert!(distinct.iter().all(|tag| rest.any(|text| text == tag)));
            prop_assert!(texts.iter().all(|text| distinct.contains(text)));
            prop_assert_eq!(tags(distinct.iter().map(String::as_str)).unwrap(), distinct);
        }
    }
}
