//! Which columns a label file has, and how they are coded. A reader compares whole schemas, so this is the one place.

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};
use std::sync::Arc;

/// The table in Parquet's own words; the keypoints are a list in the three levels that the format's specification asks
/// for ("LogicalTypes.md", Lists).
const MESSAGE: &str = "
message labels {
    required int64 frame;
    required int64 pts;
    required double time_s;
    optional int32 person (INTEGER(32, false));
    optional int32 track (INTEGER(32, false));
    required boolean primary;
    required binary origin (STRING);
    optional float x1;
    optional float y1;
    optional float x2;
    optional float y2;
    optional float box_score;
    optional group keypoints (LIST) {
        repeated group list {
            required group element {
                required float x;
                required float y;
                required float score;
            }
        }
    }
}";

/// The columns that are not coded plainly: integers that mostly grow by the same step as differences; floats byte by
/// byte, so that their slowly changing exponents stand together, which makes the file a third smaller.
const ENCODINGS: [(&[&str], Encoding); 11] = [
    (&["frame"], Encoding::DELTA_BINARY_PACKED),
    (&["pts"], Encoding::DELTA_BINARY_PACKED),
    (&["time_s"], Encoding::BYTE_STREAM_SPLIT),
    (&["x1"], Encoding::BYTE_STREAM_SPLIT),
    (&["y1"], Encoding::BYTE_STREAM_SPLIT),
    (&["x2"], Encoding::BYTE_STREAM_SPLIT),
    (&["y2"], Encoding::BYTE_STREAM_SPLIT),
    (&["box_score"], Encoding::BYTE_STREAM_SPLIT),
    (&["keypoints", "list", "element", "x"], Encoding::BYTE_STREAM_SPLIT),
    (&["keypoints", "list", "element", "y"], Encoding::BYTE_STREAM_SPLIT),
    (&["keypoints", "list", "element", "score"], Encoding::BYTE_STREAM_SPLIT),
];

/// The columns of a label file.
pub(super) fn schema() -> Result<TypePtr, ParquetError> {
    parse_message_type(MESSAGE).map(Arc::new)
}

/// How the columns are coded, and who `created_by` says wrote them. Everything that the writer could choose by itself
/// is chosen here, so that equal labels make equal bytes.
pub(super) fn properties(created_by: String) -> Result<WriterPropertiesPtr, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_created_by(created_by)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_max_row_group_row_count(None)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_column_dictionary_enabled("origin".into(), true)
        // What lets a query for some frames skip the other row groups.
        .set_column_statistics_enabled("frame".into(), EnabledStatistics::Chunk);
    for (path, encoding) in ENCODINGS {
        let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
        builder = builder.set_column_encoding(ColumnPath::new(path), encoding);
    }
    Ok(Arc::new(builder.build()))
}
