//! Every read and every write waits for PostgreSQL once, counted on the wire.

use std::time::Duration;

use duly::config::{Pooler, PostgresSettings, Storage};
use duly::database::statement::{Row, Statement};
use duly::database::tasks::{self, Completion, Precondition};
use duly::database::{Database, task_list};
use duly::models::task_query::TaskQuery;
use futures_util::future::join_all;
use tokio_postgres::config::Host;
use uuid::Uuid;

use crate::support::database::{PLENTY, TestDatabase, fields, now, owner, titled};
use crate::support::fault_proxy::{FaultProxy, Way};
use crate::support::storage::{self, TestStorage};

/// A database behind a proxy, with one connection that reads share, and one more.
struct Counted {
    database: TestDatabase,
    proxy: FaultProxy,
}

impl Counted {
    async fn start(pooler: Pooler) -> Option<Self> {
        let mut storage: TestStorage = storage::postgres().await?;
        let Storage::Postgres(settings) = &mut storage.storage else { panic!("it is PostgreSQL") };
        let (hosts, ports) = (settings.config.get_hosts(), settings.config.get_ports());
        let Host::Tcp(host) = &hosts[0] else { panic!("the test server listens on loopback") };
        let server = format!("{host}:{}", ports[0]).parse().expect("an address");
        let proxy = FaultProxy::start(server);
        let name = settings.config.get_dbname().expect("it was named");
        let user = settings.config.get_user().expect("it is named");
        let url = format!("postgresql://{user}@{}/{name}", proxy.address);
        let settings = PostgresSettings::parse(&url).expect("it reads");
        storage.storage =
            Storage::Postgres(PostgresSettings { max_connections: 2, pooler, ..settings });
        let database = TestDatabase::start(storage).await;
        // Connected, and what is sent without waiting for an answer is all sent before the first answer comes.
        database.read::<Row>(Statement::without_owner("SELECT 1")).await.unwrap();
        proxy.set(Way::Slow(Duration::from_millis(10)));
        Some(Self { database, proxy })
    }

    async fn once<T>(&self, what: &str, work: impl AsyncFn(&Database) -> T) -> T {
        let before = self.proxy.round_trips();
        let done = work(&self.database).await;
        assert_eq!(self.proxy.round_trips() - before, 1, "{what}");
        done
    }
}

async fn every_request_waits_once(pooler: Pooler) {
    let Some(counted) = Counted::start(pooler).await else { return };
    let ada = owner("ada");
    // The first use of a statement on a connection, one behind which others have been, and one that is prepared.
    for round in 1..=3 {
        let id = Uuid::now_v7();
        let (none, plain) = (Precondition::None, titled("a task"));
        let insert = async |database: &Database| {
            tasks::insert_task(database, &ada, id, &plain, now(), PLENTY).await.unwrap();
        };
        counted.once(&format!("insert {round}"), insert).await;
        let find = async |database: &Database| tasks::find_task(database, &ada, id).await.unwrap();
        assert!(counted.once(&format!("find {round}"), find).await.is_some());
        let list = async |database: &Database| {
            let query =
                TaskQuery::parse("include=total&sort=-due_date,title", now(), &ada).unwrap();
            task_list::list_tasks(database, &ada, &query).await.unwrap();
        };
        counted.once(&format!("list {round}"), list).await;
        let changed = fields(&serde_json::json!({"title": "changed", "priority": "high"}));
        let put = async |database: &Database| {
            tasks::put_task(database, &ada, id, &changed, &none, now(), PLENTY).await.unwrap();
        };
        counted.once(&format!("put {round}"), put).await;
        let update = async |database: &Database| {
            let completion = Some(Completion::Toggle);
            tasks::update_task(database, &ada, id, &changed, completion, &none, now())
                .await
                .unwrap();
        };
        counted.once(&format!("update {round}"), update).await;
        let delete = async |database: &Database| {
            tasks::delete_task(database, &ada, id, &none, now()).await.unwrap();
        };
        counted.once(&format!("delete {round}"), delete).await;
    }
    // One, and two for the migrations.
    assert_eq!(counted.proxy.connections(), 3);
}

#[tokio::test]
async fn every_read_and_every_write_is_one_round_trip() {
    every_request_waits_once(Pooler::None).await;
}

#[tokio::test]
async fn every_read_and_every_write_is_one_round_trip_where_sessions_are_shared() {
    every_request_waits_once(Pooler::Transaction).await;
}

#[tokio::test]
async fn every_read_and_every_write_is_one_round_trip_where_only_statements_are_kept() {
    every_request_waits_once(Pooler::Prepared).await;
}

/// One after the other would be twenty times the way. Eight are on it at once, and the next as places become free.
#[tokio::test(flavor = "multi_thread")]
async fn reads_that_come_together_share_the_way() {
    let Some(counted) = Counted::start(Pooler::None).await else { return };
    let ada = owner("ada");
    let find = || tasks::find_task(&counted.database, &ada, Uuid::now_v7());
    find().await.unwrap();
    let before = counted.proxy.round_trips();
    for found in join_all((0..20).map(|_| find())).await {
        assert_eq!(found.unwrap(), None);
    }
    let waited = counted.proxy.round_trips() - before;
    assert!(waited <= 5, "{waited} round trips for 20 reads");
}
