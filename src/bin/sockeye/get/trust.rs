//! Whom `sockeye get` trusts: `--cacert` and `--insecure`, as curl has them.

use std::path::PathBuf;

use sockeye::{
    Result,
    tls::ClientTls,
    urllib::{OpenerBuilder, build_opener},
};

/// The options of TLS.
#[derive(Debug, clap::Args)]
pub(super) struct Trust {
    /// Trust the certificates in this file (PEM) too
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Accept any certificate: whoever sits in between can read and change everything
    #[arg(short = 'k', long)]
    insecure: bool,
}

impl Trust {
    /// What opens URLs with it, to be completed.
    pub(super) fn opener(&self) -> Result<OpenerBuilder> {
        let mut tls = ClientTls::new();
        if let Some(path) = &self.cacert {
            tls = tls.add_ca_file(path)?;
        }
        if self.insecure {
            tls = tls.dangerous_accept_any_certificate();
        }
        Ok(build_opener().tls(&tls))
    }
}

/// What the library says, where it names its own setters, in the words of the options.
pub(super) fn in_options(message: &str) -> String {
    message
        .replace("ClientTls::add_ca_file", "--cacert")
        .replace(" (ClientTls::load_cert_chain)", ", and there is no option for one")
        .replace(": set ClientTls::server_name", "")
}
