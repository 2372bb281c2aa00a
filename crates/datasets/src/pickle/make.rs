//! What the constructors that a pickle may name make of their arguments: arrays, numbers, dtypes and bytes.

use super::{
    Pickle,
    names::Global,
    value::{Array, Id, Text, Value},
};
use crate::{Result, npy::Dtype};

impl Pickle<'_> {
    /// A constructor with its arguments: data in another notation.
    pub(super) fn call(&mut self) -> Result<()> {
        let (arguments, callable) = (self.pop()?, self.pop()?);
        let (Some(&Value::Global(global)), Some(Value::Tuple(arguments))) = (self.values.get(callable), self.values.get(arguments)) else {
            return Err(self.wrong("calls what is no name, or without arguments".into()));
        };
        let arguments = arguments.clone();
        let made = match (global, arguments.as_slice()) {
            (Global::Reconstruct, [_, _, _]) => Some(Value::Array(None)),
            (Global::Dtype, [name, ..]) => self.text(*name).map(|name| Value::Dtype(Dtype::parse(&String::from_utf8_lossy(name)))),
            (Global::Scalar, &[dtype, bytes]) => match (self.values.get(dtype), self.text(bytes)) {
                (Some(Value::Dtype(dtype)), Some(bytes)) if dtype.width() == Some(bytes.len()) => Some(Value::Number(dtype.number(bytes))),
                _ => None,
            },
            (Global::FromBuffer, &[data, dtype, shape, order]) => {
                let fortran = self.text(order).map(|order| order == b"F");
                fortran.and_then(|fortran| self.filled(shape, dtype, fortran, data))
            }
            (Global::Encode, &[text, coding]) if matches!(self.text(coding), Some(b"latin1" | b"latin-1")) => Some(self.encoded(text)?),
            (Global::Bytes, []) => Some(Value::Bytes(Text::Own(Vec::new()))),
            (Global::Bytes, &[bytes]) if matches!(self.values.get(bytes), Some(Value::Bytes(_))) => return self.again(bytes),
            (Global::Bytes, &[text, coding]) if matches!(self.text(coding), Some(b"latin1" | b"latin-1")) => Some(self.encoded(text)?),
            _ => None,
        };
        let made = made.ok_or_else(|| self.wrong(format!("{global:?} with arguments that it does not take")))?;
        self.push(made)
    }

    /// The bytes that a text stands for, a letter each.
    fn encoded(&mut self, text: Id) -> Result<Value> {
        let letters = self.text(text).and_then(|text| std::str::from_utf8(text).ok());
        let bytes = letters.and_then(|text| text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>());
        let bytes = bytes.ok_or_else(|| self.wrong("a text that stands for no bytes".into()))?;
        self.owned += bytes.len();
        // Whoever wrote it once does not take more than the file.
        if self.owned > self.bytes.len() {
            return Err(self.wrong("makes more bytes than it has".into()));
        }
        Ok(Value::Bytes(Text::Own(bytes)))
    }

    fn filled(&self, shape: Id, dtype: Id, fortran: bool, data: Id) -> Option<Value> {
        let (Some(Value::Tuple(sizes)), Some(Value::Dtype(dtype))) = (self.values.get(shape), self.values.get(dtype)) else { return None };
        let size = |&id: &Id| match self.values.get(id) {
            Some(Value::Integer(n)) => usize::try_from(*n).ok(),
            _ => None,
        };
        let shape: Vec<usize> = sizes.iter().map(size).collect::<Option<_>>().filter(|s: &Vec<usize>| s.len() <= 64)?;
        Some(Value::Array(Some(Array { dtype: dtype.clone(), shape, fortran, data })))
    }

    /// The content of an array or the byte order of a dtype, as `__setstate__` takes them.
    pub(super) fn fill(&mut self) -> Result<()> {
        let state = self.pop()?;
        let (Some(Value::Tuple(state)), Some(&id)) = (self.values.get(state), self.stack.last()) else {
            return Err(self.wrong("a state that is no tuple".into()));
        };
        let made = match (self.values.get(id), state.as_slice()) {
            (Some(Value::Array(None)), &[_, shape, dtype, fortran, data]) => match self.values.get(fortran) {
                Some(Value::Bool(fortran)) => self.filled(shape, dtype, *fortran, data),
                Some(Value::Integer(fortran)) => self.filled(shape, dtype, *fortran != 0, data),
                _ => None,
            },
            (Some(Value::Dtype(dtype)), [_, order, ..]) => {
                self.text(*order).map(|order| Value::Dtype(dtype.with_order(&String::from_utf8_lossy(order))))
            }
            _ => None,
        };
        let made = made.ok_or_else(|| self.wrong("a state that is none of an array or a dtype".into()))?;
        if let Some(value) = self.values.get_mut(id) {
            *value = made;
        }
        Ok(())
    }
}
