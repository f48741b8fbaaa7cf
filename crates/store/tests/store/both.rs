//! The same world twice: with the money in the file, and in Postgres.

use store::Store;

use crate::postgres;
use crate::world::{World, acme, ana, line, workspace};

/// Where the money of a test is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Where {
    Sqlite,
    Postgres,
}

/// A workspace with a line, and 200 opened calls.
pub(crate) async fn world(place: Where) -> (World, Option<String>) {
    match place {
        Where::Sqlite => (World::new().await, None),
        Where::Postgres => {
            let url = postgres::new_database().await;
            let directory = tempfile::tempdir().expect("the system has a temporary directory");
            let store = reopen(&directory, Some(&url)).await;
            store.ensure_workspace(&workspace()).await.expect("a new workspace is accepted");
            store.ensure_line(&line()).await.expect("a new line is accepted");
            store.put_agent(&acme(), &ana(), "Ana").await.expect("a new agent is accepted");
            (World { store, directory }, Some(url))
        }
    }
}

pub(crate) async fn reopen(directory: &tempfile::TempDir, url: Option<&str>) -> Store {
    Store::open_in_with(directory.path(), url).await.expect("both databases are there")
}

/// Makes one test per database out of a function of the place.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::both::Where::Sqlite).await; })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::both::Where::Postgres).await; })*
        }
    };
}
pub(crate) use on_both;
