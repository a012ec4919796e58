//! An application with two people in it, for targets that need one. It is made when the first asks, and kept.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::app::{Person, TestApp};
use crate::support::http::{Call, Response};
use crate::support::storage;

/// What must never be seen by anybody but Bob.
pub const BOBS_SECRET: &str = "what only Bob knows";

pub struct Stage {
    pub runtime: Runtime,
    pub app: TestApp,
    /// Whose credentials requests have.
    pub ada: Person,
    /// The id of a task of hers.
    pub task: String,
    /// Somebody else.
    pub bob: Person,
    bobs_tasks: Vec<Value>,
    /// How many Adas there were.
    adas: usize,
}

static STAGE: Mutex<Option<Stage>> = Mutex::new(None);

/// Does something with the application.
pub fn with<T>(act: impl FnOnce(&mut Stage) -> T) -> T {
    let mut stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    act(stage.get_or_insert_with(Stage::set))
}

/// Takes the application down, with the folders that it has.
pub fn close() {
    let stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Stage { runtime, app, .. }) = stage {
        runtime.block_on(async move { drop(app) });
    }
}

impl Stage {
    fn set() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts");
        let (app, ada, bob, task, bobs_tasks) = runtime.block_on(async {
            let app = TestApp::start(storage::embedded()).await;
            let (ada, bob) = (app.person("ada").await, app.person("bob").await);
            let task = create_task(&app, &ada).await;
            app.task(&bob, json!({"title": BOBS_SECRET, "tags": [BOBS_SECRET]})).await;
            let bobs_tasks = app.tasks_of(&bob).await;
            (app, ada, bob, task, bobs_tasks)
        });
        Self { runtime, app, ada, task, bob, bobs_tasks, adas: 1 }
    }

    /// What the placeholders of an input stand for.
    pub fn placeholders(&self) -> [(&'static str, &str); 10] {
        let (ada, bob) = (&self.ada, &self.bob);
        [
            ("{jwt}", &ada.jwt),
            ("{session}", &ada.session_token),
            ("{cookie}", &ada.cookie),
            ("{ada}", &ada.id),
            ("{email}", &ada.email),
            ("{password}", &ada.password),
            ("{task}", &self.task),
            ("{bob}", &bob.id),
            ("{bobs-email}", &bob.email),
            ("{bobs-task}", self.bobs_tasks[0]["id"].as_str().expect("an id")),
        ]
    }

    /// Puts right for the next request what the last one was allowed to do; and Bob has noticed nothing.
    pub fn restore(&mut self) {
        let Self { runtime, app, ada, task, bob, bobs_tasks, adas } = self;
        runtime.block_on(async {
            assert_eq!(app.tasks_of(bob).await, *bobs_tasks, "Bob's tasks are not what they were");
            let session = Call::get("/api/auth/get-session").bearer(&ada.session_token);
            if app.send(session).await.json().is_null() {
                *adas += 1;
                *ada = app.person(&format!("ada{adas}")).await;
                *task = create_task(app, ada).await;
            }
            let there = Call::get(&format!("/api/me/tasks/{task}"));
            if app.send_as(ada, there).await.status == 404 {
                *task = create_task(app, ada).await;
            }
        });
    }
}

async fn create_task(app: &TestApp, person: &Person) -> String {
    let answer = app.send_as(person, Call::post("/api/me/tasks").json(&task())).await;
    if answer.status == 409 {
        make_room(app, person).await;
        return id(&app.send_as(person, Call::post("/api/me/tasks").json(&task())).await);
    }
    id(&answer)
}

fn task() -> Value {
    json!({"title": "Buy milk", "tags": ["home"], "due_date": "2026-12-01"})
}

fn id(answer: &Response) -> String {
    answer.expect(201)["id"].as_str().expect("an id").to_owned()
}

/// Nobody may keep endlessly many.
async fn make_room(app: &TestApp, person: &Person) {
    for task in app.tasks_of(person).await {
        let path = format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"));
        app.send_as(person, Call::delete(&path)).await.expect(204);
    }
}
