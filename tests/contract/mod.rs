//! What every engine must give: the storage contract.

mod accounts;
mod batches;
mod concurrency;
mod copying;
mod isolation;
mod local_users;
mod migrations;
mod paging;
mod places;
mod plans;
mod pool;
mod prepared;
mod round_trips;
mod schema;
mod scopes;
mod shards;
mod shared_reads;
mod tasks;
mod values;
