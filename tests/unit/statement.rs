use duly::database::statement::{Column, Dialect, Kind, Statement, Value};
use jiff::Timestamp;
use uuid::Uuid;

#[test]
fn placeholders_are_numbered_in_the_order_of_their_values() {
    let mut statement = Statement::without_owner("SELECT $1").bind("first");
    statement.push(", ").push_bind(2).push(", ").push_bind(None::<Uuid>);
    let shown = format!("{statement:?}");
    assert!(shown.contains("SELECT $1, $2, $3"), "{shown}");
    assert!(shown.contains("Integer(2)") && shown.contains("Null(Uuid)"), "{shown}");
}

#[test]
fn what_is_looked_for_never_becomes_sql() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let mut statement = Statement::without_owner("SELECT ");
        dialect.push_contains_all(&mut statement, "tags", &["x') OR 1=1 --".to_owned()]);
        let shown = format!("{statement:?}");
        let (sql, values) = shown.split_once("values").unwrap();
        assert!(sql.contains("$1") && !sql.contains("OR 1=1"), "{sql}");
        assert!(values.contains("OR 1=1"), "{values}");
    }
}

#[test]
fn values_read_in_the_forms_of_either_engine() {
    let id = Uuid::from_u128(7);
    assert_eq!(bool::from_value(Value::Boolean(true)), Some(true));
    assert_eq!(bool::from_value(Value::Integer(0)), Some(false));
    assert_eq!(bool::from_value(Value::Integer(2)), None);
    assert_eq!(Uuid::from_value(Value::Uuid(id)), Some(id));
    assert_eq!(Uuid::from_value(Value::Bytes(id.as_bytes().to_vec())), Some(id));
    assert_eq!(Uuid::from_value(Value::Bytes(vec![7])), None);
    assert_eq!(Uuid::from_value(Value::Text(id.to_string())), None);
    assert_eq!(Timestamp::from_value(Value::Integer(0)), Some(Timestamp::UNIX_EPOCH));
    assert_eq!(Timestamp::from_value(Value::Integer(i64::MAX)), None);
    assert_eq!(i64::from_value(Value::Real(1.0)), None);
    assert_eq!(f64::from_value(Value::Integer(1)), None);
    assert_eq!(String::from_value(Value::Json("\"a\"".to_owned())), None);
}

#[test]
fn an_option_that_is_empty_keeps_its_type() {
    assert_eq!(Value::from(None::<String>), Value::Null(Kind::Text));
    assert_eq!(Value::from(None::<i64>), Value::Null(Kind::Integer));
    assert_eq!(Value::from(None::<f64>), Value::Null(Kind::Real));
    assert_eq!(Value::from(None::<bool>), Value::Null(Kind::Boolean));
    assert_eq!(Value::from(None::<Vec<u8>>), Value::Null(Kind::Bytes));
    assert_eq!(Value::from(None::<Uuid>), Value::Null(Kind::Uuid));
    assert_eq!(Value::from(None::<Timestamp>), Value::Null(Kind::Instant));
    assert_eq!(Value::from(Some(5)), Value::Integer(5));
}
