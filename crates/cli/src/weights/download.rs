//! A file over HTTP that survives dropped connections and interruptions: [`Download`].
//!
//! Bytes go to `<file>.part`; the next attempt, or the next run, asks for those that are missing (a Range request). The
//! file gets its name when its SHA-256 begins as it must, and is deleted when it does not.

use crate::Io;
use anyhow::{Context, anyhow, bail};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use swingpose::digest_file;
use ureq::http::{Response, StatusCode, header};

/// Attempts in a row that bring nothing new before giving up.
const FRUITLESS_ATTEMPTS: u32 = 3;

/// Bytes read at a time, and how many between two words about it.
const CHUNK: usize = 1 << 16;
const BYTES_PER_WORD: u64 = 64 << 20;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file to fetch.
pub(super) struct Download<'a> {
    pub(super) url: &'a str,
    pub(super) to: &'a Path,
    /// How its SHA-256 begins, in hexadecimal.
    pub(super) sha256: &'a str,
}

/// How it ended, if not in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    /// The file is there, and is the right one.
    Whole,
    /// Ctrl-C; what came so far is kept.
    Interrupted,
}

/// How one attempt ended.
enum Attempt {
    Finished,
    Interrupted,
    /// The connection failed; another attempt may go on from here.
    Dropped(anyhow::Error),
}

impl Download<'_> {
    /// Fetches what is missing and checks the whole.
    ///
    /// # Errors
    /// When the server has no such file, cannot be reached, keeps dropping the connection, or has another file.
    pub(super) fn run(&self, io: &mut Io<'_>) -> anyhow::Result<Fetched> {
        let agent = agent();
        let mut fruitless = 0;
        loop {
            let before = self.have();
            match self.attempt(&agent, before, io)? {
                Attempt::Finished => break,
                Attempt::Interrupted => return Ok(Fetched::Interrupted),
                Attempt::Dropped(reason) => {
                    fruitless = if self.have() > before { 0 } else { fruitless + 1 };
                    if fruitless == FRUITLESS_ATTEMPTS {
                        return Err(self.gave_up(&reason));
                    }
                    io.say(format_args!("connection lost at {} bytes, going on: {reason:#}", self.have()));
                }
            }
        }
        self.check()?;
        Ok(Fetched::Whole)
    }

    fn part(&self) -> PathBuf {
        self.to.with_added_extension("part")
    }

    /// Bytes that are here already.
    fn have(&self) -> u64 {
        self.part().metadata().map_or(0, |part| part.len())
    }

    /// Asks for everything from byte `have` on.
    fn attempt(&self, agent: &ureq::Agent, have: u64, io: &mut Io<'_>) -> anyhow::Result<Attempt> {
        let mut request = agent.get(self.url);
        if have > 0 {
            request = request.header(header::RANGE, format!("bytes={have}-"));
        }
        let response = match request.call() {
            Ok(response) => response,
            Err(refusal) => return Ok(Attempt::Dropped(refusal.into())),
        };
        match response.status() {
            StatusCode::PARTIAL_CONTENT if starts_at(&response, have) => self.receive(response, true, io),
            // The server sends the file from its start, whatever was asked for.
            StatusCode::OK => self.receive(response, false, io),
            // Nothing is after `have`: the part is all of it, or not of this file. The hash tells.
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(Attempt::Finished),
            status if status.is_server_error() => Ok(Attempt::Dropped(anyhow!("the server answered {status}"))),
            status => bail!("{}: the server answered {status}", self.url),
        }
    }

    fn receive(&self, response: Response<ureq::Body>, append: bool, io: &mut Io<'_>) -> anyhow::Result<Attempt> {
        let part = self.part();
        let mut options = OpenOptions::new();
        let options = if append { options.append(true) } else { options.write(true).truncate(true) };
        let mut file = options.create(true).open(&part).with_context(|| part.display().to_string())?;
        let have = if append { self.have() } else { 0 };
        let total = response.body().content_length().map(|rest| rest + have);
        let mut progress = Progress { done: have, said: have, total };
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; CHUNK];
        loop {
            if io.is_interrupted() {
                return Ok(Attempt::Interrupted);
            }
            match body.read(&mut buffer) {
                Ok(0) => return Ok(progress.ended()),
                Ok(read) => {
                    file.write_all(&buffer[..read]).with_context(|| part.display().to_string())?;
                    progress.advance(read as u64, io);
                }
                Err(lost) => return Ok(Attempt::Dropped(lost.into())),
            }
        }
    }

    /// Gives the file its name if it is the right one.
    fn check(&self) -> anyhow::Result<()> {
        let part = self.part();
        let found = digest_file(&part)?.sha256;
        if !found.starts_with(self.sha256) {
            std::fs::remove_file(&part).with_context(|| part.display().to_string())?;
            bail!(
                "{}: its SHA-256 is {found}, it should begin with {}; it was deleted, try again",
                self.url,
                self.sha256
            );
        }
        std::fs::rename(&part, self.to).with_context(|| self.to.display().to_string())
    }

    fn gave_up(&self, reason: &anyhow::Error) -> anyhow::Error {
        anyhow!(
            "{}: {reason:#}; is there a network? {} bytes are kept in {}, the same command goes on from there. Or fetch \
             the file elsewhere and use `swingpose weights convert`",
            self.url,
            self.have(),
            self.part().display()
        )
    }
}

/// How much came, and what was said of it.
struct Progress {
    done: u64,
    said: u64,
    total: Option<u64>,
}

impl Progress {
    fn advance(&mut self, bytes: u64, io: &mut Io<'_>) {
        self.done += bytes;
        if self.done - self.said >= BYTES_PER_WORD {
            self.said = self.done;
            let of = self.total.map_or_else(String::new, |total| format!(" of {}", total >> 20));
            io.say(format_args!("{}{of} MiB", self.done >> 20));
        }
    }

    /// The stream ended: with all of the file, or too early.
    fn ended(&self) -> Attempt {
        match self.total {
            Some(total) if self.done < total => {
                Attempt::Dropped(anyhow!("the connection ended at byte {} of {total}", self.done))
            }
            _ => Attempt::Finished,
        }
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .build();
    ureq::Agent::new_with_config(config)
}

/// Whether a partial answer is the part that was asked for.
fn starts_at(response: &Response<ureq::Body>, have: u64) -> bool {
    let range = response.headers().get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {have}-")))
}

#[cfg(test)]
mod tests {
    use super::super::server::{Answer, Server};
    use super::*;
    use sha2::{Digest, Sha256};
    use std::sync::atomic::AtomicBool;

    const LENGTH: usize = 300_000;

    fn content() -> Vec<u8> {
        (0..LENGTH).map(|at| (at * 31 % 251) as u8).collect()
    }

    struct Outcome {
        result: anyhow::Result<Fetched>,
        requests: Vec<Option<usize>>,
        file: Option<Vec<u8>>,
        part: Option<Vec<u8>>,
        words: String,
    }

    /// Downloads `content()` from a server that answers by `script`, with `part` there from an earlier run.
    fn fetch(script: Vec<Answer>, part: Option<&[u8]>, hash: &str, interrupted: bool) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        let (to, part_path) = (folder.path().join("file.pth"), folder.path().join("file.pth.part"));
        if let Some(part) = part {
            std::fs::write(&part_path, part).unwrap();
        }
        let server = Server::start(content(), script);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let interrupted = AtomicBool::new(interrupted);
        let mut io = Io { out: &mut out, err: &mut err, err_is_terminal: false, interrupted: &interrupted };
        let result = Download { url: &server.url, to: &to, sha256: hash }.run(&mut io);
        let [file, part] = [to, part_path].map(|path| std::fs::read(path).ok());
        Outcome { result, requests: server.requests(), file, part, words: String::from_utf8(err).unwrap() }
    }

    fn right_hash() -> String {
        let digest = Sha256::digest(content());
        digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    fn assert_whole(outcome: &Outcome, requests: &[Option<usize>]) {
        assert_eq!(outcome.result.as_ref().unwrap(), &Fetched::Whole);
        assert!(outcome.file.as_ref() == Some(&content()) && outcome.part.is_none());
        assert_eq!(outcome.requests, requests);
    }

    #[test]
    fn a_file_arrives_whole() {
        assert_whole(&fetch(vec![Answer::Range], None, &right_hash(), false), &[None]);
    }

    #[test]
    fn a_dropped_connection_goes_on_where_it_was() {
        let script = vec![Answer::Dropped(100_000), Answer::Dropped(50_000), Answer::Range];
        let outcome = fetch(script, None, &right_hash(), false);
        assert_whole(&outcome, &[None, Some(100_000), Some(150_000)]);
        assert!(outcome.words.contains("connection lost at 150000 bytes"), "{}", outcome.words);
    }

    #[test]
    fn an_earlier_runs_part_is_not_fetched_again() {
        let outcome = fetch(vec![Answer::Range], Some(&content()[..250_000]), &right_hash(), false);
        assert_whole(&outcome, &[Some(250_000)]);
    }

    #[test]
    fn a_server_without_ranges_sends_all_of_it_again() {
        let outcome = fetch(vec![Answer::Whole], Some(&content()[..250_000]), &right_hash(), false);
        assert_whole(&outcome, &[Some(250_000)]);
    }

    #[test]
    fn a_part_that_is_the_whole_file_is_recognised() {
        let script = vec![Answer::Status("416 Range Not Satisfiable")];
        assert_whole(&fetch(script, Some(&content()), &right_hash(), false), &[Some(LENGTH)]);
    }

    #[test]
    fn another_file_than_the_published_one_is_deleted() {
        let outcome = fetch(vec![Answer::Range], None, "00000000", false);
        let refusal = outcome.result.unwrap_err().to_string();
        assert!(refusal.contains(&right_hash()) && refusal.contains("begin with 00000000"), "{refusal}");
        assert!(outcome.file.is_none() && outcome.part.is_none());
    }

    #[test]
    fn a_file_that_is_not_there_is_told_at_once() {
        let outcome = fetch(vec![Answer::Status("404 Not Found")], None, &right_hash(), false);
        assert!(outcome.result.unwrap_err().to_string().contains("404"));
        assert!(outcome.file.is_none() && outcome.part.is_none());
    }

    #[test]
    fn a_server_in_trouble_is_asked_again() {
        let outcome = fetch(vec![Answer::Status("503 Service Unavailable"), Answer::Range], None, &right_hash(), false);
        assert_whole(&outcome, &[None, None]);
    }

    #[test]
    fn without_a_network_what_came_is_kept_and_the_way_on_is_told() {
        let outcome = fetch(vec![Answer::Dropped(100_000)], None, &right_hash(), false);
        let refusal = outcome.result.unwrap_err().to_string();
        assert!(refusal.contains("100000 bytes are kept") && refusal.contains("weights convert"), "{refusal}");
        assert_eq!(outcome.part.unwrap(), &content()[..100_000]);
    }

    #[test]
    fn an_interrupt_keeps_the_part() {
        let outcome = fetch(vec![Answer::Range], Some(&content()[..1000]), &right_hash(), true);
        assert_eq!(outcome.result.unwrap(), Fetched::Interrupted);
        assert_eq!(outcome.part.unwrap(), &content()[..1000]);
    }
}
