//! Whom `sockeye get` trusts: `--cacert` and `--insecure`, as curl has them.

use sockeye::{
    Result,
    urllib::{OpenerBuilder, build_opener},
};

/// The options of TLS; none in a build without it.
#[derive(Debug, clap::Args)]
pub(super) struct Trust {
    /// Trust the certificates in this file (PEM) too
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE")]
    cacert: Option<std::path::PathBuf>,
    /// Accept any certificate: whoever sits in between can read and change everything
    #[cfg(feature = "tls")]
    #[arg(short = 'k', long)]
    insecure: bool,
}

impl Trust {
    /// What opens URLs with it, to be completed.
    #[cfg(feature = "tls")]
    pub(super) fn opener(&self) -> Result<OpenerBuilder> {
        let mut tls = sockeye::tls::ClientTls::new();
        if let Some(path) = &self.cacert {
            tls = tls.add_ca_file(path)?;
        }
        if self.insecure {
            tls = tls.dangerous_accept_any_certificate();
        }
        Ok(build_opener().tls(&tls))
    }

    /// What opens URLs, to be completed.
    #[cfg(not(feature = "tls"))]
    pub(super) fn opener(&self) -> Result<OpenerBuilder> {
        Ok(build_opener())
    }
}
