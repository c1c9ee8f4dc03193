//! What Entra's error numbers mean. Hints only: Microsoft may change the numbers, so nothing is decided by them but the wording.

/// What a number means and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aadsts {
    /// What is wrong.
    pub meaning: &'static str,
    /// What to try.
    pub hint: &'static str,
}

/// What is known of an `AADSTS` number.
pub fn advice(code: u32) -> Option<Aadsts> {
    let row = TABLE.binary_search_by_key(&code, |row| row.0).ok()?;
    let (_, meaning, hint) = TABLE[row];
    Some(Aadsts { meaning, hint })
}

const WRONG_CLOUD: &str = "choose the tenant's cloud with --cloud";
const INTERACTIVE: &str = "sign in interactively as that person, with MFA, or use an application";
const SIGN_IN_AGAIN: &str = "sign in again to get a new refresh token";
const POLICY: &str = "ask the tenant's administrators which Conditional Access policy or security default stops this sign-in";
const FEDERATION: &str =
    "compare issuer, subject and audience with the federated credential, letter by letter; one that was just made takes minutes to work";
const PERMISSION: &str = "add the Microsoft Graph permission to the app registration and grant admin consent";
const CROSS_TENANT: &str = "look at the cross-tenant access settings of both the customer and the partner";

/// Sorted by number.
const TABLE: &[(u32, &str, &str)] = &[
    (
        50020,
        "the account does not belong to this tenant",
        "have it invited as a guest, or add it to the group that carries the delegated access",
    ),
    (50072, "the person has not registered for MFA, which is required here", INTERACTIVE),
    (50074, "MFA is required and was not done", INTERACTIVE),
    (50076, "MFA is required here", INTERACTIVE),
    (50078, "the MFA done earlier no longer counts", INTERACTIVE),
    (50079, "the person must register for MFA first", INTERACTIVE),
    (50158, "an external check has not been passed", "sign in interactively and pass the check"),
    (50173, "the refresh token was revoked", SIGN_IN_AGAIN),
    (
        50177,
        "the account is not served in this tenant",
        "have it invited as a guest, or add it to the group that carries the delegated access",
    ),
    (
        50194,
        "the application belongs to one tenant only and was asked for through a shared endpoint",
        "give the tenant's id or domain with --tenant",
    ),
    (
        50196,
        "the same sign-in was asked for again and again",
        "wait a while; if it comes back, report it: tokens should be kept, not asked for anew",
    ),
    (53000, "the device does not comply with a Conditional Access policy", POLICY),
    (53003, "Conditional Access blocked the sign-in", POLICY),
    (65001, "nobody has consented to this application's permissions", "grant admin consent in the tenant"),
    (65002, "one of Microsoft's own applications is not allowed to ask for this permission", "use an app registration of your own"),
    (70001, "the application is disabled or unknown in this tenant", "enable it under Enterprise applications, or check the client id"),
    (70008, "the refresh token or code has ended", SIGN_IN_AGAIN),
    (70011, "the scope is not valid", "the scope must be the Graph host followed by /.default; check --graph-endpoint and --cloud"),
    (70021, "no federated credential of the application matches the token shown", FEDERATION),
    (70043, "the sign-in is older than a Conditional Access policy allows", SIGN_IN_AGAIN),
    (90002, "there is no such tenant in this cloud", "check the tenant for a typo, and that --cloud is the one it lives in"),
    (90038, "the tenant belongs to another national cloud", WRONG_CLOUD),
    (
        90099,
        "the application is not authorised in the customer's tenant for delegated admin access",
        "consent to it there through the Partner Center API",
    ),
    (
        500011,
        "this tenant does not know the resource a token was asked for",
        "the Graph host must belong to the tenant's cloud; check --cloud and --graph-endpoint",
    ),
    (500212, "the home tenant does not let its people out into this tenant", CROSS_TENANT),
    (500213, "this tenant does not let people of the other tenant in", CROSS_TENANT),
    (530032, "a security policy of the tenant blocked the sign-in", POLICY),
    (
        530034,
        "a delegated administrator was blocked because of risk in the home tenant",
        "have the user's risk investigated and cleared in the home tenant",
    ),
    (530035, "security defaults blocked the sign-in", POLICY),
    (650056, "the app registration is not set up for this resource", PERMISSION),
    (650057, "the app registration does not list this resource", PERMISSION),
    (
        700016,
        "the tenant does not know this application",
        "check client id and tenant; an application of another tenant needs consent here first",
    ),
    (
        700024,
        "the assertion is not valid at this time",
        "set this machine's clock; an identity token of a pipeline must be fetched anew for each sign-in",
    ),
    (700025, "a public client must not show a secret or assertion", "leave the secret out, or use a confidential app registration"),
    (
        700027,
        "the certificate or its signature is not known for this application",
        "upload this very certificate to the app registration; just after a rotation wait a minute",
    ),
    (700082, "the refresh token was not used for too long", SIGN_IN_AGAIN),
    (700213, "no federated credential of the application matches the token's subject", FEDERATION),
    (700229, "a token of this kind cannot serve as federated credential", "show an app-only token"),
    (900382, "a confidential client cannot be used across clouds", WRONG_CLOUD),
    (900432, "a confidential client cannot be used across clouds", WRONG_CLOUD),
    (5000224, "the tenant was deleted", "take it off the list"),
    (7000112, "the application is disabled", "enable it under Enterprise applications"),
    (7000215, "the client secret is wrong", "give the secret's value; its id, which stands beside it in the portal, does not work"),
    (7000218, "no secret or assertion was sent", "give a secret or certificate, or allow public client flows for the app registration"),
    (7000222, "the client secret has ended", "make a new secret, or better use a certificate"),
    (7000229, "the application has no service principal in this tenant", "consent to it there"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_worded_as_fragments() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (code, meaning, hint) in TABLE {
            for text in [meaning, hint] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{code}: {text}");
            }
        }
    }

    #[test]
    fn finds_what_is_known() {
        assert!(advice(7000215).unwrap().hint.contains("value"));
        assert!(advice(90002).unwrap().hint.contains("--cloud"));
        for code in [0, 50021, u32::MAX] {
            assert_eq!(advice(code), None);
        }
    }
}
