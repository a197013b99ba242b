//! What was found or why not, as a program reads it.

use std::fmt::Display;

use serde::{Serialize, Serializer};

use crate::missing::{Lack, Missing};

/// For a program that reads: what was found as `{"ok": ...}`, else `{"missing": "why"}` or `{"broken": "why"}`.
pub(crate) fn as_state<T: Serialize, E: Why, S: Serializer>(
    found: &Result<T, E>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match found {
        Ok(found) => serializer.collect_map([("ok", found)]),
        Err(why) => serializer.collect_map([(if why.is_broken() { "broken" } else { "missing" }, why.to_string())]),
    }
}

/// What [`as_state`] writes of an error.
pub(crate) trait Why: Display {
    fn is_broken(&self) -> bool;
}

impl Why for Missing {
    fn is_broken(&self) -> bool {
        self.is_broken()
    }
}

impl Why for Lack {
    fn is_broken(&self) -> bool {
        self.is_broken()
    }
}
