//! A web server for tests: it answers each connection as its script says, then refuses more.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// How one request is answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// What was asked for.
    Range,
    /// The whole file, whatever was asked for.
    Whole,
    /// What was asked for, but the connection ends after so many bytes of it.
    Dropped(usize),
    /// This status, and nothing else.
    Status(&'static str),
}

/// A server of one file on a port of its own.
pub(super) struct Server {
    pub(super) url: String,
    requests: JoinHandle<Vec<Option<usize>>>,
}

impl Server {
    /// Serves `content` to as many connections as `script` has answers.
    pub(super) fn start(content: Vec<u8>, script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file.pth", listener.local_addr().unwrap());
        let serve = move || {
            // The script comes first: when it is through, no connection is waited for.
            let connections = script.into_iter().zip(listener.incoming());
            connections.map(|(answer, stream)| respond(stream.unwrap(), &content, answer)).collect()
        };
        Self { url, requests: std::thread::spawn(serve) }
    }

    /// The byte that each request asked to begin at, once the script is through.
    pub(super) fn requests(self) -> Vec<Option<usize>> {
        self.requests.join().unwrap()
    }
}

fn respond(mut stream: TcpStream, content: &[u8], answer: Answer) -> Option<usize> {
    let mut range = None;
    for line in BufReader::new(&stream).lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if let Some(start) = line.strip_prefix("range: bytes=") {
            range = Some(start.trim_end_matches('-').parse().unwrap());
        }
        if line.is_empty() {
            break;
        }
    }
    let (start, length) = match answer {
        Answer::Status(status) => {
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            return range;
        }
        Answer::Whole => (0, content.len()),
        Answer::Range => (range.unwrap_or(0), content.len()),
        Answer::Dropped(length) => (range.unwrap_or(0), length),
    };
    let part = &content[start..];
    let status = match start {
        0 => "200 OK".to_owned(),
        _ => format!("206 Partial Content\r\nContent-Range: bytes {start}-{}/{}", content.len() - 1, content.len()),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", part.len()).unwrap();
    // A client that has enough may hang up.
    let _ = stream.write_all(&part[..length.min(part.len())]);
    range
}
