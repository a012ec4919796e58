use duly::models::query_string::QueryString;
use duly::models::validation::ParameterError;
use proptest::prelude::*;

/// The values of `a`, of which there may be many.
fn values(raw: &str) -> Result<Vec<String>, Vec<ParameterError>> {
    let mut query = QueryString::read(raw, &["a"]);
    let values = query.all("a", |values| Ok(values.to_vec()));
    query.finish(values)
}

#[test]
fn parameters_are_decoded() {
    for (raw, expected) in [
        ("", &[][..]),
        ("&&", &[]),
        ("a", &[""]),
        ("a=", &[""]),
        ("a=1&a=2&", &["1", "2"]),
        ("a=b=c", &["b=c"]),
        ("%61=x+y%20z%2B", &["x y z+"]),
        ("a=%C3%A9%f0%9f%a5%9b", &["é🥛"]),
        ("a=é", &["é"]),
        ("a=%26%3D%25", &["&=%"]),
    ] {
        assert_eq!(values(raw).unwrap(), expected, "{raw}");
    }
}

#[test]
fn what_cannot_be_decoded_is_an_error() {
    for (raw, parameter, code) in [
        ("a=%", "a", "format"),
        ("a=%4", "a", "format"),
        ("a=%4g", "a", "format"),
        ("a=%+1", "a", "format"),
        ("a=100%25%", "a", "format"),
        ("a=%ff", "a", "format"),
        ("a=%C3", "a", "format"),
        ("a=%00", "a", "control_character"),
        ("a=%0A", "a", "control_character"),
        ("a=%C2%85", "a", "control_character"),
        ("%zz=1", "%zz", "format"),
        ("b=1", "b", "unknown_parameter"),
        ("A=1", "A", "unknown_parameter"),
        ("=1", "", "unknown_parameter"),
        ("%62%2f=1", "b/", "unknown_parameter"),
    ] {
        let [error] = &values(raw).unwrap_err()[..] else { panic!("{raw}: one error") };
        assert_eq!((error.parameter.as_str(), error.code), (parameter, code), "{raw}");
    }
}

#[test]
fn a_parameter_that_can_be_given_once_cannot_be_given_twice() {
    let mut query = QueryString::read("a=1&a=1&a=1", &["a"]);
    let value = query.one("a", |text| Ok(text.to_owned()));
    assert_eq!(value.as_deref(), Some("1"));
    let [error] = &query.finish(()).unwrap_err()[..] else { panic!("one error") };
    assert_eq!(error.code, "repeated");
}

#[test]
fn the_answer_to_many_long_names_stays_small() {
    let errors = values(&format!("{}=1&", "b".repeat(1_000)).repeat(200)).unwrap_err();
    assert_eq!(errors.len(), 100);
    assert!(errors.iter().all(|error| error.parameter.chars().count() == 65));
}

proptest! {
    #[test]
    fn an_escaped_text_reads_back(text in "\\PC*") {
        let escaped: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        prop_assert_eq!(values(&format!("a={escaped}")), Ok(vec![text]));
    }

    #[test]
    fn no_text_makes_it_panic(raw in "(a|%[0-9a-f]{0,2}|&|=|\\+){0,20}|.*") {
        let _ = values(&raw);
    }
}
