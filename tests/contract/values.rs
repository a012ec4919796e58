//! Every kind of value crosses the seam both ways.

use duly::database::DatabaseError;
use duly::database::statement::{Kind, Row, Statement, Value};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::on_every_engine;
use crate::support::database::{TestDatabase, instant};

const COLUMNS: &str = "t, i, r, b, y, u, at, j";

async fn make_table(database: &TestDatabase) {
    database
        .execute(database.either(
            "CREATE TABLE scratch (t text, i bigint, r double precision, b boolean, y bytea, u uuid, \
             at timestamptz, j jsonb)",
            "CREATE TABLE scratch (t text, i integer, r real, b integer, y blob, u blob, at integer, \
             j text) STRICT",
        ))
        .await;
}

/// Stores eight values, reads them back and empties the table.
async fn round_trip(database: &TestDatabase, values: [Value; 8]) -> Row {
    let mut insert = Statement::without_owner(
        "INSERT INTO scratch VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING t",
    );
    for value in values {
        insert = insert.bind(value);
    }
    database.write(vec![insert]).await.expect("the values are stored");
    let mut select = Statement::without_owner("SELECT ");
    select.push(COLUMNS).push(" FROM scratch");
    let mut rows: Vec<Row> = database.read(select).await.expect("the values are read");
    database.execute("DELETE FROM scratch").await;
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

type Stored = (String, i64, f64, bool, Vec<u8>, Uuid, Timestamp, Json);

async fn assert_comes_back(database: &TestDatabase, stored: &Stored) {
    let (text, number, real, boolean, bytes, uuid, at, json) = stored.clone();
    let values = [
        text.into(),
        number.into(),
        real.into(),
        boolean.into(),
        bytes.into(),
        uuid.into(),
        at.into(),
        Value::Json(json.to_string()),
    ];
    let mut row = round_trip(database, values).await;
    let read: Stored = (
        row.take(0).unwrap(),
        row.take(1).unwrap(),
        row.take(2).unwrap(),
        row.take(3).unwrap(),
        row.take(4).unwrap(),
        row.take(5).unwrap(),
        row.take(6).unwrap(),
        row.take_json(7).unwrap(),
    );
    assert_eq!(&read, stored);
    assert_eq!(read.2.to_bits(), stored.2.to_bits());
}

fn everything() -> Vec<Stored> {
    let earliest = instant("0001-01-01T00:00:00Z");
    let latest = instant("9999-12-30T22:00:00.999999Z");
    vec![
        (String::new(), 0, 0.0, false, Vec::new(), Uuid::nil(), Timestamp::UNIX_EPOCH, json!([])),
        (
            "Grüße, 世界 👩‍👩‍👧‍👦 e\u{301} '; DROP TABLE tasks; -- $1 ? \" \\ \u{1}\n\t".to_owned(),
            i64::MAX,
            f64::MAX,
            true,
            (0..=255).collect(),
            Uuid::max(),
            latest,
            json!({"a": [1, null, true, "🦀", {"ключ": "\n\"\\"}]}),
        ),
        (
            "x".repeat(300_000),
            i64::MIN,
            f64::MIN_POSITIVE,
            true,
            vec![0; 100_000],
            Uuid::from_u128(1),
            earliest,
            json!(null),
        ),
        (
            "null".to_owned(),
            -1,
            -0.1,
            false,
            vec![0],
            Uuid::from_u128(7 << 76),
            instant("1969-12-31T23:59:59.999999Z"),
            json!(""),
        ),
        (
            "NULL".to_owned(),
            1 << 53,
            1e-300,
            true,
            vec![255],
            Uuid::from_u128(9),
            instant("2000-01-01T00:00:00.000001Z"),
            json!(["a", "a"]),
        ),
    ]
}

on_every_engine! {
    async fn every_kind_of_value_comes_back_as_it_was(database: TestDatabase) {
        make_table(&database).await;
        for stored in everything() {
            assert_comes_back(&database, &stored).await;
        }
    }

    async fn every_kind_of_null_comes_back_as_null(database: TestDatabase) {
        make_table(&database).await;
        let kinds = [
            Kind::Text, Kind::Integer, Kind::Real, Kind::Boolean, Kind::Bytes, Kind::Uuid, Kind::Instant,
            Kind::Json,
        ];
        let mut row = round_trip(&database, kinds.map(Value::Null)).await;
        for (index, kind) in kinds.iter().enumerate() {
            assert!(row.is_null(index), "{kind:?}");
        }
        assert_eq!(row.take_optional::<String>(0).unwrap(), None);
        assert_eq!(row.take_optional::<Uuid>(5).unwrap(), None);
        assert!(matches!(row.take::<i64>(1), Err(DatabaseError::Failed(_))));
        assert!(matches!(row.take_json::<Json>(7), Err(DatabaseError::Failed(_))));
    }

    async fn a_missing_option_is_a_null_of_its_type(database: TestDatabase) {
        make_table(&database).await;
        let values = [
            None::<String>.into(),
            None::<i64>.into(),
            None::<f64>.into(),
            None::<bool>.into(),
            None::<Vec<u8>>.into(),
            None::<Uuid>.into(),
            None::<Timestamp>.into(),
            Value::Null(Kind::Json),
        ];
        let row = round_trip(&database, values).await;
        assert!((0..8).all(|index| row.is_null(index)));
    }

    async fn placeholders_stand_in_any_order_and_more_than_once(database: TestDatabase) {
        make_table(&database).await;
        let insert = Statement::without_owner("INSERT INTO scratch (i, t, u) VALUES ($3, $1, $2) RETURNING i, t")
            .bind("first").bind(Uuid::from_u128(2)).bind(3);
        let mut rows = database.write(vec![insert]).await.unwrap();
        assert_eq!(rows[0][0].take::<i64>(0).unwrap(), 3);
        assert_eq!(rows[0][0].take::<String>(1).unwrap(), "first");
        let select = Statement::without_owner(
            "SELECT t FROM scratch WHERE u = $2 AND t = $1 AND (i = $3 OR i = $3 + 1) AND t = $1",
        )
        .bind("first").bind(Uuid::from_u128(2)).bind(3);
        assert_eq!(database.read::<Row>(select).await.unwrap().len(), 1);
    }

    async fn ten_and_more_placeholders_keep_apart(database: TestDatabase) {
        make_table(&database).await;
        let mut insert = Statement::without_owner("INSERT INTO scratch (i) VALUES (");
        for number in 1..=12_i64 {
            insert.push_bind(number).push(if number < 12 { "), (" } else { ") RETURNING i" });
        }
        let rows = database.write(vec![insert]).await.unwrap().remove(0);
        let numbers: Vec<i64> = rows.into_iter().map(|mut row| row.take(0).unwrap()).collect();
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    }

    async fn a_value_of_another_type_does_not_read(database: TestDatabase) {
        make_table(&database).await;
        let values = [
            "text".into(), 2.into(), 0.5.into(), true.into(), vec![1].into(), Uuid::nil().into(),
            Timestamp::UNIX_EPOCH.into(), Value::Json("{}".to_owned()),
        ];
        let mut row = round_trip(&database, values).await;
        assert!(row.take::<i64>(0).is_err());
        assert!(row.take::<bool>(1).is_err(), "2 is no boolean");
        assert!(row.take::<Uuid>(4).is_err(), "one byte is no UUID");
        assert!(row.take_json::<Vec<String>>(7).is_err());
        assert!(row.take::<i64>(99).is_err(), "there is no such column");
    }

    async fn text_in_json_is_the_same_text_whatever_is_in_it(database: TestDatabase) {
        make_table(&database).await;
        let tags = json!(["émoji 🦀", "\"quoted\"", "back\\slash", "line\u{2028}separator", "</script>"]);
        let values = [
            Value::Null(Kind::Text), Value::Null(Kind::Integer), Value::Null(Kind::Real),
            Value::Null(Kind::Boolean), Value::Null(Kind::Bytes), Value::Null(Kind::Uuid),
            Value::Null(Kind::Instant), Value::Json(tags.to_string()),
        ];
        let mut row = round_trip(&database, values).await;
        assert_eq!(row.take_json::<Json>(7).unwrap(), tags);
    }
}
