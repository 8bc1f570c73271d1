//! Which certificates are accepted, and what is said of the others.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use rustls::ServerConfig;
use sockeye::{ErrorKind, Result, client::Client, tls::ClientTls};

use super::{echo, trusting};
use crate::support::tls::{Authority, Identity, TlsServer};

/// Connects to `localhost` and has a word with it.
fn greet(config: ServerConfig, tls: &ClientTls) -> Result<()> {
    let server = TlsServer::new(config, echo);
    let mut client = Client::connect_tls(server.name(), tls)?;
    client.sendall(b"hello\n")?;
    assert_eq!(client.readline()?, b"hello\n");
    Ok(())
}

/// It isn't accepted, for that reason.
#[track_caller]
fn refuses(identity: &Identity, tls: &ClientTls, reasons: &[&str]) {
    let error = greet(identity.server(), tls).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Certificate, "{text}");
    assert!(text.starts_with("TLS handshake with localhost failed: the certificate "), "{text}");
    for reason in reasons {
        assert!(text.contains(reason), "no {reason:?} in: {text}");
    }
}

fn expired(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2022, 2, 3));
}

#[test]
fn good_ones_are_accepted() -> Result<()> {
    let root = Authority::new("Test CA");
    greet(root.issue(&["localhost"]).server(), &trusting(&root))?;
    greet(root.issue(&["*.example.org", "localhost"]).server(), &trusting(&root))?;
    let between = root.below("Middle CA", |_| {}).below("Lower CA", |_| {});
    greet(between.issue(&["localhost"]).server(), &trusting(&root))?;
    greet(root.issue(&["localhost"]).server(), &ClientTls::new().add_ca_der(root.issuer.der())?)
}

#[test]
fn expired_ones_are_named_with_their_date() {
    let root = Authority::new("Test CA");
    let reasons =
        ["\"localhost\" (issued by \"Test CA\") expired on Thu, 03 Feb 2022 00:00:00 GMT", "renew", "clock"];
    refuses(&root.issue_with(&["localhost"], expired), &trusting(&root), &reasons);
    let between = root.below("Middle CA", expired);
    let reasons = ["\"Middle CA\" (issued by \"Test CA\") expired on Thu, 03 Feb 2022"];
    refuses(&between.issue(&["localhost"]), &trusting(&root), &reasons);
}

#[test]
fn later_ones_are_named_with_their_date() {
    let root = Authority::new("Test CA");
    let identity = root.issue_with(&["localhost"], |params| params.not_before = date_time_ymd(2099, 1, 1));
    refuses(&identity, &trusting(&root), &["isn't valid before Thu, 01 Jan 2099 00:00:00 GMT", "clock"]);
}

#[test]
fn other_names_are_listed() {
    let root = Authority::new("Test CA");
    let identity = root.issue(&["example.org", "*.example.org", "127.0.0.1"]);
    let reasons = ["isn't for \"localhost\" but for \"example.org\", \"*.example.org\", \"127.0.0.1\""];
    refuses(&identity, &trusting(&root), &reasons);
    let names = ["a.x", "b.x", "c.x", "d.x", "e.x", "f.x", "g.x"];
    refuses(&root.issue(&names), &trusting(&root), &["\"e.x\" and 2 more"]);
    // A common name is none (RFC 9110 §4.3.4).
    let mut params = rcgen::DistinguishedName::new();
    params.push(rcgen::DnType::CommonName, "localhost");
    let identity = root.issue_with(&[], |p| p.distinguished_name = params);
    refuses(&identity, &trusting(&root), &["but for no name at all"]);
}

#[test]
fn unknown_issuers_are_named() {
    let (root, other) = (Authority::new("Test CA"), Authority::new("Other CA"));
    let reasons = ["leads to \"Other CA\", which isn't trusted", "add_ca_file"];
    refuses(&other.issue(&["localhost"]), &trusting(&root), &reasons);
    // The certificate between isn't sent.
    let mut identity = root.below("Middle CA", |_| {}).issue(&["localhost"]);
    identity.chain.truncate(1);
    refuses(&identity, &trusting(&root), &["leads to \"Middle CA\"", "certificates between"]);
    // Of the same name, and another key.
    refuses(&Authority::new("Test CA").issue(&["localhost"]), &trusting(&root), &["\"localhost\""]);
}

#[test]
fn a_self_signed_one_has_to_be_named() -> Result<()> {
    let root = Authority::new("Test CA");
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let identity = Identity::self_signed(&["localhost"], is_ca);
        refuses(&identity, &trusting(&root), &["\"localhost\" (self-signed)"]);
        greet(identity.server(), &ClientTls::new().add_ca_pem(identity.chain_pem.as_bytes())?)?;
        // Named, and yet not for this name.
        let other = Identity::self_signed(&["example.org"], is_ca);
        let tls = ClientTls::new().add_ca_pem(other.chain_pem.as_bytes())?;
        refuses(&other, &tls, &["isn't for \"localhost\" but for \"example.org\""]);
    }
    Ok(())
}

#[test]
fn a_named_one_expires_as_well() -> Result<()> {
    let identity = Authority::new("Test CA").issue_with(&["localhost"], expired);
    let tls = ClientTls::new().add_ca_pem(identity.chain_pem.as_bytes())?;
    refuses(&identity, &tls, &["expired on Thu, 03 Feb 2022"]);
    Ok(())
}

#[test]
fn those_of_clients_are_no_servers() {
    let root = Authority::new("Test CA");
    let identity = root.issue_with(&["localhost"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    refuses(&identity, &trusting(&root), &["serverAuth"]);
}

#[test]
fn revoked_ones_are_refused() -> Result<()> {
    let root = Authority::new("Test CA");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.pem");
    fs::write(&path, root.revocations(&[666])).unwrap();
    let tls = trusting(&root).add_crl_file(&path)?;
    let serial =
        |number: u64| move |params: &mut CertificateParams| params.serial_number = Some(number.into());
    greet(root.issue_with(&["localhost"], serial(665)).server(), &tls)?;
    let (own, above) = ("\"localhost\" (issued by", "\"Middle CA\" (issued by \"Test CA\") was revoked");
    let middle = root.below("Middle CA", serial(665));
    greet(middle.issue(&["localhost"]).server(), &tls)?;
    refuses(&root.issue_with(&["localhost"], serial(666)), &tls, &[own, "\"Test CA\") was revoked"]);
    refuses(&root.below("Middle CA", serial(666)).issue(&["localhost"]), &tls, &[above]);
    fs::write(&path, root.pem()).unwrap();
    let error = trusting(&root).add_crl_file(&path).unwrap_err();
    assert!(error.to_string().contains("BEGIN X509 CRL"), "{error}");
    Ok(())
}

#[test]
fn any_one_is_accepted_dangerously() -> Result<()> {
    let tls = ClientTls::new().dangerous_accept_any_certificate();
    greet(Identity::self_signed(&["example.org"], IsCa::NoCa).server(), &tls)?;
    greet(Authority::new("Test CA").issue_with(&["localhost"], expired).server(), &tls)
}

#[test]
fn a_pinned_key_has_to_be_shown() -> Result<()> {
    let root = Authority::new("Test CA");
    let (identity, other) = (root.issue(&["localhost"]), root.issue(&["localhost"]));
    refuses(&identity, &trusting(&root).pin_sha256([7; 32]), &["none of the pinned ones"]);
    let error = greet(identity.server(), &trusting(&root).pin_sha256([7; 32])).unwrap_err().to_string();
    let pin = error.rsplit(' ').next().unwrap();
    let mut key = [0; 32];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&pin[2 * at..2 * at + 2], 16).unwrap();
    }
    greet(identity.server(), &trusting(&root).pin_sha256([7; 32]).pin_sha256(key))?;
    refuses(&other, &trusting(&root).pin_sha256(key), &["pinned"]);
    // A pin isn't enough: the chain counts too, unless that is switched off.
    refuses(&identity, &trusting(&Authority::new("Other CA")).pin_sha256(key), &["isn't trusted"]);
    greet(identity.server(), &ClientTls::new().dangerous_accept_any_certificate().pin_sha256(key))?;
    refuses(&other, &ClientTls::new().dangerous_accept_any_certificate().pin_sha256(key), &["pinned"]);
    Ok(())
}

#[test]
fn what_is_no_certificate_is_refused_when_it_is_given() {
    let wrong = |outcome: Result<ClientTls>, reason: &str| {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    };
    wrong(ClientTls::new().add_ca_pem(b"hello"), "there is no \"-----BEGIN CERTIFICATE-----\"");
    wrong(ClientTls::new().add_ca_pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n"), "isn't PEM");
    let noise = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    wrong(ClientTls::new().add_ca_pem(noise), "isn't a certificate");
    wrong(ClientTls::new().add_ca_der(b"\x30\x84\xff\xff\xff\xff"), "isn't a certificate");
    wrong(ClientTls::new().add_ca_file("no-such.pem"), "read no-such.pem failed");
    wrong(ClientTls::new().server_name("a b"), "\"a b\" is no name");
    let nobody = ClientTls::new().without_system_authorities();
    let error = greet(Authority::new("x").issue(&["localhost"]).server(), &nobody).unwrap_err();
    assert!(error.to_string().contains("no authority is trusted"), "{error}");
}
