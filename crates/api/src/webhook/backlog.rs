//! Webhooks that the database did not take, on disk until it does: in their order, synced, bounded.
//!
//! A record is its length, the CRC-32C of its bytes (both as four bytes, least significant first),
//! and the body as Meta signed it. What stands behind a record that is not whole is what a crash
//! left, and was never acknowledged.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use crc::{CRC_32_ISCSI, Crc};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Most bytes that wait: thousands of calls, and more than any outage that Meta's own repetitions
/// do not cover. Beyond, Meta is asked to send again.
const WAITING_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Length and checksum.
const HEAD_BYTES: u64 = 8;
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Why a webhook could not be kept in the file either.
#[derive(Debug, thiserror::Error)]
pub enum BacklogError {
    /// It is full.
    #[error(
        "{} holds {WAITING_BYTES_MAX} bytes of webhooks that wait for the database, and takes no \
         more; mend the database", path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written or read.
    #[error("{} cannot be used: {source}; check its folder and the free disk space", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Backlog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    waits: AtomicBool,
    added: Notify,
    file: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Up to here the records were taken in.
    taken: u64,
    /// The end of the last whole record.
    end: u64,
}

impl Backlog {
    /// Opens the file, or makes it. Whatever an earlier run left in it waits.
    ///
    /// # Errors
    /// [`BacklogError::Io`].
    pub fn open(path: &Path) -> Result<Self, BacklogError> {
        let failed = |source| BacklogError::Io { path: path.to_owned(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        let end = whole(&mut file).map_err(failed)?;
        file.set_len(end).and_then(|()| file.sync_all()).map_err(failed)?;
        let inner = Inner {
            path: path.to_owned(),
            waits: AtomicBool::new(end > 0),
            added: Notify::new(),
            file: Mutex::new(Open { file, taken: 0, end }),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether something waits. What comes then waits behind it, so that nothing is overtaken.
    pub fn waits(&self) -> bool {
        self.inner.waits.load(Ordering::Acquire)
    }

    /// Adds a body, and returns once it is durable.
    ///
    /// # Errors
    /// [`BacklogError::Full`], or [`BacklogError::Io`]; it is not kept then.
    pub(crate) async fn add(&self, body: Bytes) -> Result<(), BacklogError> {
        let inner = Arc::clone(&self.inner);
        let added = tokio::task::spawn_blocking(move || inner.add(&body)).await;
        added.unwrap_or_else(|error| Err(self.inner.failed(io::Error::other(error))))
    }

    /// The oldest body that waits.
    pub(crate) async fn first(&self) -> Result<Option<Bytes>, BacklogError> {
        let inner = Arc::clone(&self.inner);
        let read = tokio::task::spawn_blocking(move || inner.first()).await;
        read.unwrap_or_else(|error| Err(self.inner.failed(io::Error::other(error))))
    }

    /// The oldest one was taken in. After the last one the file is empty again. A crash in between
    /// has some taken in twice, which changes nothing.
    pub(crate) async fn taken(&self, body: &Bytes) -> Result<(), BacklogError> {
        let (inner, length) = (Arc::clone(&self.inner), body.len());
        let done = tokio::task::spawn_blocking(move || inner.taken(length)).await;
        done.unwrap_or_else(|error| Err(self.inner.failed(io::Error::other(error))))
    }

    /// Waits until something is added.
    pub(crate) async fn added(&self) {
        self.inner.added.notified().await;
    }
}

impl Inner {
    fn failed(&self, source: io::Error) -> BacklogError {
        BacklogError::Io { path: self.path.clone(), source }
    }

    fn add(&self, body: &[u8]) -> Result<(), BacklogError> {
        let mut open = self.file.lock();
        let grown = open.end + size(body.len());
        if grown > WAITING_BYTES_MAX {
            return Err(BacklogError::Full { path: self.path.clone() });
        }
        open.append(body).map_err(|source| self.failed(source))?;
        open.end = grown;
        self.waits.store(true, Ordering::Release);
        self.added.notify_one();
        Ok(())
    }

    fn first(&self) -> Result<Option<Bytes>, BacklogError> {
        let mut open = self.file.lock();
        if open.taken == open.end {
            return Ok(None);
        }
        let at = open.taken;
        let body = open.file.seek(SeekFrom::Start(at)).and_then(|_| record(&mut open.file));
        body.map(|body| body.map(Bytes::from)).map_err(|source| self.failed(source))
    }

    fn taken(&self, length: usize) -> Result<(), BacklogError> {
        let mut open = self.file.lock();
        open.taken += size(length);
        if open.taken < open.end {
            return Ok(());
        }
        (open.taken, open.end) = (0, 0);
        self.waits.store(false, Ordering::Release);
        let emptied = open.file.set_len(0).and_then(|()| open.file.sync_all());
        emptied.map_err(|source| self.failed(source))
    }
}

impl Open {
    fn append(&mut self, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        let mut record = Vec::with_capacity(body.len() + 8);
        record.extend_from_slice(&length.to_le_bytes());
        record.extend_from_slice(&CHECKSUM.checksum(body).to_le_bytes());
        record.extend_from_slice(body);
        // Behind the last whole record: what a failed write left is written over.
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&record)?;
        self.file.sync_data()
    }
}

const fn size(body: usize) -> u64 {
    HEAD_BYTES + body as u64
}

/// The end of the last whole record.
fn whole(file: &mut File) -> io::Result<u64> {
    let mut end = 0;
    while let Some(body) = record(file)? {
        end += size(body.len());
    }
    Ok(end)
}

/// The record at the file's position; `None` where there is none, or none that is whole.
fn record(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 8];
    let mut body = Vec::new();
    if !fills(file, &mut head)? {
        return Ok(None);
    }
    let [a, b, c, d, e, f, g, h] = head;
    let (length, checksum) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    let read = file.take(u64::from(length)).read_to_end(&mut body)?;
    let is_whole = read as u64 == u64::from(length) && CHECKSUM.checksum(&body) == checksum;
    Ok(is_whole.then_some(body))
}

fn fills(file: &mut File, into: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(backlog: &Backlog) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(body) = backlog.first().await.unwrap() {
            backlog.taken(&body).await.unwrap();
            all.push(String::from_utf8(body.to_vec()).unwrap());
        }
        all
    }

    #[tokio::test]
    async fn b11_what_waits_survives_a_crash_in_its_order_and_is_gone_when_it_was_taken_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("webhooks");
        let backlog = Backlog::open(&path).unwrap();
        assert!(!backlog.waits());
        for body in ["one", "", "three"] {
            backlog.add(Bytes::from(body)).await.unwrap();
        }
        // Nothing is closed: the process is gone.
        let again = Backlog::open(&path).unwrap();
        assert!(again.waits());
        assert_eq!(all(&again).await, ["one", "", "three"]);
        assert!(!again.waits());
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
        again.add(Bytes::from("four")).await.unwrap();
        assert_eq!(all(&Backlog::open(&path).unwrap()).await, ["four"]);
    }

    #[tokio::test]
    async fn g8_a_torn_or_changed_record_ends_what_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("webhooks");
        let backlog = Backlog::open(&path).unwrap();
        for body in ["first", "second"] {
            backlog.add(Bytes::from(body)).await.unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        for cut in 13..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let torn = Backlog::open(&path).unwrap();
            torn.add(Bytes::from("after")).await.unwrap();
            assert_eq!(all(&torn).await, ["first", "after"], "cut at {cut}");
        }
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        std::fs::write(&path, changed).unwrap();
        assert_eq!(all(&Backlog::open(&path).unwrap()).await, ["first"]);
        std::fs::write(&path, [0xff; 64]).unwrap();
        assert!(!Backlog::open(&path).unwrap().waits(), "a length beyond the file is no record");
    }

    #[tokio::test]
    async fn a_full_file_is_named_and_takes_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("webhooks");
        let backlog = Backlog::open(&path).unwrap();
        let large = Bytes::from(vec![b'x'; 3 * 1024 * 1024]);
        let mut kept = 0;
        let refused = loop {
            match backlog.add(large.clone()).await {
                Ok(()) => kept += 1,
                Err(refused) => break refused,
            }
        };
        assert_eq!(kept, 21);
        assert!(refused.to_string().contains(path.to_str().unwrap()), "{refused}");
        assert!(std::fs::metadata(&path).unwrap().len() <= WAITING_BYTES_MAX);
    }
}
