//! The page: every file under `web/` is in the binary, compressed, and kept by browsers as long as it is the same.

use std::fs;
use std::path::{Path, PathBuf};

use axum::http::Method;
use duly::api::page::{AT_THE_ROOT, FILES, HASH};

use crate::support::app::TestApp;
use crate::support::http::Call;
use crate::support::storage::embedded;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// What the page may weigh, compressed.
const MAX_BYTES: usize = 60_000;

/// A file as it is in the source.
struct Source {
    /// Relative to `web/`.
    path: String,
    content: Vec<u8>,
}

impl Source {
    /// Where it is served.
    fn address(&self) -> String {
        let at_the_root = AT_THE_ROOT.iter().find(|(_, path)| *path == self.path);
        at_the_root.map_or_else(
            || format!("/assets/{HASH}/{}", self.path),
            |(address, _)| (*address).to_owned(),
        )
    }

    fn is_immutable(&self) -> bool {
        self.address().starts_with("/assets/")
    }

    /// What is served: in the start, the worker and the manifest the address of the others is filled in.
    fn served(&self) -> Vec<u8> {
        if !["index.html", "sw.js", "manifest.webmanifest"].contains(&self.path.as_str()) {
            return self.content.clone();
        }
        let text = String::from_utf8(self.content.clone()).expect("it is text");
        text.replace("{assets}", &format!("/assets/{HASH}")).into_bytes()
    }

    fn media_type(&self) -> &'static str {
        match self.path.rsplit_once('.').expect("an extension").1 {
            "css" => "text/css; charset=utf-8",
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "png" => "image/png",
            "svg" => "image/svg+xml",
            "webmanifest" => "application/manifest+json",
            other => panic!("{}: what is .{other}?", self.path),
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("web is read") {
            let path: PathBuf = entry.expect("web is read").path();
            let name = path.strip_prefix(&root).expect("it is below web").to_str().expect("UTF-8");
            if path.is_dir() {
                folders.push(path);
            } else if !name.split('/').any(|part| part.starts_with('.')) {
                let content = fs::read(&path).expect("web is read");
                found.push(Source { path: name.to_owned(), content });
            }
        }
    }
    assert!(found.len() >= AT_THE_ROOT.len(), "web is where it should be");
    found
}

async fn app() -> TestApp {
    TestApp::start(embedded()).await
}

fn accepting(address: &str, encodings: &str) -> Call {
    Call::get(address).header("accept-encoding", encodings)
}

#[tokio::test]
async fn every_file_is_served_in_every_encoding_and_kept_as_long_as_it_is_good() {
    let app = app().await;
    for source in sources() {
        let address = source.address();
        for encodings in ["br", "gzip", "identity", "gzip, deflate, br, zstd"] {
            let what = format!("{address} in {encodings}");
            let answer = app.send(accepting(&address, encodings)).await;
            assert_eq!(answer.status, 200, "{what}");
            assert!(answer.decoded() == source.served(), "{what}");
            assert!(answer.body.len() <= source.served().len(), "{what}");
            let encoding = answer.header("content-encoding");
            assert!(encoding.is_empty() || encodings.contains(encoding), "{what}: {encoding}");
            assert_eq!(answer.header("content-type"), source.media_type(), "{what}");
            assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{what}");
            let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
            assert_eq!(vary, ["accept-encoding"], "{what}");
            let cache_control = if source.is_immutable() {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            };
            assert_eq!(answer.header("cache-control"), cache_control, "{what}");

            let mut head = accepting(&address, encodings);
            head.method = Method::HEAD;
            let mut head = app.send(head).await;
            assert!(head.body.is_empty(), "{what}");
            let id = answer.headers["x-request-id"].clone();
            head.headers.insert("x-request-id", id);
            assert_eq!(head.headers, answer.headers, "{what}");
        }
    }
}

#[tokio::test]
async fn text_is_served_compressed() {
    let app = app().await;
    for (encodings, expected) in [
        ("br", "br"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.001, identity;q=0", "br"),
        ("*", "br"),
        ("*;q=0.5, gzip ; Q=0.8", "gzip"),
        ("*;q=0, gzip", "gzip"),
        ("identity, br;q=0.5", ""),
        ("br;q=0", ""),
        ("br;q=nan, gzip;q=", ""),
        ("deflate, zstd", ""),
        ("", ""),
        // Who takes nothing gets what everybody can read.
        ("*;q=0", ""),
    ] {
        let answer = app.send(accepting("/", encodings)).await;
        assert_eq!(answer.status, 200, "{encodings}");
        assert_eq!(answer.header("content-encoding"), expected, "{encodings}");
    }
    assert_eq!(app.send(Call::get("/")).await.header("content-encoding"), "");
}

#[tokio::test]
async fn who_has_it_already_is_not_sent_it_again() {
    let app = app().await;
    for source in sources() {
        let address = source.address();
        let mut seen = Vec::new();
        for encodings in ["br", "gzip", "identity"] {
            let ask = async |tags: &str| {
                let call = accepting(&address, encodings).header("if-none-match", tags);
                app.send(call).await
            };
            let full = app.send(accepting(&address, encodings)).await;
            let tag = full.header("etag");
            assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{tag}");
            let encoding = full.header("content-encoding").to_owned();
            for (other, other_encoding) in &seen {
                // Other bytes, another entity tag.
                assert_eq!(tag == other, encoding == *other_encoding, "{address}: {tag}");
            }
            for tags in [tag, "*", &format!("W/{tag}"), &format!("\"a\", {tag}")] {
                let answer = ask(tags).await;
                assert_eq!(answer.status, 304, "{address}: {tags}");
                assert!(answer.body.is_empty());
                for name in ["cache-control", "content-security-policy", "etag", "vary"] {
                    assert_eq!(answer.header(name), full.header(name), "{address}: {name}");
                }
            }
            assert_eq!(ask("\"a\", W/\"b\", c").await.status, 200, "{address}");
            seen.push((tag.to_owned(), encoding));
        }
    }
}

#[tokio::test]
async fn the_page_may_load_from_this_server_alone() {
    let app = app().await;
    for source in sources() {
        let answer = app.send(Call::get(&source.address())).await;
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("cross-origin-opener-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ] {
            let values: Vec<_> = answer.headers.get_all(name).iter().collect();
            assert_eq!(values, [value], "{}: {name}", source.path);
        }
        assert!(answer.header("permissions-policy").contains("geolocation=()"));
    }
}

#[tokio::test]
async fn what_the_page_names_is_there() {
    let app = app().await;
    let mut named = 0;
    for (address, _) in AT_THE_ROOT {
        let text = app.send(Call::get(address)).await.text();
        assert!(!text.contains("{assets}"), "{address}");
        for part in text.split(['"', '\'', '`']).filter(|part| part.starts_with("/assets/")) {
            // The address of the folder itself is what a worker has to begin with.
            if part != format!("/assets/{HASH}") {
                named += 1;
                assert_eq!(app.send(Call::get(part)).await.status, 200, "{address} names {part}");
            }
        }
    }
    assert!(named > 0);
}

#[tokio::test]
async fn what_is_not_in_the_table_is_not_there() {
    let app = app().await;
    let (assets, style) = (format!("/assets/{HASH}"), "style.css");
    assert_eq!(app.send(Call::get(&format!("{assets}/{style}"))).await.status, 200);
    for path in [
        // Another version's.
        format!("/assets/0123456789abcdef/{style}"),
        format!("/assets/{style}"),
        format!("/assets/{}/{style}", HASH.to_uppercase()),
        // What has an address at the root has no other.
        format!("{assets}/index.html"),
        format!("{assets}/sw.js"),
        "/index.html".to_owned(),
        format!("/{style}"),
        format!("{assets}/"),
        assets.clone(),
        "/assets".to_owned(),
        format!("{assets}/nothing.js"),
        format!("{assets}/{style}/"),
        format!("{assets}//{style}"),
        format!("{assets}/./{style}"),
        format!("{assets}/../{HASH}/{style}"),
        format!("{assets}/../../Cargo.toml"),
        format!("{assets}/%2e%2e/Cargo.toml"),
        format!("{assets}/..%2f..%2fCargo.toml"),
        format!("{assets}/..%5cCargo.toml"),
        format!("{assets}//etc/passwd"),
        format!("{assets}/{style}%00"),
        format!("{assets}/%ff"),
    ] {
        let answer = app.send(Call::get(&path)).await;
        answer.problem(404, "no_route");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    for address in ["/".to_owned(), format!("{assets}/{style}")] {
        app.send(Call::post(&address)).await.problem(405, "method_not_allowed");
    }
}

#[test]
fn the_whole_page_is_small() {
    let sizes: Vec<_> = FILES.iter().map(|file| (file.path, file.forms[0].bytes.len())).collect();
    let total: usize = sizes.iter().map(|(_, size)| size).sum();
    assert!(total < MAX_BYTES, "{total} bytes: {sizes:#?}");
    for file in FILES {
        assert!(file.forms.is_sorted_by_key(|form| form.bytes.len()), "{}", file.path);
        assert_eq!(file.forms.last().map(|form| form.encoding), Some("identity"), "{}", file.path);
    }
}
