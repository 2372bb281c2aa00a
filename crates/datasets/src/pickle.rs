//! Python's pickles read as data, and never run.
//!
//! A pickle is a program that builds objects by calling whatever it names. Of its language this reader knows numbers,
//! text, lists, tuples, dictionaries, and arrays of NumPy's: the constructors in [`GLOBALS`] are taken as a notation for
//! data. Every other name or opcode is refused by its name before anything is made of it. Protocols 2 to 5, as Python 2
//! and 3 and NumPy 1 and 2 write them. <https://github.com/python/cpython/blob/main/Lib/pickletools.py>
//!
//! Values stand in one list and refer to one another by number: neither deep nor repeated ones cost more than the bytes
//! that make them.

mod make;
mod names;
mod value;

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use crate::{Error, Result, array_file::last_fastest, npy::Dtype};

use names::{GLOBALS, REFUSED};
use value::{Id, Text, Value};

/// The most values that a pickle may push (a batch of CIFAR-10 holds 20 000).
const VALUES: usize = 1 << 20;
/// The most bytes of a name.
const NAME: usize = 256;

/// The values of a pickle.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    file: &'a str,
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: BTreeMap<usize, Id>,
    pushed: usize,
    /// Bytes of [`Text::Own`].
    owned: usize,
}

/// Numbers of an array, the last index fastest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Numbers<'a> {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Cow<'a, [u8]>,
}

impl<'a> Pickle<'a> {
    /// Reads the values of the pickle that `bytes` are; `file` names it in errors.
    ///
    /// # Errors
    /// [`Error::Refused`] for a name or opcode that is not data, by its name; [`Error::Damaged`] for bytes that are no
    /// pickle; [`Error::TooLarge`] beyond a million values.
    pub(crate) fn read(bytes: &'a [u8], file: &'a str) -> Result<Self> {
        let mut pickle = Self {
            file,
            bytes,
            at: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: BTreeMap::new(),
            pushed: 0,
            owned: 0,
        };
        match *bytes {
            [0x80, 2..=5, ..] => pickle.at = 2,
            [0x80, version, ..] => return Err(pickle.wrong(format!("protocol {version}; 2 to 5 are known"))),
            _ => return Err(pickle.wrong("does not begin like one of protocol 2 to 5".into())),
        }
        while pickle.step()? {}
        if pickle.at != bytes.len() || pickle.stack.len() != 1 || !pickle.marks.is_empty() {
            return Err(pickle.wrong("does not end with one value".into()));
        }
        Ok(pickle)
    }

    /// The entries of the dictionary that the pickle is, by their names, whether these are `str` or `bytes`.
    ///
    /// # Errors
    /// [`Error::Damaged`] where it is none.
    pub(crate) fn names(&self) -> Result<BTreeMap<Cow<'_, str>, Id>> {
        let Some(Value::Dictionary(entries)) = self.stack.last().and_then(|&id| self.values.get(id)) else {
            return Err(self.wrong("holds no dictionary".into()));
        };
        Ok(entries.iter().filter_map(|&(key, value)| Some((String::from_utf8_lossy(self.text(key)?), value))).collect())
    }

    /// The numbers of the array that value `id` is; none where it is something else.
    ///
    /// # Errors
    /// [`Error::Damaged`] where its bytes are not as many as its shape says.
    pub(crate) fn array(&self, id: Id) -> Result<Option<Numbers<'_>>> {
        let Some(Value::Array(Some(array))) = self.values.get(id) else { return Ok(None) };
        let width = array.dtype.width().ok_or_else(|| self.refused(&format!("an array of {}, which are no numbers", array.dtype.name)))?;
        let bytes = self.text(array.data).ok_or_else(|| self.wrong("an array without bytes".into()))?;
        let size = array.shape.iter().try_fold(width, |size, &n| size.checked_mul(n));
        if size != Some(bytes.len()) {
            return Err(self.wrong(format!("{} bytes for an array {:?} of {}", bytes.len(), array.shape, array.dtype.name)));
        }
        let bytes = if array.fortran { last_fastest(bytes, &array.shape, width).into() } else { bytes.into() };
        Ok(Some(Numbers { dtype: array.dtype.clone(), shape: array.shape.clone(), bytes }))
    }

    /// The numbers of the list, tuple or array of one dimension that value `id` is; none where it is something else.
    ///
    /// # Errors
    /// As [`Pickle::array`].
    pub(crate) fn numbers(&self, id: Id) -> Result<Option<Vec<f64>>> {
        let (Some(Value::List(items)) | Some(Value::Tuple(items))) = self.values.get(id) else {
            let array = self.array(id)?.filter(|a| matches!(*a.shape.as_slice(), [_] | [_, 1]));
            return Ok(array.map(|a| a.bytes.chunks_exact(a.dtype.width().unwrap_or(1)).map(|b| a.dtype.number(b)).collect()));
        };
        let number = |&id: &Id| match self.values.get(id) {
            Some(Value::Integer(n)) => Some(*n as f64),
            Some(Value::Number(n)) => Some(*n),
            _ => None,
        };
        Ok(items.iter().map(number).collect())
    }

    fn wrong(&self, problem: String) -> Error {
        Error::damaged(self.file, format!("broken pickle: {problem} (byte {})", self.at))
    }

    fn refused(&self, what: &str) -> Error {
        Error::Refused { file: self.file.into(), reason: format!("a pickle with {what}; arrays, lists and text are read, nothing is run") }
    }

    fn take(&mut self, count: usize) -> Result<Range<usize>> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or_else(|| self.wrong(format!("ends {count} bytes before it should")))?;
        Ok(std::mem::replace(&mut self.at, end)..end)
    }

    /// A number of `count` bytes, the lowest first.
    fn size(&mut self, count: usize) -> Result<usize> {
        let bytes = self.take(count)?;
        let number = self.bytes.get(bytes).unwrap_or_default().iter().rev().fold(0_u64, |n, &b| n << 8 | u64::from(b));
        usize::try_from(number).map_err(|e| self.wrong(e.to_string()))
    }

    /// A whole number with a sign, of `count` bytes.
    fn signed(&mut self, count: usize) -> Result<Value> {
        if count > 8 {
            return Err(self.wrong(format!("a number of {count} bytes")));
        }
        let bits = self.size(count)? as i64;
        let unused = 64 - 8 * count as u32;
        Ok(Value::Integer(if count == 0 { 0 } else { bits << unused >> unused }))
    }

    /// As many bytes as the next `count` bytes say.
    fn sized(&mut self, count: usize) -> Result<Text> {
        let size = self.size(count)?;
        Ok(Text::At(self.take(size)?))
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Text> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().take(NAME).position(|&b| b == b'\n').ok_or_else(|| self.wrong("a name without an end".into()))?;
        let line = self.take(end)?;
        self.take(1)?;
        Ok(Text::At(line))
    }

    fn get<'b>(&'b self, text: &'b Text) -> &'b [u8] {
        match text {
            Text::At(range) => self.bytes.get(range.clone()).unwrap_or_default(),
            Text::Own(bytes) => bytes,
        }
    }

    /// The bytes of a value that is text or bytes.
    fn text(&self, id: Id) -> Option<&[u8]> {
        match self.values.get(id) {
            Some(Value::Text(text) | Value::Bytes(text)) => Some(self.get(text)),
            _ => None,
        }
    }

    fn again(&mut self, id: Id) -> Result<()> {
        self.pushed += 1;
        if self.pushed > VALUES {
            return Err(self.too_many(self.pushed));
        }
        self.stack.push(id);
        Ok(())
    }

    fn too_many(&self, size: usize) -> Error {
        Error::TooLarge { file: self.file.into(), what: "a pickle", unit: "values", size: size as u64, limit: VALUES as u64 }
    }

    fn push(&mut self, value: Value) -> Result<()> {
        self.values.push(value);
        self.again(self.values.len() - 1)
    }

    fn pop(&mut self) -> Result<Id> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let id = if self.stack.len() > floor { self.stack.pop() } else { None };
        id.ok_or_else(|| self.wrong("takes a value where there is none".into()))
    }

    /// What was pushed since the last mark.
    fn since_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| self.wrong("takes values to a mark where there is none".into()))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn remember(&mut self, key: usize) -> Result<()> {
        let top = self.stack.last().copied().ok_or_else(|| self.wrong("remembers a value where there is none".into()))?;
        self.memo.insert(key, top);
        if self.memo.len() > VALUES { Err(self.too_many(self.memo.len())) } else { Ok(()) }
    }

    fn recall(&mut self, key: usize) -> Result<()> {
        let id = self.memo.get(&key).copied().ok_or_else(|| self.wrong(format!("recalls value {key}, which it never had")))?;
        self.again(id)
    }

    /// The value that the last one on the stack is, to be added to.
    fn top(&mut self) -> Option<&mut Value> {
        let id = self.stack.last().copied()?;
        self.values.get_mut(id)
    }

    /// One opcode; whether more follow.
    fn step(&mut self) -> Result<bool> {
        let opcode = self.take(1)?;
        let opcode = self.bytes.get(opcode.start).copied().unwrap_or_default();
        match opcode {
            b'.' => return Ok(false),
            0x80 | 0x95 => {
                self.take(if opcode == 0x80 { 1 } else { 8 })?;
            }
            b'(' => {
                self.marks.push(self.stack.len());
                if self.marks.len() > VALUES {
                    return Err(self.too_many(self.marks.len()));
                }
            }
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'J' => self.signed(4).and_then(|n| self.push(n))?,
            b'K' => self.size(1).and_then(|n| self.push(Value::Integer(n as i64)))?,
            b'M' => self.size(2).and_then(|n| self.push(Value::Integer(n as i64)))?,
            0x8a => {
                let count = self.size(1)?;
                self.signed(count).and_then(|n| self.push(n))?;
            }
            b'U' | b'C' => self.sized(1).and_then(|t| self.push(Value::Bytes(t)))?,
            b'T' | b'B' => self.sized(4).and_then(|t| self.push(Value::Bytes(t)))?,
            0x8e | 0x96 => self.sized(8).and_then(|t| self.push(Value::Bytes(t)))?,
            0x8c => self.sized(1).and_then(|t| self.push(Value::Text(t)))?,
            b'X' => self.sized(4).and_then(|t| self.push(Value::Text(t)))?,
            0x8d => self.sized(8).and_then(|t| self.push(Value::Text(t)))?,
            b']' => self.push(Value::List(Vec::new()))?,
            b'}' => self.push(Value::Dictionary(Vec::new()))?,
            b')' => self.push(Value::Tuple(Vec::new()))?,
            b't' => self.since_mark().and_then(|items| self.push(Value::Tuple(items)))?,
            0x85..=0x87 => {
                let mut items = Vec::with_capacity(3);
                for _ in 0x84..opcode {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.push(Value::Tuple(items))?;
            }
            b'a' => self.pop().and_then(|item| self.append(vec![item]))?,
            b'e' => self.since_mark().and_then(|items| self.append(items))?,
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.enter(vec![key, value])?;
            }
            b'u' => self.since_mark().and_then(|items| self.enter(items))?,
            b'q' => self.size(1).and_then(|key| self.remember(key))?,
            b'r' => self.size(4).and_then(|key| self.remember(key))?,
            0x94 => self.remember(self.memo.len())?,
            b'h' => self.size(1).and_then(|key| self.recall(key))?,
            b'j' => self.size(4).and_then(|key| self.recall(key))?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Some(Value::Text(module)), Some(Value::Text(name))) = (self.values.get(module), self.values.get(name)) else {
                    return Err(self.wrong("a name that is no text".into()));
                };
                let (module, name) = (module.clone(), name.clone());
                self.global(&module, &name)?;
            }
            b'R' => self.call()?,
            b'b' => self.fill()?,
            _ => {
                return Err(match REFUSED.iter().find(|(code, _)| *code == opcode) {
                    Some((_, name)) => self.refused(&format!("the opcode {name}")),
                    None => self.wrong(format!("an unknown opcode {opcode:#04x}")),
                });
            }
        }
        Ok(true)
    }

    fn append(&mut self, items: Vec<Id>) -> Result<()> {
        match self.top() {
            Some(Value::List(list)) => {
                list.extend(items);
                Ok(())
            }
            _ => Err(self.wrong("appends to what is no list".into())),
        }
    }

    fn enter(&mut self, items: Vec<Id>) -> Result<()> {
        match self.top() {
            Some(Value::Dictionary(entries)) if items.len().is_multiple_of(2) => {
                entries.extend(items.as_chunks::<2>().0.iter().map(|&[key, value]| (key, value)));
                Ok(())
            }
            _ => Err(self.wrong("enters values into what is no dictionary".into())),
        }
    }

    fn global(&mut self, module: &Text, name: &Text) -> Result<()> {
        let words = |text| String::from_utf8_lossy(self.get(text)).chars().take(NAME).collect::<String>();
        let (module, name) = (words(module), words(name));
        let known = GLOBALS.iter().find(|(n, modules, _)| *n == name && modules.contains(&module.as_str()));
        let (_, _, global) = known.ok_or_else(|| self.refused(&format!("the name {module}.{name}")))?;
        self.push(Value::Global(*global))
    }
}

#[cfg(test)]
#[path = "pickle_tests.rs"]
mod tests;
