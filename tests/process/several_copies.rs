use super::server::Program;
use super::{create_task, jwt, sign_up, titles};

#[test]
fn copies_that_start_together_on_one_postgres_serve_the_same() {
    let Some(program) = Program::on_postgres() else { return };
    let program = program.with("BETTER_AUTH_URL", "http://duly.test");
    let copies = [program.spawn(), program.spawn(), program.spawn()];
    let [one, two, three] = copies.map(super::server::Starting::ready);
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
