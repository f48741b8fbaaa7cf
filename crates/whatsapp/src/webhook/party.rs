//! Who the WhatsApp user of an item is: from the item's own ends, completed by `contacts`.

use model::{Bsuid, Direction, Party, Phone};
use serde_json::Value;

use super::json;

/// Contacts looked at per value: as many updates as Meta batches into one body. More would make
/// joining them to the calls quadratic in what a stranger sent.
const CONTACTS_MAX: usize = 1_000;

/// Longest business-scoped id taken over, in bytes (country, dot and up to 128 characters).
const BSUID_BYTES_MAX: usize = 256;

/// The `contacts` of a value; they are not aligned with the calls.
pub(super) struct Contacts {
    list: Vec<Party>,
}

/// One end of a call.
#[derive(Default, Clone)]
pub(super) struct End {
    phone: Option<Phone>,
    bsuid: Option<Bsuid>,
}

impl End {
    /// Reads an end from the members that hold its number and its business-scoped id.
    pub(super) fn read(item: &Value, number_key: &str, user_id_key: &str) -> Self {
        Self { phone: json::phone(item, number_key), bsuid: bsuid(item, user_id_key) }
    }
}

/// The user's end of a call. The direction decides; but some of Meta's samples swap the ends, so
/// an end that carries the line's own number is never the user.
pub(super) fn user_end(call: &Value, direction: Option<Direction>, own: Option<&Phone>) -> End {
    let from = End::read(call, "from", "from_user_id");
    let to = End::read(call, "to", "to_user_id");
    let from_is_ours = own.is_some() && from.phone.as_ref() == own;
    let (mut user, other) = match direction {
        Some(Direction::UserInitiated) => (from, to),
        Some(Direction::BusinessInitiated) => (to, from),
        None if from_is_ours => (to, from),
        None => (from, to),
    };
    if own.is_some() && user.phone.as_ref() == own {
        user.phone = other.phone.filter(|phone| Some(phone) != own);
    }
    // Businesses have no business-scoped ids: wherever one stands, it is the user's.
    user.bsuid = user.bsuid.or(other.bsuid);
    user
}

/// The line's own number, when it can be read out of what people see.
pub(super) fn own_number(display_phone_number: Option<&str>) -> Option<Phone> {
    let digits: String = display_phone_number?.chars().filter(char::is_ascii_digit).collect();
    Phone::new(&digits)
}

impl Contacts {
    /// Reads the contacts of a value; what is no contact is left out.
    pub(super) fn read(value: &Value) -> Self {
        let items = match json::list(value, "contacts") {
            json::List::Items(items) => items,
            json::List::Absent | json::List::Malformed => &[],
        };
        let list = items
            .iter()
            .take(CONTACTS_MAX)
            .filter(|item| item.is_object())
            .map(|item| {
                let profile = item.get("profile").unwrap_or(&Value::Null);
                Party {
                    phone: json::phone(item, "wa_id"),
                    bsuid: bsuid(item, "user_id"),
                    name: json::text(profile, "name"),
                    username: json::text(profile, "username"),
                }
            })
            .collect();
        Self { list }
    }

    /// Completes an end with the contact of the same id or number. `alone` says that the value
    /// holds a single item: then a single contact is its user unless the two contradict.
    pub(super) fn complete(&self, end: End, alone: bool) -> Party {
        let by_id = || {
            self.list.iter().find(|contact| contact.bsuid.is_some() && contact.bsuid == end.bsuid)
        };
        let by_number = || {
            self.list.iter().find(|contact| {
                contact.phone.is_some()
                    && contact.phone == end.phone
                    && !contradicts(&contact.bsuid, &end.bsuid)
            })
        };
        let only = || match self.list.as_slice() {
            [contact]
                if alone
                    && !contradicts(&contact.bsuid, &end.bsuid)
                    && !contradicts(&contact.phone, &end.phone) =>
            {
                Some(contact)
            }
            _ => None,
        };
        let contact = by_id().or_else(by_number).or_else(only).cloned();
        let contact = contact.unwrap_or_default();
        Party {
            phone: end.phone.or(contact.phone),
            bsuid: end.bsuid.or(contact.bsuid),
            name: contact.name,
            username: contact.username,
        }
    }
}

fn contradicts<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
    one.is_some() && other.is_some() && one != other
}

fn bsuid(value: &Value, key: &str) -> Option<Bsuid> {
    json::text(value, key).filter(|id| id.len() <= BSUID_BYTES_MAX).map(Bsuid)
}
