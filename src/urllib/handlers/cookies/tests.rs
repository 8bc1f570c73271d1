use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// What a jar that was told this at `at` sends to `to`.
fn sent(cookie: &str, at: &str, to: &str) -> Option<String> {
    let jar = CookieJar::new();
    jar.set_cookie(cookie, &url(at));
    jar.cookie_header(&url(to))
}

#[test]
fn where_cookies_go() {
    for (cookie, at, to, goes) in [
        ("a=1", "http://h.example/", "http://h.example/x", true),
        ("a=1", "http://h.example/", "http://h.example:81/", true),
        ("a=1", "http://h.example/", "http://www.h.example/", false),
        ("a=1; Domain=h.example", "http://h.example/", "http://www.h.example/", true),
        ("a=1; Domain=.h.example", "http://www.h.example/", "http://h.example/", true),
        ("a=1; Domain=h.example", "http://h.example/", "http://evilh.example/", false),
        ("a=1; Domain=g.example", "http://h.example/", "http://g.example/", false),
        ("a=1; Path=/x", "http://h.example/", "http://h.example/x/y", true),
        ("a=1; Path=/x", "http://h.example/", "http://h.example/xy", false),
        ("a=1; Max-Age=0", "http://h.example/", "http://h.example/", false),
        ("a=1; Max-Age=-5", "http://h.example/", "http://h.example/", false),
        ("a=1; Max-Age=99999999999999999999", "http://h.example/", "http://h.example/", true),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://h.example/", "http://h.example/", false),
        ("a=1; Secure", "https://h.example/", "https://h.example/", true),
        ("a=1; Secure", "https://h.example/", "http://h.example/", false),
        ("a=1; Secure", "https://127.0.0.1/", "http://127.0.0.1/", false),
        ("a=1; Secure", "http://127.0.0.1/", "https://127.0.0.1/", false),
        ("a=1; HttpOnly", "http://h.example/", "http://h.example/", true),
        ("a=1; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", true),
        ("a=1; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", false),
        ("__Secure-a=1", "https://h.example/", "https://h.example/", false),
        ("__Secure-a=1; Secure", "https://h.example/", "https://h.example/", true),
        ("__Host-a=1; Secure; Path=/", "https://h.example/", "https://h.example/", true),
        ("__host-a=1; Secure; Path=/; Domain=h.example", "https://h.example/", "https://h.example/", false),
        ("a=1\u{1}", "http://h.example/", "http://h.example/", false),
        ("a\u{7f}=1", "http://h.example/", "http://h.example/", false),
        ("=1", "http://h.example/", "http://h.example/", false),
        ("a", "http://h.example/", "http://h.example/", false),
    ] {
        assert_eq!(sent(cookie, at, to).is_some(), goes, "{cookie:?} {at} {to}");
    }
    assert_eq!(sent(&format!("a={}", "x".repeat(5000)), "http://h.example/", "http://h.example/"), None);
}

#[test]
fn public_suffixes() -> Result<()> {
    let list = "// ===BEGIN ICANN DOMAINS===\ncom\nuk\nco.uk\n*.ck\n!www.ck\nexample\n";
    for (jar, own) in [(CookieJar::new(), true), (CookieJar::new().with_public_suffixes(list)?, false)] {
        for (domain, host, taken) in [
            ("github.io", "evil.github.io", !own),
            ("localhost", "h.localhost", false),
            ("localhost", "localhost", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("unknown", "h.unknown", false),
            ("co.uk", "shop.co.uk", false),
            ("shop.co.uk", "www.shop.co.uk", true),
            ("com", "h.com", false),
            ("h.com", "www.h.com", true),
            ("any.ck", "h.any.ck", false),
            ("www.ck", "h.www.ck", true),
        ] {
            let url = url(&format!("http://{host}/"));
            assert_eq!(jar.set_cookie(&format!("a=1; Domain={domain}"), &url), taken, "{domain} {own}");
        }
        // A suffix that is itself a host has cookies for itself alone.
        assert!(jar.set_cookie("b=1; Domain=co.uk", &url("http://co.uk/")));
        assert_eq!(jar.cookie_header(&url("http://other.co.uk/")), None);
        assert!(jar.cookie_header(&url("http://co.uk/")).is_some());
    }
    Ok(())
}

#[test]
fn http_replaces_nothing_that_is_secure() {
    let jar = CookieJar::new();
    assert!(jar.set_cookie("a=1; Secure; Domain=h.example", &url("https://h.example/")));
    assert!(!jar.set_cookie("a=2", &url("http://h.example/")));
    assert!(!jar.set_cookie("a=2; Domain=h.example", &url("http://www.h.example/")));
    assert!(!jar.set_cookie("a=2; Domain=h.example; Max-Age=0", &url("http://h.example/")));
    assert!(jar.set_cookie("b=2", &url("http://h.example/")));
    assert_eq!(jar.cookie_header(&url("https://h.example/")).as_deref(), Some("a=1; b=2"));
}

#[test]
fn a_jar_is_bounded() {
    let jar = CookieJar::new();
    for n in 0..MAX_OF_DOMAIN + 10 {
        jar.set_cookie(&format!("n{n}=1"), &url("http://h.example/"));
    }
    assert_eq!(jar.len(), MAX_OF_DOMAIN);
    let long = format!("long={}; Path=/", "x".repeat(4000));
    for name in ["a", "b", "c"] {
        assert!(jar.set_cookie(&format!("{name}{long}"), &url("http://g.example/")));
    }
    let header = jar.cookie_header(&url("http://g.example/")).unwrap_or_default();
    assert!(header.len() <= MAX_HEADER && header.matches("long=").count() == 2, "{}", header.len());
    assert!(jar.set_cookie("n0=2", &url("http://h.example/")), "a replacement needs no room");
}

#[test]
fn a_full_jar_makes_room() {
    let jar = CookieJar::new();
    let of_h = url("http://h.example/");
    for n in 0..MAX_OF_DOMAIN {
        assert!(jar.set_cookie(&format!("n{n}=1; Max-Age=1000"), &of_h));
    }
    // Set again, it is the newest.
    assert!(jar.set_cookie("n0=2", &of_h) && jar.set_cookie("login=1", &of_h));
    let header = jar.cookie_header(&of_h).unwrap_or_default();
    assert!(header.contains("login=1") && header.contains("n0=2") && !header.contains("n1=1"), "{header}");
    // What has run out goes first, whatever its age.
    assert!(jar.set_cookie("n2=; Max-Age=0", &of_h) && jar.set_cookie("more=1", &of_h));
    assert_eq!(jar.len(), MAX_OF_DOMAIN);
    assert!(jar.cookie_header(&of_h).unwrap_or_default().contains("n3=1"));
}

#[test]
fn one_site_locks_no_other_out() {
    let jar = CookieJar::new();
    assert!(jar.set_cookie("first=1", &url("http://old.example.co.uk/")));
    for n in 0..MAX_COOKIES + 10 {
        assert!(jar.set_cookie("a=1", &url(&format!("https://d{n}.evil.co.uk/"))));
    }
    assert!(jar.set_cookie("login=1", &url("http://bank.example/")));
    assert_eq!(jar.len(), MAX_COOKIES);
    for kept in ["http://bank.example/", "http://old.example.co.uk/"] {
        assert!(jar.cookie_header(&url(kept)).is_some(), "{kept}");
    }
}

#[test]
fn what_is_secure_makes_no_room_for_http() {
    let jar = CookieJar::new();
    for n in 0..MAX_OF_DOMAIN {
        assert!(jar.set_cookie(&format!("n{n}=1; Secure"), &url("https://h.example/")));
    }
    assert!(!jar.set_cookie("a=1", &url("http://h.example/")));
    assert!(jar.set_cookie("a=1", &url("https://h.example/")));
    assert!(jar.set_cookie("b=1; Secure", &url("https://h.example/")));
    assert!(!jar.cookie_header(&url("https://h.example/")).unwrap_or_default().contains("a=1"));
}

#[test]
fn no_file_brings_what_the_web_may_not() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("c.txt");
    let lines: String = [".co.uk", ".com", ".github.io", ".localhost", ".127.0.0.1", ".fine.example"]
        .map(|domain| format!("{domain}\tTRUE\t/\tFALSE\t4102444800\ta\t1\n"))
        .concat();
    std::fs::write(&path, lines + "h.example\tFALSE\t/\tFALSE\t4102444800\t__Host-b\t1\n")?;
    let jar = CookieJar::new();
    jar.load(&path, CookieFile::Mozilla)?;
    for (to, sent) in [
        ("http://victim.co.uk/", None),
        ("http://h.com/", None),
        ("http://victim.github.io/", None),
        ("http://h.localhost/", None),
        ("http://1.127.0.0.1.example/", None),
        ("http://127.0.0.1/", Some("a=1")),
        ("http://www.fine.example/", Some("a=1")),
        ("https://h.example/", None),
    ] {
        assert_eq!(jar.cookie_header(&url(to)).as_deref(), sent, "{to}");
    }
    Ok(())
}

#[test]
fn both_files_keep_what_they_are_given() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (name, format) in [("c.json", CookieFile::Json), ("c.txt", CookieFile::Mozilla)] {
        let (path, jar) = (folder.path().join(name), CookieJar::new());
        for text in [
            "a=1; Max-Age=9999",
            "b=2; Domain=h.example; Secure; HttpOnly; Max-Age=9999; Path=/x",
            "s=session",
            "odd=\"q,= #\"; Max-Age=9999",
        ] {
            assert!(jar.set_cookie(text, &url("https://h.example/")), "{text}");
        }
        jar.save(&path, format)?;
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path)?);
        assert_eq!(mode & 0o777, 0o600);
        let again = CookieJar::new();
        again.load(&path, format)?;
        assert_eq!(
            again.cookie_header(&url("https://h.example/x")).as_deref(),
            Some("b=2; a=1; odd=\"q,= #\"")
        );
        assert_eq!(again.cookie_header(&url("http://h.example/x")).as_deref(), Some("a=1; odd=\"q,= #\""));
        assert_eq!(again.cookie_header(&url("https://www.h.example/x")).as_deref(), Some("b=2"));
    }
    Ok(())
}

#[test]
fn a_session_is_kept_for_who_asks_for_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for format in [CookieFile::Json, CookieFile::Mozilla] {
        let (path, jar) = (folder.path().join("c"), CookieJar::new());
        for text in ["s=1", "t=2; Max-Age=99", "gone=3; Max-Age=99", "gone=; Max-Age=0"] {
            assert!(jar.set_cookie(text, &url("http://h.example/")));
        }
        for (kept, sent) in [(CookieJar::save_all as fn(&_, _, _) -> _, "s=1; t=2"), (CookieJar::save, "t=2")]
        {
            kept(&jar, &path, format)?;
            let again = CookieJar::new();
            again.load(&path, format)?;
            assert_eq!(again.cookie_header(&url("http://h.example/")).as_deref(), Some(sent));
        }
    }
    Ok(())
}

#[test]
fn files_of_others() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("curl.txt");
    let curl = "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n\n\
                #HttpOnly_.h.example\tTRUE\t/\tFALSE\t4102444800\tid\t7\nh.example\tFALSE\t/\tTRUE\t0\tnow\t\n\
                h.example\tFALSE\t/\tFALSE\t1\told\tx\n";
    std::fs::write(&path, curl)?;
    let jar = CookieJar::new();
    jar.load(&path, CookieFile::Mozilla)?;
    assert_eq!(jar.cookie_header(&url("https://h.example/")).as_deref(), Some("id=7; now="));
    assert_eq!(jar.cookie_header(&url("http://www.h.example/")).as_deref(), Some("id=7"));
    for wrong in [
        "h.example\tTRUE\t/\n",
        "h.example\tTRUE\t/\tFALSE\tsoon\ta\tb\n",
        "h.example\tFALSE\t/\tFALSE\t0\ta\tb; Domain=x\n",
        "h.example\tFALSE\t/\tFALSE\t0\ta\tb\u{1}\n",
        "h example\tFALSE\t/\tFALSE\t0\ta\tb\n",
    ] {
        std::fs::write(&path, wrong)?;
        for format in [CookieFile::Mozilla, CookieFile::Json] {
            assert_eq!(jar.load(&path, format).unwrap_err().kind(), ErrorKind::InvalidInput, "{wrong}");
        }
    }
    assert_eq!(jar.len(), 2);
    assert_eq!(
        jar.load(folder.path().join("none"), CookieFile::Json).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    Ok(())
}

#[test]
fn no_text_panics() {
    let jar = CookieJar::new();
    for a in ["", "a=1", "=", ";", "a=\"", "é=ü", "%", "a=%zz"] {
        for b in [
            "Max-Age=-99999999999999999999",
            "Expires=Thu, 99 Xxx 0000",
            "Domain=",
            "Domain=.",
            "Domain=[::1]",
            "Path=é",
            "Expires=Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            for at in ["http://h.example/", "https://[::1]/", "http://1.2.3.4/", "data:,x"] {
                jar.set_cookie(&format!("{a}; {b}"), &url(at));
                let _ = jar.cookie_header(&url(at));
            }
        }
    }
    assert!(!format!("{jar:?}").contains("a=1"));
}
