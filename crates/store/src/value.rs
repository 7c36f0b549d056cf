//! What travels between Rust and a database: whole numbers, texts and bytes, on both engines alike.

use crate::{Error, PassId, Result, Visitor};
use links::{ChatId, UnixTime, UserId};
use sqlx::Row as _;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A value for a placeholder. What is absent still says what it would be: PostgreSQL wants to know.
pub(crate) enum Value<'a> {
    Int(Option<i64>),
    Text(Option<Cow<'a, str>>),
    Blob(Option<&'a [u8]>),
    /// Lists, which only PostgreSQL knows.
    Ints(Vec<i64>),
    Blobs(Vec<&'a [u8]>),
}

/// What can stand for a placeholder.
pub(crate) trait Bind {
    fn bind(&self) -> Value<'_>;
    /// The value's absence.
    fn none() -> Value<'static>
    where
        Self: Sized;
}

/// What can be read from a column.
pub(crate) trait Column: Sized {
    fn read(row: &Row<'_>, at: usize) -> Result<Self>;
}

/// What can be read from a row: a tuple of columns in the statement's order.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

/// A row of an answer, on its way.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a sqlx::postgres::PgRow),
}

impl Row<'_> {
    pub(crate) fn int(&self, at: usize) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(row) => Ok(row.get(at)?),
            Self::Postgres(row) => Ok(row.try_get(at)?),
        }
    }

    pub(crate) fn text(&self, at: usize) -> Result<Option<String>> {
        match self {
            Self::Sqlite(row) => Ok(row.get(at)?),
            Self::Postgres(row) => Ok(row.try_get(at)?),
        }
    }

    pub(crate) fn blob(&self, at: usize) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Sqlite(row) => Ok(row.get(at)?),
            Self::Postgres(row) => Ok(row.try_get(at)?),
        }
    }
}

impl<T: Bind> Bind for Option<T> {
    fn bind(&self) -> Value<'_> {
        self.as_ref().map_or(T::none(), Bind::bind)
    }

    fn none() -> Value<'static> {
        T::none()
    }
}

/// A type that is stored as a number, a text or bytes: how it is written, and how it is read back if it can be.
macro_rules! stored {
    ($kind:ident, $read:ident, $type:ty, |$value:ident| $write:expr, |$raw:ident| $parse:expr) => {
        impl crate::value::Bind for $type {
            fn bind(&self) -> crate::value::Value<'_> {
                let $value = self;
                crate::value::Value::$kind(Some($write))
            }

            fn none() -> crate::value::Value<'static> {
                crate::value::Value::$kind(None)
            }
        }

        impl crate::value::Column for $type {
            fn read(row: &crate::value::Row<'_>, at: usize) -> crate::Result<Self> {
                <Option<$type> as crate::value::Column>::read(row, at)?.ok_or(crate::Error::Damaged(concat!(
                    "nothing where ",
                    stringify!($type),
                    " belongs"
                )))
            }
        }

        impl crate::value::Column for Option<$type> {
            fn read(row: &crate::value::Row<'_>, at: usize) -> crate::Result<Self> {
                let Some($raw) = row.$read(at)? else { return Ok(None) };
                let parsed: Option<$type> = $parse;
                parsed.map(Some).ok_or(crate::Error::Damaged(concat!("no ", stringify!($type), " there")))
            }
        }
    };
}
pub(crate) use stored;

stored!(Int, int, i64, |value| *value, |raw| Some(raw));
stored!(Int, int, u32, |value| i64::from(*value), |raw| u32::try_from(raw).ok());
stored!(Int, int, UnixTime, |value| value.get(), |raw| Some(UnixTime::new(raw)));
stored!(Int, int, ChatId, |value| value.get(), |raw| ChatId::new(raw).ok());
stored!(Int, int, UserId, |value| value.get(), |raw| UserId::new(raw).ok());
stored!(Text, text, String, |value| value.into(), |raw| Some(raw));
stored!(Text, text, gate::Code, |code| code.to_string().into(), |raw| raw.parse().ok());
stored!(Blob, blob, Vec<u8>, |value| value, |raw| Some(raw));

impl Bind for Vec<PassId> {
    fn bind(&self) -> Value<'_> {
        Value::Ints(self.iter().map(|pass| pass.get()).collect())
    }

    fn none() -> Value<'static> {
        Value::Ints(Vec::new())
    }
}

impl Bind for BTreeSet<UserId> {
    fn bind(&self) -> Value<'_> {
        Value::Ints(self.iter().map(|person| person.get()).collect())
    }

    fn none() -> Value<'static> {
        Value::Ints(Vec::new())
    }
}

impl Bind for Vec<Visitor> {
    fn bind(&self) -> Value<'_> {
        Value::Blobs(self.iter().map(|visitor| visitor.as_bytes().as_slice()).collect())
    }

    fn none() -> Value<'static> {
        Value::Blobs(Vec::new())
    }
}

impl Bind for &str {
    fn bind(&self) -> Value<'_> {
        Value::Text(Some(Cow::Borrowed(self)))
    }

    fn none() -> Value<'static> {
        Value::Text(None)
    }
}

macro_rules! tuples {
    ($($($name:ident $at:tt),+;)+) => {
        $(impl<$($name: Column),+> FromRow for ($($name,)+) {
            fn from_row(row: &Row<'_>) -> Result<Self> {
                Ok(($($name::read(row, $at)?,)+))
            }
        })+
    };
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12;
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(
                Code::DatabaseBusy
                | Code::DatabaseLocked
                | Code::DiskFull
                | Code::SystemIoFailure
                | Code::CannotOpen
                | Code::ReadOnly
                | Code::OutOfMemory,
            ) => Self::Unavailable(error.into()),
            _ => Self::Refused(error.into()),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        // The classes of PostgreSQL that pass by themselves: 08 connection, 40 rollback, 53 resources, 55 not in this
        // state, 57 an operator intervened, 58 the system around it; and 25P03, we stood still for too long.
        let passing = match &error {
            sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| {
                ["08", "25P03", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class))
            }),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_) => {
                false
            }
            _ => true,
        };
        if passing { Self::Unavailable(error.into()) } else { Self::Refused(error.into()) }
    }
}
