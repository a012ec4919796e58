use refinery::{Migration, Runner};

use super::server::{Program, Starting};
use super::stored::{rows, with_database};
use super::{create_task, jwt, sign_up, titles};

const HISTORY: &str = "duly_schema_history";

/// Brings the database to an older version, as the program of that time did.
fn migrate_by_hand(program: &Program, version: usize) {
    let migrations = [
        ("V1__better_auth", include_str!("../../migrations/postgres/V1__better_auth.sql")),
        ("V2__tasks", include_str!("../../migrations/postgres/V2__tasks.sql")),
    ];
    let migrations = migrations.map(|(name, sql)| Migration::unapplied(name, sql).unwrap());
    let mut runner = Runner::new(&migrations[..version]);
    runner.set_migration_table_name(HISTORY);
    with_database(program, async |client| runner.run_async(client).await).unwrap();
}

#[test]
fn copies_that_migrate_at_once_do_it_once() {
    let Some(any) = Program::on_postgres() else { return };
    let known = any.run(&["migrate", "--status"]);
    let known = super::server::text(&known.stdout).lines().count();
    for version in 0..=2 {
        let Some(program) = Program::on_postgres() else { return };
        migrate_by_hand(&program, version);
        let copies: Vec<Starting> = (0..6).map(|_| program.spawn()).collect();
        let copies: Vec<_> = copies.into_iter().map(Starting::ready).collect();
        let applied: Vec<i32> =
            rows(&program, &format!("SELECT version FROM {HISTORY} ORDER BY version"))
                .iter()
                .map(|row| row.get(0))
                .collect();
        assert_eq!(applied, (1..=known as i32).collect::<Vec<_>>(), "from version {version}");
        let ada = sign_up(&copies[0], "ada");
        for copy in &copies {
            assert_eq!(create_task(copy, &ada.session_token, "kept").status, 201);
        }
        assert_eq!(titles(&copies[5], &ada.session_token).len(), 6);
        for copy in copies {
            assert_eq!(copy.stop().status.code(), Some(0));
        }
    }
}

#[test]
fn copies_that_start_together_on_one_postgres_serve_the_same() {
    let Some(program) = Program::on_postgres() else { return };
    let program = program.with("BETTER_AUTH_URL", "http://duly.test");
    let copies = [program.spawn(), program.spawn(), program.spawn()];
    let [one, two, three] = copies.map(Starting::ready);
    let ada = sign_up(&one, "ada");
    assert_eq!(create_task(&two, &ada.session_token, "by session").status, 201);
    assert_eq!(create_task(&three, &ada.jwt, "by token").status, 201);
    let mut found = titles(&one, &ada.jwt);
    found.sort();
    assert_eq!(found, ["by session", "by token"]);
    for copy in [&one, &two, &three] {
        assert_eq!(titles(copy, &jwt(&two, &ada.session_token)).len(), 2);
    }
    let keys = one.call("GET", "/api/auth/jwks", "", None).json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1, "{keys}");
    assert_eq!(three.call("GET", "/api/auth/jwks", "", None).json(), keys);
    // Ended at one, a session is over at the others.
    assert_eq!(one.call("POST", "/api/auth/sign-out", &ada.session_token, None).status, 200);
    assert_eq!(two.call("GET", "/api/me/tasks", &ada.session_token, None).status, 401);
    assert_eq!(three.call("GET", "/api/me/tasks", &ada.session_token, None).status, 401);
    // One goes, the others stay.
    assert_eq!(one.stop().status.code(), Some(0));
    sign_up(&two, "grace");
}

/// Two copies that mint the first key at the same time must both be able to use either.
#[test]
fn tokens_of_copies_that_make_their_first_key_together_are_good_everywhere() {
    let Some(program) = Program::on_postgres() else { return };
    let program = program.with("BETTER_AUTH_URL", "http://duly.test");
    let (one, two) = (program.start(), program.start());
    let (ada, grace) = std::thread::scope(|scope| {
        let ada = scope.spawn(|| sign_up(&one, "ada"));
        let grace = scope.spawn(|| sign_up(&two, "grace"));
        (ada.join().unwrap(), grace.join().unwrap())
    });
    for person in [&ada, &grace] {
        for copy in [&one, &two] {
            assert!(titles(copy, &person.jwt).is_empty());
        }
    }
}
