use duly::models::due_date::DueDate;
use duly::models::priority::Priority;
use duly::models::task_fields::{CompleteRequest, IdField, TaskCreate, TaskFields};
use duly::models::task_text::{Tags, TaskTitle};
use duly::models::validation::FieldError;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn object(json: Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

fn fields(json: Value) -> TaskFields {
    TaskFields::parse(object(json), IdField::ReadOnly).unwrap()
}

fn places(errors: Vec<FieldError>) -> Vec<(String, &'static str)> {
    let mut places: Vec<_> = errors.into_iter().map(|error| (error.pointer, error.code)).collect();
    places.sort();
    places
}

fn errors(json: Value) -> Vec<(String, &'static str)> {
    places(TaskFields::parse(object(json), IdField::ClientChosen).unwrap_err())
}

#[test]
fn nothing_sent_is_nothing_said() {
    assert_eq!(fields(json!({})), TaskFields::default());
}

#[test]
fn every_field_can_be_sent() {
    let sent = fields(json!({
        "title": " Buy milk ", "description": "", "completed": true, "priority": "high",
        "due_date": "2026-12-01", "tags": ["home", " home", "shop"],
    }));
    assert_eq!(sent.title.unwrap().as_str(), "Buy milk");
    assert_eq!(sent.description.unwrap().unwrap().as_str(), "");
    assert_eq!(sent.completed, Some(true));
    assert_eq!(sent.priority, Some(Priority::High));
    assert_eq!(sent.due_date, Some(Some(DueDate::Day(date(2026, 12, 1)))));
    assert_eq!(sent.tags.unwrap().into_strings(), ["home", "shop"]);
}

#[test]
fn null_clears_everything_but_the_title() {
    let cleared = fields(json!({
        "description": null, "completed": null, "priority": null, "due_date": null, "tags": null,
    }));
    let expected = TaskFields {
        description: Some(None),
        completed: Some(false),
        priority: Some(Priority::None),
        due_date: Some(None),
        tags: Some(Tags::default()),
        ..TaskFields::default()
    };
    assert_eq!(cleared, expected);
    assert_eq!(errors(json!({"title": null})), [("/title".to_owned(), "required")]);
}

#[test]
fn read_only_fields_are_ignored_whatever_they_hold() {
    let read = json!({
        "user_id": 1, "completed_at": [], "version": "x", "created_at": null, "updated_at": {},
    });
    assert_eq!(fields(read), TaskFields::default());
    assert_eq!(fields(json!({"id": 5})), TaskFields::default());
}

#[test]
fn an_id_is_read_where_the_client_may_choose_it() {
    let id = "0198c0de-7c1e-7a52-b6d4-5f0b3a3f9d11";
    let sent = TaskFields::parse(object(json!({"id": id})), IdField::ClientChosen).unwrap();
    assert_eq!(sent.id.unwrap().to_string(), id);
    let sent = TaskFields::parse(object(json!({"id": null})), IdField::ClientChosen).unwrap();
    assert_eq!(sent.id, None);
    assert_eq!(errors(json!({"id": 5})), [("/id".to_owned(), "type")]);
    assert_eq!(errors(json!({"id": "5"})), [("/id".to_owned(), "format")]);
    let nil = "00000000-0000-0000-0000-000000000000";
    assert_eq!(errors(json!({"id": nil})), [("/id".to_owned(), "value")]);
}

#[test]
fn each_mistake_has_its_code_and_place() {
    for (json, pointer, code) in [
        (json!({"title": ""}), "/title", "length"),
        (json!({"title": 1}), "/title", "type"),
        (json!({"title": "a\u{7}"}), "/title", "control_character"),
        (json!({"description": "\0"}), "/description", "control_character"),
        (json!({"description": "x".repeat(10_001)}), "/description", "length"),
        (json!({"description": ["x"]}), "/description", "type"),
        (json!({"completed": "true"}), "/completed", "type"),
        (json!({"completed": 1}), "/completed", "type"),
        (json!({"priority": "High"}), "/priority", "value"),
        (json!({"priority": 3}), "/priority", "type"),
        (json!({"due_date": "tomorrow"}), "/due_date", "format"),
        (json!({"due_date": "2026-02-30"}), "/due_date", "value"),
        (json!({"due_date": 1_764_547_200}), "/due_date", "type"),
        (json!({"tags": "home"}), "/tags", "type"),
        (json!({"tags": ["a", null]}), "/tags/1", "type"),
        (json!({"tags": ["a", "b", " "]}), "/tags/2", "length"),
        (
            json!({"tags": (0..33).map(|tag| tag.to_string()).collect::<Vec<_>>()}),
            "/tags",
            "too_many",
        ),
        (json!({"titel": "Buy milk"}), "/titel", "unknown_field"),
        (json!({"Title": "Buy milk"}), "/Title", "unknown_field"),
        (json!({"a/b~c": 1}), "/a~1b~0c", "unknown_field"),
        (json!({"": 1}), "/", "unknown_field"),
    ] {
        assert_eq!(errors(json.clone()), [(pointer.to_owned(), code)], "{json}");
    }
}

#[test]
fn every_mistake_is_listed() {
    let found = errors(json!({
        "titel": 1, "title": "", "due_date": "soon", "tags": [1, "ok", ""], "priority": "low",
    }));
    let expected = [
        ("/due_date", "format"),
        ("/tags/0", "type"),
        ("/tags/2", "length"),
        ("/titel", "unknown_field"),
        ("/title", "length"),
    ];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn the_answer_to_absurd_names_stays_small() {
    let [(pointer, _)] = &errors(json!({"~".repeat(10_000): 1}))[..] else { panic!("one error") };
    assert_eq!(pointer.matches("~0").count(), 64);
    let many: Map<_, _> = (0..5_000).map(|number| (number.to_string(), Value::Null)).collect();
    assert_eq!(TaskFields::parse(many, IdField::ReadOnly).unwrap_err().len(), 100);
}

#[test]
fn a_new_task_has_defaults() {
    let create = TaskCreate::parse(object(json!({"title": "Buy milk"})), IdField::ClientChosen);
    let expected = TaskCreate {
        id: None,
        title: TaskTitle::parse("Buy milk").unwrap(),
        description: None,
        completed: false,
        priority: Priority::None,
        due_date: None,
        tags: Tags::default(),
    };
    assert_eq!(create, Ok(expected.clone()));
    assert_eq!(fields(json!({"title": "Buy milk"})).to_create(), Some(expected));
    assert_eq!(fields(json!({"completed": true})).to_create(), None);
}

#[test]
fn a_missing_title_is_listed_with_the_rest() {
    for (json, expected) in [
        (json!({}), &[("/title", "required")][..]),
        (json!({"title": null}), &[("/title", "required")]),
        (json!({"title": ""}), &[("/title", "length")]),
        (json!({"due": 1}), &[("/due", "unknown_field"), ("/title", "required")]),
    ] {
        let found = TaskCreate::parse(object(json), IdField::ReadOnly).unwrap_err();
        let expected: Vec<_> =
            expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect();
        assert_eq!(places(found), expected);
    }
}

#[test]
fn a_completion_sets_or_toggles() {
    for (json, expected) in [
        (json!({}), None),
        (json!({"completed": true}), Some(true)),
        (json!({"completed": false}), Some(false)),
    ] {
        assert_eq!(CompleteRequest::parse(object(json)).unwrap().completed, expected);
    }
    for completed in [json!("yes"), json!(null)] {
        let found = CompleteRequest::parse(object(json!({"completed": completed, "title": "x"})));
        let expected = [("/completed".to_owned(), "type"), ("/title".to_owned(), "unknown_field")];
        assert_eq!(places(found.unwrap_err()), expected);
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(Value::from("high")),
        Just(Value::from("2026-12-01")),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
}

proptest! {
    #[test]
    fn every_field_is_taken_or_listed(
        object in prop::collection::btree_map(
            "id|title|description|completed|priority|due_date|tags|version|[a-z/~]{0,3}",
            any_value(),
            0..8,
        ),
    ) {
        let object: Map<String, Value> = object.into_iter().collect();
        let whole = TaskFields::parse(object.clone(), IdField::ClientChosen);
        let one_by_one: Vec<FieldError> = object
            .into_iter()
            .filter_map(|(name, value)| {
                TaskFields::parse(Map::from_iter([(name, value)]), IdField::ClientChosen).err()
            })
            .flatten()
            .collect();
        prop_assert_eq!(whole.err().unwrap_or_default(), one_by_one);
    }
}
