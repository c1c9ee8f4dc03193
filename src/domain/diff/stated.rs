//! What files declare of outside tenants, as a picture: each relationship, and each partner on the Partner relationships page.
//!
//! A relationship that both sides hold is itself the reading; what stands on one side alone came or went only if the other side read its files
//! to the end.

use super::field::Field;
use super::partner::reach;
use super::picture::{Kind, Picture, State};
use crate::domain::declared::{Declared, DeclaredPartner, DeclaredRelationship};
use crate::domain::ledger::Ledger;
use crate::domain::{Party, Text};

/// Adds everything.
pub(super) fn add(picture: &mut Picture, declared: &Declared, ledger: &Ledger) {
    let party = |id: &str| {
        let id = id.trim().to_ascii_lowercase();
        let name = ledger.get(&id).map_or_else(|| id.clone(), |entry| entry.name.clone());
        Party { tenant_id: id, name }
    };
    // Of two with one id, as two files may hold it, the live one: it is the one that says that there is access.
    let mut relationships: Vec<&DeclaredRelationship> = declared.relationships.iter().collect();
    relationships.sort_by(|a, b| {
        let key = |row: &DeclaredRelationship| row.relationship.status.is_live();
        (key(a), &a.relationship).cmp(&(key(b), &b.relationship))
    });
    for row in relationships {
        let party = party(&row.partner_tenant_id);
        let id = format!("{}/{}", party.tenant_id, row.relationship.id);
        picture.subjects.insert((Kind::Declared, id), relationship(row, party));
    }
    for row in &declared.partners {
        let party = party(&row.partner_tenant_id);
        let key = (Kind::Declared, party.tenant_id.clone());
        let state = picture.subjects.entry(key).or_insert_with(|| State::new(party.name.clone(), Some(party)));
        page_row(state, row);
    }
}

fn relationship(row: &DeclaredRelationship, party: Party) -> State {
    let row = &row.relationship;
    let mut state = State::new(row.display_name.clone(), Some(party));
    state.only(Field::DeclaredStatus, row.status.as_str().to_owned(), reach(&row.status));
    row.roles.iter().for_each(|role| state.role(Field::DeclaredRole, role));
    if let Some(duration) = &row.duration {
        let days = duration.days();
        let shown = days.map_or_else(|| duration.0.clone(), |days| format!("P{days}D"));
        state.only(Field::DeclaredDuration, shown, days.unwrap_or(i64::MAX));
    }
    state.switch(Field::DeclaredAutoExtend, row.auto_extends());
    let provider = row.reseller.as_ref().map(|reseller| reseller.indirect_provider_tenant_id.clone());
    state.only(Field::DeclaredProvider, provider.map_or(Text::Borrowed("none"), Text::Owned), 0);
    state
}

/// A partner may stand on the page more than once.
fn page_row(state: &mut State, row: &DeclaredPartner) {
    row.roles.iter().for_each(|role| state.role(Field::DeclaredPartnerRole, role));
    let kind = row.kind.clone().unwrap_or_default();
    state.member(Field::DeclaredKind, kind.to_ascii_lowercase(), kind, None);
}
