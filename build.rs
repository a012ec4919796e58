//! Builds again when a migration is added: the macro that embeds them only knows the ones it has seen.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
