//! Values to columns and back.

use std::str::FromStr;

use model::{CallId, EndReason, Micros, Party, Timestamp};
use serde::Serialize;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::StoreError;

/// A word of one of our enums as it is stored: `no_answer`, `answered`, …
pub(crate) fn word(value: &impl Serialize, column: &'static str) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(_) | Err(_) => Err(StoreError::Encode { column }),
    }
}

/// A document for a JSON column.
pub(crate) fn json(value: &impl Serialize, column: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Encode { column })
}

/// Only this is kept of a secret that others present. A plain hash suffices because the secrets
/// are random and long, so there is nothing to guess.
pub(crate) fn secret_hash(plain: &str) -> Vec<u8> {
    Sha256::digest(plain.as_bytes()).to_vec()
}

/// Reads the columns of one row; each error names the table and column.
pub(crate) struct Columns<'r> {
    row: &'r SqliteRow,
    table: &'static str,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r SqliteRow, table: &'static str) -> Self {
        Self { row, table }
    }

    fn corrupt(&self, name: &str) -> StoreError {
        StoreError::Corrupt { column: format!("{}.{name}", self.table) }
    }

    pub(crate) fn integer(&self, name: &str) -> Result<i64, StoreError> {
        self.row.try_get(name).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn integer_if_any(&self, name: &str) -> Result<Option<i64>, StoreError> {
        self.row.try_get(name).map_err(|_| self.corrupt(name))
    }

    /// A number that cannot be negative.
    pub(crate) fn count(&self, name: &str) -> Result<u32, StoreError> {
        u32::try_from(self.integer(name)?).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.integer(name)? != 0)
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, StoreError> {
        self.row.try_get(name).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn text_if_any(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.row.try_get(name).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        self.row.try_get(name).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn moment(&self, name: &str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.integer(name)?))
    }

    pub(crate) fn moment_if_any(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.integer_if_any(name)?.map(Timestamp::from_millis))
    }

    pub(crate) fn micros(&self, name: &str) -> Result<Micros, StoreError> {
        Ok(Micros::new(self.integer(name)?))
    }

    /// An id or another value that is read from text.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.text(name)?.parse().map_err(|_| self.corrupt(name))
    }

    pub(crate) fn parsed_if_any<T: FromStr>(&self, name: &str) -> Result<Option<T>, StoreError> {
        match self.text_if_any(name)? {
            Some(text) => text.parse().map(Some).map_err(|_| self.corrupt(name)),
            None => Ok(None),
        }
    }

    /// A word of one of our enums, or another value that serde reads from a string.
    pub(crate) fn word<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        from_word(&self.text(name)?).ok_or_else(|| self.corrupt(name))
    }

    pub(crate) fn word_if_any<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, StoreError> {
        match self.text_if_any(name)? {
            Some(text) => from_word(&text).map(Some).ok_or_else(|| self.corrupt(name)),
            None => Ok(None),
        }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(name)?).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn party(&self) -> Result<Party, StoreError> {
        self.json("party")
    }

    pub(crate) fn call(&self, name: &str) -> Result<CallId, StoreError> {
        self.parsed(name)
    }

    /// Why a call ended; `None` while it has no CDR.
    pub(crate) fn end_if_any(&self) -> Result<Option<EndReason>, StoreError> {
        let side = self.word_if_any("end_side")?;
        let cause = self.word_if_any("end_cause")?;
        let class = self.word_if_any("end_class")?;
        Ok(match (side, cause, class) {
            (Some(side), Some(cause), Some(class)) => Some(EndReason { side, cause, class }),
            (None, ..) | (_, None, _) | (.., None) => None,
        })
    }
}

fn from_word<T: DeserializeOwned>(text: &str) -> Option<T> {
    let word: StrDeserializer<'_, WordError> = text.into_deserializer();
    T::deserialize(word).ok()
}
