//! As much HTTP/1.1 as a load generator needs: JSON in, JSON out, connections kept.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::Value;

use crate::error::BenchError;

/// Longest head read; a load generator sends a few short lines.
const HEAD_MAX: usize = 8 * 1024;
/// Longest body: an SDP offer in JSON.
const BODY_MAX: usize = 128 * 1024;
/// Connections served at once; a load generator needs one.
const CONNECTIONS_MAX: usize = 64;

/// Answers a request: path and body in, status and body out.
pub type Handler = dyn Fn(&str, &Value) -> (u16, Value) + Send + Sync;

/// Serves until the process ends.
///
/// # Errors
/// [`BenchError::System`] when a thread is refused.
pub fn serve(listener: &TcpListener, handler: Arc<Handler>) -> Result<(), BenchError> {
    for connection in listener.incoming() {
        // A connection that failed before it was taken is the other side's affair.
        let Ok(connection) = connection else { continue };
        if Arc::strong_count(&handler) > CONNECTIONS_MAX {
            continue;
        }
        let handler = Arc::clone(&handler);
        std::thread::Builder::new()
            .name("http".to_owned())
            .spawn(move || drop(converse(connection, &*handler)))
            .map_err(BenchError::system("a thread for a connection"))?;
    }
    Ok(())
}

/// Answers requests of one connection until it is closed.
fn converse(connection: TcpStream, handler: &Handler) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut writer = connection.try_clone()?;
    let mut reader = BufReader::new(connection);
    while let Some((first, body)) = message(&mut reader)? {
        let path = first.split(' ').nth(1).unwrap_or_default();
        let (status, answer) = match serde_json::from_slice(&body) {
            Ok(json) => handler(path, &json),
            Err(error) => (400, Value::String(format!("the body is not JSON: {error}"))),
        };
        let text = answer.to_string();
        write!(
            writer,
            "HTTP/1.1 {status} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
            if status < 400 { "OK" } else { "Refused" },
            text.len()
        )?;
    }
    Ok(())
}

/// The first line and the body of a message; `None` at the end of the connection.
pub(crate) fn message(reader: &mut BufReader<TcpStream>) -> io::Result<Option<(String, Vec<u8>)>> {
    let malformed = |why| io::Error::new(io::ErrorKind::InvalidData, why);
    let (mut first, mut length, mut read) = (String::new(), 0, 0);
    loop {
        let mut line = String::new();
        let limit = (HEAD_MAX - read) as u64;
        let bytes = Read::by_ref(reader).take(limit).read_line(&mut line)?;
        read += bytes;
        if bytes == 0 {
            return if first.is_empty() { Ok(None) } else { Err(malformed("the head ends early")) };
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if first.is_empty() {
            line.clone_into(&mut first);
        } else if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(|_| malformed("no length"))?;
        }
    }
    if length > BODY_MAX {
        return Err(malformed("the body is too long"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((first, body)))
}

/// A connection that posts.
pub struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// [`BenchError::System`].
    pub fn connect(address: SocketAddr) -> Result<Self, BenchError> {
        let failed = BenchError::system;
        let writer =
            TcpStream::connect(address).map_err(failed("a connection to the measured process"))?;
        writer.set_nodelay(true).map_err(failed("a connection"))?;
        let reader = writer.try_clone().map_err(failed("a connection"))?;
        Ok(Self { reader: BufReader::new(reader), writer })
    }

    /// Posts and returns the answer.
    ///
    /// # Errors
    /// [`BenchError::Peer`] for a refusal or silence.
    pub fn post(&mut self, what: &'static str, body: &Value) -> Result<Value, BenchError> {
        let failed = |why: String| BenchError::Peer { what, why };
        let text = body.to_string();
        let length = text.len();
        let request = format!(
            "POST {what} HTTP/1.1\r\nHost: bench\r\nContent-Length: {length}\r\n\r\n{text}"
        );
        self.writer.write_all(request.as_bytes()).map_err(|e| failed(e.to_string()))?;
        let answer = message(&mut self.reader).map_err(|e| failed(e.to_string()))?;
        let (first, body) = answer.ok_or_else(|| failed("the connection was closed".to_owned()))?;
        let shown = String::from_utf8_lossy(&body);
        if first.split(' ').nth(1) != Some("200") {
            return Err(failed(format!("{first}: {shown}")));
        }
        serde_json::from_str(&shown).map_err(|error| failed(error.to_string()))
    }
}
