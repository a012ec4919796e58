//! What tests stand on: an application of their own on either engine, a clock that they move, people who call.

pub mod app;
pub mod certificates;
pub mod cluster;
pub mod contents;
pub mod database;
pub mod fault_proxy;
pub mod http;
pub mod issuer;
pub mod model;
pub mod openapi;
pub mod pgbouncer;
pub mod postgres_programs;
pub mod storage;
pub mod tls_issuer;
mod trial;

/// Makes two tests of each function: one on the embedded engine, one on PostgreSQL.
///
/// The PostgreSQL one is skipped where `TEST_DATABASE_URL` is not set, and fails there under `CI`.
#[macro_export]
macro_rules! on_every_engine {
    ($(async fn $name:ident($argument:ident: $Type:ident) $body:block)+) => {
        $(mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn check($argument: $Type) $body

            #[tokio::test]
            async fn embedded() {
                check($Type::start($crate::support::storage::embedded()).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(storage) = $crate::support::storage::postgres().await {
                    check($Type::start(storage).await).await;
                }
            }
        })+
    };
}
