use std::path::Path;

use duly::config::{EmbeddedSettings, Place, Storage};

fn embedded(text: &str) -> EmbeddedSettings {
    match Place::parse(text).expect("it is a path").storage {
        Storage::Embedded(settings) => settings,
        Storage::Postgres(_) => panic!("{text} is a path"),
    }
}

#[test]
fn a_path_is_a_data_directory_or_a_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let directory = folder.path().to_str().unwrap();
    std::fs::write(folder.path().join("kept"), "").unwrap();
    for (text, file, lock) in [
        (directory.to_owned(), "duly.db", "duly.lock"),
        (format!("{directory}/"), "duly.db", "duly.lock"),
        (format!("{directory}/duly.db"), "duly.db", "duly.lock"),
        (format!("{directory}/new"), "new/duly.db", "new/duly.lock"),
        (format!("{directory}/kept"), "kept", "kept.lock"),
        (format!("{directory}/missing.db"), "missing.db", "missing.db.lock"),
    ] {
        let settings = embedded(&text);
        assert_eq!(settings.file, folder.path().join(file), "{text}");
        assert_eq!(settings.lock_file, folder.path().join(lock), "{text}");
    }
    assert_eq!(embedded("duly.db").directory, Path::new("."));
}

#[test]
fn the_same_file_has_one_name() {
    let name = |text: &str| Place::parse(text).unwrap().name;
    assert_eq!(name("data"), name("./data/duly.db"));
    assert_eq!(name("data"), name(std::env::current_dir().unwrap().join("data").to_str().unwrap()));
    assert_ne!(name("data"), name("other"));
}

#[test]
fn the_name_of_a_database_is_where_it_is_without_who_asks() {
    for (url, name) in [
        ("postgresql://localhost/tasks", "postgresql://localhost/tasks"),
        (
            "postgres://duly:pa55phrase@localhost/tasks?sslmode=disable",
            "postgresql://localhost/tasks",
        ),
        ("postgresql://duly:other@localhost:5433/tasks", "postgresql://localhost:5433/tasks"),
        ("postgresql://duly:pa55?phrase@localhost/tasks", "postgresql://localhost/tasks"),
        (
            "postgresql://duly@/tasks?password=pa55phrase&host=127.0.0.1&port=5433",
            "postgresql:///tasks?host=127.0.0.1&port=5433",
        ),
    ] {
        let place = Place::parse(url).unwrap_or_else(|problem| panic!("{url}: {problem}"));
        assert!(matches!(place.storage, Storage::Postgres(_)), "{url}");
        assert_eq!(place.name, name, "{url}");
        assert!(!format!("{place:?}").contains("pa55"), "{url}");
    }
}

#[test]
fn what_is_neither_is_a_problem_that_shows_nothing() {
    for text in [
        "",
        " ",
        "mysql://duly:pa55phrase@localhost/x",
        "postgresql://duly:pa55phrase@localhost:port/x",
    ] {
        let problem = Place::parse(text).expect_err("it is neither");
        assert!(!problem.contains("pa55phrase"), "{problem}");
    }
}

#[test]
fn a_connection_string_with_a_slip_is_not_taken_for_a_path() {
    for text in [
        "postgres//duly:pa55phrase@localhost/x",
        "postgresql:/duly:pa55phrase@localhost/x",
        "postgres:pa55phrase@localhost/x",
        "Postgresql://duly:pa55phrase@localhost/x",
        "postgresql",
        "postgres pa55phrase",
        "ostgresql://duly:pa55phrase@localhost/x",
        "//duly:pa55phrase@localhost/x",
        "duly:pa55phrase@localhost/x",
        "host=localhost password=pa55phrase",
        "dbname=x",
        "DBNAME=x PASSWORD=pa55phrase",
        "psql 'postgresql://duly:pa55phrase@localhost/x'",
        "psql -h pa55phrase",
        "-pa55phrase",
        "'postgresql://duly:pa55phrase@localhost/x'",
        "postgresql://duly:pa55phrase@pa55phrase@localhost/x",
    ] {
        let problem = Place::parse(text).expect_err(text);
        assert!(!problem.contains("pa55phrase"), "{text}: {problem}");
    }
    let problem = Place::parse("postgres/data").unwrap_err();
    assert!(problem.contains("postgresql://user:password@host/database"), "{problem}");
    assert!(problem.contains("begins with ./"), "{problem}");
    for text in [
        "./postgres/data",
        "postgres-data",
        "postgres.db",
        "../a:b@c",
        "/srv/host=1/data",
        "data@home",
        "tasks",
    ] {
        embedded(text);
    }
}

#[test]
fn a_link_is_the_file_that_it_leads_to() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().canonicalize().unwrap().join(name);
    std::fs::create_dir(path("real")).unwrap();
    std::fs::create_dir(path("links")).unwrap();
    for name in ["duly.db", "kept"] {
        std::fs::write(path("real").join(name), "").unwrap();
        std::os::unix::fs::symlink(format!("../real/{name}"), path("links").join(name)).unwrap();
    }
    std::os::unix::fs::symlink("kept", path("links/again")).unwrap();
    for (link, file, lock) in [
        ("links", "real/duly.db", "real/duly.lock"),
        ("links/duly.db", "real/duly.db", "real/duly.lock"),
        ("links/kept", "real/kept", "real/kept.lock"),
        ("links/again", "real/kept", "real/kept.lock"),
    ] {
        let place = Place::parse(path(link).to_str().unwrap()).unwrap();
        assert_eq!(place.name, path(file).to_str().unwrap());
        let Storage::Embedded(settings) = place.storage else { panic!("it is a path") };
        assert_eq!((settings.file, settings.lock_file), (path(file), path(lock)), "{link}");
    }
}
