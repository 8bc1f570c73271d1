//! Who asks: passwords and tokens of `sockeye get`. No message shows one.

use sockeye::{
    Error,
    urllib::{DigestAuthHandler, Netrc, NetrcHandler, OpenerBuilder, PasswordManager, Request, Url},
};

use super::cookies::Cookies;

/// The options of who asks.
#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// Send this user name and password, at once (Basic) or in answer to a challenge (--digest)
    ///
    /// Other users of this machine may see them in its list of programs: --netrc hides them.
    #[arg(short, long, value_name = "USER:PASSWORD")]
    user: Option<String>,
    /// Show the password, also one in a URL, in no other way than Digest's
    #[arg(long)]
    digest: bool,
    /// Send this token (Authorization: Bearer)
    #[arg(long, value_name = "TOKEN", conflicts_with = "user")]
    bearer: Option<String>,
    /// Take user names and passwords from ~/.netrc, or the file that $NETRC names
    #[arg(short, long)]
    netrc: bool,
    #[command(flatten)]
    pub(super) cookies: Cookies,
}

impl Who {
    /// The same opener, which knows who asks.
    pub(super) fn introduce(
        &self,
        urls: &[Url],
        mut builder: OpenerBuilder,
    ) -> Result<OpenerBuilder, String> {
        let said = |error: Error| error.to_string();
        if self.netrc {
            builder = builder.add_handler(NetrcHandler::new(Netrc::from_home().map_err(said)?));
        }
        self.user()?;
        self.introduce_by_digest(urls, builder)
    }

    /// The request of somebody.
    pub(super) fn sign(&self, request: Request) -> Request {
        match (&self.bearer, self.user()) {
            (Some(token), _) => request.bearer_auth(token),
            (None, Ok(Some((user, password)))) if !self.digest => request.basic_auth(user, password),
            _ => request,
        }
    }

    fn user(&self) -> Result<Option<(&str, &str)>, String> {
        let wrong = || "--user is written as USER:PASSWORD".to_owned();
        self.user.as_deref().map(|text| text.split_once(':').ok_or_else(wrong)).transpose()
    }

    fn introduce_by_digest(&self, urls: &[Url], builder: OpenerBuilder) -> Result<OpenerBuilder, String> {
        if !self.digest {
            return Ok(builder);
        }
        let mut passwords = PasswordManager::new();
        for url in urls.iter().filter(|url| url.has_host()) {
            if let Some((user, password)) = self.user()? {
                // All of that host, and no other.
                let place = url.join("/").map_err(|error| error.to_string())?;
                let added = passwords.add_password(None, place, user, password);
                passwords = added.map_err(|error| error.to_string())?;
            }
        }
        Ok(builder.add_handler(DigestAuthHandler::new(passwords)))
    }
}
