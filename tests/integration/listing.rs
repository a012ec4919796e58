//! Order and pages of a list, and the parameters that are refused.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{Person, TestApp};
use crate::support::http::Call;

/// Seven tasks, a second apart; `c` was changed last.
async fn make(app: &TestApp, person: &Person) {
    for task in [
        json!({"title": "b", "priority": "low", "due_date": "2026-12-02"}),
        json!({"title": "Ä", "priority": "urgent"}),
        json!({"title": "a2", "priority": "high", "due_date": "2026-12-01"}),
        json!({"title": "C", "due_date": "2026-12-01T12:00:00Z"}),
        json!({"title": "A1", "priority": "low"}),
        json!({"title": "d", "priority": "medium", "due_date": "2026-12-01"}),
    ] {
        app.task(person, task).await;
        app.advance(Duration::from_secs(1));
    }
    let first = &app.tasks_of(person).await[0];
    let path = format!("/api/me/tasks/{}", first["id"].as_str().expect("an id"));
    app.send_as(person, Call::patch(&path).json(&json!({"description": "new"}))).await.expect(200);
}

/// All pages of a query, with their titles.
async fn pages(app: &TestApp, person: &Person, query: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.read(person, &format!("/api/me/tasks?{query}{cursor}")).await;
        let tasks = page["tasks"].as_array().expect("an array");
        let titles = tasks.iter().map(|task| task["title"].as_str().expect("a title").to_owned());
        pages.push(titles.collect());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
    }
}

/// The problem's parameters and codes.
fn refused(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().expect("errors");
    errors
        .iter()
        .map(|error| (error["parameter"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect()
}

on_every_engine! {
    async fn every_sort_is_followed_through_all_pages(app: TestApp) {
        let ada = app.person("ada").await;
        make(&app, &ada).await;
        let cases: [(&str, [&str; 6]); 12] = [
            ("", ["d", "A1", "C", "a2", "Ä", "b"]),
            ("sort=-created", ["d", "A1", "C", "a2", "Ä", "b"]),
            ("sort=created", ["b", "Ä", "a2", "C", "A1", "d"]),
            ("sort=-updated", ["b", "d", "A1", "C", "a2", "Ä"]),
            ("sort=updated", ["Ä", "a2", "C", "A1", "d", "b"]),
            ("sort=title", ["Ä", "A1", "a2", "b", "C", "d"]),
            ("sort=-title", ["d", "C", "b", "a2", "A1", "Ä"]),
            ("sort=due_date,created", ["a2", "d", "C", "b", "Ä", "A1"]),
            ("sort=-due_date,created", ["b", "C", "a2", "d", "Ä", "A1"]),
            ("sort=priority,-title", ["C", "b", "A1", "d", "a2", "Ä"]),
            ("sort=-priority,due_date,title", ["Ä", "a2", "d", "b", "A1", "C"]),
            ("sort=-due_date,-priority,-created,title", ["b", "C", "a2", "d", "Ä", "A1"]),
        ];
        for (sort, expected) in cases {
            for limit in 1..=7 {
                let found = pages(&app, &ada, &format!("{sort}&limit={limit}")).await;
                assert_eq!(found.concat(), expected, "{sort} limit {limit}");
                let count = 6usize.div_ceil(limit);
                assert_eq!(found.len(), count, "{sort} limit {limit}: {found:?}");
                assert!(found.iter().all(|page| page.len() <= limit));
            }
        }
    }

    async fn tasks_made_in_the_same_instant_are_neither_repeated_nor_skipped(app: TestApp) {
        let ada = app.person("ada").await;
        for number in 0..25 {
            app.task(&ada, json!({"title": "Same", "description": number.to_string()})).await;
        }
        let all = app.read(&ada, "/api/me/tasks?sort=-created").await;
        for sort in ["created", "-created", "title", "-title", "priority", "-due_date", "due_date"]
        {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let path = format!("/api/me/tasks?limit=4&sort={sort}{cursor}");
                let page = app.read(&ada, &path).await;
                seen.extend(
                    page["tasks"].as_array().expect("an array").iter().map(|t| t["id"].to_string()),
                );
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(seen.len(), 25, "{sort}");
            let mut expected: Vec<_> = all["tasks"]
                .as_array()
                .expect("an array")
                .iter()
                .map(|t| t["id"].to_string())
                .collect();
            expected.sort();
            seen.sort();
            assert_eq!(seen, expected, "{sort}");
        }
    }

    async fn paging_goes_on_where_it_was_while_tasks_come_and_go(app: TestApp) {
        let ada = app.person("ada").await;
        make(&app, &ada).await;
        let first = app.read(&ada, "/api/me/tasks?sort=created&limit=2").await;
        let last = first["tasks"][1]["id"].as_str().expect("an id");
        app.send_as(&ada, Call::delete(&format!("/api/me/tasks/{last}"))).await.expect(204);
        app.task(&ada, json!({"title": "e"})).await;
        let cursor = first["next_cursor"].as_str().expect("a cursor");
        let rest = pages(&app, &ada, &format!("sort=created&limit=100&cursor={cursor}")).await;
        assert_eq!(rest.concat(), ["a2", "C", "A1", "d", "e"]);
    }

    async fn the_total_counts_what_matches_on_all_pages(app: TestApp) {
        let ada = app.person("ada").await;
        make(&app, &ada).await;
        let page = app.read(&ada, "/api/me/tasks?include=total&limit=1").await;
        assert_eq!(page["total"], 6);
        let cursor = page["next_cursor"].as_str().expect("a cursor");
        let path = format!("/api/me/tasks?include=total&limit=1&cursor={cursor}");
        assert_eq!(app.read(&ada, &path).await["total"], 6);
        assert_eq!(app.read(&ada, "/api/me/tasks?include=total&priority=low").await["total"], 2);
        assert_eq!(app.read(&ada, "/api/me/tasks?include=total&q=nothing").await["total"], 0);
        assert!(app.read(&ada, "/api/me/tasks").await.get("total").is_none());
    }

    async fn an_empty_list_is_an_empty_page(app: TestApp) {
        let ada = app.person("ada").await;
        let page = app.send_as(&ada, Call::get("/api/me/tasks")).await;
        assert_eq!(page.text(), r#"{"tasks":[],"next_cursor":null}"#);
    }

    async fn a_page_has_fifty_tasks_by_default(app: TestApp) {
        let ada = app.person("ada").await;
        for number in 0..51 {
            app.task(&ada, json!({"title": number.to_string()})).await;
        }
        let found = pages(&app, &ada, "").await;
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [50, 1]);
    }

    async fn a_cursor_is_for_its_own_sort_and_its_own_user(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        make(&app, &ada).await;
        make(&app, &bob).await;
        let page = app.read(&ada, "/api/me/tasks?limit=1&sort=title").await;
        let cursor = page["next_cursor"].as_str().expect("a cursor");
        let with = |sort: &str, cursor: &str| {
            Call::get(&format!("/api/me/tasks?sort={sort}&cursor={cursor}"))
        };
        app.send_as(&ada, with("title", cursor)).await.expect(200);
        let shortened = &cursor[..cursor.len() - 3];
        let lengthened = format!("{cursor}AAAA");
        for (person, sort, cursor) in [
            (&ada, "-title", cursor),
            (&ada, "title,created", cursor),
            (&ada, "-created", cursor),
            (&bob, "title", cursor),
            (&ada, "title", shortened),
            (&ada, "title", &lengthened),
            (&ada, "title", ""),
            (&ada, "title", "!!!!"),
            (&ada, "title", "AAAA"),
        ] {
            let problem = app.send_as(person, with(sort, cursor)).await;
            let problem = problem.problem(400, "invalid_parameter");
            assert_eq!(refused(&problem), [("cursor", "cursor")], "{sort} {cursor}");
        }
    }

    async fn every_bad_parameter_is_listed(app: TestApp) {
        let ada = app.person("ada").await;
        let query = "status=open&priority=low,&tag=&due=soon&due_before=2026-13-01&due_after=now\
                     &tz=Mars/Olympus&sort=colour&limit=0&include=all&page=2&cursor=%zz";
        let problem = app.send_as(&ada, Call::get(&format!("/api/me/tasks?{query}"))).await;
        let problem = problem.problem(400, "invalid_parameter");
        let mut names: Vec<_> = refused(&problem).into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "cursor",
                "due",
                "due_after",
                "due_before",
                "include",
                "limit",
                "page",
                "priority",
                "sort",
                "status",
                "tag",
                "tz",
            ]
        );
    }

    async fn parameters_out_of_range_are_refused_one_by_one(app: TestApp) {
        let ada = app.person("ada").await;
        let long = format!("q={}", "x".repeat(201));
        let words: Vec<_> = (0..11).map(|word| word.to_string()).collect();
        let words = format!("q={}", words.join("+"));
        let cases = [
            ("limit=0", "limit", "value"),
            ("limit=101", "limit", "value"),
            ("limit=-1", "limit", "value"),
            ("limit=+5", "limit", "value"),
            ("limit=1e1", "limit", "value"),
            ("limit=", "limit", "value"),
            ("limit=99999999999999999999", "limit", "value"),
            ("limit=1&limit=1", "limit", "repeated"),
            ("status=all&status=all", "status", "repeated"),
            ("sort=", "sort", "value"),
            ("sort=--created", "sort", "value"),
            ("sort=created,,title", "sort", "value"),
            ("sort=created,title,updated,priority,due_date", "sort", "value"),
            ("Status=all", "Status", "unknown_parameter"),
            ("=5", "", "unknown_parameter"),
            ("user_id=5", "user_id", "unknown_parameter"),
            ("priority=", "priority", "value"),
            ("priority=Low", "priority", "value"),
            ("tz=", "tz", "value"),
            ("due_before=", "due_before", "format"),
            ("q=%00", "q", "control_character"),
            ("q=%ff", "q", "format"),
            ("q=%", "q", "format"),
            ("tag=a%0ab", "tag", "control_character"),
            (&long, "q", "length"),
            (&words, "q", "too_many"),
        ];
        for (query, parameter, code) in cases {
            let answer = app.send_as(&ada, Call::get(&format!("/api/me/tasks?{query}"))).await;
            let problem = answer.problem(400, "invalid_parameter");
            assert_eq!(refused(&problem), [(parameter, code)], "{query}");
        }
    }
}
