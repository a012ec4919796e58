//! The life of a task, through HTTP.

use axum::http::StatusCode;
use serde_json::json;

use crate::on_every_engine;
use crate::support::app::TestApp;
use crate::support::http::Call;

on_every_engine! {
    async fn a_created_task_is_found_under_its_location(app: TestApp) {
        let ada = app.person("ada").await;
        let created = app
            .send(Call::post("/api/me/tasks").bearer(&ada.jwt).json(&json!({"title": " Buy milk "})))
            .await;
        assert_eq!(created.status, StatusCode::CREATED);
        assert_eq!(created.json()["title"], "Buy milk");
        let found = app.send(Call::get(created.header("location")).bearer(&ada.jwt)).await;
        assert_eq!(found.status, StatusCode::OK);
        assert_eq!(found.json(), created.json());
        assert_eq!(found.header("etag"), created.header("etag"));
    }
}
