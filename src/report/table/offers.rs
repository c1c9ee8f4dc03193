//! Offers: relationships that wait for a customer's click.

use crate::domain::facts::RelationshipStatus;
use crate::domain::report::{RelationshipRow, TenantReport};

use super::layout::{count, grid, heading, name_or, paragraph, share};
use super::roles::Roles;
use super::{Page, shown};

/// How many offers are shown.
const MOST_OFFERS: usize = 5;

/// Adds the open offers, worst tier first, then the oldest.
pub(super) fn write(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let mut offers: Vec<&RelationshipRow> = tenant.relationships.iter().filter(|row| row.status.is_offer()).collect();
    if offers.is_empty() {
        return;
    }
    offers.sort_by_cached_key(|row| (Roles::asked(row).worst().0, row.customer.is_some(), row.created, row.id.clone()));
    let shown = shown(page, offers.len(), MOST_OFFERS);
    heading(out, &format!("Open offers{}", page.of_tenant(tenant)), page.width);
    let columns = share(page.width, [("offer", 15, 3), ("to", 12, 2), ("asks for", 15, 4), ("made", 12, 0)]);
    let row = |row: &&RelationshipRow| {
        let to = match &row.customer {
            Some(customer) => name_or(customer.display_name.as_deref().unwrap_or_default(), &customer.tenant_id, columns[1].width),
            None => "any customer".to_owned(),
        };
        vec![
            vec![name_or(&row.display_name, &row.id, columns[0].width)],
            vec![to],
            Roles::asked(row).lines(columns[2].width, page.full),
            made(row, page),
        ]
    };
    grid(out, 0, &columns, offers.iter().take(shown).map(row).collect());
    if shown < offers.len() {
        paragraph(out, "", &format!("and {} more (--full lists them)", offers.len() - shown), page.width);
    }
}

/// How old it is, and whether it is still a draft.
fn made(row: &RelationshipRow, page: &Page<'_>) -> Vec<String> {
    let age = row.created.map(|created| page.report.run.now.days_since(created));
    let mut lines = vec![match age.map(u64::try_from) {
        Some(Ok(0)) => "today".to_owned(),
        Some(Ok(days)) => format!("{} ago", count(days, "day")),
        Some(Err(_)) | None => "?".to_owned(),
    }];
    lines.extend((row.status == RelationshipStatus::Created).then(|| "draft".to_owned()));
    lines
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{self, at};
    use super::*;
    use crate::domain::Report;

    fn shown(report: &Report, full: bool) -> String {
        let mut out = String::new();
        write(&mut out, &Page { report, width: 80, full }, &report.tenants[0]);
        super::super::ink::paint(&out, false)
    }

    #[test]
    fn an_offer_says_to_whom_what_and_how_old() {
        let mut report = sample::findings();
        for row in report.tenants[0].relationships.iter_mut().filter(|row| row.display_name == "Proseware trial") {
            row.status = RelationshipStatus::Created;
            row.created = Some(at("2026-01-09T00:00:00Z"));
        }
        let text = shown(&report, false);
        for part in ["Onboarding 2026", "any customer", "Proseware", "T0 Global Admin", "254 days ago", "1 day ago", "draft"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(text.find("Onboarding") < text.find("Proseware"), "an offer to anyone comes first\n{text}");
        assert_eq!(shown(&sample::clean(), false), "");
    }

    #[test]
    fn many_offers_are_counted() {
        let report = sample::many(200);
        assert!(shown(&report, false).contains("and 5 more (--full lists them)"));
        assert_eq!(shown(&report, true).matches("any customer").count(), 10);
    }
}
