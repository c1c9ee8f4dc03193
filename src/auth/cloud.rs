//! The four clouds, and the checks of endpoints that are given in their place.

use url::{Host, Url};

/// One of Microsoft's clouds. A token of one is worth nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cloud {
    /// Worldwide; GCC too.
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (DoD).
    UsGovDod,
    /// China, run by 21Vianet. `login.partner.microsoftonline.cn` serves it as well: give that as login endpoint.
    China,
}

impl Cloud {
    /// Every cloud.
    pub const ALL: [Cloud; 4] = [Cloud::Global, Cloud::UsGov, Cloud::UsGovDod, Cloud::China];

    /// The cloud of this name, as `--cloud` spells it.
    pub fn parse(name: &str) -> Option<Cloud> {
        Cloud::ALL.into_iter().find(|cloud| cloud.as_str() == name)
    }

    /// The name that `--cloud` takes.
    pub fn as_str(self) -> &'static str {
        match self {
            Cloud::Global => "global",
            Cloud::UsGov => "usgov",
            Cloud::UsGovDod => "usgov-dod",
            Cloud::China => "china",
        }
    }

    /// Host of the login endpoint.
    fn login_host(self) -> &'static str {
        match self {
            Cloud::Global => "login.microsoftonline.com",
            Cloud::UsGov | Cloud::UsGovDod => "login.microsoftonline.us",
            Cloud::China => "login.chinacloudapi.cn",
        }
    }

    /// Host of Graph.
    fn graph_host(self) -> &'static str {
        match self {
            Cloud::Global => "graph.microsoft.com",
            Cloud::UsGov => "graph.microsoft.us",
            Cloud::UsGovDod => "dod-graph.microsoft.us",
            Cloud::China => "microsoftgraph.chinacloudapi.cn",
        }
    }

    /// The login endpoint.
    pub fn login(self) -> Url {
        root(self.login_host())
    }

    /// The Graph endpoint.
    pub fn graph(self) -> Url {
        root(self.graph_host())
    }

    /// The scope to ask a token for. `graph` is the Graph endpoint in use: if it is one of Microsoft's, the token is for that one;
    /// otherwise (a fixture, a gateway) it is for this cloud's, because Entra knows no other resource.
    pub fn scope(self, graph: &Url) -> String {
        let host = Cloud::ALL.into_iter().map(Cloud::graph_host).find(|host| graph.host_str() == Some(host)).unwrap_or(self.graph_host());
        format!("https://{host}/.default")
    }
}

impl std::fmt::Display for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

fn root(host: &'static str) -> Url {
    Url::parse(&format!("https://{host}/")).expect("the hosts above are constants that parse")
}

/// Why a URL cannot be an endpoint. Never shows the URL: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an absolute URL with a host.
    #[error("not a URL with a host")]
    NotAUrl,
    /// `http` to another machine, or another scheme.
    #[error("must be https (http only for this machine's loopback)")]
    Insecure,
    /// `user:password@`.
    #[error("must not hold a user name or password")]
    UserInfo,
    /// A path, a query or a fragment.
    #[error("must be a host alone, without path, query or fragment")]
    MoreThanHost,
}

/// Checks a `--graph-endpoint` or `--login-endpoint`: https, or http on loopback; a host and at most a port.
pub fn endpoint(text: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => return Err(EndpointError::NotAUrl),
    };
    if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
        return Err(EndpointError::Insecure);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::UserInfo);
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(EndpointError::MoreThanHost);
    }
    Ok(url)
}

/// Where to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Scheme, host and port; checked by [`endpoint`].
    pub endpoint: Url,
}

impl Login {
    /// The login endpoint of a cloud.
    pub fn of(cloud: Cloud) -> Self {
        Login { endpoint: cloud.login() }
    }

    /// A login endpoint that was given.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        endpoint(text).map(|endpoint| Login { endpoint })
    }

    /// `{login}/{tenant}/{path}`. The tenant is checked by the caller; whatever it holds, it stays one path segment.
    pub(super) fn address(&self, tenant: &str, path: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().push(tenant).extend(path);
        }
        url
    }

    /// `{login}/{tenant}/oauth2/v2.0/token`.
    pub(super) fn token_address(&self, tenant: &str) -> Url {
        self.address(tenant, &["oauth2", "v2.0", "token"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_clouds() {
        let rows: Vec<String> =
            Cloud::ALL.iter().map(|cloud| format!("{cloud} {} {} {}", cloud.login(), cloud.graph(), cloud.scope(&cloud.graph()))).collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        global https://login.microsoftonline.com/ https://graph.microsoft.com/ https://graph.microsoft.com/.default
        usgov https://login.microsoftonline.us/ https://graph.microsoft.us/ https://graph.microsoft.us/.default
        usgov-dod https://login.microsoftonline.us/ https://dod-graph.microsoft.us/ https://dod-graph.microsoft.us/.default
        china https://login.chinacloudapi.cn/ https://microsoftgraph.chinacloudapi.cn/ https://microsoftgraph.chinacloudapi.cn/.default
        ");
        for cloud in Cloud::ALL {
            assert_eq!(Cloud::parse(cloud.as_str()), Some(cloud));
        }
        assert_eq!(Cloud::parse("Global"), None);
    }

    #[test]
    fn the_scope_follows_a_graph_of_microsoft_only() {
        let scope = |graph: &str| Cloud::UsGov.scope(&Url::parse(graph).unwrap());
        assert_eq!(scope("https://dod-graph.microsoft.us"), "https://dod-graph.microsoft.us/.default");
        assert_eq!(scope("http://127.0.0.1:8080"), "https://graph.microsoft.us/.default");
        assert_eq!(scope("https://graph.microsoft.com.evil.example"), "https://graph.microsoft.us/.default");
    }

    #[test]
    fn endpoints_are_hosts_over_https() {
        for good in [
            "https://login.partner.microsoftonline.cn",
            "https://login.chinacloudapi.cn/",
            "https://graph.example:8443",
            "http://127.0.0.1:1234",
            "http://127.9.9.9",
            "http://[::1]:80",
            "http://localhost:5000/",
        ] {
            assert!(endpoint(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("login.microsoftonline.com", EndpointError::NotAUrl),
            ("", EndpointError::NotAUrl),
            ("https://", EndpointError::NotAUrl),
            ("file:///etc/passwd", EndpointError::NotAUrl),
            ("http://login.microsoftonline.com", EndpointError::Insecure),
            ("http://127.0.0.1.evil.example", EndpointError::Insecure),
            ("http://localhost.evil.example", EndpointError::Insecure),
            ("ftp://127.0.0.1", EndpointError::Insecure),
            ("https://user:pass@login.microsoftonline.com", EndpointError::UserInfo),
            ("https://login.microsoftonline.com@evil.example", EndpointError::UserInfo),
            ("https://a.example/tenant", EndpointError::MoreThanHost),
            ("https://a.example/?x", EndpointError::MoreThanHost),
            ("https://a.example/#x", EndpointError::MoreThanHost),
        ] {
            assert_eq!(endpoint(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn a_tenant_stays_one_segment() {
        let login = Login::parse("https://login.microsoftonline.com").unwrap();
        assert_eq!(login.token_address("contoso.com").as_str(), "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
        assert_eq!(login.token_address("a/b?c#d").as_str(), "https://login.microsoftonline.com/a%2Fb%3Fc%23d/oauth2/v2.0/token");
    }
}
