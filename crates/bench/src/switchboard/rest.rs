//! A kept connection to the daemon's API.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::error::BenchError;
use crate::http;

/// Asks the daemon one thing after the other.
pub(super) struct Rest {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    key: String,
}

impl Rest {
    /// Connects; `key` is an API key of the daemon.
    pub(super) fn connect(address: SocketAddr, key: &str) -> Result<Self, BenchError> {
        let failed = BenchError::system;
        let writer = TcpStream::connect(address).map_err(failed("a connection to the daemon"))?;
        writer.set_nodelay(true).map_err(failed("a connection to the daemon"))?;
        let reader = writer.try_clone().map_err(failed("a connection to the daemon"))?;
        Ok(Self { reader: BufReader::new(reader), writer, key: key.to_owned() })
    }

    /// Asks with the key, and expects success.
    pub(super) fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, BenchError> {
        let header = format!("Authorization: Bearer {}\r\n", self.key);
        let (status, answer) = self.send(method, path, &header, body.to_string().as_bytes())?;
        if !(200..300).contains(&status) {
            let shown = String::from_utf8_lossy(&answer);
            return Err(failed(format!("{method} {path}: {status} {shown}")));
        }
        Ok(serde_json::from_slice(&answer).unwrap_or(Value::Null))
    }

    /// Posts a signed webhook; gives the HTTP status.
    pub(super) fn webhook(&mut self, body: &[u8], signature: &str) -> Result<u16, BenchError> {
        let header = format!("X-Hub-Signature-256: {signature}\r\n");
        Ok(self.send("POST", "/webhooks/whatsapp", &header, body)?.0)
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        header: &str,
        body: &[u8],
    ) -> Result<(u16, Vec<u8>), BenchError> {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n{header}\r\n"
        );
        let mut request = head.into_bytes();
        request.extend(body);
        self.writer.write_all(&request).map_err(|error| failed(error.to_string()))?;
        let answer = http::message(&mut self.reader).map_err(|error| failed(error.to_string()))?;
        let (first, body) = answer.ok_or_else(|| failed("the connection was closed".to_owned()))?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.ok_or_else(|| failed(first))?, body))
    }
}

fn failed(why: String) -> BenchError {
    BenchError::Peer { what: "the API", why }
}
