//! CDRs as Parquet: the columns of the CSV with types, a row group for every page.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use store::CdrRow;

/// How a column is read from a row.
enum Column {
    Text(fn(&CdrRow) -> &str),
    TextIfAny(fn(&CdrRow) -> Option<&str>),
    Number(fn(&CdrRow) -> i64),
    NumberIfAny(fn(&CdrRow) -> Option<i64>),
}

use Column::{Number, NumberIfAny, Text, TextIfAny};

/// In the order of [`CdrRow::COLUMNS`].
const COLUMNS: [Column; CdrRow::COLUMNS.len()] = [
    Text(|row| &row.call),
    Text(|row| &row.workspace),
    Text(|row| &row.line),
    Text(|row| &row.direction),
    Text(|row| &row.phone),
    Text(|row| &row.arrived_at),
    Text(|row| &row.ended_at),
    Text(|row| &row.disposition),
    Text(|row| &row.end_side),
    Text(|row| &row.end_cause),
    Text(|row| &row.end_class),
    TextIfAny(|row| row.missed.as_deref()),
    TextIfAny(|row| row.claimed_by.as_deref()),
    Number(|row| row.ring_ms),
    NumberIfAny(|row| row.claim_to_audio_ms),
    Number(|row| row.duration_ms),
    Number(|row| row.pulses),
    NumberIfAny(|row| row.volume_tier),
    Number(|row| row.billed_micros),
    Text(|row| &row.currency),
    TextIfAny(|row| row.recording.as_deref()),
    NumberIfAny(|row| row.meta_duration_s),
    TextIfAny(|row| row.quality.as_deref()),
    Number(|row| row.clock_jump_ms),
];

/// Writes a Parquet file page by page; the memory is that of one page.
pub(super) struct ParquetWriter {
    file: SerializedFileWriter<Box<dyn Write + Send>>,
}

impl ParquetWriter {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Result<Self> {
        let properties = WriterProperties::builder().set_compression(Compression::UNCOMPRESSED);
        let file =
            SerializedFileWriter::new(out, Arc::new(schema()?), Arc::new(properties.build()))?;
        Ok(Self { file })
    }

    /// Writes a page as a row group; an empty one is none.
    pub(super) fn page(&mut self, rows: &[CdrRow]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for column in &COLUMNS {
            let Some(mut writer) = group.next_column()? else { break };
            column.write(&mut writer, rows)?;
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.file.finish()?;
        self.file.inner_mut().flush()?;
        Ok(())
    }
}

impl Column {
    fn write(&self, writer: &mut SerializedColumnWriter<'_>, rows: &[CdrRow]) -> Result<()> {
        match self {
            Text(read) => {
                let values: Vec<ByteArray> = rows.iter().map(|row| bytes(read(row))).collect();
                writer.typed::<ByteArrayType>().write_batch(&values, None, None)?;
            }
            TextIfAny(read) => {
                let values: Vec<_> = rows.iter().filter_map(read).map(bytes).collect();
                let there = there(rows, |row| read(row).is_some());
                writer.typed::<ByteArrayType>().write_batch(&values, Some(&there), None)?;
            }
            Number(read) => {
                let values: Vec<i64> = rows.iter().map(read).collect();
                writer.typed::<Int64Type>().write_batch(&values, None, None)?;
            }
            NumberIfAny(read) => {
                let values: Vec<i64> = rows.iter().filter_map(read).collect();
                let there = there(rows, |row| read(row).is_some());
                writer.typed::<Int64Type>().write_batch(&values, Some(&there), None)?;
            }
        }
        Ok(())
    }

    fn field(&self, name: &str) -> Result<Type> {
        let (physical, repetition) = match self {
            Text(_) => (Physical::BYTE_ARRAY, Repetition::REQUIRED),
            TextIfAny(_) => (Physical::BYTE_ARRAY, Repetition::OPTIONAL),
            Number(_) => (Physical::INT64, Repetition::REQUIRED),
            NumberIfAny(_) => (Physical::INT64, Repetition::OPTIONAL),
        };
        let text = (physical == Physical::BYTE_ARRAY).then_some(LogicalType::String);
        Type::primitive_type_builder(name, physical)
            .with_repetition(repetition)
            .with_logical_type(text)
            .build()
    }
}

fn bytes(text: &str) -> ByteArray {
    ByteArray::from(text)
}

/// Parquet's definition levels: 1 where there is a value.
fn there(rows: &[CdrRow], is_there: impl Fn(&CdrRow) -> bool) -> Vec<i16> {
    rows.iter().map(|row| i16::from(is_there(row))).collect()
}

fn schema() -> Result<Type> {
    let fields = CdrRow::COLUMNS.iter().zip(&COLUMNS);
    let fields: Result<Vec<_>> =
        fields.map(|(name, column)| column.field(name).map(Arc::new)).collect();
    Type::group_type_builder("cdr").with_fields(fields?).build()
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_column_by_column() {
        let row = |number: i64, missed: Option<&str>| CdrRow {
            call: format!("call_{number}"),
            workspace: "acme".to_owned(),
            line: "1".to_owned(),
            direction: "user_initiated".to_owned(),
            phone: String::new(),
            arrived_at: "2026-11-01T00:00:00.000Z".to_owned(),
            ended_at: "2026-11-01T00:01:00.000Z".to_owned(),
            disposition: "missed".to_owned(),
            end_side: "caller".to_owned(),
            end_cause: "caller_hung_up".to_owned(),
            end_class: "missed".to_owned(),
            missed: missed.map(str::to_owned),
            claimed_by: None,
            ring_ms: number,
            claim_to_audio_ms: missed.map(|_| 7),
            duration_ms: 0,
            pulses: 0,
            volume_tier: None,
            billed_micros: -number,
            currency: "USD".to_owned(),
            recording: None,
            meta_duration_s: None,
            quality: None,
            clock_jump_ms: 0,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cdrs.parquet");
        let out = std::fs::File::create(&path).unwrap();
        let mut writer = ParquetWriter::new(Box::new(out)).unwrap();
        writer.page(&[row(1, Some("balance")), row(2, None)]).unwrap();
        writer.page(&[]).unwrap();
        writer.page(&[row(3, None)]).unwrap();
        writer.finish().unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2);
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 3);
        let names: Vec<&str> = rows[0].get_column_iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, CdrRow::COLUMNS);
        let field = |row: usize, name: &str| {
            let found = rows[row].get_column_iter().find(|(known, _)| *known == name);
            found.map(|(_, field)| field.clone()).unwrap()
        };
        assert_eq!(field(0, "missed"), Field::Str("balance".to_owned()));
        assert_eq!(field(1, "missed"), Field::Null);
        assert_eq!(field(0, "claim_to_audio_ms"), Field::Long(7));
        assert_eq!(field(2, "billed_micros"), Field::Long(-3));
        assert_eq!(field(2, "call"), Field::Str("call_3".to_owned()));
    }
}
