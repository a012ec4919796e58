//! What PostgreSQL itself can do: pgbench with the statements that the program sends for its reads, as PostgreSQL's own
//! log has them, and with plain autocommitted statements for the writes, on a table of the same shape.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::requests::{LIST_PATH, Mode, Operation, get, task_path};
use crate::shared::client::Client;
use crate::shared::people::{
    FIRST_NEW_TASK, FIRST_TASK, FIRST_USER, Scale, TASK_PREFIX, TASK_STEP, USER_STEP, user_id,
};
use crate::shared::processes::{Server, cpu_time};
use crate::shared::seed::connect;

/// Connections of pgbench: as many as the program has.
const CONNECTIONS: &str = "16";
const OPERATIONS: [Operation; 5] =
    [Operation::Get, Operation::List, Operation::Create, Operation::Update, Operation::Toggle];

/// pgbench, ready to run.
pub struct Ceiling {
    folder: PathBuf,
    url: String,
    postmaster: u32,
    /// What the placeholders of the list are, other than whose it is.
    definitions: Vec<String>,
}

/// What one run of it came to.
pub struct Ran {
    pub per_second: f64,
    /// CPU time of PostgreSQL for each, in microseconds.
    pub cpu_micros: f64,
}

impl Ceiling {
    /// Makes the table of the same shape, with the same rows, and writes the scripts into `folder`. `cluster` is what
    /// script/postgres was given.
    pub async fn prepare(
        folder: &Path,
        cluster: &Path,
        url: &str,
        postmaster: u32,
        scale: Scale,
        token: &str,
    ) -> Self {
        let client = connect(url).await;
        let table = "CREATE SCHEMA ceiling; CREATE TABLE ceiling.tasks (LIKE tasks INCLUDING ALL); \
             INSERT INTO ceiling.tasks SELECT * FROM tasks";
        client.batch_execute(table).await.expect("the tasks are there");
        client.batch_execute("VACUUM ANALYZE ceiling.tasks").await.expect("it is ours");
        client.batch_execute("CHECKPOINT").await.expect("it is ours");
        fs::create_dir(folder).expect("it is new");
        let mut ceiling = Self {
            folder: folder.to_owned(),
            url: url.to_owned(),
            postmaster,
            definitions: vec![],
        };
        let log = cluster.join("server.log");
        let reads = sent(&log, url, token).await;
        for (operation, statements) in [Operation::Get, Operation::List].into_iter().zip(reads) {
            let script: Vec<String> =
                statements.iter().map(|statement| ceiling.translate(statement)).collect();
            ceiling.write(operation, scale, &script.join("\n"));
        }
        for operation in [Operation::Create, Operation::Update, Operation::Toggle] {
            ceiling.write(operation, scale, write_statement(operation));
        }
        ceiling
    }

    /// pgbench counts, so that everybody is found by a number; the rest of a task's id stands in the text.
    fn write(&self, operation: Operation, scale: Scale, statements: &str) {
        let Scale { users, tasks, .. } = scale;
        let script = format!(
            "\\set person random(0, {})\n\\set user {FIRST_USER} + :person * {USER_STEP}\n\
             \\set task {FIRST_TASK} + random(0, {}) * {TASK_STEP} + :person * 1000\n\
             \\set new {FIRST_NEW_TASK} + random(0, 999999999999999)\n{statements}\n",
            users - 1,
            tasks - 1,
        );
        fs::write(self.script(operation), script).expect("the folder is ours");
    }

    fn script(&self, operation: Operation) -> PathBuf {
        self.folder.join(format!("{operation:?}.sql").to_lowercase())
    }

    /// A statement of the program's as pgbench reads it. The types are said, as the program says them.
    fn translate(&mut self, sent: &Sent) -> String {
        let mut script = sent.sql.clone();
        // From the last on, so that `$1` is not looked for in `$10`.
        for (index, value) in sent.values.iter().enumerate().rev() {
            let placeholder = format!("${}", index + 1);
            let is_user = *value == user_id(0);
            let replacement = if is_user {
                ":user::text".to_owned()
            } else if value.parse::<uuid::Uuid>().is_ok() {
                format!("('{TASK_PREFIX}' || :task::text)::uuid")
            } else {
                let name = format!("value{}", self.definitions.len());
                self.definitions.push(format!("{name}={value}"));
                let kind = if value.parse::<i64>().is_ok() { "bigint" } else { "text" };
                format!(":{name}::{kind}")
            };
            script = script.replace(&placeholder, &replacement);
        }
        script + ";"
    }

    /// Runs what a mode is made of. [`Mode::Think`] has no ceiling.
    pub fn run(&self, mode: Mode, time: Duration) -> Ran {
        let mut command = Command::new("pgbench");
        command.args(["--no-vacuum", "--protocol=prepared", "--client", CONNECTIONS]);
        command.arg("--time").arg(time.as_secs().to_string());
        for definition in &self.definitions {
            command.arg("--define").arg(definition);
        }
        for (operation, percent) in mode.operations() {
            let script = self.script(*operation);
            command.arg("--file").arg(format!("{}@{percent}", script.display()));
        }
        let before = cpu_time(self.postmaster);
        let output = command.arg(&self.url).output().expect("pgbench is installed");
        let cpu = cpu_time(self.postmaster) - before;
        let (text, problems) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && !problems.contains("aborted"), "{text}{problems}");
        let number = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            word.and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{name}{text}"))
        };
        let transactions = number("number of transactions actually processed: ");
        Ran { per_second: number("tps = "), cpu_micros: cpu.as_secs_f64() * 1e6 / transactions }
    }

    /// The statements, for people to read.
    pub fn statements(&self) -> Vec<(String, String)> {
        let shown = OPERATIONS.into_iter().map(|operation| {
            let script = fs::read_to_string(self.script(operation)).expect("it was written");
            let sql = script.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>();
            (format!("{operation:?}").to_lowercase(), sql.join("\n"))
        });
        shown.collect()
    }
}

/// A statement as it came to PostgreSQL.
struct Sent {
    sql: String,
    values: Vec<String>,
}

/// What the program sends about tasks for a get and for a list of person 0.
async fn sent(log: &Path, url: &str, token: &str) -> [Vec<Sent>; 2] {
    let client = connect(url).await;
    client
        .batch_execute("ALTER ROLE CURRENT_USER SET log_statement = 'all'")
        .await
        .expect("it may");
    let server = Server::start(&[("DATABASE_URL", url)]);
    let mut caller = Client::connect(server.address).await;
    let mut found = [Vec::new(), Vec::new()];
    for (path, found) in [task_path(0, 7), LIST_PATH.to_owned()].iter().zip(&mut found) {
        let begin = fs::metadata(log).expect("the cluster logs").len() as usize;
        let (status, body) = caller.send(&get(path, token)).await;
        assert_eq!(status, 200, "{body}");
        let text = fs::read(log).expect("the cluster's log is ours to read");
        *found = executed(&String::from_utf8_lossy(&text[begin..]));
        assert!(!found.is_empty(), "no statement about tasks in {}", log.display());
    }
    client.batch_execute("ALTER ROLE CURRENT_USER RESET log_statement").await.expect("it may");
    found
}

/// `LOG:  execute <name>: <SQL>`, and `DETAIL:  parameters: $1 = '…', $2 = NULL` in the next line.
fn executed(log: &str) -> Vec<Sent> {
    let mut found: Vec<Sent> = Vec::new();
    let mut is_last_of_interest = false;
    for line in log.lines() {
        if let Some((_, rest)) = line.split_once("LOG:  execute ") {
            let sql = rest.split_once(": ").map_or(rest, |(_, sql)| sql);
            is_last_of_interest = sql.contains(" tasks") || sql.contains(" owners");
            if is_last_of_interest {
                found.push(Sent { sql: sql.to_owned(), values: Vec::new() });
            }
        } else if let Some((_, values)) = line.split_once("DETAIL:  parameters: ")
            && is_last_of_interest
            && let Some(sent) = found.last_mut()
        {
            let values = values.split(", $").map(|one| one.split_once(" = ").expect("a value").1);
            sent.values = values.map(|value| value.trim_matches('\'').to_owned()).collect();
        }
    }
    found
}

/// Plain and autocommitted, whatever the program does: nothing is counted, and nothing comes back.
fn write_statement(operation: Operation) -> &'static str {
    match operation {
        Operation::Get | Operation::List => unreachable!("reads are the program's own"),
        Operation::Create => concat!(
            "INSERT INTO ceiling.tasks (user_id, id, title, title_folded, description, description_folded, ",
            "completed_at, priority, due_at, due_has_time, tags, version, created_at, updated_at) ",
            "VALUES (:user::text, ('019a8c3f1e207' || :new::text)::uuid, ",
            "'Call the dentist about the café invoice', 'call the dentist about the cafe invoice', ",
            "'Ask for the price first, and for how long the offer holds.', ",
            "'ask for the price first, and for how long the offer holds.', ",
            r#"NULL, 3, '2026-12-24Z', FALSE, '["home","phone"]', 1, now(), now());"#
        ),
        Operation::Update => concat!(
            "UPDATE ceiling.tasks SET version = version + 1, updated_at = now(), priority = 1 ",
            "WHERE user_id = :user::text AND id = ('019a8c3f1e207' || :task::text)::uuid;"
        ),
        Operation::Toggle => concat!(
            "UPDATE ceiling.tasks SET version = version + 1, updated_at = now(), ",
            "completed_at = CASE WHEN completed_at IS NULL THEN now() END ",
            "WHERE user_id = :user::text AND id = ('019a8c3f1e207' || :task::text)::uuid;"
        ),
    }
}
