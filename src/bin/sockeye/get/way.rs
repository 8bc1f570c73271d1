//! How `sockeye get` reaches the server: `--proxy`, `--noproxy` and `--unix-socket`, as curl has them.

use std::path::PathBuf;

use sockeye::{
    Result,
    urllib::{ProxyHandler, Request},
};

/// The options of the way to the server.
#[derive(Debug, clap::Args)]
pub(super) struct Way {
    /// Go through this proxy: [SCHEME://][USER:PASSWORD@]HOST[:PORT], "" for none
    ///
    /// The scheme is http (the default), https, socks4, socks4a, socks5 (names are looked up here) or socks5h (names
    /// are looked up by the proxy). Without this option, http_proxy, https_proxy and all_proxy in the environment say
    /// which proxy there is; this machine's own loopback goes only through one that is there too.
    #[arg(short = 'x', long, value_name = "URL")]
    proxy: Option<String>,
    /// Reach these hosts without a proxy: LIST as in no_proxy, '*' for all
    ///
    /// Names stand for all that end with them too, and networks (10.0.0.0/8) and ports (host:8080) can be given;
    /// separated by commas. Without this option, no_proxy in the environment is the list for the proxies that the
    /// environment names.
    #[arg(long, value_name = "LIST")]
    noproxy: Option<String>,
    /// Connect to this Unix socket instead of the URL's host
    #[arg(long, value_name = "PATH", conflicts_with_all = ["proxy", "noproxy"])]
    unix_socket: Option<PathBuf>,
}

impl Way {
    /// What chooses the proxy.
    pub(super) fn handler(&self) -> Result<ProxyHandler> {
        let handler = match self.proxy.as_deref() {
            None => ProxyHandler::from_env(),
            Some("") => ProxyHandler::none(),
            Some(proxy) => ProxyHandler::new([("all", proxy)])?,
        };
        Ok(match &self.noproxy {
            Some(hosts) => handler.bypass(hosts),
            None => handler,
        })
    }

    /// The request, on its way.
    pub(super) fn send(&self, request: Request) -> Request {
        match &self.unix_socket {
            Some(path) => request.unix_socket(path),
            None => request,
        }
    }
}
