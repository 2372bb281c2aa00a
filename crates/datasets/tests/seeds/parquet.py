"""Makes the tables of this folder: the rows of plain.parquet as other writers and settings write them.

    pip install pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1 fastparquet==2026.9.0
    python parquet.py
"""
import gzip
import os
import struct
import sys

import duckdb
import fastparquet
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption

os.chdir(os.path.dirname(os.path.abspath(__file__)))
rows = pq.read_table("plain.parquet").to_pylist()
images, labels = [r["image"]["bytes"] for r in rows], [r["label"] for r in rows]
paths = [f"{i}.png" for i in range(len(rows))]
STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def table(images=images, kind=STRUCT, labels=labels, label=pa.int64(), required=False):
    column = [None if i is None else {"bytes": i, "path": p} for i, p in zip(images, paths)] if kind == STRUCT else images
    schema = pa.schema([pa.field("image", kind, nullable=not required), pa.field("label", label, nullable=not required)])
    return pa.table([pa.array(column, kind), pa.array(labels, label)], schema=schema)


def write(name, table, **settings):
    settings = {"compression": "none", "use_dictionary": False, "store_schema": False, "write_statistics": False} | settings
    pq.write_table(table, f"{name}.parquet", **settings)


def encoded(**columns):
    return {"column_encoding": {"image.bytes": "PLAIN", "image.path": "PLAIN", "label": "PLAIN"} | {k.replace("_", "."): v for k, v in columns.items()}}


for codec in ["gzip", "brotli", "lz4"]:
    write(f"arrow_{codec}", table(), compression=codec)
    write(f"arrow_{codec}_v2", table(), compression=codec, data_page_version="2.0", use_dictionary=True)
write("arrow_delta_length", table(), **encoded(image_bytes="DELTA_LENGTH_BYTE_ARRAY", label="DELTA_BINARY_PACKED"))
write("arrow_delta_bytes", table(), **encoded(image_bytes="DELTA_BYTE_ARRAY", image_path="DELTA_BYTE_ARRAY", label="BYTE_STREAM_SPLIT"))
write("arrow_delta_int32", table(label=pa.int32()), data_page_version="2.0", compression="zstd",
      **encoded(image_bytes="DELTA_LENGTH_BYTE_ARRAY", label="DELTA_BINARY_PACKED"))
write("arrow_split_int32", table(label=pa.int32()), data_page_version="2.0", compression="snappy",
      **encoded(image_bytes="DELTA_BYTE_ARRAY", label="BYTE_STREAM_SPLIT"))
write("arrow_small", table(label=pa.uint8(), required=True), data_page_version="2.0", use_dictionary=True, data_page_size=200, write_batch_size=5, row_group_size=7)
write("arrow_checksums", table(), write_page_checksum=True)
write("arrow_checksums_v2", table(), write_page_checksum=True, data_page_version="2.0", compression="zstd", use_dictionary=True)
write("arrow_large_binary", table(kind=pa.large_binary()))
write("arrow_binary_view", table(kind=pa.binary_view()), compression="lz4")
fixed = pa.binary(len(images[0]))
write("arrow_fixed", table(kind=fixed), use_dictionary=True)
write("arrow_fixed_delta", table(kind=fixed), column_encoding={"image": "DELTA_BYTE_ARRAY", "label": "PLAIN"})
write("arrow_fixed_split", table(kind=fixed), column_encoding={"image": "BYTE_STREAM_SPLIT", "label": "PLAIN"})
truth = table(labels=[l % 2 == 1 for l in labels], label=pa.bool_())
write("arrow_boolean", truth)
write("arrow_boolean_rle", truth, version="2.6", **encoded(label="RLE"))
write("arrow_boolean_rle_v2", truth, version="2.6", data_page_version="2.0", compression="snappy", **encoded(label="RLE"))

frame = polars.DataFrame({"image": [{"bytes": i, "path": p} for i, p in zip(images, paths)], "label": labels})
for codec in ["uncompressed", "lz4", "zstd"]:
    frame.write_parquet(f"polars_{codec}.parquet", compression=codec, statistics=False)
connection = duckdb.connect()
connection.register("rows", table())
for version in ["V1", "V2"]:
    for codec in ["brotli", "lz4_raw"]:
        connection.execute(f"copy (select * from rows) to 'duckdb_{codec}_{version.lower()}.parquet' (format parquet, codec '{codec}', parquet_version '{version}')")
for codec in ["GZIP", "LZ4_RAW"]:
    fastparquet.write(f"fastparquet_{codec.lower()}.parquet", pandas.DataFrame({"image": images, "label": labels}), compression=codec, object_encoding="bytes")


# What no writer that can be installed makes any more: a table by hand, in Thrift's compact protocol.
def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def fields(**values):
    """A structure: i3=5 is field 3, an integer; w one of 64 bits, b a text, s a structure; lists: l of structures, n of
    integers, t of texts."""
    out, last = b"", 0
    for key, value in values.items():
        number = int(key[1:])
        kind = {"i": 5, "w": 6, "b": 8, "l": 9, "n": 9, "t": 9, "s": 12}[key[0]]
        out += bytes([(number - last) << 4 | kind])
        last = number
        if key[0] in "iw":
            out += varint(value << 1)
        elif key[0] == "b":
            out += varint(len(value)) + value.encode()
        elif key[0] == "s":
            out += value
        else:
            element = {"l": 12, "n": 5, "t": 8}[key[0]]
            encode = {"l": lambda v: v, "n": lambda v: varint(v << 1), "t": lambda v: varint(len(v)) + v.encode()}[key[0]]
            out += bytes([len(value) << 4 | element]) + b"".join(encode(v) for v in value)
    return out + b"\0"


def by_hand(name, codec, pack):
    out, chunks = b"PAR1", []
    plain = [b"".join(struct.pack("<I", len(i)) + i for i in images), b"".join(struct.pack("<q", l) for l in labels)]
    for column, kind, page in zip(["image", "label"], [6, 2], plain):
        packed = pack(page)
        header = fields(i1=0, i2=len(page), i3=len(packed), s5=fields(i1=len(rows), i2=0, i3=3, i4=3))
        meta = fields(i1=kind, n2=[0], t3=[column], i4=codec, w5=len(rows), w6=len(header) + len(page), w7=len(header) + len(packed), w9=len(out))
        chunks.append(fields(w2=len(out), s3=meta))
        out += header + packed
    schema = [fields(b4="schema", i5=2), fields(i1=6, i3=0, b4="image"), fields(i1=2, i3=0, b4="label")]
    footer = fields(i1=1, l2=schema, w3=len(rows), l4=[fields(l1=chunks, w2=len(out), w3=len(rows))])
    with open(f"{name}.parquet", "wb") as file:
        file.write(out + footer + struct.pack("<I", len(footer)) + b"PAR1")


def lz4(page):
    return pa.compress(page, "lz4_raw", asbytes=True)


def hadoop(page):
    """Parts of at most 500 bytes, each in blocks of at most 200."""
    out = b""
    for part in (page[i:i + 500] for i in range(0, len(page), 500)):
        blocks = [lz4(part[i:i + 200]) for i in range(0, len(part), 200)]
        out += struct.pack(">I", len(part)) + b"".join(struct.pack(">I", len(b)) + b for b in blocks)
    return out


by_hand("hand_lz4_hadoop", 5, hadoop)
by_hand("hand_lz4_frame", 5, lambda page: pa.compress(page, "lz4", asbytes=True))
by_hand("hand_lz4_bare", 5, lz4)
by_hand("hand_gzip_members", 2, lambda page: b"".join(gzip.compress(page[i:i + 300], mtime=0) for i in range(0, len(page), 300)))

# Pages alone, for the readers of codecs: codec, size, page.
page = b"".join(images)[:600]
for name, codec, pack in [
    ("snappy", 1, lambda p: pa.compress(p, "snappy", asbytes=True)),
    ("gzip", 2, lambda p: gzip.compress(p[:300], mtime=0) + gzip.compress(p[300:], mtime=0)),
    ("brotli", 4, lambda p: pa.compress(p, "brotli", asbytes=True)),
    ("hadoop", 5, hadoop),
    ("frame", 5, lambda p: pa.compress(p, "lz4", asbytes=True)),
    ("zstd", 6, lambda p: pa.compress(p, "zstd", asbytes=True)),
    ("lz4", 7, lz4),
]:
    with open(f"{name}.page", "wb") as file:
        file.write(bytes([codec]) + struct.pack("<I", len(page)) + pack(page))

os.chdir("refused")
hole = [None if i == 7 else v for i, v in enumerate(images)]
holed = pa.table([pa.array([{"bytes": i, "path": p} for i, p in zip(hole, paths)], STRUCT), pa.array(labels)], names=["image", "label"])
write("null_image", holed)
write("null_struct", table(images=hole), data_page_version="2.0", compression="snappy")
write("null_label", table(labels=[None if i == 7 else v for i, v in enumerate(labels)]))
write("text_label", table(labels=[f"{v:08}" for v in labels], label=pa.string()))
write("float_label", table(labels=[float(v) for v in labels], label=pa.float64()))
write("negative_label", table(labels=[-1] + labels[1:]))
write("number_image", table(images=labels, kind=pa.int64()))
write("list_image", table(images=[[i] for i in images], kind=pa.list_(pa.binary())))


class Keys(encryption.KmsClient):
    def wrap_key(self, key, name):
        return key.hex()

    def unwrap_key(self, key, name):
        return bytes.fromhex(key)


factory = encryption.CryptoFactory(lambda config: Keys())
settings = encryption.EncryptionConfiguration(footer_key="footer", column_keys={"key": ["label"]})
write("encrypted", table(), encryption_properties=factory.file_encryption_properties(encryption.KmsConnectionConfig(), settings))
print(sys.version)
