//! A real Postgres server of the tests' own: Debian's binaries, a free port, a data folder that is
//! removed with the process.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

static SERVER: OnceCell<Server> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);
const START_WAIT: Duration = Duration::from_secs(60);
/// Ends the server when this process is gone, however it went: then the pipe to it is closed.
const GUARD: &str = r#""$0"/postgres -D "$1" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 >"$1/log" 2>&1 & pid=$!; cat >/dev/null; kill -QUIT $pid; wait $pid; rm -rf "$1""#;

struct Server {
    port: u16,
    _pipe: std::process::Child,
}

/// The address of a new, empty database.
pub(crate) async fn new_database() -> String {
    let server = SERVER.get_or_init(Server::start).await;
    let name = format!("ringdown_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&server.url("postgres")).await.expect("the server runs");
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    admin.execute(sqlx::raw_sql(create)).await.expect("a new name is free");
    server.url(&name)
}

impl Server {
    async fn start() -> Self {
        let binaries = binaries();
        let folder = tempfile::Builder::new().prefix("ringdown-pg-").tempdir().expect("a folder");
        let folder = folder.keep();
        let user = unprivileged();
        if let Some((user, group)) = user {
            chown(&folder, Some(user), Some(group)).expect("root may give a folder away");
        }
        let as_user = |command: &mut Command| {
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
            command.current_dir("/");
        };
        let mut initdb = Command::new(binaries.join("initdb"));
        initdb
            .args(["-U", "ringdown", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"])
            .arg(&folder);
        as_user(&mut initdb);
        let made = initdb.output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let port = port.expect("a port is free").port();
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD]).arg(&binaries).arg(&folder).arg(port.to_string());
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        as_user(&mut guard);
        let server = Self { port, _pipe: guard.spawn().expect("sh is there") };
        server.wait(&folder).await;
        server
    }

    async fn wait(&self, folder: &Path) {
        let until = Instant::now() + START_WAIT;
        while PgConnection::connect(&self.url("postgres")).await.is_err() {
            let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "Postgres does not start: {}", log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://ringdown@127.0.0.1:{}/{database}", self.port)
    }
}

fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.retain(|path| path.join("initdb").exists());
    found.sort();
    found.pop().expect("Postgres is not installed; run `cargo xtask setup --tests`")
}

/// Who runs the server when the tests run as root, which Postgres refuses to: the package's user.
fn unprivileged() -> Option<(u32, u32)> {
    let is_root =
        std::fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me));
    if is_root.ok()? != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.starts_with("postgres:"))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
