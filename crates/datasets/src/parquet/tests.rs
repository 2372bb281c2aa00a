//! Tables of every writer and form, against the plain one. `tests/seeds/parquet.py` made them.

use std::{fs, io::Cursor, path::PathBuf};

use super::*;

fn seeds() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/seeds")
}

fn rows_of(table: &[u8]) -> Result<Vec<(Vec<u8>, u32)>> {
    rows_with(table, Some("label"))
}

fn rows_with(table: &[u8], label: Option<&str>) -> Result<Vec<(Vec<u8>, u32)>> {
    let mut rows = Vec::new();
    let columns = Columns { image: "image.bytes", label, rows: 1_000 };
    read_from(Cursor::new(table), "input", &columns, &mut |batch| {
        rows.extend(batch.iter().map(|(bytes, label)| (bytes.as_ref().to_vec(), *label)));
        Ok(())
    })?;
    Ok(rows)
}

fn seed(name: &str) -> Vec<u8> {
    fs::read(seeds().join(name)).unwrap()
}

#[test]
fn every_form_holds_the_rows_of_the_plain_table() {
    let plain = rows_of(&seed("plain.parquet")).unwrap();
    assert_eq!(plain.len(), 12);
    let mut tables: Vec<String> = fs::read_dir(seeds()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    tables.retain(|name| name.ends_with(".parquet"));
    assert!(tables.len() > 20, "{tables:?}");
    for name in tables {
        let rows = rows_of(&seed(&name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let label = |l: u32| if name.contains("boolean") { l % 2 } else { l };
        let expected: Vec<_> = plain.iter().map(|(bytes, l)| (bytes.clone(), label(*l))).collect();
        assert_eq!(rows, expected, "{name}");
    }
}

#[test]
fn pages_with_checksums_are_held_against_them() {
    let whole = seed("arrow_checksums.parquet");
    let png = whole.windows(4).position(|w| w == b"IDAT").unwrap();
    let mut flipped = whole;
    flipped[png + 5] ^= 1;
    assert_eq!(rows_of(&flipped).unwrap_err().to_string(), "input: broken parquet: a page with a wrong checksum");
}

/// Nothing is broken about these files.
#[test]
fn what_is_not_read_is_named() {
    let way = format!("not whole numbers; {NUMBER}, or {ONE}");
    for (name, problem) in [
        ("null_label", format!("row 7 has no label: the value is null; leave the row out, or {ONE}")),
        ("text_label", format!("label is of type text, {way}")),
        ("float_label", format!("label is of type double, {way}")),
        ("number_image", format!("image is of type int64, not bytes; {PIXELS}")),
        ("list_image", "no column image.bytes of single values; there are image (list of bytes), label (int64)".into()),
        ("encrypted", "is encrypted: write it again without".into()),
        (
            "negative_label",
            format!(
                "row 0 has the label -1, and classes are numbers from 0 on (-1 is what the Hub has in test files whose classes are secret: \
                 leave these files out); {ONE}"
            ),
        ),
    ] {
        let error = rows_of(&seed(&format!("refused/{name}.parquet"))).unwrap_err().to_string();
        assert_eq!(error, format!("input: {problem}"), "{name}");
    }
}

#[test]
fn an_empty_table_is_not_broken() {
    let error = rows_of(&by_hand::table::<Vec<u8>>(&[], 0, &<[u8]>::to_vec)).unwrap_err().to_string();
    assert_eq!(error, "input: holds no rows");
}

#[test]
fn a_null_image_has_no_bytes_and_the_others_are_at_their_places() {
    let mut expected = rows_of(&seed("plain.parquet")).unwrap();
    expected[7].0.clear();
    for name in ["null_image", "null_struct"] {
        assert_eq!(rows_of(&seed(&format!("refused/{name}.parquet"))).unwrap(), expected, "{name}");
    }
}

#[test]
fn images_without_classes_are_of_class_0() {
    let plain = rows_of(&seed("plain.parquet")).unwrap();
    for name in ["plain", "arrow_small", "refused/null_label", "refused/text_label", "refused/float_label", "refused/negative_label"] {
        let rows = rows_with(&seed(&format!("{name}.parquet")), None).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(rows, plain.iter().map(|(bytes, _)| (bytes.clone(), 0)).collect::<Vec<_>>(), "{name}");
    }
}

/// Bytes that nothing can pack.
fn noise(count: usize, size: usize) -> Vec<(Vec<u8>, u32)> {
    let mut state = 1_u64;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 32) as u32).to_le_bytes()
    };
    (0..count as u32).map(|label| ((0..size / 4).flat_map(|_| word()).collect(), label)).collect()
}

/// Arrow looks at the size of a page only every 1 024 values, so that images of 50 KB make one of 50 MB.
#[test]
fn a_page_is_as_large_as_its_images() {
    let rows = noise(1_000, 52_000);
    assert!(rows.len() as u64 * 52_000 > PAGE);
    let pack = |page: &[u8]| zstd::bulk::compress(page, 1).unwrap();
    assert!(rows_of(&by_hand::table(&rows, 0, &<[u8]>::to_vec)).unwrap() == rows);
    assert!(rows_of(&by_hand::table(&rows, 6, &pack)).unwrap() == rows);
    // A few bytes that claim as many are refused, and the way round is named: images may be as flat as that.
    let flat: Vec<(Vec<u8>, u32)> = (0..1_000).map(|label| (vec![0; 52_000], label)).collect();
    let error = rows_of(&by_hand::table(&flat, 6, &pack)).unwrap_err();
    assert!(matches!(&error, Error::Refused { reason, .. } if reason.contains("row_group_size=100")), "{error}");
    assert!(rows_of(&by_hand::table(&flat[..100], 6, &pack)).unwrap() == flat[..100]);
}
