//! SQLite databases, which the host has.
//!
//! ```no_run
//! use lunatic_process::sqlite::{Connection, Value};
//!
//! # fn main() -> Result<(), lunatic_process::sqlite::Error> {
//! let db = Connection::open("visitors.db")?;
//! db.execute("CREATE TABLE IF NOT EXISTS visitor (name TEXT, n INTEGER)")?;
//! db.query("INSERT INTO visitor VALUES (?, ?)", &["alice".into(), 7.into()])?;
//! let rows = db.query("SELECT n FROM visitor WHERE name = ?", &["alice".into()])?;
//! assert_eq!(rows[0][0], Value::Integer(7));
//! # Ok(())
//! # }
//! ```

use std::fmt;

use crate::error::HostError;
use crate::host::sqlite as h;
use crate::trap::catch;

/// A database that is open. It cannot be sent: it belongs to its process, and is closed with it.
#[derive(Debug)]
pub struct Connection {
    id: u64,
}

/// A statement that is ready to run, for [`Connection`]s that run it more than once.
#[derive(Debug)]
pub struct Statement<'a> {
    id: u64,
    connection: &'a Connection,
}

/// What is in a column, or stands for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// Bytes.
    Blob(Vec<u8>),
    /// Text.
    Text(String),
    /// A floating point number.
    Real(f64),
    /// An integer.
    Integer(i64),
}

/// What SQLite says is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// SQLite's result code, if it was SQLite.
    pub code: Option<u32>,
    /// What it says.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

macro_rules! values {
    ($($ty:ty => $variant:ident)*) => {$(
        impl From<$ty> for Value {
            fn from(value: $ty) -> Value {
                Value::$variant(value.into())
            }
        }
    )*};
}

values! {
    i32 => Integer
    u32 => Integer
    i64 => Integer
    f64 => Real
    &str => Text
    String => Text
    &[u8] => Blob
    Vec<u8> => Blob
}

impl Connection {
    /// Opens a database in one of the process's directories, or makes it. `:memory:` is one that is not kept; it
    /// needs the directory that the process is in.
    ///
    /// # Errors
    ///
    /// The file cannot be accessed, or is no database.
    pub fn open(path: &str) -> Result<Connection, Error> {
        let mut id = 0;
        match unsafe { h::open(path.as_ptr(), path.len(), &mut id) } {
            0 => Ok(Connection { id }),
            _ => Err(Error { code: None, message: HostError::take(id).to_string() }),
        }
    }

    /// Runs statements, and throws their rows away.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn execute(&self, sql: &str) -> Result<(), Error> {
        match unsafe { h::execute(self.id, sql.as_ptr(), sql.len()) } {
            0 => Ok(()),
            _ => Err(self.last_error()),
        }
    }

    /// Runs one statement with its parameters, and answers its rows.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
        let mut statement = self.prepare(sql)?;
        statement.bind(params)?;
        let mut rows = Vec::new();
        while let Some(row) = statement.step()? {
            rows.push(row);
        }
        Ok(rows)
    }

    /// Makes a statement ready to run.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn prepare(&self, sql: &str) -> Result<Statement<'_>, Error> {
        let id = self.check(|| unsafe { h::query_prepare(self.id, sql.as_ptr(), sql.len()) })?;
        Ok(Statement { id, connection: self })
    }

    /// How many rows the last statement has changed.
    pub fn changes(&self) -> u32 {
        unsafe { h::sqlite3_changes(self.id) }
    }

    /// Makes a call that traps where SQLite fails.
    fn check<T>(&self, call: impl FnOnce() -> T + std::panic::UnwindSafe) -> Result<T, Error> {
        catch(call).map_err(|_| self.last_error())
    }

    fn last_error(&self) -> Error {
        // It traps if SQLite has not failed: then it was the statement.
        let told = catch(|| answer(|len| unsafe { h::last_error(self.id, len) }));
        let error = told.ok().and_then(|bytes| {
            let mut input = Reader(&bytes);
            let code = if input.u8()? == 1 { Some(input.u32()?) } else { None };
            let message = if input.u8()? == 1 { input.text()? } else { String::new() };
            Some(Error { code, message })
        });
        error.unwrap_or_else(|| Error { code: None, message: "no statement, or wrong parameters".to_owned() })
    }
}

impl Statement<'_> {
    /// Gives values to the parameters, from the first on.
    ///
    /// # Errors
    ///
    /// There are more values than parameters.
    pub fn bind(&mut self, params: &[Value]) -> Result<(), Error> {
        let mut out = (params.len() as u64).to_le_bytes().to_vec();
        for (i, value) in params.iter().enumerate() {
            const NUMBERED: u32 = 1;
            out.extend_from_slice(&NUMBERED.to_le_bytes());
            out.extend_from_slice(&(i as u64 + 1).to_le_bytes());
            value.write(&mut out);
        }
        self.connection.check(|| unsafe { h::bind_value(self.id, out.as_ptr(), out.len()) })
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn step(&mut self) -> Result<Option<Vec<Value>>, Error> {
        const ROW: u32 = 100;
        if self.connection.check(|| unsafe { h::sqlite3_step(self.id) })? != ROW {
            return Ok(None);
        }
        let bytes = answer(|len| unsafe { h::read_row(self.id, len) });
        let mut input = Reader(&bytes);
        let row = input.u64().and_then(|n| (0..n).map(|_| input.value()).collect());
        Ok(Some(row.expect("the host writes rows as it says")))
    }

    /// Back to the start, with the same parameters.
    ///
    /// # Errors
    ///
    /// That of the run before.
    pub fn reset(&mut self) -> Result<(), Error> {
        self.connection.check(|| unsafe { h::statement_reset(self.id) })
    }

    /// The names of the columns.
    pub fn columns(&self) -> Vec<String> {
        let bytes = answer(|len| unsafe { h::column_names(self.id, len) });
        let mut input = Reader(&bytes);
        let names = input.u64().and_then(|n| (0..n).map(|_| input.text()).collect());
        names.expect("the host writes names as it says")
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        unsafe { h::sqlite3_finalize(self.id) }
    }
}

impl Value {
    /// As the host reads it: bincode.
    fn write(&self, out: &mut Vec<u8>) {
        fn field(out: &mut Vec<u8>, variant: u32, bytes: &[u8]) {
            out.extend_from_slice(&variant.to_le_bytes());
            out.extend_from_slice(bytes);
        }
        fn list(out: &mut Vec<u8>, variant: u32, bytes: &[u8]) {
            field(out, variant, &(bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        match self {
            Value::Null => field(out, 0, &[]),
            Value::Blob(bytes) => list(out, 1, bytes),
            Value::Text(text) => list(out, 2, text.as_bytes()),
            Value::Real(n) => field(out, 3, &n.to_le_bytes()),
            Value::Integer(n) => field(out, 5, &n.to_le_bytes()),
        }
    }
}

/// Reads what the host has written: bincode.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = self.0.get(..N)?.try_into().ok()?;
        self.0 = &self.0[N..];
        Some(array)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let len = usize::try_from(self.u64()?).ok()?;
        let bytes = self.0.get(..len)?.to_vec();
        self.0 = &self.0[len..];
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.u32()? {
            0 => Value::Null,
            1 => Value::Blob(self.bytes()?),
            2 => Value::Text(self.text()?),
            3 => Value::Real(self.array().map(f64::from_le_bytes)?),
            4 | 5 => Value::Integer(self.array().map(i64::from_le_bytes)?),
            _ => return None,
        })
    }
}

/// Takes what a host function has put where alloc has made room for it.
fn answer(call: impl FnOnce(*mut u32) -> *mut u8) -> Vec<u8> {
    let mut len = 0;
    let data = call(&mut len);
    // SAFETY: the host has asked alloc for so much, once for this call, and has written all of it.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data, len as usize)) }.into_vec()
}

/// Makes room for an answer of the host.
#[export_name = "lunatic_alloc"]
extern "C" fn alloc(len: u32) -> *mut u8 {
    Box::into_raw(vec![0u8; len as usize].into_boxed_slice()).cast()
}
