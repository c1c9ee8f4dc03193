//! Which credential, and with what: flags, environment, `[[tenant]]`, file. No secret comes from a command line or a config file.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::args::SignInArgs;
use super::failure::Failure;
use super::layered::{Given, beside, one_of};
use super::terminal::Env;
use crate::config::{Layered, Source, TenantEntry, TenantField};
use crate::secret::Secret;

/// A secret file above this size is something else.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Holds a token itself, not a path.
pub(super) const TOKEN_VARIABLE: &str = "PARTNERSCOPE_ACCESS_TOKEN";

/// A credential, ready to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    ClientSecret {
        client_id: String,
        secret: Secret,
    },
    ClientCertificate {
        client_id: String,
        path: PathBuf,
        password: Option<Secret>,
    },
    AzureCli,
    AccessToken(Secret),
    /// Nothing of this tool's own was given: the `AZURE_*` variables decide.
    Variables {
        client_id: Option<String>,
    },
}

/// What the layers say, before anything is read.
#[derive(Debug, Default)]
struct Inputs {
    client_id: Option<String>,
    secret_file: Option<PathBuf>,
    secret_env: Option<String>,
    certificate: Option<PathBuf>,
    password_env: Option<String>,
    token_file: Option<PathBuf>,
    token_env: Option<String>,
}

/// Settles the credential of one tenant. `entry`: its `[[tenant]]`, which stands above the file's own keys and below flags and environment.
pub(super) fn plan(given: &Given<'_>, args: &SignInArgs, entry: Option<&TenantEntry>, env: Env<'_>) -> Result<Plan, Failure> {
    let kind = pick_text(given, "credential", args.credential.as_ref(), entry, TenantField::Credential);
    one_of("credential", kind.as_ref())?;
    let kind = kind.map_or_else(|| "auto".to_owned(), |kind| kind.value);
    let inputs = gather(given, args, entry, env);
    match kind.as_str() {
        "client-secret" => client_secret(inputs, env),
        "client-certificate" => client_certificate(inputs, env),
        "azure-cli" => Ok(Plan::AzureCli),
        "access-token" => access_token(&inputs, env),
        _ => automatic(inputs, env),
    }
}

/// `auto`: what was given for this tool decides, the `AZURE_*` variables only after that.
fn automatic(inputs: Inputs, env: Env<'_>) -> Result<Plan, Failure> {
    let given = [
        ("an access token", inputs.token_file.is_some() || inputs.token_env.is_some() || get(env, TOKEN_VARIABLE).is_some()),
        ("a client secret", inputs.secret_file.is_some() || inputs.secret_env.is_some()),
        ("a certificate", inputs.certificate.is_some()),
    ];
    let names: Vec<&str> = given.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
    match names.as_slice() {
        [] => Ok(Plan::Variables { client_id: inputs.client_id }),
        ["an access token"] => access_token(&inputs, env),
        ["a client secret"] => client_secret(inputs, env),
        ["a certificate"] => client_certificate(inputs, env),
        several => Err(Failure::Credential {
            message: format!("choose a credential: there are {}", several.join(" and ")),
            help: vec!["say which with `--credential access-token`, `client-secret` or `client-certificate`".into()],
        }),
    }
}

fn gather(given: &Given<'_>, args: &SignInArgs, entry: Option<&TenantEntry>, env: Env<'_>) -> Inputs {
    let path = |key: &str, value: Option<&PathBuf>, field: TenantField| -> Option<PathBuf> {
        let own = entry.and_then(|entry| entry.get(field)).map(|path| match given.layers.file() {
            Some(file) => beside(Path::new(&file.name), Path::new(path)),
            None => PathBuf::from(path),
        });
        let found = given.path(key, value);
        match found {
            Some(found) if found.source.is_explicit() => Some(found.value),
            found => own.or(found.map(|found| found.value)),
        }
    };
    let field = |field: TenantField| entry.and_then(|entry| entry.get(field)).map(str::to_owned);
    // AZURE_CLIENT_ID is environment, so above the file; but a tenant's own entry is about this tenant alone.
    let client_id = pick_text(given, "client-id", args.client_id.as_ref(), entry, TenantField::ClientId);
    let from_file = client_id.as_ref().is_none_or(|id| !id.source.is_explicit()) && field(TenantField::ClientId).is_none();
    let from_azure = get(env, "AZURE_CLIENT_ID").filter(|_| from_file);
    // A variable that a [[tenant]] names gives way to a file that a flag or PARTNERSCOPE_* names.
    let named = |id: &str, variable: Option<String>| variable.filter(|_| given.above(id).is_none());
    Inputs {
        client_id: from_azure.or(client_id.map(|id| id.value)),
        secret_env: named("client_secret_file", field(TenantField::ClientSecretEnv)),
        secret_file: path("client-secret-file", args.client_secret_file.as_ref(), TenantField::ClientSecretFile),
        certificate: path("client-certificate", args.client_certificate.as_ref(), TenantField::ClientCertificate),
        password_env: field(TenantField::CertificatePasswordEnv),
        token_env: named("access_token_file", field(TenantField::AccessTokenEnv)),
        token_file: path("access-token-file", args.access_token_file.as_ref(), TenantField::AccessTokenFile),
    }
}

/// A text of flag or environment, else of the tenant's entry, else of the file.
pub(super) fn pick_text(
    given: &Given<'_>,
    key: &str,
    value: Option<&String>,
    entry: Option<&TenantEntry>,
    field: TenantField,
) -> Option<Layered<String>> {
    let found = given.text(key, value);
    if found.as_ref().is_some_and(|found| found.source.is_explicit()) {
        return found;
    }
    let own = entry.and_then(|entry| entry.get(field)).map(|text| {
        let file = given.layers.file().map(|file| file.name.clone()).unwrap_or_default();
        Layered::new(text.to_owned(), Source::File { file, line: 1 })
    });
    own.or(found)
}

fn client_secret(inputs: Inputs, env: Env<'_>) -> Result<Plan, Failure> {
    let secret = match (&inputs.secret_env, &inputs.secret_file) {
        (Some(name), _) => variable(env, name)?,
        (None, Some(path)) => secret_file(path)?,
        (None, None) => get(env, "AZURE_CLIENT_SECRET").map(Secret::new).ok_or_else(|| Failure::Credential {
            message: "sign in with client-secret: there is no secret".into(),
            help: vec!["set AZURE_CLIENT_SECRET, or name a file with `--client-secret-file FILE`".into()],
        })?,
    };
    Ok(Plan::ClientSecret { client_id: client_id(inputs.client_id, "client-secret")?, secret })
}

fn client_certificate(inputs: Inputs, env: Env<'_>) -> Result<Plan, Failure> {
    let path =
        inputs.certificate.or_else(|| get(env, "AZURE_CLIENT_CERTIFICATE_PATH").map(PathBuf::from)).ok_or_else(|| Failure::Credential {
            message: "sign in with client-certificate: there is no certificate".into(),
            help: vec!["set AZURE_CLIENT_CERTIFICATE_PATH, or name a file with `--client-certificate FILE`".into()],
        })?;
    let password = match &inputs.password_env {
        Some(name) => Some(variable(env, name)?),
        None => get(env, "AZURE_CLIENT_CERTIFICATE_PASSWORD").map(Secret::new),
    };
    Ok(Plan::ClientCertificate { client_id: client_id(inputs.client_id, "client-certificate")?, path, password })
}

fn access_token(inputs: &Inputs, env: Env<'_>) -> Result<Plan, Failure> {
    let token = match (&inputs.token_env, &inputs.token_file) {
        (Some(name), _) => variable(env, name)?,
        (None, Some(path)) => secret_file(path)?,
        (None, None) => variable(env, TOKEN_VARIABLE).map_err(|_| Failure::Credential {
            message: "sign in with access-token: there is no token".into(),
            help: vec![format!("set {TOKEN_VARIABLE}, or name a file with `--access-token-file FILE`")],
        })?,
    };
    Ok(Plan::AccessToken(token))
}

fn client_id(given: Option<String>, kind: &str) -> Result<String, Failure> {
    given.ok_or_else(|| Failure::Credential {
        message: format!("sign in with {kind}: there is no application id"),
        help: vec!["set AZURE_CLIENT_ID, or give `--client-id ID`".into()],
    })
}

fn get(env: Env<'_>, name: &str) -> Option<String> {
    env(name).filter(|value| !value.trim().is_empty())
}

fn variable(env: Env<'_>, name: &str) -> Result<Secret, Failure> {
    get(env, name)
        .map(|value| Secret::new(value.trim().to_owned()))
        .ok_or_else(|| Failure::Credential { message: format!("read the variable {name}: it is not set"), help: Vec::new() })
}

/// A secret alone in a file; spaces and line ends around it are not part of it.
fn secret_file(path: &Path) -> Result<Secret, Failure> {
    let fail = |source| Failure::Input { path: path.to_owned(), source };
    let other = |what: &str| fail(std::io::Error::other(what.to_owned()));
    let file = std::fs::File::open(path).map_err(fail)?;
    let mut text = zeroize::Zeroizing::new(String::new());
    file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text).map_err(fail)?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(other("it is too large to hold one secret"));
    }
    match text.trim_start_matches('\u{feff}').trim() {
        "" => Err(other("it is empty")),
        secret => Ok(Secret::new(secret.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;
    use crate::cli::args::{Cli, Command, command};
    use crate::config::{Layers, Trust, from_text};

    fn settle(line: &[&str], file: &str, variables: &[(&str, &str)]) -> Result<Plan, Failure> {
        let matches = command().try_get_matches_from([&["partnerscope", "audit"], line].concat()).unwrap();
        let Command::Audit(args) = Cli::from_arg_matches(&matches).unwrap().command else { panic!("audit") };
        let file = from_text("p.toml", file, Trust::Named);
        assert_eq!(file.problems, []);
        let entry = file.tenants.first().cloned();
        let given = Given::new(matches.subcommand_matches("audit").unwrap(), Layers::new(Some(file)));
        let env = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        plan(&given, &args.sign_in, entry.as_ref(), &env)
    }

    fn secret(client_id: &str, secret: &str) -> Plan {
        Plan::ClientSecret { client_id: client_id.into(), secret: Secret::new(secret.into()) }
    }

    #[test]
    fn auto_takes_what_was_given_for_this_tool_before_the_azure_variables() {
        let azure = [("AZURE_CLIENT_ID", "id"), ("AZURE_CLIENT_SECRET", "s")];
        assert_eq!(settle(&[], "", &azure).unwrap(), Plan::Variables { client_id: Some("id".into()) });
        let with_token = [azure[0], azure[1], (TOKEN_VARIABLE, " t\n")];
        assert_eq!(settle(&[], "", &with_token).unwrap(), Plan::AccessToken(Secret::new("t".into())));
        assert_eq!(settle(&["--credential", "azure-cli"], "", &with_token).unwrap(), Plan::AzureCli);
        let both = settle(&["--client-certificate", "c.pem"], "", &with_token);
        assert!(matches!(both, Err(Failure::Credential { .. })), "two at once are not guessed at");
    }

    #[test]
    fn a_tenants_own_entry_stands_between_environment_and_file() {
        let file = "client-id = \"file\"\n[[tenant]]\nname = \"a\"\nid = \"a.example\"\nclient-id = \"own\"\nclient-secret-env = \"OWN\"\n";
        let variables = [("OWN", "s"), ("AZURE_CLIENT_ID", "azure"), ("AZURE_CLIENT_SECRET", "other")];
        assert_eq!(settle(&[], file, &variables).unwrap(), secret("own", "s"));
        assert_eq!(settle(&["--client-id", "flag"], file, &variables).unwrap(), secret("flag", "s"));
        let without = "client-id = \"file\"\ncredential = \"client-secret\"\n";
        assert_eq!(settle(&[], without, &variables).unwrap(), secret("azure", "other"));
        assert_eq!(settle(&[], without, &variables[2..]).unwrap(), secret("file", "other"));
    }

    #[test]
    fn secrets_come_from_files_and_are_told_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let flag = path.display().to_string();
        let line = ["--credential", "client-secret", "--client-id", "id", "--client-secret-file", &flag];
        std::fs::write(&path, "\u{feff}hunter2\r\n").unwrap();
        let plan = settle(&line, "", &[("AZURE_CLIENT_SECRET", "other")]).unwrap();
        assert_eq!(plan, secret("id", "hunter2"));
        assert!(!format!("{plan:?}").contains("hunter2"));
        std::fs::write(&path, " \n").unwrap();
        assert!(matches!(settle(&line, "", &[]), Err(Failure::Input { .. })));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (kind, says) in [("client-secret", "no secret"), ("client-certificate", "no certificate"), ("access-token", "no token")] {
            let Err(Failure::Credential { message, help }) = settle(&["--credential", kind], "", &[]) else { panic!("{kind}") };
            assert!(message.contains(says) && !help.is_empty(), "{message}");
        }
        let Err(Failure::Usage { help, .. }) = settle(&["--credential", "device-code"], "", &[]) else { panic!() };
        assert_eq!(help, ["it is not in this version yet"]);
    }
}
