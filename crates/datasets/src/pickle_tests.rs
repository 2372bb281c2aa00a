//! Pickles of several Pythons and NumPys, whole, damaged, and with what is refused by name.

use std::{fs, path::Path};

use super::*;

fn seeds(wanted: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "pickle"));
    paths.sort();
    let name = |p: &Path| p.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|p| (name(p), fs::read(p).unwrap())).filter(|(n, _)| n.starts_with(wanted)).collect()
}

fn problem(bytes: &[u8]) -> String {
    Pickle::read(bytes, "f").unwrap_err().to_string()
}

/// `tests/seeds/pickles.py`: four images and their labels.
fn check(name: &str, bytes: &[u8]) {
    let pickle = Pickle::read(bytes, name).unwrap();
    let entries = pickle.names().unwrap();
    assert_eq!(entries.keys().map(|k| k.as_ref()).collect::<Vec<_>>(), ["batch_label", "data", "filenames", "labels"], "{name}");
    let data = pickle.array(entries["data"]).unwrap().unwrap();
    assert_eq!((data.shape, data.dtype.is_byte()), (vec![4, 12], true), "{name}");
    assert_eq!(data.bytes, (0..48).map(|i| i * 5).collect::<Vec<u8>>(), "{name}");
    assert_eq!(pickle.numbers(entries["labels"]).unwrap().unwrap(), [3.0, 0.0, 9.0, 1.0], "{name}");
    assert_eq!(pickle.numbers(entries["filenames"]).unwrap(), None, "{name}");
}

#[test]
fn batches_of_every_numpy_and_protocol_are_read() {
    let seeds = seeds("numpy");
    assert_eq!(seeds.len(), 16);
    for (name, bytes) in seeds {
        check(&name, &bytes);
        for end in 0..bytes.len() {
            assert!(Pickle::read(&bytes[..end], "f").is_err(), "{name} cut at {end}");
        }
    }
}

/// As Python 2's cPickle and NumPy 1.6 wrote it: text of bytes, values remembered, and recalled where they come again.
#[test]
fn a_batch_of_python_2_is_read() {
    let mut bytes =
        b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x05onceoq\x03U\x06labelsq\x04]q\x05(K\x03K\x00K\x09M\x01\x00eU\x04dataq\x06".to_vec();
    bytes.extend(b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85q\x09U\x01bq\x0a\x87q\x0bRq\x0c(K\x01K\x04K\x0c\x86q\x0d");
    bytes.extend(b"cnumpy\ndtype\nq\x0eU\x02u1q\x0fK\x00K\x01\x87q\x10Rq\x11(K\x03U\x01|q\x12NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x13b\x89U\x30");
    bytes.extend((0..48).map(|i| i * 5));
    bytes.extend(b"q\x14tq\x15bU\tfilenamesq\x16]q\x17(U\x05a.pngq\x18h\x18h\x18eu.");
    check("python 2", &bytes);
}

#[test]
fn what_is_no_data_is_refused_by_name_and_never_run() {
    for (name, bytes) in seeds("marker") {
        let message = problem(&bytes);
        // Protocol 2 names modules as Python 2 did.
        let names = ["the name __builtin__.open;", "the name io.open;"];
        assert!(message.starts_with("f: refused: a pickle with ") && names.iter().any(|n| message.contains(n)), "{name}: {message}");
    }
    for (name, bytes) in seeds("object") {
        assert!(problem(&bytes).contains("the name __main__.Plain;"), "{name}: {}", problem(&bytes));
    }
    assert!(!Path::new("a-pickle-was-run").exists());
    for (bytes, wanted) in [
        (&b"\x80\x02cposix\nsystem\nU\x04true\x85R."[..], "the name posix.system;"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.", "the name builtins.eval;"),
        (b"\x80\x02cnumpy.core.multiarray\nfromstring\n.", "the name numpy.core.multiarray.fromstring;"),
        (b"\x80\x02(iposix\nsystem\n.", "the opcode INST;"),
        (b"\x80\x02(U\x04trueo.", "the opcode OBJ;"),
        (b"\x80\x02)\x81.", "the opcode NEWOBJ;"),
        (b"\x80\x02\x82\x01.", "the opcode EXT1;"),
        (b"\x80\x02Pa\n.", "the opcode PERSID;"),
        (b"\x80\x05\x97.", "the opcode NEXT_BUFFER;"),
        (b"(lp0\n.", "does not begin like one of protocol 2 to 5"),
        (b"\x80\x09N.", "protocol 9"),
    ] {
        assert!(problem(bytes).contains(wanted), "{}", problem(bytes));
    }
}

#[test]
fn nested_repeated_and_lying_values_take_no_memory() {
    // A hundred thousand tuples within one another.
    let deep = [b"\x80\x02)".to_vec(), vec![0x85; 100_000], b".".to_vec()].concat();
    assert!(Pickle::read(&deep, "f").is_ok());
    let many = [b"\x80\x02(".to_vec(), vec![b'N'; VALUES + 1], b"t.".to_vec()].concat();
    assert!(problem(&many).ends_with("more than the limit of 1048576"));
    let marks = [b"\x80\x02".to_vec(), vec![b'('; VALUES + 1]].concat();
    assert!(problem(&marks).ends_with("more than the limit of 1048576"));
    let remembered = [b"\x80\x04N".to_vec(), vec![0x94; VALUES + 1]].concat();
    assert!(problem(&remembered).ends_with("more than the limit of 1048576"));
    // A text of a thousand letters, encoded again and again.
    let mut again = b"\x80\x02X\xe8\x03\x00\x00".to_vec();
    again.extend([b'a'; 1_000]);
    again.extend(b"q\x00");
    (0..200).for_each(|_| again.extend(b"c_codecs\nencode\nh\x00U\x06latin1\x86R"));
    assert!(problem(&again).contains("makes more bytes than it has"), "{}", problem(&again));
    for (bytes, wanted) in [
        (&b"\x80\x02T\xff\xff\xff\x7f."[..], "ends 2147483647 bytes before it should (byte 7)"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "ends 18446744073709551615 bytes"),
        (b"\x80\x02\x85.", "takes a value where there is none"),
        (b"\x80\x02N(\x85.", "takes a value where there is none"),
        (b"\x80\x02t.", "to a mark where there is none"),
        (b"\x80\x02h\x05.", "recalls value 5, which it never had"),
        (b"\x80\x02NNa.", "appends to what is no list"),
        (b"\x80\x02}(Nu.", "enters values into what is no dictionary"),
        (b"\x80\x02N)R.", "calls what is no name"),
        (b"\x80\x02cnumpy\ndtype\n)R.", "Dtype with arguments that it does not take"),
        (b"\x80\x02N)b.", "a state that is none of an array or a dtype"),
        (b"\x80\x02\x8a\x09123456789.", "a number of 9 bytes"),
        (b"\x80\x02\xfe.", "an unknown opcode 0xfe"),
        (b"\x80\x02NN.", "does not end with one value"),
        (b"\x80\x02N.N", "does not end with one value"),
        (b"\x80\x02q\x00.", "remembers a value where there is none"),
    ] {
        assert!(problem(bytes).contains(wanted), "{}\n{wanted}", problem(bytes));
    }
    assert!(Pickle::read(b"\x80\x02N.", "f").unwrap().names().unwrap_err().to_string().contains("holds no dictionary"));
}
