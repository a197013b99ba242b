# `just` lists the recipes; `just check` is what a change must pass.
default:
    @just --list

# cheapest first
check: fmt clippy doc deny test

fmt:
    cargo fmt --all --check

clippy:
    cargo clippy --workspace --all-targets -- -D warnings

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

deny:
    cargo deny --config .deny.toml check bans licenses sources

test:
    cargo test --workspace

# the reference networks at full size: minutes, and 8 GB of memory for ViTPose-H
test-large:
    cargo test -p swingpose-tests --test golden -- --ignored --nocapture

bench *ARGS:
    cargo bench -p swingpose-benches {{ARGS}}
