//! What was found or why not, as a program reads it: `{"ok": ...}`, `{"missing": "why"}` or `{"broken": "why"}`.

use serde::{Serialize, Serializer};

use crate::missing::{Lack, Missing};

pub(crate) fn piece<T: Serialize, S: Serializer>(found: &Result<T, Missing>, to: S) -> Result<S::Ok, S::Error> {
    match found {
        Ok(found) => to.collect_map([("ok", found)]),
        Err(missing) => to.collect_map([(missing.state(), missing.to_string())]),
    }
}

pub(crate) fn decoder<T: Serialize, S: Serializer>(found: &Result<T, Lack>, to: S) -> Result<S::Ok, S::Error> {
    match found {
        Ok(found) => to.collect_map([("ok", found)]),
        Err(lack) => to.collect_map([(lack.state(), lack.to_string())]),
    }
}
