//! What is found in labels, and what is shown of it.
//!
//! `swing` makes good labels, `faults` puts each kind of fault into them, `any` has labels of any numbers, `pages` looks at the pages.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]

mod any;
mod faults;
mod pages;
mod swing;
