//! Somebody as the command line shows them.

use links::Person;
use serde::Serialize;

/// Somebody for programs, with the Bot API's field names.
#[derive(Clone, Serialize)]
pub(crate) struct ShownPerson {
    pub(crate) user_id: i64,
    pub(crate) is_bot: bool,
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) username: Option<String>,
}

impl ShownPerson {
    pub(crate) fn new(person: Person) -> Self {
        Self {
            user_id: person.id.get(),
            is_bot: person.is_bot,
            first_name: person.first_name,
            last_name: person.last_name,
            username: person.username,
        }
    }

    /// The whole name; nothing for an account that is deleted.
    pub(crate) fn name(&self) -> String {
        match &self.last_name {
            Some(last) => format!("{} {last}", self.first_name),
            None => self.first_name.clone(),
        }
    }
}
