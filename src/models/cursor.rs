//! Where a page of a list ended, as the opaque `next_cursor` that a client sends back.
//!
//! A cursor is base64url without padding of: format version, sort, fingerprint of the owner, the last task's value for
//! each sort key, its id. It carries no authority (every query is for its owner anyway), so it is not signed; but whatever
//! is in one, decoding it neither panics nor lets a value through that a task could not have.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use uuid::Uuid;

use super::folding::fold;
use super::priority::Priority;
use super::sort::{Sort, SortField};
use super::task::Task;
use super::timestamp;
use super::user::UserId;

/// The longest cursor that is read, in bytes. The longest that is made has some 9,000: 200 characters of a title, each
/// of which can fold to 33 bytes.
pub const MAX_CURSOR_BYTES: usize = 12 * 1024;

const FORMAT_VERSION: u8 = 1;
const FINGERPRINT_BYTES: usize = 8;

/// A place in an order: after the task that has these values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// One for each key of the sort, in its order.
    pub keys: Vec<SortValue>,
    pub id: Uuid,
}

/// A task's value for one sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortValue {
    /// For `created` and `updated`: whole microseconds.
    Instant(Timestamp),
    /// For `due_date`: the stored instant, a day being its midnight in UTC.
    Due(Option<Timestamp>),
    /// For `title`: the folded title.
    Text(String),
    /// For `priority`: the rank.
    Integer(i64),
}

/// Why a cursor was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    #[error("the cursor is malformed")]
    Malformed,
    #[error("the cursor was made for another sort")]
    OtherSort,
    #[error("the cursor was made for another user")]
    OtherOwner,
}

impl Position {
    /// The place of `task` in `sort`.
    pub fn of(task: &Task, sort: &Sort) -> Self {
        let keys = sort.keys().iter().map(|key| SortValue::of(task, key.field)).collect();
        Self { keys, id: task.id }
    }
}

impl SortValue {
    fn of(task: &Task, field: SortField) -> Self {
        match field {
            SortField::Created => Self::Instant(task.created_at),
            SortField::Updated => Self::Instant(task.updated_at),
            SortField::Title => Self::Text(fold(&task.title)),
            SortField::DueDate => Self::Due(task.due_date.map(|due| due.to_stored().0)),
            SortField::Priority => Self::Integer(task.priority.rank()),
        }
    }
}

/// The cursor for `position` in `owner`'s tasks by `sort`. Instants are cut to the microsecond.
pub fn encode(position: &Position, sort: &Sort, owner: &UserId) -> String {
    let mut bytes = vec![FORMAT_VERSION];
    push_text(&mut bytes, &sort.to_string());
    bytes.extend(fingerprint(owner));
    for value in &position.keys {
        push_value(&mut bytes, value);
    }
    bytes.extend(position.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position in `cursor`, which must have been made for the same `sort` and `owner`.
///
/// # Errors
/// See [`CursorError`].
pub fn decode(cursor: &str, sort: &Sort, owner: &UserId) -> Result<Position, CursorError> {
    if cursor.len() > MAX_CURSOR_BYTES {
        return Err(CursorError::Malformed);
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| CursorError::Malformed)?;
    let mut reader = Reader(&bytes);
    let (made_for, made_by) = reader.heading().ok_or(CursorError::Malformed)?;
    if made_for != *sort {
        return Err(CursorError::OtherSort);
    }
    if made_by != fingerprint(owner) {
        return Err(CursorError::OtherOwner);
    }
    reader.position(sort).ok_or(CursorError::Malformed)
}

/// Tells owners apart without telling who they are.
fn fingerprint(owner: &UserId) -> [u8; FINGERPRINT_BYTES] {
    let hash = digest(&SHA256, owner.as_str().as_bytes());
    std::array::from_fn(|index| hash.as_ref()[index])
}

fn push_value(bytes: &mut Vec<u8>, value: &SortValue) {
    match value {
        SortValue::Instant(instant) | SortValue::Due(Some(instant)) => {
            bytes.extend([1]);
            bytes.extend(instant.as_microsecond().to_be_bytes());
        }
        SortValue::Due(None) => bytes.extend([0]),
        SortValue::Text(text) => push_text(bytes, text),
        SortValue::Integer(integer) => bytes.extend(integer.to_be_bytes()),
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_be_bytes());
    bytes.extend(text.as_bytes());
}

/// What is still to be read. `None` is: malformed.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn heading(&mut self) -> Option<(Sort, [u8; FINGERPRINT_BYTES])> {
        let [FORMAT_VERSION] = self.array()? else { return None };
        let sort = Sort::parse(self.text()?).ok()?;
        Some((sort, self.array()?))
    }

    fn position(&mut self, sort: &Sort) -> Option<Position> {
        let keys = sort.keys().iter().map(|key| self.value(key.field)).collect::<Option<_>>()?;
        let id = Uuid::from_bytes(self.array()?);
        self.0.is_empty().then_some(Position { keys, id })
    }

    fn value(&mut self, field: SortField) -> Option<SortValue> {
        match field {
            SortField::Created | SortField::Updated => self.instant()?.map(SortValue::Instant),
            SortField::DueDate => self.instant().map(SortValue::Due),
            SortField::Title => {
                let title = self.text()?;
                (!title.chars().any(char::is_control)).then(|| SortValue::Text(title.to_owned()))
            }
            SortField::Priority => {
                let rank = i64::from_be_bytes(self.array()?);
                Priority::from_rank(rank).map(|_| SortValue::Integer(rank))
            }
        }
    }

    fn instant(&mut self) -> Option<Option<Timestamp>> {
        match self.array()? {
            [0] => Some(None),
            [1] => {
                let micros = i64::from_be_bytes(self.array()?);
                let instant = timestamp::from_micros(micros)?;
                (instant >= timestamp::EARLIEST).then_some(Some(instant))
            }
            _ => None,
        }
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(u64::from_be_bytes(self.array()?)).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}
