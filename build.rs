//! What the compiler does not do by itself: it builds again when a migration is added (the macro that embeds them only
//! knows the ones it has seen), and it embeds the page, the files under `web/`, compressed, as `src/api/page.rs` serves
//! them.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// Files in whose text `{assets}` stands for the address of all others.
const TEMPLATES: [&str; 3] = ["index.html", "manifest.webmanifest", "sw.js"];
const PLACEHOLDER: &str = "{assets}";

/// A file under `web/`.
struct Source {
    /// Relative to `web/`, with slashes.
    path: String,
    content: Vec<u8>,
}

/// An encoding, as `Accept-Encoding` names it, and a file's bytes in it.
type Form = (&'static str, Vec<u8>);

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=web");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut sources = Vec::new();
    read(Path::new("web"), "", &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let hash = hash_of_all(&sources);
    fs::write(out.join("page.rs"), embed(&sources, &hash, &out)?)?;
    Ok(())
}

fn read(folder: &Path, prefix: &str, sources: &mut Vec<Source>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| "a name in web/ is not UTF-8")?;
        let path = format!("{prefix}{name}");
        if name.starts_with('.') {
            // An editor's or the system's own.
        } else if entry.path().is_dir() {
            read(&entry.path(), &format!("{path}/"), sources)?;
        } else {
            sources.push(Source { path, content: fs::read(entry.path())? });
        }
    }
    Ok(())
}

/// One hash over all names and contents, as modules name each other without one.
fn hash_of_all(sources: &[Source]) -> String {
    let mut hasher = Sha256::new();
    for Source { path, content } in sources {
        for part in [path.as_bytes(), content] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    short_hex(&hasher.finalize())
}

fn short_hex(hash: &[u8]) -> String {
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The table of all files, as Rust; what it includes is written to `out`.
fn embed(sources: &[Source], hash: &str, out: &Path) -> Result<String, Box<dyn Error>> {
    let mut table = format!("pub const HASH: &str = {hash:?};\npub static FILES: &[File] = &[\n");
    for (number, source) in sources.iter().enumerate() {
        let (path, media_type) = (&source.path, media_type(&source.path)?);
        writeln!(table, "File {{ path: {path:?}, media_type: {media_type:?}, forms: &[")?;
        for (encoding, bytes) in forms(filled_in(source, hash)?)? {
            let file = format!("page-{number}.{encoding}");
            let entity_tag = format!("\"{}\"", short_hex(&Sha256::digest(&bytes)));
            fs::write(out.join(&file), bytes)?;
            write!(table, "Form {{ encoding: {encoding:?}, entity_tag: {entity_tag:?}, ")?;
            writeln!(table, "bytes: include_bytes!({file:?}) }},")?;
        }
        writeln!(table, "] }},")?;
    }
    table.push_str("];\n");
    Ok(table)
}

fn media_type(path: &str) -> Result<&'static str, Box<dyn Error>> {
    match path.rsplit('.').next() {
        Some("css") => Ok("text/css; charset=utf-8"),
        Some("html") => Ok("text/html; charset=utf-8"),
        Some("js") => Ok("text/javascript; charset=utf-8"),
        Some("png") => Ok("image/png"),
        Some("svg") => Ok("image/svg+xml"),
        Some("webmanifest") => Ok("application/manifest+json"),
        _ => Err(format!("web/{path}: build.rs knows no media type for it").into()),
    }
}

fn filled_in(source: &Source, hash: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    if !TEMPLATES.contains(&source.path.as_str()) {
        return Ok(source.content.clone());
    }
    let text = std::str::from_utf8(&source.content)?;
    Ok(text.replace(PLACEHOLDER, &format!("/assets/{hash}")).into_bytes())
}

/// A file compressed, the smallest first, where that is smaller; and as it is.
fn forms(content: Vec<u8>) -> io::Result<Vec<Form>> {
    let mut brotli = Vec::new();
    let best = BrotliEncoderParams { size_hint: content.len(), ..BrotliEncoderParams::default() };
    brotli::BrotliCompress(&mut content.as_slice(), &mut brotli, &best)?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&content)?;
    let plain = content.len();
    let mut forms = vec![("br", brotli), ("gzip", gzip.finish()?), ("identity", content)];
    forms.retain(|(encoding, bytes)| *encoding == "identity" || bytes.len() < plain);
    forms.sort_by_key(|(_, bytes)| bytes.len());
    Ok(forms)
}
