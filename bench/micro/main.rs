//! What is hot in a request, by itself: verifying a token, reading rows, writing a page of JSON, one batch, and the
//! whole of a request without the network.
//!
//!     script/bench --micro

#[path = "../shared/mod.rs"]
#[expect(dead_code, reason = "no load is sent here")]
mod shared;

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use divan::Bencher;
use duly::api::origins::Origins;
use duly::api::{self, App, Limits};
use duly::clock::Clock;
use duly::config::{Accepted, Delivery, MailSettings, PostgresSettings, RateLimiting, Storage};
use duly::database::task_list::{TaskPage, list_tasks};
use duly::database::tasks::{find_task, insert_task};
use duly::database::{Database, keys};
use duly::models::client_address::TrustedProxies;
use duly::models::json_object::parse_object;
use duly::models::secret::{Secret, Secrets};
use duly::models::task_fields::{IdField, TaskCreate};
use duly::models::task_query::TaskQuery;
use duly::models::user::UserId;
use duly::services::Services;
use duly::services::mail::transport::Transport;
use duly::services::rate_limits::RateLimits;
use duly::services::stored_keys::StoredKeys;
use duly::services::verifier::{Keys, Verifier};
use http_body_util::BodyExt;
use shared::people::{Issuer, Scale, task_id, user_id};
use shared::processes::{ORIGIN, SECRET, script};
use shared::seed;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

const SCALE: Scale = Scale { users: 20, tasks: 1_000, many: 0 };
const LIST: &str = "status=pending&priority=high,urgent&sort=due_date&limit=50&include=total";
const NEW_TASK: &str =
    r#"{"title":"Call the dentist","priority":"high","due_date":"2026-12-24","tags":["home"]}"#;
const SAMPLES: u32 = 1_000;
const MAX_TASKS: i64 = 10_000_000;

/// What the benchmarks share.
struct Stage {
    runtime: tokio::runtime::Runtime,
    token: String,
    embedded: Database,
    postgres: Database,
    keys: Arc<StoredKeys>,
    router: Router,
    /// Where PostgreSQL was started.
    cluster: PathBuf,
    folder: TempDir,
}

static STAGE: LazyLock<Stage> = LazyLock::new(Stage::set);

impl Stage {
    fn set() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        let folder = shared::folder();
        let cluster = folder.path().join("postgres");
        let url =
            script("postgres", &["start", &cluster.display().to_string()], &[("DURABLE", "1")]);
        let mut issuer = Issuer::new();
        let token = issuer.tokens(1)[0].clone();
        let secrets = Secrets::single(Secret::parse(SECRET).expect("it is long enough"));
        let open = |name: &str| {
            let place = folder.path().join(name);
            std::fs::create_dir(&place).expect("the folder is ours");
            runtime.block_on(async {
                seed::sqlite(&place, issuer.key(), SCALE).await;
                Database::open(&seed::embedded(&place)).await.expect("it was filled")
            })
        };
        let (embedded, served) = (open("embedded"), open("served"));
        let settings = PostgresSettings::parse(&url).expect("the scripts print URLs");
        let postgres = runtime.block_on(async {
            seed::postgres(&url, issuer.key(), SCALE).await;
            Database::open(&Storage::Postgres(settings)).await.expect("it was filled")
        });
        let keys = runtime.block_on(async {
            let place = folder.path().join("keys");
            std::fs::create_dir(&place).expect("the folder is ours");
            let database = Database::open(&seed::embedded(&place)).await.expect("it opens");
            keys::insert_key(&database, issuer.key()).await.expect("it takes a key");
            Arc::new(StoredKeys::new(Arc::new(database), &secrets))
        });
        let router = runtime.block_on(async { router(served, &secrets, &folder) });
        Self { runtime, token, embedded, postgres, keys, router, cluster, folder }
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(Keys::Stored(Arc::clone(&self.keys)), Accepted::only(ORIGIN))
    }

    fn database(&self, engine: &str) -> &Database {
        if engine == "embedded" { &self.embedded } else { &self.postgres }
    }

    fn page(&self) -> TaskPage {
        self.runtime.block_on(page(&self.embedded))
    }
}

/// The whole application.
fn router(database: Database, secrets: &Secrets, folder: &TempDir) -> Router {
    let url = ORIGIN.parse().expect("a URL");
    let mail = MailSettings {
        from: "duly@bench.example".parse().expect("an address"),
        delivery: Delivery::Kept(folder.path().join("mail")),
    };
    let mail = Transport::new(&mail).expect("a folder is all it needs");
    let rates = RateLimits::new(RateLimiting::Off);
    let services = Services::embedded(database, Clock::System, secrets, &url, mail, rates);
    let (origins, proxies) = (Origins::new(&url, Vec::new()), TrustedProxies::new([]));
    let limits = Limits { tasks_per_user: MAX_TASKS, requests_per_minute: None, wait: None };
    api::router(Arc::new(App::new(services, limits, origins, &[], proxies)))
}

fn owner() -> UserId {
    UserId::parse(&user_id(0)).expect("digits")
}

async fn page(database: &Database) -> TaskPage {
    let query = TaskQuery::parse(LIST, Clock::System.now(), &owner()).expect("it is valid");
    list_tasks(database, &owner(), &query).await.expect("it answers")
}

fn main() {
    // `cargo bench` and `cargo test --benches` both run this; only the first wants it measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let stage = &*STAGE;
    divan::Divan::from_args().sample_count(SAMPLES).main();
    stage.stop();
}

impl Stage {
    /// A static is never dropped.
    fn stop(&self) {
        script("postgres", &["stop", &self.cluster.display().to_string()], &[]);
        std::fs::remove_dir_all(self.folder.path()).expect("it is ours");
    }
}

mod token {
    use super::*;

    /// One that was verified before.
    #[divan::bench]
    fn known(bencher: Bencher<'_, '_>) {
        let (verifier, now) = (STAGE.verifier(), Clock::System.now());
        let verify = || STAGE.runtime.block_on(verifier.verify(&STAGE.token, now));
        verify().expect("it is valid");
        bencher.bench_local(|| verify().is_ok());
    }

    /// Its signature is looked at.
    #[divan::bench]
    fn new(bencher: Bencher<'_, '_>) {
        let now = Clock::System.now();
        STAGE.runtime.block_on(STAGE.verifier().verify(&STAGE.token, now)).expect("it is valid");
        bencher.with_inputs(|| STAGE.verifier()).bench_local_refs(|verifier| {
            STAGE.runtime.block_on(verifier.verify(&STAGE.token, now)).is_ok()
        });
    }
}

/// A statement, its rows, and tasks made of them; a hop to another thread and back is in it.
mod rows {
    use super::*;

    #[divan::bench(args = ["embedded", "PostgreSQL"])]
    fn one(bencher: Bencher<'_, '_>, engine: &str) {
        let database = STAGE.database(engine);
        let (owner, mut task) = (owner(), 0);
        bencher.bench_local(|| {
            task = (task + 7) % SCALE.tasks;
            STAGE
                .runtime
                .block_on(find_task(database, &owner, task_id(0, task)))
                .expect("it answers")
        });
    }

    #[divan::bench(args = ["embedded", "PostgreSQL"])]
    fn page_of_50(bencher: Bencher<'_, '_>, engine: &str) {
        let database = STAGE.database(engine);
        bencher.bench_local(|| STAGE.runtime.block_on(page(database)));
    }
}

mod json {
    use super::*;

    /// Fifty tasks into one text.
    #[divan::bench]
    fn page_of_50(bencher: Bencher<'_, '_>) {
        let tasks = STAGE.page().tasks;
        assert_eq!(tasks.len(), 50);
        bencher.bench_local(|| serde_json::to_vec(black_box(&tasks)).expect("tasks are JSON"));
    }

    /// The body of a create, to a checked task.
    #[divan::bench]
    pub(super) fn reading_a_new_task() -> TaskCreate {
        let object = parse_object(black_box(NEW_TASK.as_bytes())).expect("it is an object");
        TaskCreate::parse(object, IdField::ClientChosen).expect("it is valid")
    }
}

mod batch {
    use super::*;

    /// One at a time: nothing shares its commit.
    #[divan::bench(args = ["embedded", "PostgreSQL"], sample_size = 1)]
    fn create(bencher: Bencher<'_, '_>, engine: &str) {
        let database = STAGE.database(engine);
        let (owner, task) = (owner(), json::reading_a_new_task());
        bencher.bench_local(|| {
            let now = Clock::System.now();
            let insert = insert_task(database, &owner, Uuid::now_v7(), &task, now, MAX_TASKS);
            STAGE.runtime.block_on(insert).expect("it answers")
        });
    }
}

/// The application on the embedded engine: from a request to the whole body of its answer.
mod request {
    use super::*;

    fn ask(bencher: Bencher<'_, '_>, path: &str) {
        let authorization = format!("Bearer {}", STAGE.token);
        bencher.bench_local(|| {
            let request = Request::get(path).header("authorization", &authorization);
            let request = request.body(Body::empty()).expect("it is a request");
            STAGE.runtime.block_on(async {
                let answer = STAGE.router.clone().oneshot(request).await.expect("it never fails");
                assert!(answer.status().is_success());
                answer.into_body().collect().await.expect("it is all there").to_bytes()
            })
        });
    }

    #[divan::bench]
    fn get(bencher: Bencher<'_, '_>) {
        ask(bencher, &format!("/api/me/tasks/{}", task_id(0, 7)));
    }

    #[divan::bench]
    fn list(bencher: Bencher<'_, '_>) {
        ask(bencher, &format!("/api/me/tasks?{LIST}"));
    }
}
