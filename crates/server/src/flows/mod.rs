//! The product in short files: load, decide, commit. They know neither HTTP nor SQL.

pub(crate) mod answer;
pub(crate) mod hear;
pub(crate) mod make;
pub(crate) mod revoke;
