//! What every engine must give: the storage contract.
