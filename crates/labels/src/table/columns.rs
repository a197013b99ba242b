//! Rows to and from the column chunks of one row group, in the order of the schema.

use super::rows::{ListLevels, Rows};
use crate::error::Damage;
use parquet::column::reader::{get_column_reader, get_typed_column_reader};
use parquet::data_type::{BoolType, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;
use parquet::file::writer::SerializedRowGroupWriter;
use std::io::Write;

/// Writes `rows` into `group` and closes it.
pub(super) fn write_rows<W: Write + Send>(
    rows: &Rows,
    mut group: SerializedRowGroupWriter<'_, W>,
) -> Result<(), ParquetError> {
    let group_mut = &mut group;
    put::<Int64Type, _>(group_mut, &rows.frame, None, None)?;
    put::<Int64Type, _>(group_mut, &rows.pts, None, None)?;
    put::<DoubleType, _>(group_mut, &rows.time_s, None, None)?;
    put::<Int32Type, _>(group_mut, &rows.person, Some(&rows.present), None)?;
    put::<Int32Type, _>(group_mut, &rows.track, Some(&rows.tracked), None)?;
    put::<BoolType, _>(group_mut, &rows.primary, None, None)?;
    put::<ByteArrayType, _>(group_mut, &rows.origin, None, None)?;
    for column in rows.corners.iter().chain([&rows.box_score]) {
        put::<FloatType, _>(group_mut, column, Some(&rows.present), None)?;
    }
    let ListLevels { definition, repetition } = rows.keypoint_levels();
    for column in &rows.keypoints {
        put::<FloatType, _>(group_mut, column, Some(&definition), Some(&repetition))?;
    }
    group.close().map(|_| ())
}

fn put<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    definition: Option<&[i16]>,
    repetition: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let column = group.next_column()?;
    let mut column = column.ok_or_else(|| ParquetError::General("more columns than the schema has".to_owned()))?;
    column.typed::<T>().write_batch(values, definition, repetition)?;
    column.close()
}

/// The rows of `group`, whose schema is that of a label file.
pub(super) fn read_rows(group: &dyn RowGroupReader) -> Result<Rows, Damage> {
    let mut columns = Columns { group, next: 0 };
    let mut rows = Rows {
        frame: columns.take::<Int64Type>()?.values,
        pts: columns.take::<Int64Type>()?.values,
        time_s: columns.take::<DoubleType>()?.values,
        ..Rows::default()
    };
    let person = columns.take::<Int32Type>()?;
    (rows.person, rows.present) = (person.values, person.levels.definition);
    let track = columns.take::<Int32Type>()?;
    (rows.track, rows.tracked) = (track.values, track.levels.definition);
    rows.primary = columns.take::<BoolType>()?.values;
    rows.origin = columns.take::<ByteArrayType>()?.values;
    for (column, name) in
        rows.corners.iter_mut().chain([&mut rows.box_score]).zip(["x1", "y1", "x2", "y2", "box_score"])
    {
        let float = columns.take::<FloatType>()?;
        ensure_levels(float.levels.definition == rows.present, name)?;
        *column = float.values;
    }
    let expected = rows.keypoint_levels();
    for column in &mut rows.keypoints {
        let float = columns.take::<FloatType>()?;
        ensure_levels(float.levels == expected, "keypoints")?;
        *column = float.values;
    }
    Ok(rows)
}

fn ensure_levels(fit: bool, column: &'static str) -> Result<(), Damage> {
    if fit { Ok(()) } else { Err(Damage::Column { column }) }
}

/// The column chunks of a row group that are still to be read.
struct Columns<'a> {
    group: &'a dyn RowGroupReader,
    next: usize,
}

/// What a column chunk holds.
struct Column<T> {
    values: Vec<T>,
    levels: ListLevels,
}

impl Columns<'_> {
    fn take<T: DataType>(&mut self) -> Result<Column<T::T>, ParquetError> {
        let pages = self.group.get_column_page_reader(self.next)?;
        let descriptor = self.group.metadata().schema_descr().column(self.next);
        self.next += 1;
        let mut reader = get_typed_column_reader::<T>(get_column_reader(descriptor, pages));
        let mut column = Column { values: Vec::new(), levels: ListLevels::default() };
        let ListLevels { definition, repetition } = &mut column.levels;
        reader.read_records(usize::MAX, Some(definition), Some(repetition), &mut column.values)?;
        Ok(column)
    }
}
