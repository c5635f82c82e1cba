//! How keys and values cross: text or bytes in, text or bytes out, one copy each way.
//!
//! This file speaks to Node-API directly, because the ready-made conversions ask for a string's
//! length first and copy it after, which costs five times as much
//! (`docs/decisions/0004-strings-by-hand.md`). It holds nothing beyond the call that it serves.
#![allow(unsafe_code, reason = "docs/decisions/0004-strings-by-hand.md")]

use std::ptr;

use bytes::Bytes;
use napi::bindgen_prelude::{FromNapiValue, ToNapiValue, TypeName, ValidateNapiValue};
use napi::{Status, ValueType, check_status, sys};

use crate::failure::Failure;

/// What most keys and records fit into.
const FIRST_TRY: usize = 1024;
/// The longest UTF-8 form of a code point: a result that is this much shorter than its buffer was
/// not cut.
const LONGEST_CODE_POINT: usize = 4;

/// A key or a value that came in as a string or as any view of bytes: a typed array or a `DataView`.
pub struct Input(pub Vec<u8>);

impl Input {
    /// The string that came in.
    pub fn text(self) -> Result<String, Failure> {
        let no_text = |_| Failure::new("INVALID_PARAMETERS", "a name is not text");
        String::from_utf8(self.0).map_err(no_text)
    }
}

impl TypeName for Input {
    fn type_name() -> &'static str {
        "string | ArrayBufferView"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl ValidateNapiValue for Input {}

impl FromNapiValue for Input {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: `env` and `value` are those of the running call.
        unsafe { read_text(env, value, FIRST_TRY) }
            .map_or_else(|| unsafe { read_bytes(env, value) }, |text| text.map(Self))
    }
}

/// A string of which there are many at once: it takes no more room than it needs.
pub struct Text(pub String);

impl TypeName for Text {
    fn type_name() -> &'static str {
        "string"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl ValidateNapiValue for Text {}

impl FromNapiValue for Text {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let not_text = || napi::Error::new(Status::StringExpected, "a string is needed");
        // SAFETY: `env` and `value` are those of the running call.
        let mut text = unsafe { read_text(env, value, FIRST_TRY) }.ok_or_else(not_text)??;
        text.shrink_to_fit();
        String::from_utf8(text).map(Self).map_err(|_| not_text())
    }
}

/// The string as UTF-8; none where the value is not a string.
unsafe fn read_text(
    env: sys::napi_env,
    value: sys::napi_value,
    room: usize,
) -> Option<napi::Result<Vec<u8>>> {
    let mut text: Vec<u8> = Vec::with_capacity(room);
    let mut written = 0;
    // SAFETY: the vector has `room` bytes; Node writes at most so many, a final NUL included.
    let status = unsafe {
        sys::napi_get_value_string_utf8(env, value, text.as_mut_ptr().cast(), room, &mut written)
    };
    match status {
        sys::Status::napi_ok => {}
        sys::Status::napi_string_expected => return None,
        _ => return Some(Err(refused(status))),
    }
    if written + LONGEST_CODE_POINT < room {
        // SAFETY: Node has initialised this many bytes.
        unsafe { text.set_len(written) };
        return Some(Ok(text));
    }
    let mut length = 0;
    // SAFETY: without a buffer Node only measures.
    let status =
        unsafe { sys::napi_get_value_string_utf8(env, value, ptr::null_mut(), 0, &mut length) };
    if status != sys::Status::napi_ok {
        return Some(Err(refused(status)));
    }
    // SAFETY: as above; now everything fits.
    unsafe { read_text(env, value, length + 2 * LONGEST_CODE_POINT) }
}

unsafe fn read_bytes(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Input> {
    let mut is_view = false;
    // SAFETY: Node fills what it is given. What it calls a buffer is any view.
    let status = unsafe { sys::napi_is_buffer(env, value, &mut is_view) };
    if status != sys::Status::napi_ok || !is_view {
        return Err(napi::Error::new(Status::InvalidArg, "a string or a view of bytes is needed"));
    }
    let (mut length, mut data) = (0, ptr::null_mut());
    // SAFETY: as above; asked about anything else, Node would end the process.
    let status = unsafe { sys::napi_get_buffer_info(env, value, &mut data, &mut length) };
    check_status!(status, "a view of bytes could not be read")?;
    if length == 0 || data.is_null() {
        return Ok(Input(Vec::new()));
    }
    // SAFETY: Node vouches for `length` bytes at `data` for as long as no JavaScript runs, and the
    // copy is made before any does.
    Ok(Input(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) }.to_vec()))
}

fn refused(status: sys::napi_status) -> napi::Error {
    napi::Error::new(Status::from(status), "a string could not be read")
}

/// In which form keys or values are given to JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A string.
    Text,
    /// A `Buffer`.
    Buffer,
}

impl Form {
    /// The form that a caller asked for.
    pub fn of(as_text: bool) -> Self {
        if as_text { Self::Text } else { Self::Buffer }
    }
}

/// A key or a value on its way out.
pub struct Output(pub Form, pub Bytes);

impl TypeName for Output {
    fn type_name() -> &'static str {
        "string | Buffer"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl ToNapiValue for Output {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        let Self(form, bytes) = value;
        let (data, length) = (bytes.as_ptr(), bytes.len());
        let mut result = ptr::null_mut();
        // SAFETY: Node copies `length` bytes from `data`, which `bytes` holds until the end.
        let status = unsafe {
            match form {
                Form::Buffer => sys::napi_create_buffer_copy(
                    env,
                    length,
                    data.cast(),
                    ptr::null_mut(),
                    &mut result,
                ),
                Form::Text if bytes.is_ascii() => {
                    sys::napi_create_string_latin1(env, data.cast(), length as isize, &mut result)
                }
                // Bytes that are not UTF-8 become replacement characters.
                Form::Text => {
                    sys::napi_create_string_utf8(env, data.cast(), length as isize, &mut result)
                }
            }
        };
        check_status!(status, "a value could not be given to JavaScript")?;
        Ok(result)
    }
}
