//! A table that a test needs and no writer makes: one group of rows, one page a column.
//!
//! As `tests/seeds/parquet.py` writes it, in Thrift's compact protocol.

use super::thrift::{BINARY, LIST, STRUCT};

/// A number of 32 bits.
const INTEGER: u8 = 5;

/// The rows in the columns `image` and `label`, each page packed by `pack`: the codec of that number.
pub(crate) fn table<B: AsRef<[u8]>>(rows: &[(B, u32)], codec: u64, pack: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let bytes = |image: &B| [&(image.as_ref().len() as u32).to_le_bytes()[..], image.as_ref()].concat();
    let images: Vec<u8> = rows.iter().flat_map(|(image, _)| bytes(image)).collect();
    let labels: Vec<u8> = rows.iter().flat_map(|(_, label)| i64::from(*label).to_le_bytes()).collect();
    let count = rows.len() as u64;
    let mut file = b"PAR1".to_vec();
    let (mut schema, mut chunks) = (vec![Fields::default().text(4, "schema").number(5, 2)], Vec::new());
    for (name, kind, page) in [("image", 6, images), ("label", 2, labels)] {
        let packed = pack(&page);
        let values = Fields::default().number(1, count).number(2, 0).number(3, 3).number(4, 3);
        let header = Fields::default().number(1, 0).number(2, page.len() as u64).number(3, packed.len() as u64).fields(5, values).end();
        let (begin, size) = (file.len() as u64, (header.len() + packed.len()) as u64);
        let chunk = Fields::default().number(1, kind).number(4, codec).number(5, count).number(7, size).number(9, begin);
        chunks.push(Fields::default().number(2, begin).fields(3, chunk));
        schema.push(Fields::default().number(1, kind).number(3, 0).text(4, name));
        file.extend(header);
        file.extend(packed);
    }
    let group = Fields::default().list(1, chunks).number(2, file.len() as u64).number(3, count);
    let footer = Fields::default().number(1, 1).list(2, schema).number(3, count).list(4, vec![group]).end();
    file.extend_from_slice(&footer);
    file.extend((footer.len() as u32).to_le_bytes());
    file.extend(b"PAR1");
    file
}

/// A structure, field by field.
#[derive(Default)]
struct Fields {
    bytes: Vec<u8>,
    last: u8,
}

impl Fields {
    fn field(mut self, number: u8, kind: u8, value: &[u8]) -> Self {
        self.bytes.push((number - self.last) << 4 | kind);
        self.bytes.extend_from_slice(value);
        self.last = number;
        self
    }

    fn number(self, number: u8, value: u64) -> Self {
        self.field(number, INTEGER, &varint(value << 1))
    }

    fn text(self, number: u8, text: &str) -> Self {
        self.field(number, BINARY, &[varint(text.len() as u64), text.into()].concat())
    }

    fn fields(self, number: u8, fields: Self) -> Self {
        self.field(number, STRUCT, &fields.end())
    }

    fn list(self, number: u8, items: Vec<Self>) -> Self {
        let head = vec![(items.len() as u8) << 4 | STRUCT];
        self.field(number, LIST, &std::iter::once(head).chain(items.into_iter().map(Self::end)).flatten().collect::<Vec<u8>>())
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
