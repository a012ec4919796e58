//! What the filters of a list let through.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{Person, TestApp};
use crate::support::http::Call;

/// The titles of what a query finds, in the order of creation.
async fn found(app: &TestApp, person: &Person, query: &str) -> Vec<String> {
    let page = app.read(person, &format!("/api/me/tasks?sort=created&{query}")).await;
    assert_eq!(page["next_cursor"], Value::Null);
    let tasks = page["tasks"].as_array().expect("an array");
    tasks.iter().map(|task| task["title"].as_str().expect("a title").to_owned()).collect()
}

/// Makes tasks in that order, a second apart.
async fn make(app: &TestApp, person: &Person, tasks: Value) {
    for task in tasks.as_array().expect("an array") {
        app.task(person, task.clone()).await;
        app.advance(Duration::from_secs(1));
    }
}

async fn expect(app: &TestApp, person: &Person, cases: &[(&str, &[&str])]) {
    for (query, titles) in cases {
        assert_eq!(found(app, person, query).await, *titles, "{query}");
    }
}

on_every_engine! {
    async fn status_and_priority_and_tags_each_narrow_the_list(app: TestApp) {
        let ada = app.person("ada").await;
        make(&app, &ada, json!([
            {"title": "a", "priority": "low", "tags": ["home"]},
            {"title": "b", "priority": "high", "tags": ["home", "Garden & co"], "completed": true},
            {"title": "c", "tags": ["work"]},
            {"title": "d", "priority": "urgent", "completed": true},
        ])).await;
        expect(
            &app,
            &ada,
            &[
                ("", &["a", "b", "c", "d"]),
                ("status=all", &["a", "b", "c", "d"]),
                ("status=pending", &["a", "c"]),
                ("status=completed", &["b", "d"]),
                ("priority=low", &["a"]),
                ("priority=none,urgent", &["c", "d"]),
                ("priority=medium", &[]),
                ("tag=home", &["a", "b"]),
                ("tag=Home", &[]),
                ("tag=hom", &[]),
                ("tag=home&tag=Garden+%26%20co", &["b"]),
                ("tag=home&tag=work", &[]),
                ("status=pending&tag=home&priority=low,high", &["a"]),
            ],
        )
        .await;
    }

    async fn every_word_must_occur_without_regard_to_case_or_accents(app: TestApp) {
        let ada = app.person("ada").await;
        make(
            &app,
            &ada,
            json!([
                {"title": "Crème brûlée kaufen", "description": "für Zoë"},
                {"title": "100% sure_thing\\", "description": "it's \"quoted\""},
                {"title": "Ångström", "description": "Straße\nund Hof"},
            ]),
        )
        .await;
        expect(
            &app,
            &ada,
            &[
                ("q=CREME", &["Crème brûlée kaufen"]),
                ("q=kaufen+zoe", &["Crème brûlée kaufen"]),
                ("q=zo%C3%AB+kauf", &["Crème brûlée kaufen"]),
                ("q=kaufen+angstrom", &[]),
                ("q=%C3%85ngstr%C3%B6m", &["Ångström"]),
                ("q=strasse", &["Ångström"]),
                ("q=%25", &["100% sure_thing\\"]),
                ("q=_", &["100% sure_thing\\"]),
                ("q=%5C", &["100% sure_thing\\"]),
                ("q=%27s+%22quoted%22", &["100% sure_thing\\"]),
                ("q=%2A", &[]),
                ("q=", &["Crème brûlée kaufen", "100% sure_thing\\", "Ångström"]),
            ],
        )
        .await;
    }

    async fn due_words_follow_the_clock_of_the_zone(app: TestApp) {
        // It is Monday the 23rd, 07:00 in UTC.
        let ada = app.person("ada").await;
        make(
            &app,
            &ada,
            json!([
                {"title": "sunday", "due_date": "2026-11-22"},
                {"title": "an hour ago", "due_date": "2026-11-23T06:00:00Z"},
                {"title": "monday", "due_date": "2026-11-23"},
                {"title": "tonight", "due_date": "2026-11-23T23:30:00Z"},
                {"title": "tuesday", "due_date": "2026-11-24"},
                {"title": "next monday", "due_date": "2026-11-30"},
                {"title": "late next monday", "due_date": "2026-11-30T23:59:59.999Z"},
                {"title": "in eight days", "due_date": "2026-12-01"},
                {"title": "done", "due_date": "2026-11-20", "completed": true},
                {"title": "some day"},
            ]),
        )
        .await;
        expect(
            &app,
            &ada,
            &[
                ("due=today", &["an hour ago", "monday", "tonight"]),
                ("due=overdue", &["sunday", "an hour ago"]),
                ("due=overdue&status=all", &["sunday", "an hour ago"]),
                ("due=overdue&status=completed", &[]),
                ("due=upcoming", &["tuesday", "next monday", "late next monday"]),
                ("due=none", &["some day"]),
                ("due=none&due_before=2026-12-01", &[]),
                // In Kiritimati (+14) it is 21:00 on Monday; tonight is Tuesday there.
                ("due=today&tz=Pacific/Kiritimati", &["an hour ago", "monday"]),
                // In Honolulu (-10) it is still Sunday.
                ("due=today&tz=Pacific/Honolulu", &["sunday", "an hour ago"]),
                ("due=overdue&tz=Pacific/Honolulu", &["an hour ago"]),
            ],
        )
        .await;
    }

    async fn midnight_falls_when_the_zone_says(app: TestApp) {
        let ada = app.person("ada").await;
        make(&app, &ada, json!([
            {"title": "the 23rd", "due_date": "2026-11-23"},
            {"title": "the 24th", "due_date": "2026-11-24"},
            {"title": "last of the 23rd in Berlin", "due_date": "2026-11-23T23:59:59.999+01:00"},
            {"title": "first of the 24th in Berlin", "due_date": "2026-11-24T00:00:00+01:00"},
        ])).await;
        let (before, after) = (
            ["the 23rd", "last of the 23rd in Berlin"],
            ["the 24th", "first of the 24th in Berlin"],
        );
        // 07:00:04 now; a second before midnight in Berlin is 22:59:59 in UTC.
        app.advance(Duration::from_secs(15 * 3600 + 59 * 60 + 55));
        expect_with_token(&app, &ada, "due=today&tz=Europe/Berlin", &before).await;
        app.advance(Duration::from_secs(1));
        expect_with_token(&app, &ada, "due=today&tz=Europe/Berlin", &after).await;
        let utc = ["the 23rd", "last of the 23rd in Berlin", "first of the 24th in Berlin"];
        expect_with_token(&app, &ada, "due=today", &utc).await;
    }

    async fn bounds_are_exclusive_and_take_days_and_instants(app: TestApp) {
        let ada = app.person("ada").await;
        make(
            &app,
            &ada,
            json!([
                {"title": "day 1", "due_date": "2026-12-01"},
                {"title": "noon 1", "due_date": "2026-12-01T12:00:00Z"},
                {"title": "day 2", "due_date": "2026-12-02"},
                {"title": "noon 2", "due_date": "2026-12-02T12:00:00Z"},
                {"title": "day 3", "due_date": "2026-12-03"},
                {"title": "no day"},
            ]),
        )
        .await;
        expect(
            &app,
            &ada,
            &[
                ("due_before=2026-12-02", &["day 1", "noon 1"]),
                ("due_after=2026-12-02", &["day 3"]),
                ("due_after=2026-12-01&due_before=2026-12-03", &["day 2", "noon 2"]),
                ("due_before=2026-12-02T12:00:00Z", &["day 1", "noon 1"]),
                ("due_after=2026-12-01T12:00:00Z", &["day 2", "noon 2", "day 3"]),
                ("due_after=2026-12-01T11:59:59.999Z", &["noon 1", "day 2", "noon 2", "day 3"]),
                ("due_before=2026-12-02T13:00:00.001%2B01:00", &["day 1", "noon 1", "noon 2"]),
                ("due_after=2026-12-03&due_before=2026-12-01", &[]),
                // In Auckland (+13) the 2nd begins at 11:00 on the 1st in UTC.
                ("due_before=2026-12-02&tz=Pacific/Auckland", &["day 1"]),
            ],
        )
        .await;
    }
}

/// As [`found`], with the session token, which lives longer than a JWT.
async fn expect_with_token(app: &TestApp, person: &Person, query: &str, titles: &[&str]) {
    let call = Call::get(&format!("/api/me/tasks?sort=created&{query}"));
    let page = app.send(call.bearer(&person.session_token)).await.expect(200);
    let tasks = page["tasks"].as_array().expect("an array");
    let found: Vec<_> = tasks.iter().filter_map(|task| task["title"].as_str()).collect();
    assert_eq!(found, titles, "{query}");
}
